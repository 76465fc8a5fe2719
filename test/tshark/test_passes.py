# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a capture again changes nothing: in another pass, in a session that filters, looks at packets,
loads other captures and changes preferences, or after the protocol was disabled. The same settings give
the same facts, and each preference changes what it says it does."""

import pytest
from scapy.layers.inet import IP, UDP

import notation
import tshark
import variants
from test_captures import CAPTURES

STORIES = ("four-way-close", "simultaneous-close-at-a", "last-ack-lost-at-a", "close-wait-leak")
FRAMES = ("frames", tshark.AS_FRAMES)


def load(capture):
    return ("load", {"file": str(capture)})


def look(filter_):
    return ("frames", {"filter": filter_})


def set_preference(name, value):
    return ("setconf", {"name": f"tcpstate.{name}", "value": str(value)})


@pytest.fixture(scope="module")
def capture_of(shark):
    return lambda name: shark.readable(CAPTURES / f"{name}.pcapng")


@pytest.fixture(scope="module")
def expected(shark, capture_of):
    """The rows of a capture's second pass."""
    return lambda name, *options: shark.rows(capture_of(name), "two-pass-column", *options)


# Sessions


@pytest.mark.parametrize("name", STORIES)
def test_session_shows_the_rows_of_tshark(shark, capture_of, expected, name):
    """Loaded, filtered and looked at packet by packet, a capture shows what tshark shows, each time."""
    every = [("frame", {"frame": number, "proto": True}) for number in (3, 1, 5, 2)]
    asked = [FRAMES, look("tcpstate.transition"), FRAMES, *every, FRAMES]
    shown = shark.session_rows(load(capture_of(name)), *(r for r in asked if r == FRAMES))
    assert shown == [expected(name)] * 3
    _, answers = shark.sharkd(load(capture_of(name)), *asked)
    frames = [answer for request, answer in zip(asked, answers[1:]) if request == FRAMES]
    assert frames == [frames[0]] * 3


def test_loading_another_capture_leaves_nothing(shark, capture_of, expected):
    """Each capture begins anew, whichever was loaded before: connections count from 0 again."""
    order = [*STORIES, *reversed(STORIES), STORIES[0]]
    requests = [request for name in order for request in (load(capture_of(name)), FRAMES)]
    assert shark.session_rows(*requests) == [expected(name) for name in order]


def test_bad_files_in_a_session(shark, capture_of, expected):
    """What cannot be loaded, is cut, or holds no TCP, does no harm to what is loaded after it."""
    name = STORIES[0]
    bad = {
        "empty.pcap": b"",
        "text.pcap": b"no capture at all\n" * 9,
        "cut.pcapng": capture_of(name).read_bytes()[:-30],
    }
    for file, octets in bad.items():
        (shark.home / file).write_bytes(octets)
        (shark.home / file).chmod(0o644)
    datagram = bytes(IP(dst="192.0.2.1") / UDP())
    variants.write(shark.home / "udp.pcap", [variants.Packet(0, datagram, len(datagram))])
    good = load(capture_of(name))
    for file in (*bad, "udp.pcap", "missing.pcap"):
        shown = shark.session_rows(good, load(shark.home / file), good, FRAMES)
        assert shown == [expected(name)], file


def test_time_references_change_nothing(shark, capture_of):
    """How long an endpoint has been in its state does not count from a time reference."""
    columns = {
        f"column{index}": f"tcpstate.{role}.time_in_phase:1"
        for index, role in enumerate(("client", "server"))
    }
    requests = [("frames", columns), ("frames", {**columns, "refs": "4,9"}), ("frames", columns)]
    _, (_, *shown) = shark.sharkd(load(capture_of(STORIES[0])), *requests)
    times = [[frame["c"] for frame in answer] for answer in shown]
    assert times[0] == times[1] == times[2]
    assert any(float(time) > 0 for row in times[0] for time in row)


