# SPDX-License-Identifier: GPL-2.0-or-later
"""Every scenario through the core: the expected rows, and three properties of all of them."""

import dataclasses

import notation
import rows


def facts(all_rows):
    """Rows without what a copy in between renumbers."""
    return [row and dataclasses.replace(row, answers=0) for row in all_rows]


def test_rows(walk, scenario):
    """The core shows what the scenario says."""
    shown, finals = rows.walk_scenario(walk, scenario)
    wrong = rows.Checker(scenario).rows(shown).finals(finals).report()
    assert not wrong, "\n" + wrong


def test_shifted(walk, scenario):
    """A constant added to all sequence numbers of a side, or to all times, changes nothing."""
    plain = rows.walk_scenario(walk, scenario)
    for isn in ({">": 0, "<": 1}, {">": 0x7FFFFFFD, "<": 0x80000001}, {">": 5, "<": 0xFFFFFFFF}):
        assert rows.walk_scenario(walk, scenario, isn=isn) == plain
    assert rows.walk_scenario(walk, scenario, shift=1_700_000_000 * notation.SECOND) == plain


def test_mirrored(walk, scenario):
    """Which of the two addresses is the lower one changes nothing."""
    plain = rows.walk_scenario(walk, scenario)
    assert rows.walk_scenario(walk, scenario, swapped=True) == plain


def test_captured_twice(walk, scenario):
    """Each packet captured twice within a microsecond changes nothing."""
    plain, _ = rows.walk_scenario(walk, scenario)
    twice, _ = rows.walk_scenario(walk, scenario, twice=True)
    assert facts(twice) == facts(plain)


def raised(walk, scenario):
    """The events that a scenario raises, the end of its capture included."""
    shown, finals = rows.walk_scenario(walk, scenario)
    at_the_end = (final for ending in finals for final in ending.values())
    return {event for row in [*filter(None, shown), *at_the_end] for event in row.events}


def test_near_miss(walk, scenario):
    """A story that is one condition short of an event does not raise it, on any line."""
    assert not set(scenario.near_miss) & raised(walk, scenario)


def test_every_event_has_a_near_miss():
    """Every declared event is shown not to be raised by a story that almost is its own."""
    missed = {event for scenario in notation.read_all() for event in scenario.near_miss}
    assert set(notation.EVENTS) - missed == set()


def test_every_cause_is_told():
    """Every cause of a reset is asserted by at least one scenario."""
    told = {s.expected.cause for story in notation.read_all() for s in story.steps}
    assert notation.CAUSES - told == set()


def test_every_event_is_told():
    """Every declared event is asserted by at least one scenario."""
    told = {e for s in notation.read_all() for step in s.steps for e in step.expected.events}
    assert set(notation.EVENTS) - told == set()
