# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what tcpstate shows of a capture with an account that the endpoints' own stacks gave.

Five questions. Sequences: did each endpoint go through the states we show, in that order? Quiet
moments: when no packet has passed for a while, is the state we show the one it is in? Timeliness:
is a new state shown by the first segment that its endpoint sent in it, and not before it could be?
Reception: on a segment that an endpoint got, is the state shown one that it is in by then, or was in
when it last sent something? Evidence: is a state that is marked as seen one of those?
"""

import bisect
from collections import namedtuple

from .shown import FIN, RST, SYN, said, shown_of

QUIET = 50_000_000  # all times in nanoseconds
MOMENT = 300_000  # between a change of state and the segment that belongs to it
IN_FLIGHT = 30_000_000  # that a segment may take from its sender to where it is captured
LATE = 2_000_000  # between a segment and what it causes, on a busy machine
REACTION = 60_000_000  # within this a poll shows what a segment caused
NONE = "NONE"  # no such socket
TO_TIME_WAIT = ("FIN_WAIT_2", "CLOSING")

# One change of state of an endpoint; it was entered after `after`, which is `time` but where an account
# tells only later.
Row = namedtuple("Row", "time local remote old new source after")
Finding = namedtuple("Finding", "kind view ends when shown kernel explained connection")


class Life:
    """The account of one incarnation of an endpoint."""

    def __init__(self, row):
        self.ends = (row.local, row.remote)
        self.rows = [row]

    def give_way(self, row):
        """The next incarnation begins: whatever was left of this one, TIME_WAIT, is gone."""
        last = self.rows[-1]
        if last.new != "CLOSED":
            self.rows.append(row._replace(old=last.new, new="CLOSED", source="nominal"))

    @property
    def begin(self):
        return self.rows[0].time

    def lasts(self, when):
        """Whether it was not over by then."""
        return self.rows[-1].new != "CLOSED" or self.rows[-1].time >= when

    def at(self, when):
        """Its state at a time, NONE before it began."""
        state = NONE
        for row in self.rows:
            if row.time <= when:
                state = row.new
        return state

    def around(self, when):
        """Its states from a time until the moment after; a poll may show one a little later."""
        return {self.at(when)} | {
            row.new for row in self.rows if when < row.time and row.after < when + MOMENT}

    def spans(self, end):
        """Each row up to a time, with the time its state was left."""
        times = [row.time for row in self.rows[1:]] + [end]
        return [(row, left) for row, left in zip(self.rows, times) if row.time <= end]


def lives_of(rows):
    """The rows, by endpoint and incarnation."""
    lives = {}
    for row in rows:
        known = lives.setdefault((row.local, row.remote), [])
        if not known or row.old == "LISTEN" or (row.old, row.new) == ("CLOSED", "SYN_SENT"):
            if known:
                known[-1].give_way(row)
            known.append(Life(row))
        else:
            known[-1].rows.append(row)
    return lives


def match(shown, lives, flight):
    """Give each endpoint shown its incarnation: {shown: life or None}.

    flight(endpoint): how long its segments may take to where they are captured.

    Of several connections of one pair the last takes the last incarnation that had begun by its
    end, and so on backwards; but not that of a server whose first SYN belongs to one before.
    """
    left = {ends: list(known) for ends, known in lives.items()}
    result = {}
    for endpoint in sorted(shown, key=lambda one: one.connection, reverse=True):
        candidates = left.get(endpoint.ends, [])
        begin, end = endpoint.frames[0][0] - flight(endpoint), endpoint.frames[-1][0] + MOMENT
        while candidates and candidates[-1].begin > end:
            candidates.pop()
        mine = candidates and candidates[-1].lasts(begin) and not (
            endpoint.role == "server" and candidates[-1].begin < begin and any(
                other.ends == endpoint.ends and other.connection < endpoint.connection
                and other.frames[0][0] <= candidates[-1].begin + MOMENT for other in shown))
        result[endpoint] = candidates.pop() if mine else None
    return result


class Wire:
    """What one endpoint sent and got, as captured where it is."""

    def __init__(self, shown):
        self.all = [frame for _time, _phase, _evidence, _own, frame in shown.frames]
        self.times = [frame.time for frame in self.all]
        self.local = shown.ends[0]

    def between(self, begin, end):
        return self.all[bisect.bisect_left(self.times, begin):
                        bisect.bisect_right(self.times, end)]

    def causes(self, begin, end):
        """The frames that can have closed it: whatever it got, and a RST of its own."""
        return [frame for frame in self.between(begin, end)
                if frame.src != self.local or frame.flags & RST]

    def sent(self, begin, end, flag=0):
        return [frame for frame in self.between(begin, end)
                if frame.src == self.local and frame.flags & flag == flag]


def silent(row, left, wire):
    """Whether nothing on the wire tells that the state of a row was entered."""
    if row.new in ("FIN_WAIT_1", "LAST_ACK", "CLOSING"):
        begin = 0 if row.new == "CLOSING" else row.time - MOMENT
        return not wire.sent(begin, left, FIN)
    if row.new in ("SYN_SENT", "SYN_RECEIVED"):
        return not wire.sent(row.time - MOMENT, left, SYN)
    if (row.new, row.source) == ("CLOSED", "nominal"):
        return True
    if row.new != "CLOSED":
        return False
    causes = wire.causes(row.after - LATE, row.time + MOMENT)
    if (row.old, row.source) == ("SYN_RECEIVED", "ss"):  # nothing but a RST ends a request
        causes = [frame for frame in causes if frame.flags & RST]
    elif row.old in ("LAST_ACK", "CLOSING"):  # an abort, if nothing came after the FIN
        fins = wire.sent(0, row.time, FIN)
        causes = [frame for frame in causes if fins and frame.time > fins[-1].time]
    return not causes


def fin_held_back(life, wire):
    """Whether it closed first, but its FIN could leave only when the peer's had come."""
    closing = [row for row in life.rows if row.new == "CLOSING"]
    return bool(closing) and not wire.sent(0, closing[0].time, FIN)


