# SPDX-License-Identifier: GPL-2.0-or-later
"""What tcpstate shows of a capture: its frames, and the states of each endpoint."""

import bisect
from collections import namedtuple

FIN, SYN, RST, ACK = 1, 2, 4, 16

Frame = namedtuple("Frame", "number time src dst flags seq ack len connection sender transitions "
                   "phases evidences events")

RANK = {name: rank for rank, names in enumerate([
    ("UNKNOWN", "LISTEN"), ("SYN_SENT",), ("SYN_RECEIVED",), ("ESTABLISHED",),
    ("FIN_WAIT_1", "CLOSE_WAIT"), ("FIN_WAIT_2", "CLOSING", "LAST_ACK"), ("TIME_WAIT",),
    ("CLOSED",)]) for name in names}


class Shown:
    """What we show of one endpoint of one connection."""

    def __init__(self, connection, role, local, remote):
        self.connection, self.role = connection, role
        self.ends = (local, remote)
        self.states = []  # the sequence, as far as it was not taken back
        self.revisions = 0
        self.frames = []  # (time, state after it, evidence, sent by this endpoint, the frame)

    def add(self, frame, index):
        for transition in frame.transitions:
            role, change = transition.split(" ", 1)
            if role in (self.role, "self"):
                self._go(*change.split(" -> "))
        own = frame.src == self.ends[0]
        self.frames.append((frame.time, frame.phases[index], frame.evidences[index], own, frame))

    def _go(self, old, new):
        if RANK[new] < RANK[old] and new in self.states:
            while self.states[-1] != new:
                self.states.pop()
            self.revisions += 1
        else:
            # A passive opener that is reset goes back to LISTEN: its socket is gone.
            state = "CLOSED" if new == "LISTEN" else new
            self.states += [state] if self.states[-1:] != [state] else []

    def states_until(self, end):
        """The sequence shown by the frames up to a time."""
        if self.frames[-1][0] <= end:
            return self.states
        cut = Shown(self.connection, self.role, *self.ends)
        for time, _phase, _evidence, _own, frame in self.frames:
            if time <= end:
                cut.add(frame, 0)
        return cut.states

    def at(self, when):
        """The state shown after the last frame up to a time, and that frame's place; or None."""
        place = bisect.bisect_right(self.frames, when, key=lambda entry: entry[0]) - 1
        return None if place < 0 else (self.frames[place][1], place)


def shown_of(frames):
    """The endpoints that the frames show, two per connection, or one of a self-connection."""
    result = {}
    for frame in frames:
        if frame.connection not in result:
            client, server = ((frame.src, frame.dst) if frame.sender != "server"
                              else (frame.dst, frame.src))
            result[frame.connection] = [Shown(frame.connection, "client", client, server)]
            if frame.sender != "self":
                result[frame.connection].append(
                    Shown(frame.connection, "server", server, client))
        for index, shown in enumerate(result[frame.connection]):
            shown.add(frame, index)
    return result


def said(frame):
    """What tells a segment from the others of its sender, wherever it is captured."""
    return frame.flags, frame.seq, frame.ack, frame.len
