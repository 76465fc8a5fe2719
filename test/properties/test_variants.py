# SPDX-License-Identifier: GPL-2.0-or-later
"""The properties themselves: captures are read as tshark reads them, variants are what they should be,
and what is wrong is found."""

import dataclasses

import pytest

import notation
import rows
import walking
from lab import pcapng
from properties import TEST, drop, known, merge, same, stories, swap
from properties.runs import EVENTS, Run, walk_all

GOLDEN = TEST / "tshark" / "golden"
MARK = {"seen": "", "inferred": "~", "assumed": "?"}
HANDSHAKE = "# Why.\n> S 0:0(0) |\n< S. 0:0(0) ack 1 |\n> . 1:1(0) ack 1 |\n"


@pytest.fixture
def story(tmp_path):
    """Makes a story of lines that follow a handshake."""

    def make(text, begin=HANDSHAKE):
        path = tmp_path / "story.scn"
        path.write_text(begin + text, encoding="utf-8")
        return stories.of_scenario(notation.read(path))

    return make


# Reading captures


def golden_cells(frame, row):
    """A row as ../tshark/golden has it."""
    close = f"{row.close} by {row.closer}" if row.closer else row.close
    client, server = (p + MARK[e] for p, e in zip(row.phases(), row.evidence()))
    cells = [frame, row.connection, row.sender, client, server]
    cells += [", ".join(row.transitions), " ".join(row.events), row.open, close]
    return "\t".join(map(str, cells)).rstrip()


