# SPDX-License-Identifier: GPL-2.0-or-later
"""Every scenario through the core: the expected rows and events. (../properties says what else must
hold of each.)"""

import pytest

import notation
import rows


@pytest.fixture(scope="session")
def told(walk):
    """What the core shows of each scenario, by name."""
    scenarios = notation.read_all()
    return dict(zip((s.name for s in scenarios), rows.walk_scenarios(walk, scenarios)))


def test_rows(told, scenario):
    """The core shows what the scenario says."""
    shown, finals = told[scenario.name]
    wrong = rows.Checker(scenario).rows(shown).finals(finals).report()
    assert not wrong, "\n" + wrong


def raised(shown, finals):
    """The events of rows and of what the end of the capture told."""
    at_the_end = (final for ending in finals for final in ending.values())
    return {event for row in [*filter(None, shown), *at_the_end] for event in row.events}


def test_near_miss(told, scenario):
    """A story that is one condition short of an event does not raise it, on any line."""
    assert not set(scenario.near_miss) & raised(*told[scenario.name])


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