def closed_in_handshake(life, when):
    """Whether it closed in SYN_RECEIVED: its FIN may pass the ACK of its SYN on the way."""
    return any((row.old, row.new) == ("SYN_RECEIVED", "FIN_WAIT_1") and row.time <= when
               for row in life.rows)


def crossed_on_the_way(here, there):
    """Whether a RST, or a SYN or FIN again, passed the view before or after segments of the other
    way that it did not pass where the endpoint is."""
    def places(frames):
        found, before = [], set()
        for place, frame in enumerate(frames):
            if frame.flags & RST or said(frame) in before:
                found.append((said(frame), sum(
                    1 for other in frames[:place] if other.src != frame.src)))
            if frame.flags & (SYN | FIN):
                before.add(said(frame))
        return found
    return places(here) != places(there)


def crossed(entered, left, wire):
    """Whether a state was entered and left within one segment."""
    return left - entered < MOMENT and not wire.sent(entered, left)


def same_sequence(states, life, wire, end, unseen_time_wait):
    """Whether we show the states the stack went through, but for what is silent or crossed."""
    ours = list(states)
    while ours and ours[0] == "UNKNOWN" or ours[:2] == ["CLOSED", "SYN_RECEIVED"]:
        ours.pop(0)  # of a server, CLOSED: it refused the first SYN
    if life is None:
        return ours in ([], ["CLOSED"])
    for row, left in life.spans(end):
        if ours[:1] == ["TIME_WAIT"] and unseen_time_wait(row, wire):
            ours = ours[1:] or [row.new]
        if ours[:1] == [row.new]:
            ours.pop(0)
        elif not (silent(row, left, wire) or crossed(row.time, left, wire)):
            return False
    return not ours