def test_statistics_in_a_session(shark, capture_of):
    """The table of connections is the same before and after another capture was loaded."""
    tables = ("tap", {"tap0": "nstat:tcpstate,connections", "tap1": "nstat:tcpstate,census"})
    first, other = capture_of("close-wait-leak"), capture_of("port-reused")
    requests = [load(first), tables, tables, load(other), tables, load(first), tables]
    _, answers = shark.sharkd(*requests)
    shown = [answer for request, answer in zip(requests, answers) if request == tables]
    assert shown[0] == shown[1] == shown[3] != shown[2]
    rows = {tap["tap"]: tap["tables"][0]["i"] for tap in shown[0]["taps"]}
    assert len(rows["nstat:tcpstate,connections"]) == 41


# Passes


def facts(row):
    """What no read filter may change."""
    told = set(row.events) - tshark.AT_THE_END
    return row.connection, row.phases(), row.evidence(), row.transitions, told


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("kept", ["tcp.flags.fin == 1", "tcpstate.transition", "tcp.len > 0"])
def test_read_filter(shark, capture_of, expected, name, kept):
    """-R leaves out frames after the first pass; those that are left, which it counts anew, show what
    they show without it, but for what only the end of the capture tells."""
    path, whole = capture_of(name), expected(name)
    left = shark.run("-r", path, "-Y", kept, "-T", "fields", "-e", "frame.number").stdout.split()
    shown = shark.rows(path, "two-pass", "-R", kept)
    assert 0 < len(left) < len(whole)
    assert [facts(row) for row in shown.values()] == [facts(whole[int(n)]) for n in left]


def test_disabled_and_enabled_again(shark, capture_of, expected):
    """A disabled protocol shows nothing anywhere, whether an option disables it or the user's list of
    disabled protocols; off that list again, it shows what it did."""
    name = STORIES[0]
    off = ("--disable-protocol", "tcpstate")
    assert shark.rows(capture_of(name), "fields", *off) == {}
    shown = shark.run(
        "-q", "-r", capture_of(name), *off, "-z", "tcpstate,connections", "-z", "tcpstate,census",
        "-z", "expert",
    ).stdout  # fmt: skip
    assert "handshake" not in shown and "three-way" not in shown
    disabled = shark.home / ".config/wireshark/disabled_protos"
    disabled.parent.mkdir(parents=True, exist_ok=True)
    disabled.write_text("tcpstate\n", encoding="ascii")
    try:
        assert shark.rows(capture_of(name), "two-pass") == {}
        assert shark.session_rows(load(capture_of(name)), FRAMES) == [{}]
    finally:
        disabled.unlink()
    assert shark.rows(capture_of(name), "two-pass") == expected(name)


def test_statistics_take_a_filter(shark, capture_of):
    """Several statistics at once, each with its own filter."""
    wanted = "tcpstate,connections,tcpstate.connection == 3"
    capture = capture_of("close-wait-leak")
    shown = shark.run("-q", "-r", capture, "-z", wanted, "-z", "tcpstate,census").stdout
    rows = [line for line in shown.splitlines() if line.startswith("3 ")]
    assert len(rows) == 1 and "CLOSE_WAIT" in shown


# Preferences

# What each changes: its standard value, another, a capture (COPIED: with each packet twice), and the
# event that the one shows of it and the other does not. Which one does is said last.
COPIED = "copied"
EFFECTS = {
    "stuck": (60, 1, "close-wait-late", "stuck_close_wait", True),
    "idle": (60, 1, "keepalive", "idle_gap", True),
    "slow": (3000, 5, "four-way-close", "slow_close", True),
    "storm": (20, 1, "last-ack-lost-at-a", "fin_storm", True),
    "copy": (1, 0, COPIED, "duplicate_packet", False),
    "reorder": (1, 1000, "last-ack-lost-at-a", "last_ack_lost", False),
}


