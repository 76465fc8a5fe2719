# SPDX-License-Identifier: GPL-2.0-or-later
"""Every scenario as a capture through tshark: the rows the file says, the core's rows, and the same
ones in every mode of tshark. One capture holds them all; each has addresses of its own."""

import dataclasses

import pytest
from scapy.utils import PcapWriter

import notation
import packets
import rows
import tshark

EPOCH = 1_700_000_000
APART = 1000  # seconds between two scenarios

SCENARIOS = notation.read_all()
IDS = [scenario.name for scenario in SCENARIOS]


@dataclasses.dataclass
class Told:
    """The capture with all scenarios: which frames are whose, and what each mode shows."""

    frames: dict  # scenario name: frame numbers
    shown: dict  # mode: rows by frame


def write_capture(path):
    """Writes all scenarios into one capture; returns each one's frame numbers."""
    frames, number = {}, 0
    with PcapWriter(str(path), linktype=1, nano=True) as writer:
        writer.write_header(None)
        for index, scenario in enumerate(SCENARIOS):
            addresses = packets.Addresses.of(scenario, index)
            start = (EPOCH + index * APART) * notation.SECOND
            mine = frames[scenario.name] = []
            for step in scenario.packets():
                packet = packets.frame(step, scenario, addresses)
                seconds, nanoseconds = divmod(start + step.time, notation.SECOND)
                writer.write_packet(bytes(packet), sec=seconds, usec=nanoseconds)
                number += 1
                mine.append(number)
    path.chmod(0o644)
    return frames


@pytest.fixture(scope="module")
def told(shark):
    path = shark.home / "scenarios.pcap"
    frames = write_capture(path)
    return Told(frames, shark.all_modes(path))


def rows_of(told, scenario, mode="fields"):
    """The rows of one scenario, its connections counted from 0 and its packets from 1."""
    frames = told.frames[scenario.name]
    shown = [told.shown[mode].get(frame) for frame in frames]
    order = {}
    for row in filter(None, shown):
        order.setdefault(row.connection, len(order))
    return [
        row
        and dataclasses.replace(
            row,
            connection=order[row.connection],
            answers=frames.index(row.answers) + 1 if row.answers else 0,
        )
        for row in shown
    ]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=IDS)
def test_rows(told, scenario):
    """tshark shows what the scenario says."""
    wrong = rows.Checker(scenario).rows(rows_of(told, scenario)).report()
    assert not wrong, "\n" + wrong


@pytest.mark.parametrize("scenario", SCENARIOS, ids=IDS)
def test_rows_of_the_core(told, walk, scenario):
    """tshark shows what the core says."""
    expected, _ = rows.walk_scenario(walk, scenario)
    assert rows_of(told, scenario) == expected


@pytest.mark.parametrize("mode", [mode for mode in tshark.MODES if mode != "fields"])
def test_same_in_every_mode(told, mode):
    """Facts are the same however the capture is read; verdicts are, wherever they are shown."""
    first, other = told.shown["fields"], told.shown[mode]
    assert not tshark.same_facts(first, other)
    if mode in tshark.LATER:
        assert not tshark.same_verdicts(first, other)
    else:
        assert first == other


def test_every_event_is_shown(told):
    """Every declared event is raised on a frame of this capture."""
    shown = {event for row in told.shown["two-pass"].values() for event in row.events}
    assert set(notation.EVENTS) - shown == set()


def test_near_miss(told):
    """A story that is one condition short of an event does not show it."""
    for scenario in SCENARIOS:
        shown = {e for row in filter(None, rows_of(told, scenario, "two-pass")) for e in row.events}
        assert not set(scenario.near_miss) & (shown - tshark.AT_THE_END), scenario.name
