# SPDX-License-Identifier: GPL-2.0-or-later
"""What the stacks say of their connections, as rows for the comparison; what the core shows of the
captures, as frames for it."""

import dataclasses

import walking
from judging import compare
from judging.compare import IN_FLIGHT, MOMENT, Row
from judging.shown import Frame
from lab import pcapng
from lab.segment import parse
from properties import runs, stories

from .network import ADDRESSES, PEER

# RFC 9293 figure 5, without the edge from FIN_WAIT_1 to TIME_WAIT: where one FIN acknowledges and
# closes, what is shown passes FIN_WAIT_2.
EDGES = {
    "LISTEN": ["SYN_RECEIVED"],
    "CLOSED": ["SYN_SENT"],
    "SYN_SENT": ["ESTABLISHED", "SYN_RECEIVED"],
    "SYN_RECEIVED": ["ESTABLISHED", "FIN_WAIT_1"],
    "ESTABLISHED": ["FIN_WAIT_1", "CLOSE_WAIT"],
    "FIN_WAIT_1": ["FIN_WAIT_2", "CLOSING"],
    "CLOSE_WAIT": ["LAST_ACK"],
    "FIN_WAIT_2": ["TIME_WAIT"],
    "CLOSING": ["TIME_WAIT"],
}


def path(old, new):
    """The states after one up to another, along the figure; the other alone if none leads there."""
    ways = [[old]]
    for way in ways:
        if way[-1] == new and len(way) > 1:
            return way[1:]
        ways += [way + [state] for state in EDGES.get(way[-1], [])]
    return [new]


def rows_of(played):
    """Every change of state of both hosts. Of an incarnation that the stack keeps beside a later one
    of the same ports, nothing more is told."""
    rows = []
    for host, told in played.states.items():
        latest, state_of = {}, {}
        for time, life, (local, remote), state in told:
            if latest.get((local, remote), life) > life:
                continue
            latest[local, remote] = life
            old = state_of.get(life, "CLOSED")
            if old == "CLOSED":
                old = "CLOSED" if state == "SYN_SENT" else "LISTEN"
            state_of[life] = state
            ends = (ADDRESSES[host], local), (ADDRESSES[PEER[host]], remote)
            for new in path(old, state):
                rows.append(Row(time, *ends, old, new, "stack", time))
                old = new
    return sorted(rows, key=lambda row: row.time)


class Views(compare.Views):
    """Views of stacks that tell their states when they send something, and when all is done: what one
    crosses in between, it does not tell."""

    def match(self, view, shown):
        """Each endpoint's incarnation: the last that had begun when its connection did, or begins
        next. The account is exact, and so need not be matched from the end as a kernel's."""
        result, left = {}, {ends: list(known) for ends, known in self.lives.items()}
        for one in sorted((one for pair in shown.values() for one in pair),
                          key=lambda one: one.connection):
            result[one] = self._life_of(view, one, left.get(one.ends, []))
            if result[one]:
                left[one.ends].remove(result[one])
        return result

    def _life_of(self, view, one, lives):
        begin, end = one.frames[0][0], one.frames[-1][0] + MOMENT
        near = MOMENT if self.is_own(view, one) else IN_FLIGHT
        begun = [life for life in lives if life.begin <= begin + near and life.lasts(begin - near)]
        later = [life for life in lives if begin + near < life.begin <= end]
        return begun[-1] if begun else later[0] if later else None

    def same_sequence(self, shown, states, life, wire, end):
        if super().same_sequence(shown, states, life, wire, end):
            return True
        untold = _crossed(shown, life) if life else set()
        return super().same_sequence(
            shown, [state for state in states if state not in untold], life, wire, end)

    @staticmethod
    def is_moot(life, when):
        """Whether the segment closed its receiver, through whatever states."""
        return any(row.new == "CLOSED" and when < row.time < when + MOMENT for row in life.rows)


def _crossed(shown, life):
    """The states that an endpoint is shown only to have crossed within a segment, while its stack went
    on too, or on a segment that closed it."""
    crossed, kept = set(), set()
    for when, phase, _evidence, own, frame in shown.frames:
        if any(abs(row.time - when) < MOMENT for row in life.rows):
            crossed |= {word.split(" -> ")[1] for word in frame.transitions
                        if word.startswith(shown.role)}
        if own or not Views.is_moot(life, when):
            kept.add(phase)
    return crossed - kept


def lines_of(played, view):
    """What the program walk is told of a view, and the packets that it is told of."""
    pairs, lines, packets = {}, [], []
    for time, packet in played.views[view]:
        for ends, segment in stories.captured([(time, packet)], pcapng.LINKTYPE_RAW):
            packets.append((time, packet))
            segment = dataclasses.replace(segment, pair=pairs.setdefault(ends, len(pairs)))
            lines.append(segment.line(len(packets)))
    return lines + [walking.end_line(played.end)], packets


def frames_of(packets, answer):
    """The frames that the core's answer shows, and the events that the end of the capture tells."""
    frames = []
    for (time, packet), line in zip(packets, answer):
        cell = line.split("\t")
        if len(cell) == 1:
            continue
        segment = parse(packet)
        split = {column: [word for word in cell[column].split(",") if word]
                 for column in (runs.TRANSITIONS, runs.EVENTS)}
        frames.append(Frame(
            int(cell[runs.FRAME]), time, segment.src, segment.dst, segment.flags, segment.seq,
            segment.ack, segment.len, int(cell[runs.CONNECTION]), cell[runs.SENDER],
            split[runs.TRANSITIONS], tuple(cell[column] for column in runs.PHASES),
            tuple(cell[column] for column in runs.EVIDENCE), split[runs.EVENTS]))
    finals = [line.split("\t")[runs.FINAL_EVENTS] for line in answer[len(packets):-1]]
    return frames, [event for events in finals for event in events.split(",") if event]
