# SPDX-License-Identifier: GPL-2.0-or-later
"""drop: one segment was not captured, though the network carried it.

Wrong: a state shown as seen that is not the one that the whole capture shows on the same segment; a
new alarm. Counted apart is a state that is still wrong once a captured segment hints at the gap.
"""

from .runs import ROLES, Run, new_alarms
from .stories import ACK, FIN, RST, SYN

MODULUS = 1 << 32
HALF = 1 << 31


def variants(story):
    """(name, the whole run, the run without a segment, its place)."""
    whole = Run.of(story)
    for place, segment in enumerate(story.segments):
        if segment.kind == "segment" and len(story.segments) > 1:
            yield story.label(segment, place), whole, without(whole, place), place


def without(run, place):
    rest = slice(place), slice(place + 1, None)
    return Run(
        sum((run.segments[part] for part in rest), ()),
        sum((run.places[part] for part in rest), ()),
        run.end,
    )


def judge(whole, damaged, place):
    """What is wrong: the first false state, and each new alarm. "hinted" is what is false although a
    segment hints at the gap; "ending" an alarm of the end of a capture in which nothing hints."""
    hint = first_hint(whole.run, damaged.run, place)
    raised, told = new_alarms(whole, damaged)
    wrong = [f"new {event}" for event in raised]
    wrong += [f"{'ending' if hint is None else 'new'} {event}" for event in told]
    found = [
        (position, text)
        for position, at in enumerate(damaged.run.places)
        if at > place
        for text in false_states(whole.states[at], damaged.states[position])
    ]
    if found:
        hinted = [entry for entry in found if hint is not None and entry[0] >= hint]
        kind, (position, text) = ("hinted", hinted[0]) if hinted else ("seen", found[0])
        wrong.insert(0, f"{kind} at {damaged.run.places[position] + 1} {text}")
    return wrong, []


def false_states(right, shown):
    """Each end's state that is shown as seen but is another."""
    if not right or not shown:
        return
    for side in (0, 1):
        if shown.evidence[side] == "seen" and shown.phases[side] != right.phases[side]:
            role = ROLES[side ^ right.client]
            yield f"{role} {shown.phases[side]} for {right.phases[side]}"


def first_hint(whole, damaged, place):
    """The position of the first segment behind the gap that hints at it, but not at another that the
    whole capture has too; None if there is none."""
    known = {whole.places[position] for position in hints(whole.segments)}
    for position in hints(damaged.segments):
        at = damaged.places[position]
        if at > place and at not in known:
            return position
    return None


def hints(segments):
    """The positions of the segments that hint at one not captured: a sequence number beyond, an
    acknowledgement of more than was captured, an answer without its question."""
    ends = {}
    for position, segment in enumerate(segments):
        if segment.kind != "segment":
            continue
        own = ends.setdefault((segment.pair, segment.side), End())
        other_side = segment.side ^ (not segment.self_connection)
        peer = ends.setdefault((segment.pair, other_side), End())
        fields = Fields(segment)
        if own.jumps(fields) or peer.is_beyond(fields) or own.answers_nothing(fields, peer):
            yield position
        own.take(fields)
        peer.heard = False


class Fields:
    """The numbers of a segment."""

    def __init__(self, segment):
        header = segment.header
        self.seq = int.from_bytes(header[4:8], "big")
        self.ack = int.from_bytes(header[8:12], "big")
        self.flags = header[13]
        self.text = segment.length + bool(self.flags & FIN)  # octets in the sequence space, SYN apart
        self.end = (self.seq + self.text + bool(self.flags & SYN)) % MODULUS


class End:
    """What was captured of one end, in its latest incarnation."""

    def __init__(self):
        self.nxt = None  # one beyond its highest number
        self.acked = set()  # the numbers that it acknowledged
        self.said = None  # its last segment, if it had no text
        self.heard = False  # nothing of its peer has been captured since
        self.answered = None  # the number after the SYN of its SYN,ACK

    def jumps(self, fields):
        """Whether octets before this segment of it were not captured."""
        if fields.flags & SYN or (fields.flags & RST and fields.seq == 0):
            return False
        return self.nxt is None or is_after(fields.seq, self.nxt)

    def is_beyond(self, fields):
        """Whether its peer acknowledges more of it than was captured."""
        if not fields.flags & ACK:
            return False
        return self.nxt is None or is_after(fields.ack, self.nxt)

    def answers_nothing(self, fields, peer):
        """Whether it answers something that was not captured: a RST with the number of an
        acknowledgement, text of a server whose SYN,ACK nobody acknowledged, an ACK again."""
        if fields.flags & RST:
            return not fields.flags & ACK and fields.seq not in peer.acked
        if fields.text and not fields.flags & SYN and self.answered is not None:
            return self.answered not in peer.acked
        return self.heard and self.said == (fields.seq, fields.ack, fields.flags)

    def take(self, fields):
        if fields.flags & SYN:
            self.nxt = fields.end
            self.answered = fields.end if fields.flags & ACK else None
        elif not fields.flags & RST and (self.nxt is None or is_after(fields.end, self.nxt)):
            self.nxt = fields.end
        if fields.flags & ACK:
            self.acked.add(fields.ack)
        self.said = (fields.seq, fields.ack, fields.flags) if not fields.text else None
        self.heard = True


def is_after(number, other):
    """Whether one sequence number is beyond another (RFC 9293 section 3.4)."""
    return 0 < (number - other) % MODULUS < HALF