class Views:
    """What the captures of one run show, and what the stacks say; answers the questions."""

    reacts = MOMENT  # within this the account shows what a segment has caused

    def __init__(self, frames_by_view, rows, addresses):
        """addresses: by host; a view is named for its host, or "middle", "lo"."""
        self.shown = {view: shown_of(frames) for view, frames in frames_by_view.items()}
        self.lives = lives_of(rows)
        self.host_of = {address: host for host, known in addresses.items() for address in known}
        self.findings, self.counts, self.counts_at = [], {}, {}  # _at: by the endpoint's address
        self.matched = {view: self.match(view, shown) for view, shown in self.shown.items()}
        self.wires = {life: Wire(one) for view in self.matched
                      for one, life in self.matched[view].items()
                      if life and self.is_own(view, one)}

    def match(self, view, shown):
        """Give each endpoint that a view shows its incarnation."""
        return match([one for pair in shown.values() for one in pair], self.lives,
                     lambda endpoint: 0 if self.is_own(view, endpoint) else IN_FLIGHT)

    def is_own(self, view, shown):
        """Whether the view is the endpoint's own: nothing is lost between them."""
        return view in ("lo", self.host_of.get(shown.ends[0][0]))

    def taken_back(self):
        """For each endpoint that its own view shows: its ends, how often a state was shown that was
        later taken back, and on how many segments states were shown."""
        for view, matched in self.matched.items():
            for shown in matched:
                if self.is_own(view, shown):
                    yield shown.ends, shown.revisions, len(shown.frames)

    def _count(self, kind, view, shown, good, finding):
        self.count((kind, "own" if self.is_own(view, shown) else "other"), good, finding)

    def count(self, key, good, finding):
        """Keep an answer to a question."""
        answer = "good" if good else "explained" if finding.explained else "bad"
        for counts in (self.counts, self.counts_at.setdefault(finding.ends[0][0], {})):
            counts.setdefault(key, {"good": 0, "explained": 0, "bad": 0})[answer] += 1
        if not good:
            self.findings.append(finding)

    def judge(self, end_of):
        """Ask all questions; end_of(ends): until when the account is good."""
        for view, matched in self.matched.items():
            for shown, life in matched.items():
                end = end_of(shown.ends)
                wire = self.wires.get(life) or Wire(shown)
                self._sequence(view, shown, life, wire, end)
                self._quiet(view, shown, life, wire, min(end, self._next_begins(view, shown)))
                if self.is_own(view, shown) and life:
                    self._timely(view, shown, life, wire, end)

    def _next_begins(self, view, shown):
        """When the next connection of the same pair begins, in this view or by the account."""
        times = [other.frames[0][0] - 1 for other in self.matched[view]
                 if set(other.ends) == set(shown.ends) and other.connection > shown.connection]
        life, ends = self.matched[view][shown], shown.ends
        for known in self.lives.get(ends, []) + self.lives.get(ends[::-1], []):
            last = life.begin if life and known.ends == ends else shown.frames[-1][0] + MOMENT
            if known.begin > last and known is not life:
                times.append(known.begin - 1)
        return min(times, default=1 << 63)

    def _sequence(self, view, shown, life, wire, end):
        states = shown.states_until(end)
        good = self.same_sequence(shown, states, life, wire, end)
        kernel = [row.new for row, _left in life.spans(end)] if life else []
        self._count("sequence", view, shown, good, Finding(
            "sequence", view, shown.ends, shown.frames[0][0], states, kernel,
            self._excuse(view, shown, life, wire, end), shown.connection))

    def same_sequence(self, _shown, states, life, wire, end):
        """Whether the account has the states that are shown."""
        return same_sequence(states, life, wire, end, self.unseen_time_wait)

    def _excuse(self, view, shown, life, wire, end):
        """Why this view cannot know better, or nothing."""
        if life and fin_held_back(life, wire):
            return "the FIN was held back"
        if excuse := self.excuse_of_stack(shown, life, wire, end):
            return excuse
        if self.is_own(view, shown):
            return ""
        if self._differs(shown, wire, end):
            return "segments were lost or reordered between view and endpoint"
        here = [frame for time, _phase, _evidence, _own, frame in shown.frames if time <= end]
        if crossed_on_the_way(here, wire.between(0, end)):
            return "a RST, or a SYN or FIN again, crossed other segments"
        if life and closed_in_handshake(life, end):
            return "it closed before it was ESTABLISHED"
        return ""

    def excuse_of_stack(self, _shown, _life, _wire, _end):
        """Why a stack like this one can do what is not on the wire, or nothing."""
        return ""

    @staticmethod
    def is_moot(_life, _when):
        """Whether the account cannot say in which states a segment that was got found its receiver."""
        return False

    @staticmethod
    def unseen_time_wait(_row, _wire):
        """Whether the account may lack a TIME_WAIT before that row."""
        return False

    @staticmethod
    def _differs(shown, wire, end):
        here = [frame for time, _phase, _evidence, _own, frame in shown.frames if time <= end]
        if not here or wire.all[0] is here[0]:
            return True  # the endpoint saw nothing of it
        there = wire.between(0, end)
        return any([said(frame) for frame in here if frame.src == src]
                   != [said(frame) for frame in there if frame.src == src] for src in shown.ends)

    def _quiet(self, view, shown, life, wire, end):
        times = sorted({time for time, *_rest in shown.frames} | set(wire.times))
        times = [time for time in times if time <= end] + [end]
        for last, following in zip(times, times[1:]):
            if following - last <= QUIET + 2 * MOMENT:
                continue
            for when, asked in self.asked(shown.ends, last + QUIET, following):
                self._quiet_at(view, shown, life, wire, when, last, asked)

    def asked(self, _ends, begin, end):
        """When within a quiet time to ask for the state, and the answer if it is another's than the
        account's."""
        return [(when, None) for when in (begin, end - MOMENT)]

    def _quiet_at(self, view, shown, life, wire, when, last, asked):
        found = shown.at(when)
        if found is None:
            return
        state = found[0]
        kernel = life.at(when) if life else NONE
        if asked and life and (kernel, asked) != ("SYN_RECEIVED", NONE):
            kernel = kernel if plain(asked) == plain(kernel) else asked
        good = plain(state) == plain(kernel)
        entered = max((row.time for row in life.rows if row.time <= when), default=0) if life else 0
        if not good and entered > last + MOMENT and not wire.between(entered - REACTION, entered):
            return  # it changed in silence
        if not good and life and any(
                plain(row.new) == plain(kernel) and silent(row, when, wire) for row in life.rows):
            return
        self._count("quiet", view, shown, good, Finding(
            "quiet", view, shown.ends, when, state, kernel,
            self._excuse(view, shown, life, wire, when), shown.connection))

    def _timely(self, view, shown, life, wire, end):
        last = NONE  # when it last sent something
        told = {NONE}
        for when, phase, evidence, own, frame in shown.frames:
            if when > end:
                break
            if own:
                last, told = when, {life.at(when)}
                kind, possible = "timely", self._possible(phase, life, when)
            elif self.is_moot(life, when):
                continue
            else:
                kind, possible = "got", told | self._since(life, last, when)
            good = plain(phase) in map(plain, possible) or self._unseen(phase, life, wire, when)
            finding = Finding(kind, view, shown.ends, when, f"{phase} on frame {frame.number}",
                              sorted(possible), self._excuse(view, shown, life, wire, when),
                              shown.connection)
            self._count(kind, view, shown, good, finding)
            if evidence == "seen":
                self._count("seen", view, shown, good, finding._replace(kind="seen"))

    def _possible(self, phase, life, when):
        """The states in which it may have sent a segment."""
        possible = life.around(when)
        if phase == "SYN_SENT":  # of an attempt before, from the same port
            possible |= {state for known in self.lives[life.ends] for state in known.around(when)}
        return possible

    def _since(self, life, last, when):
        """The states it was in after it last sent something, until it can have taken a segment."""
        begin = last if last != NONE else life.begin
        return life.around(when) | {row.new for row in life.rows
                                    if begin <= row.time and row.after < when + self.reacts}

    def _unseen(self, phase, life, wire, when):
        """Whether nothing on the wire tells of the state it is in."""
        state = life.at(when)
        return any(row.time <= when and row.new == state and silent(row, when - 1, wire)
                   or phase == "TIME_WAIT" and self.unseen_time_wait(row, wire)
                   and row.time < when + (MOMENT if row.source == "tracepoint" else REACTION)
                   for row in life.rows)


def plain(state):
    """A state's name, where no socket, closed and listening are one: there is no connection."""
    return "CLOSED" if state in (NONE, "LISTEN", "UNKNOWN") else state
