# SPDX-License-Identifier: GPL-2.0-or-later
"""The properties of which nothing at all may come: twice, mirror, shift, prefix.

 - twice: every packet is captured again. Only duplicate_packet tells of it.
 - mirror: the other of the two addresses is the lower one.
 - shift: a constant is added to all sequence numbers of an end, or to all times.
 - prefix: the capture ends sooner. What was shown up to there is the same.
"""

import collections
import dataclasses
import struct

from .runs import ANSWERS, EVENTS, SETTLED, TRANSITIONS, Run
from .stories import ACK, RST

MODULUS = 1 << 32
NEAR = 1 << 16
SACK, END_OF_OPTIONS, NO_OPERATION = 5, 0, 1
LATER = {"1 us": 1_000, "0.1 ms": 100_000}
YEARS = 1_700_000_000_000_000_000
TAB = "\t"
COPY = "duplicate_packet"
COLUMNS = (
    "frame connection sender client client-evidence server server-evidence stage open-step "
    "close-step transitions events open close closer cause answers"
).split()
FINAL_COLUMNS = ("connection", "client", "server", "open", "events")
# The first number of either side after the shift.
FIRST_NUMBERS = {"0 and 1": (0, 1), "2^31": (0x7FFFFFFD, 0x80000001), "5 and -1": (5, MODULUS - 1)}


# twice


def twice(story):
    for name, later in LATER.items():
        whole = Run.of(story)
        yield name, whole, captured_again(whole, later), None


def captured_again(run, later):
    """The run with each packet again some nanoseconds later, if need be behind the next. A clock that
    was put back in between delays no packet."""
    order, waiting = [], collections.deque()
    for entry in zip(run.segments, run.places):
        while waiting and not 0 <= waiting[0][0].time - entry[0].time <= later:
            order.append(waiting.popleft())
        order.append(entry)
        waiting.append((dataclasses.replace(entry[0], time=entry[0].time + later), entry[1]))
    segments, places = zip(*order, *waiting)
    return Run(segments, places, run.end + later)


def judge_twice(whole, damaged, _):
    known = set()
    for row, place in zip(damaged.rows, damaged.run.places):
        first = place not in known
        known.add(place)
        wrong = _compare(whole, damaged, row, place) if first else _copy_tells(row)
        if wrong:
            return [f"at {place + 1} {wrong}"], []
    return _compare_finals(whole, damaged), []


def _compare(whole, damaged, row, place):
    """What differs between a row and the one of the whole run."""
    if row is None or whole.rows[place] is None:
        return "" if row is whole.rows[place] else "no row" if row is None else "a row"
    answers = int(row[ANSWERS])
    row = [*row[:ANSWERS], str(damaged.run.places[answers - 1] + 1) if answers else "0"]
    return difference([place + 1, *without_copy(row)[1:]], without_copy(whole.rows[place]))


def without_copy(row):
    """A row without duplicate_packet."""
    events = ",".join(event for event in row[EVENTS].split(",") if event != COPY)
    return [*row[:EVENTS], events, *row[EVENTS + 1 :]]


def _copy_tells(row):
    """What the row of a copy says that it should not."""
    if row is None:
        return ""
    told = [row[TRANSITIONS], without_copy(row)[EVENTS], *row[SETTLED]]
    return " ".join(["the copy:", *filter(None, told)]) if any(told) else ""


# mirror


def mirror(story):
    if not any(segment.self_connection for segment in story.segments):
        whole = Run.of(story)
        other = [dataclasses.replace(s, side=1 - s.side) for s in whole.segments]
        yield "", whole, dataclasses.replace(whole, segments=tuple(other)), None


# shift


def shift(story):
    whole = Run.of(story)
    later = [dataclasses.replace(s, time=s.time + YEARS) for s in whole.segments]
    later = dataclasses.replace(whole, segments=tuple(later), end=whole.end + YEARS)
    yield "times", whole, later, None
    for name, numbers in FIRST_NUMBERS.items():
        segments = shifted(whole.segments, numbers)
        yield name, whole, dataclasses.replace(whole, segments=segments), None


def shifted(segments, first_numbers):
    """Segments with other numbers; those of each side are to begin with the ones given."""
    known, highest, result = {}, {}, []
    for segment in segments:
        (seq,) = struct.unpack_from("!I", segment.header, 4)
        known.setdefault(segment.side, (first_numbers[segment.side] - seq) % MODULUS)
    for segment in segments:
        own = known[segment.side]
        peer = own if segment.self_connection else known.get(1 - segment.side, 0)
        header = bytearray(segment.header)
        if not _is_zero_itself(header, highest.get(segment.side)):
            _add(header, 4, own)
            highest[segment.side] = struct.unpack_from("!I", segment.header, 4)[0]
        if header[13] & ACK:
            _add(header, 8, peer)
        for place in _sack_edges(header):
            _add(header, place, peer)
        result.append(dataclasses.replace(segment, header=bytes(header)))
    return tuple(result)


def _is_zero_itself(header, last):
    """Whether the number is the 0 of a RST that answers a SYN (RFC 9293 section 3.10.7.1)."""
    (seq,) = struct.unpack_from("!I", header, 4)
    near = last is not None and (last + NEAR) % MODULUS < 2 * NEAR
    return header[13] & RST and seq == 0 and not near


def _add(header, place, number):
    (value,) = struct.unpack_from("!I", header, place)
    struct.pack_into("!I", header, place, (value + number) % MODULUS)


def _sack_edges(header):
    """Where the edges of SACK blocks stand (RFC 2018 section 3)."""
    place = 20
    while place + 1 < len(header) and header[place] != END_OF_OPTIONS:
        if header[place] == NO_OPERATION:
            place += 1
            continue
        if header[place] == SACK:
            yield from range(place + 2, place + header[place + 1], 4)
        place += max(header[place + 1], 2)


# prefix


def prefix(story):
    whole = Run.of(story)
    for count in range(1, len(whole.segments)):
        begun = Run(whole.segments[:count], whole.places[:count], whole.segments[count - 1].time)
        yield f"first {count}", whole, begun, None


def judge_prefix(whole, damaged, _):
    count = len(damaged.run.segments)
    return first_difference(whole.answer[:count], damaged.answer[:count]), []


# Comparing


def judge_all(whole, damaged, _):
    return first_difference(whole.answer, damaged.answer), []


def first_difference(right, shown):
    """The first line that differs, in words."""
    for one, other in zip(right, shown):
        if one != other:
            return [f"at {one.split(TAB)[0]} {difference(other.split(TAB), one.split(TAB))}"]
    return [] if len(right) == len(shown) else [f"{len(shown)} lines for {len(right)}"]


def difference(shown, right):
    """The first column that differs, in words."""
    if len(shown) != len(right):
        return "another kind of line"
    names = COLUMNS if len(right) == len(COLUMNS) else FINAL_COLUMNS
    for name, one, other in zip(names, right, shown):
        if str(one) != str(other):
            return f"{name} {other or 'none'} for {one or 'none'}"
    return ""


def _compare_finals(whole, damaged):
    for one, other in zip(whole.finals, damaged.finals):
        if one != other:
            return [f"end {difference(other, one)}"]
    same = len(whole.finals) == len(damaged.finals)
    return [] if same else [f"end {len(damaged.finals)} connections for {len(whole.finals)}"]
