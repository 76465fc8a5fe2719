# SPDX-License-Identifier: GPL-2.0-or-later
"""merge: one run captured at both ends. The two captures contradict each other where each shows another
state of a sender on the same segment of it, and both show it as seen."""

from .runs import CONNECTION, ROLES, Run

CHECKSUM = slice(16, 18)
ELSEWHERE = -1  # the place of a segment that the first view has not


def variants(story):
    """The two views, if the story has both; places in the other are those in the first."""
    if story.other:
        place_of = {identity: place for place, identity in enumerate(identities(story.segments))}
        there = story.other.segments
        places = tuple(place_of.get(identity, ELSEWHERE) for identity in identities(there))
        yield "", Run.of(story), Run(there, places, story.other.end), None


def identities(segments):
    """What tells each packet from all others, wherever it is captured."""
    count = {}
    for segment in segments:
        header = bytearray(segment.header)
        header[CHECKSUM] = bytes(2)
        packet = segment.side, segment.kind, segment.ip_id, segment.length, bytes(header)
        count[packet] = count.get(packet, 0) + 1
        yield *packet, count[packet]


def judge(one, other, _):
    """The first contradiction. A segment that the views give to other connections contradicts none."""
    for place, row, state in zip(other.run.places, other.rows, other.states):
        right = one.states[place] if place != ELSEWHERE else None
        if not state or not right or row[CONNECTION] != one.rows[place][CONNECTION]:
            continue
        side = one.run.segments[place].side
        seen = right.evidence[side] == state.evidence[side] == "seen"
        if seen and right.phases[side] != state.phases[side]:
            role = ROLES[side ^ right.client]
            return [f"at {place + 1} {role} {state.phases[side]} for {right.phases[side]}"], []
    return [], []
