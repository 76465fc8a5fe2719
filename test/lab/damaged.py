# SPDX-License-Identifier: GPL-2.0-or-later
"""The same run as a worse capture shows it: packets that were not captured, a capture that began
late, every packet twice.

Where packets are missing, tcpstate may say that it does not know, or not yet. It must not show a
state in which the endpoint has never been, unless the SYN, FIN or RST is missing that would have
told the difference: of two FINs, the one captured looks like the first.
"""

import random

from judging.compare import MOMENT, REACTION, Finding
from judging.shown import FIN, RST, SYN, said, shown_of

LATER = 1000  # nanoseconds between a packet and its copy


def with_gaps(share):
    """A capture that misses packets at random."""
    def damage(packets):
        dice = random.Random(f"{share}/{len(packets)}")
        return [packet for packet in packets if dice.random() >= share]
    return damage


def begun_late(packets):
    """A capture that begins when a third of it is over."""
    return packets[len(packets) // 3:]


def doubled(packets):
    return [copy for time, data in packets for copy in ((time, data), (time + LATER, data))]


INCOMPLETE = {"1 % not captured": with_gaps(0.01), "10 % not captured": with_gaps(0.1),
              "begun late": begun_late}


def wrong_states(views, view, frames, end_of):
    """Whether each state shown by a damaged view is one of its endpoint's: (good, Finding) of each
    frame. It is if the endpoint has been in it by then, or is shown in it by the whole view."""
    whole = {life: shown for shown, life in views.matched[view].items() if life}
    for shown, life in views.match(view, shown_of(frames)).items():
        if life not in views.wires or life not in whole:
            continue
        missing = _missing(views.matched[view], shown)
        for when, phase, evidence, _own, frame in shown.frames:
            if when > end_of(shown.ends):
                break
            known = {row.new for one in views.lives[life.ends] for row in one.rows
                     if row.after < when + MOMENT + REACTION}
            known |= _shown_until(whole[life], when)
            good = phase in known or phase in ("UNKNOWN", "LISTEN") or evidence == "assumed"
            yield good, Finding(
                "damaged", view, shown.ends, when, f"{phase} on frame {frame.number}", sorted(known),
                "a SYN, FIN or RST was not captured" if missing <= when else "", shown.connection)


def _shown_until(whole, when):
    """The states that the whole view shows of an endpoint, and those it crosses within a segment."""
    frames = [entry for entry in whole.frames if entry[0] <= when]
    crossed = {word.split(" -> ")[1] for *_rest, frame in frames for word in frame.transitions
               if word.startswith((whole.role, "self"))}
    return crossed | {state for _time, state, *_rest in frames}


def _missing(matched, shown):
    """When the first SYN, FIN or RST of the pair was sent that is not in the damaged view."""
    held = {(time, said(frame)) for time, _phase, _evidence, _own, frame in shown.frames}
    return min((time for whole in matched if whole.ends == shown.ends
                for time, _phase, _evidence, _own, frame in whole.frames
                if frame.flags & (SYN | FIN | RST) and (time, said(frame)) not in held),
               default=1 << 63)


def differs_doubled(whole, twice):
    """The first frame of a capture after which other states are shown when every packet is captured
    twice, or None."""
    for frame, first in zip(whole, twice[::2]):
        if (frame.phases, frame.evidences) != (first.phases, first.evidences):
            return frame
    return None