@pytest.mark.parametrize("path", sorted(stories.CAPTURES.glob("*.pcapng")), ids=lambda p: p.stem)
def test_captures(walk, path):
    """What the core shows of a capture as it is read here is what tshark shows of it."""
    linktype, packets = pcapng.read(path)
    pairs, lines = {}, []
    for frame, (ends, segment) in enumerate(stories.captured(packets, linktype), 1):
        pair = pairs.setdefault(ends, len(pairs))
        lines.append(dataclasses.replace(segment, pair=pair).line(frame))
    assert len(lines) == len(packets)
    shown, _ = rows.read_answer(walking.answers(walk, [lines])[0], len(lines))
    golden = (GOLDEN / f"{path.stem}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert [golden_cells(frame, row) for frame, row in enumerate(shown, 1) if row] == golden


def test_written_is_read(tmp_path):
    """The reader of captures reads what the writer wrote."""
    packets = [(1_700_000_000_123_456_789, b"E"), (1_700_000_000_123_456_790, bytes(61))]
    pcapng.write(tmp_path / "file", packets, pcapng.LINKTYPE_RAW, "tun", "Why.")
    assert pcapng.read(tmp_path / "file") == (pcapng.LINKTYPE_RAW, packets)


# swap


def test_swap_takes_opposite_neighbours(story):
    """Neighbours of one direction stay as they are."""
    names = [name for name, *_ in swap.variants(story("> P. 1:2(1) ack 1 |\n< . 1:1(0) ack 2 |\n"))]
    assert names == ["1 > S with 2 < S.", "2 < S. with 3 > .", "4 > P. with 5 < ."]


def test_swap_closes_up(story):
    """Two segments 10 ms apart are put 0.1 ms apart, and what follows comes sooner."""
    (_, whole, damaged, place), *_ = swap.variants(story("+2 end |\n"))
    early = notation.STEP - swap.NEXT_TO
    first, second, third = (segment.time for segment in whole.segments)
    assert (place, second - first, third - second) == (0, swap.NEXT_TO, notation.STEP)
    assert whole.end == 3 * notation.STEP + 2 * notation.SECOND - early == damaged.end
    assert [segment.time for segment in damaged.segments] == [first, second, third]
    assert damaged.places == (1, 0, 2)


def test_swap_within_tolerance(story):
    """Two segments next to each other keep their times."""
    told = story("< P. 1:2(1) ack 1 |\n+0.0005 > . 1:1(0) ack 2 |\n")
    assert list(swap.variants(told))[-1][1] == Run.of(told)


def altered(shown, position, column, text):
    """What was shown, with another text in one row."""
    other = type(shown)(shown.run, shown.answer)
    other.rows = [list(row) for row in shown.rows]
    other.rows[position][column] = text
    return other


def shown_of(walk, run):
    return walk_all(walk, [run])[0]


def test_swap_is_judged(walk, story):
    """Another state after both and at the end, a new alarm; another state or evidence besides."""
    whole = shown_of(walk, Run.of(story("> P. 1:2(1) ack 1 |\n< . 1:1(0) ack 2 |\n")))

    def judged(position, column, text):
        return swap.judge(whole, altered(whole, position, column, text), 1)

    assert swap.judge(whole, whole, 1) == ([], [])
    assert judged(1, 3, "CLOSED") == ([], [])  # between the two
    assert judged(2, 3, "CLOSED") == (["after client CLOSED for ESTABLISHED"], [])
    assert judged(4, 5, "CLOSED") == (["end server CLOSED for ESTABLISHED"], [])
    assert judged(3, EVENTS, "half_open,mid_stream") == (["new half_open"], [])
    assert judged(3, EVENTS, "one_direction") == ([], [])  # about the capture
    assert judged(2, 6, "seen") == ([], ["evidence server seen for inferred"])
    assert judged(3, 3, "CLOSED")[1] == ["later at 4 CLOSED ESTABLISHED for ESTABLISHED ESTABLISHED"]


# drop


def hint_of(told, place):
    """The place of the segment that hints at the gap."""
    whole = Run.of(told)
    damaged = drop.without(whole, place)
    position = drop.first_hint(whole, damaged, place)
    return None if position is None else damaged.places[position]


@pytest.mark.parametrize(
    "text, place, hint",
    [
        ("> P. 1:2(1) ack 1 |\n> P. 2:3(1) ack 1 |\n", 3, 4),  # the number jumps
        ("> P. 1:2(1) ack 1 |\n< . 1:1(0) ack 2 |\n", 3, 4),  # more is acknowledged
        ("> F. 1:1(0) ack 1 |\n< F. 1:1(0) ack 2 |\n", 3, 4),
        ("> F. 1:1(0) ack 1 |\n< . 1:1(0) ack 2 |\n< F. 1:1(0) ack 2 |\n", 4, None),
        ("", 0, 1),  # the SYN,ACK without its SYN
        ("", 1, 2),
        ("< P. 1:2(1) ack 1 |\n", 2, 3),  # a server's text, its SYN,ACK not acknowledged
        ("> P. 1:2(1) ack 1 |\n< R 1:1(0) |\n", 3, None),
        ("< P. 1:2(1) ack 1 |\n> . 1:1(0) ack 2 |\n< R 2:2(0) |\n", 4, 5),  # the RST that answers
        ("< . 1:1(0) ack 1 |\n> P. 0:0(0) ack 1 |\n< . 1:1(0) ack 1 |\n", 4, 5),  # the ACK again
        ("> P. 5:6(1) ack 1 |\n> P. 1:5(4) ack 1 |\n> . 6:6(0) ack 1 |\n", 4, None),  # an old hole
        ("> P. 1:2(1) ack 1 |\n> P. 1:2(1) ack 1 |\n< . 1:1(0) ack 2 |\n", 3, None),  # came again
    ],
)
def test_hint(story, text, place, hint):
    """The first segment that hints at one not captured."""
    assert hint_of(story(text), place) == hint


def test_drop_is_judged(walk, story):
    """A state shown as seen that is another, before and after something hints; a new alarm."""
    told = story("< P. 1:2(1) ack 1 |\n> . 1:1(0) ack 2 |\n> P. 1:2(1) ack 2 |\n")
    whole, damaged = walk_all(walk, [Run.of(told), drop.without(Run.of(told), 3)])
    damaged = altered(altered(damaged, 2, 3, "ESTABLISHED"), 4, 4, "seen")

    def judged(position, column, text):
        return drop.judge(whole, altered(damaged, position, column, text), 3)[0]

    assert drop.judge(whole, damaged, 3) == ([], [])
    assert judged(2, 3, "CLOSED") == []  # before the gap
    assert judged(4, 3, "CLOSED") == ["hinted at 6 client CLOSED for ESTABLISHED"]
    assert judged(3, EVENTS, "half_open") == ["new half_open"]
    assert judged(3, EVENTS, "capture_gap") == []


# twice, shift


def test_twice_is_captured_behind_the_next(story):
    """A copy that comes later than the next packet stands behind it; times may go backwards."""
    told = story("+0.00005 < P. 1:2(1) ack 1 |\n-1 > . 1:1(0) ack 2 |\n")
    (_, _, soon, _), (_, _, late, _) = same.twice(told)
    assert soon.places == (0, 0, 1, 1, 2, 2, 3, 3, 4, 4)
    assert late.places == (0, 0, 1, 1, 2, 3, 2, 3, 4, 4)


def test_twice_is_judged(walk, story):
    """A copy may tell of itself alone, and change nothing."""
    (_, whole, damaged, _), _ = same.twice(story(""))
    whole, damaged = walk_all(walk, [whole, damaged])
    assert same.judge_twice(whole, damaged, None) == ([], [])
    for position, column, text in ((1, EVENTS, "duplicate_packet,half_open"), (2, 3, "CLOSED"),
                                   (3, 10, "client A -> B"), (3, 12, "three-way")):
        assert same.judge_twice(whole, altered(damaged, position, column, text), None)[0]


def numbers_of(segments):
    """SEG.SEQ, SEG.ACK and, if there is one, a SACK block."""
    places = (4, 8, 24, 28)
    return [[int.from_bytes(s.header[p : p + 4], "big") for p in places if p < len(s.header)]
            for s in segments]


def test_shift(story):
    """All numbers of an end are shifted, also where its peer names them."""
    told = story("< . 1:1(0) ack 1 <nop,nop,sack 5:9> |\n> R 6:6(0) |\n")
    assert numbers_of(same.shifted(told.segments, (1000, 2000))) == [
        [1000, 0], [2000, 1001], [1001, 2001], [2001, 1001, 1005, 1009], [1006, 0]]


def test_shift_leaves_zero(story):
    """The number 0 of a RST that answers a SYN is nobody's number, that of another is."""
    told = story("< R. zero ack 1 |\n", "# Why.\n> S 0:0(0) |\n")
    assert numbers_of(same.shifted(told.segments, (1000, 2000))) == [[1000, 0], [0, 1001]]
    told = story("> R. 6:6(0) ack 1 |\n")  # 0 after the wrap
    assert numbers_of(same.shifted(told.segments, (1000, 2000)))[-1] == [1006, 2001]


# The list


def test_list_is_compared():
    """What is new, gone, and wrong in another way."""
    listed = [known.Miss("drop", "a", str(n), "seen at 3", "Why.") for n in (1, 2, 3)]
    found = [known.Miss("drop", "a", "2", "seen at 3"), known.Miss("drop", "a", "3", "hinted at 4"),
             known.Miss("drop", "a", "10", "new half_open")]
    changes = known.compare(listed, found)
    assert [miss.variant for miss in changes.new] == ["10"]
    assert [miss.variant for miss in changes.gone] == ["1"]
    assert [(was.differs, now.differs) for was, now in changes.other] == [("seen at 3", "hinted at 4")]
    assert not known.compare(listed, listed)
    assert [miss.reason for miss in known.with_reasons(listed, found)] == ["Why.", "Why.", known.WRONG]


# merge


def test_views_are_merged(walk, story):
    """A sender's state on a segment that both views have, shown as seen by both, is the same."""
    told = story("> F. 1:1(0) ack 1 |\n< . 1:1(0) ack 2 |\n")
    other = dataclasses.replace(told, segments=told.segments[1:])
    ((_, one, there, _),) = merge.variants(dataclasses.replace(told, other=other))
    one, there = walk_all(walk, [one, there])
    assert there.run.places == (1, 2, 3, 4)
    assert merge.judge(one, there, None) == ([], [])
    assert merge.judge(one, altered(there, 2, 3, "CLOSED"), None)[0] == [
        "at 4 client CLOSED for FIN_WAIT_1"]
    assert not merge.judge(one, altered(there, 2, 5, "CLOSED"), None)[0]  # the receiver's
