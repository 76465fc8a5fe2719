# SPDX-License-Identifier: GPL-2.0-or-later
"""swap: two neighbours of opposite directions, captured next to each other in the other order.

The capture's own disorder: each direction has its queue. Those further apart than the core's tolerance
are first put next to each other, in a run of their own that is then compared with.

Wrong: another state of either end after both or at the end, a new alarm. Told besides: another
evidence after both, or another state later on but not in the end.
"""

import dataclasses

from .runs import ROLES, Run, new_alarms

TOLERANCE = 1_000_000  # nanoseconds: settings.h
NEXT_TO = 100_000


def variants(story):
    """(name, the run that shows what is right, the run with two segments swapped, their place)."""
    for place, (first, second) in enumerate(zip(story.segments, story.segments[1:])):
        if first.side == second.side or "icmp" in (first.kind, second.kind):
            continue
        if first.pair == second.pair:
            whole = close_up(Run.of(story), place)
            name = f"{story.label(first, place)} with {story.label(second, place + 1)}"
            yield name, whole, swapped(whole, place), place


def close_up(run, place):
    """The run with the next segment within the tolerance, and so all that follows sooner."""
    gap = run.segments[place + 1].time - run.segments[place].time
    if abs(gap) <= TOLERANCE:
        return run
    early = gap - NEXT_TO
    later = [dataclasses.replace(s, time=s.time - early) for s in run.segments[place + 1 :]]
    return Run(run.segments[: place + 1] + tuple(later), run.places, run.end - early)


def swapped(run, place):
    """The run with two segments in the other order, at the same two times."""
    segments, places = list(run.segments), list(run.places)
    first, second = segments[place : place + 2]
    segments[place] = dataclasses.replace(second, time=first.time)
    segments[place + 1] = dataclasses.replace(first, time=second.time)
    places[place : place + 2] = places[place + 1], places[place]
    return Run(tuple(segments), tuple(places), run.end)


def judge(whole, damaged, place):
    """What is wrong, and what is told besides."""
    last = len(whole.run.segments) - 1
    both = place + 1
    wrong = [f"after {text}" for text in differences(whole.after(both), damaged.after(both))]
    wrong += [f"end {text}" for text in differences(whole.after(last), damaged.after(last))]
    wrong += [f"new {event}" for event in sum(new_alarms(whole, damaged), [])]
    besides = []
    if not wrong:
        besides = [f"evidence {t}" for t in weaker(whole.after(both), damaged.after(both))]
        besides += later(whole, damaged, both + 1)
    return wrong, besides


def later(whole, damaged, begin):
    """The first difference behind both that is over by the end."""
    for position in range(begin, len(whole.run.segments)):
        one, other = whole.states[position], damaged.states[position]
        if (one and one.phases) != (other and other.phases):
            shown, right = (state and " ".join(state.phases) for state in (other, one))
            return [f"later at {position + 1} {shown} for {right}"]
    return []


def differences(right, shown):
    """Which end of which connection is in another state, in words."""
    if right.keys() != shown.keys():
        return [f"{len(shown)} connections for {len(right)}"]
    return [
        _where(right, connection, side) + f"{shown[connection].phases[side]} for {phase}"
        for connection in right
        for side, phase in enumerate(right[connection].phases)
        if shown[connection].phases[side] != phase
    ]


def weaker(right, shown):
    """The same of another evidence."""
    return [
        _where(right, connection, side) + f"{shown[connection].evidence[side]} for {evidence}"
        for connection in right
        for side, evidence in enumerate(right[connection].evidence)
        if shown[connection].evidence[side] != evidence
    ]


def _where(right, connection, side):
    role = ROLES[side ^ right[connection].client]
    return f"{connection} {role} " if len(right) > 1 else f"{role} "