@pytest.fixture(scope="module")
def story(shark, capture_of):
    """The capture that shows the effect of a preference."""

    def make(name):
        if name != COPIED:
            return capture_of(name)
        path = shark.home / f"{COPIED}.pcap"
        variants.write(path, variants.copied(variants.read(CAPTURES / "four-way-close.pcapng")))
        return path

    return make


def has(rows, event):
    assert rows and event in notation.EVENTS
    return any(event in row.events for row in rows.values())


@pytest.mark.parametrize("name", EFFECTS)
def test_preference(shark, story, name):
    """A changed preference shows what it is for; with its standard value nothing has changed."""
    standard, other, capture, event, when_changed = EFFECTS[name]
    path = story(capture)
    before = shark.rows(path, "fields")
    changed = shark.rows(path, "fields", "-o", f"tcpstate.{name}:{other}")
    assert (has(before, event), has(changed, event)) == (not when_changed, when_changed)
    assert shark.rows(path, "fields", "-o", f"tcpstate.{name}:{standard}") == before


@pytest.mark.parametrize("name", EFFECTS)
def test_preference_in_a_session(shark, story, name):
    """The same in a session that loads the capture again, with the value set back at the end. A change
    counts from the next loading on, so that all frames shown are judged alike."""
    standard, other, capture, event, when_changed = EFFECTS[name]
    again = load(story(capture))
    first, changed_late, changed, back = shark.session_rows(
        again, FRAMES, set_preference(name, other), FRAMES, again, FRAMES,
        set_preference(name, standard), again, FRAMES,
    )  # fmt: skip
    assert first == changed_late == back
    assert (has(first, event), has(changed, event)) == (not when_changed, when_changed)


def states_at_the_end(shark, path, *options):
    """The states of each connection's ends when the capture ends."""
    shown = shark.run("-q", "-r", path, *options, "-z", "tcpstate,connections").stdout
    lines = [line.split("|") for line in shown.splitlines() if "|" in line]
    heading = [cell.strip() for cell in lines[0]]
    ends = [heading.index("Client state"), heading.index("Server state")]
    return [tuple(line[end].strip() for end in ends) for line in lines[1:]]


def test_maximum_segment_lifetime(shark, capture_of):
    """TIME_WAIT lasts two of them: the capture's first connection closed 2.25 seconds before its end."""
    path = capture_of("port-reused-by-client")
    assert states_at_the_end(shark, path)[0] == ("TIME_WAIT", "CLOSED")
    assert states_at_the_end(shark, path, "-o", "tcpstate.msl:2")[0] == ("TIME_WAIT", "CLOSED")
    assert states_at_the_end(shark, path, "-o", "tcpstate.msl:1")[0] == ("CLOSED", "CLOSED")


def test_transitions_in_the_info_column(shark, capture_of):
    """They are appended to what Wireshark shows there."""
    path = capture_of("four-way-close")
    plain = shark.run("-r", path).stdout.splitlines()
    shown = shark.run("-r", path, "-o", "tcpstate.transitions_in_info:TRUE").stdout.splitlines()
    assert shown[-1] == plain[-1] + " {client FIN_WAIT_2 -> TIME_WAIT, server LAST_ACK -> CLOSED}"
    assert shown[3] == plain[3]


@pytest.mark.parametrize("value", [0, 601, 4294967295])
def test_preference_out_of_range(shark, capture_of, expected, value):
    """It is said which values there are, and the standard one is used: in tshark, and in a session whose
    program does not have changes applied."""
    path, message = capture_of("four-way-close"), f"from 1 to 600, not {value}: using 30"
    option = ("-o", f"tcpstate.msl:{value}")
    assert message in shark.run("-r", path, *option).stderr
    assert expected("four-way-close", *option) == expected("four-way-close")
    done, _ = shark.sharkd(set_preference("msl", value), load(path), FRAMES)
    assert message in done.stderr + done.stdout
    requests = [set_preference("msl", value), load(path), FRAMES]
    assert shark.session_rows(*requests) == [expected("four-way-close")]
