# SPDX-License-Identifier: GPL-2.0-or-later
"""A story run through the core, whole or damaged, and what the core showed of it."""

import dataclasses
import functools

import notation
import walking

# Columns of a row and of a final line, as scenarios/walk.c prints them.
FRAME, CONNECTION, SENDER, PHASES, EVIDENCE, TRANSITIONS, EVENTS = 0, 1, 2, (3, 5), (4, 6), 10, 11
SETTLED = slice(12, 16)
ANSWERS = 16
FINAL_EVENTS = 4
ROLES = ("client", "server")


@dataclasses.dataclass(frozen=True)
class Run:
    """Segments in the order in which they are captured, each with its place in the story."""

    segments: tuple
    places: tuple
    end: int

    @staticmethod
    def of(story):
        return Run(story.segments, tuple(range(len(story.segments))), story.end)

    def lines(self):
        """What the program walk is told; a segment's frame is its number in this run, from 1."""
        lines = [segment.line(frame) for frame, segment in enumerate(self.segments, 1)]
        lines.append(walking.end_line(self.end))
        return lines


@dataclasses.dataclass(frozen=True)
class State:
    """What is shown of a connection: by the segments' side, which stays when roles do not."""

    phases: tuple
    evidence: tuple
    client: int  # the side that is the client


class Shown:
    """What the core showed of a run: columns by position in the run, None where it showed nothing."""

    def __init__(self, run, answer):
        self.run = run
        self.answer = answer

    @functools.cached_property
    def rows(self):
        rows = [line.split("\t") for line in self.answer[: len(self.run.segments)]]
        return [row if len(row) > 1 else None for row in rows]

    @functools.cached_property
    def finals(self):
        return [line.split("\t") for line in self.answer[len(self.run.segments) : -1]]

    @functools.cached_property
    def events(self):
        """All events raised on segments."""
        return _slugs(row[EVENTS] for row in self.rows if row)

    @functools.cached_property
    def endings(self):
        """All that the end of the capture tells."""
        return _slugs(row[FINAL_EVENTS] for row in self.finals)

    @functools.cached_property
    def states(self):
        """The State on each row, None where nothing is shown."""
        clients, found = {}, []
        for segment, row in zip(self.run.segments, self.rows):
            found.append(row and self._state(segment, row, clients))
        return found

    @staticmethod
    def _state(segment, row, clients):
        side = segment.side ^ (row[SENDER] == "server")
        client = clients.setdefault(row[CONNECTION], side)
        order = (client, 1 - client)
        phases, evidence = (tuple(row[columns[i]] for i in order) for columns in (PHASES, EVIDENCE))
        return State(phases, evidence, client)

    def after(self, position):
        """The last State of each connection that was shown up to a position."""
        pairs = zip(self.rows[: position + 1], self.states)
        return {row[CONNECTION]: state for row, state in pairs if row}


def walk_all(program, runs):
    """What the core shows of each run. Equal runs are walked once."""
    distinct = list(dict.fromkeys(runs))
    told = walking.answers(program, [run.lines() for run in distinct])
    shown = {run: Shown(run, answer) for run, answer in zip(distinct, told)}
    return [shown[run] for run in runs]


def _slugs(texts):
    return {event for text in texts if text for event in text.split(",")}


def is_alarm(event):
    """Whether an event is above chat and about the connection, not about the capture."""
    return notation.EVENTS[event] != "CHAT" and event not in notation.ABOUT_CAPTURE


def new_alarms(whole, damaged):
    """The alarms of a damaged run that the whole one does not raise: those raised on segments, and
    those that the end of the capture tells."""
    known = whole.events | whole.endings
    raised = sorted(filter(is_alarm, damaged.events - known))
    return raised, sorted(filter(is_alarm, damaged.endings - damaged.events - known))
