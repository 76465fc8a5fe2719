# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints a variant segment by segment: what the core shows, and what it shows of the whole capture."""

from .drop import Fields
from .runs import EVENTS, EVIDENCE, PHASES
from .stories import ACK, SYN

MARK = {"seen": "", "inferred": "~", "assumed": "?"}
MODULUS = 1 << 32


def print_variant(miss, story, whole, damaged):
    print(miss)
    relative = Relative(story)
    right = _counterparts(whole, damaged)
    for place in sorted(set(whole.run.places) - set(damaged.run.places)):
        segment = story.segments[place]
        print(f"    {story.label(segment, place):8} {relative.text(segment):36} is missing")
    begin = damaged.run.segments[0].time
    lines = zip(damaged.run.segments, damaged.run.places, damaged.rows, right)
    for segment, place, row, other in lines:
        seconds = (segment.time - begin) / 1e9
        label = story.label(segment, place)
        print(f"    {label:8} {relative.text(segment):36} {seconds:9.4f}  {text_of(row)}")
        if text_of(row) != text_of(other):
            print(f"    {'whole':>55}  {text_of(other)}")
    print()


def _counterparts(whole, damaged):
    """The rows to compare with: those of the same segments, but where only the order differs, those at
    the same positions."""
    if sorted(whole.run.places) == sorted(damaged.run.places):
        return whole.rows
    rows = dict(zip(whole.run.places, whole.rows))
    return [rows.get(place) for place in damaged.run.places]


def text_of(row):
    """States and events of a row."""
    if not row:
        return "nothing"
    states = (row[phase] + MARK[row[known]] for phase, known in zip(PHASES, EVIDENCE))
    events = "".join(f" ! {event}" for event in row[EVENTS].split(",") if event)
    return " ".join(states) + f" conn {row[1]}" + events


class Relative:
    """Numbers as scenarios write them: relative to the first that is captured of each end."""

    def __init__(self, story):
        self.first = {}
        for segment in story.segments:
            fields = Fields(segment)
            self.first.setdefault(segment.side, fields.seq)
            if fields.flags & ACK and not segment.self_connection:
                self.first.setdefault(1 - segment.side, fields.ack - bool(fields.flags & SYN))

    def text(self, segment):
        fields = Fields(segment)
        seq = self._number(fields.seq, segment.side)
        peer = segment.side ^ (not segment.self_connection)
        text = f"{seq}:{seq + segment.length}({segment.length})"
        return text + (f" ack {self._number(fields.ack, peer)}" if fields.flags & ACK else "")

    def _number(self, number, side):
        apart = (number - self.first.get(side, 0)) % MODULUS
        return apart - MODULUS if apart >= MODULUS // 2 else apart
