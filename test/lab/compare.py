# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what tcpstate shows of a capture with the kernel's account: what is Linux's alone."""

import bisect

from judging.compare import LATE, MOMENT, NONE, REACTION, TO_TIME_WAIT
from judging import compare
from judging.shown import ACK, FIN, RST, SYN


def ack_not_taken(life, wire):
    """Whether a passive opener left an ACK of its SYN,ACK aside: deferred accept, full queue."""
    spans = life.spans(wire.times[-1] + REACTION)
    requests = [(row, left) for row, left in spans if row.old == "LISTEN"]
    if (life.rows[-1].old, life.rows[-1].source) == ("SYN_RECEIVED", "ss"):
        requests += spans[-1:]  # a SYN cookie, which the server took back or never knew again
    return any(frame.src != wire.local and frame.flags & (SYN | RST | ACK) == ACK
               for row, left in requests for frame in wire.between(row.time, left - LATE))


def no_room_for_time_wait(life, when):
    """Whether it went straight to CLOSED, as where tcp_max_tw_buckets are in use."""
    return any(row.new == "CLOSED" and row.old in TO_TIME_WAIT and row.source == "tracepoint"
               and row.time <= when for row in life.rows)


def reset_in_time_wait(life, wire, when):
    """Whether it got a RST in TIME_WAIT and stayed, as with tcp_rfc1337."""
    return any(row.new == "TIME_WAIT" and any(
        frame.flags & RST and frame.src != wire.local for frame in wire.between(row.time, when))
        for row in life.rows) and life.at(when) == "TIME_WAIT"


def ack_held_back(life, wire, when):
    """Whether a client has got its SYN,ACK and still delays the last ACK of the handshake."""
    return any((row.old, row.new) == ("SYN_SENT", "ESTABLISHED") and row.time <= when
               and not wire.sent(row.time - MOMENT, when) for row in life.rows)


def revived(life, wire):
    """Whether the ACK of a SYN cookie opened it anew: its number is good for a while, even in a late
    segment of the connection that it opened before, or after a RST has refused it."""
    return any(row.old == "LISTEN" and row.source == "tracepoint"
               and not wire.sent(row.time - LATE, wire.times[-1], SYN)
               or (row.old, row.new) == ("SYN_RECEIVED", "ESTABLISHED")
               and wire.sent(life.begin, row.time, RST) for row in life.rows)


def unseen_time_wait(row, wire):
    """Whether it may be TIME_WAIT that the tracepoint shows as closed, too short for any poll. Of an
    orphan's FIN_WAIT_2 only polls tell, and the next connection of the pair."""
    if row.new != "CLOSED" or row.old not in TO_TIME_WAIT:
        return False
    if row.source != "tracepoint":
        return any(frame.flags & FIN and frame.src != wire.local
                   for frame in wire.between(row.time - REACTION, row.time))
    got = wire.between(row.time - LATE, row.time)
    if any(frame.flags & FIN and frame.src != wire.local
           for frame in wire.between(row.time - 5 * LATE, row.time)):
        return True  # what came next, a RST even, found TIME_WAIT
    return not (any(frame.flags & RST and frame.src != wire.local for frame in got)
                or wire.sent(row.time - MOMENT, row.time + MOMENT, RST))


class Views(compare.Views):
    """Views that know what a Linux kernel may do, and how it tells of its sockets."""

    reacts = REACTION
    unseen_time_wait = staticmethod(unseen_time_wait)

    def __init__(self, frames_by_view, rows, polls, addresses, told):
        """polls: by host; told: by address, the settings of that host's kernel that are not the usual
        ones."""
        self.polls, self.told = polls, told
        super().__init__(frames_by_view, rows, addresses)

    def excuse_of_stack(self, shown, life, wire, end):
        if life and ack_not_taken(life, wire):
            return "the server did not take the ACK"
        told = self.told.get(shown.ends[0][0], {})
        if life and "ipv4.tcp_max_tw_buckets" in told and no_room_for_time_wait(life, end):
            return "there was no room for TIME_WAIT"
        if life and "ipv4.tcp_rfc1337" in told and reset_in_time_wait(life, wire, end):
            return "a RST in TIME_WAIT was ignored"
        if self._revived(shown):
            return "a late segment revived it by its SYN cookie"
        if life and ack_held_back(life, wire, end):
            return "the last ACK of the handshake was held back"
        return ""

    def _revived(self, shown):
        """Whether either end of the pair was opened anew by the ACK of a SYN cookie."""
        return any(life in self.wires and revived(life, self.wires[life])
                   for ends in (shown.ends, shown.ends[::-1]) for life in self.lives.get(ends, []))

    def asked(self, ends, begin, end):
        """The first and the last poll of the endpoint's host within a time."""
        host = self.host_of.get(ends[0][0])
        polls = self.polls.get(host, [])
        first = bisect.bisect_left(polls, begin, key=lambda poll: poll.begin)
        last = bisect.bisect_right(polls, end, key=lambda poll: poll.end) - 1
        return [(polls[at].begin, polls[at].states.get(ends, NONE))
                for at in sorted({first, last}) if first <= last]
