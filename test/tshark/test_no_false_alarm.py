# SPDX-License-Identifier: GPL-2.0-or-later
"""Damage that only the capturing did raises no alarm: all variants of all captures, in one capture."""

import collections
import csv
import heapq
import pathlib

import pytest

import notation
import variants
from test_captures import CAPTURES, HEALTHY, NAMES

EPOCH = 1_700_000_000 * notation.SECOND
ORIGINAL = "original"

# What a variant is known to show besides. "undecidable": nothing in it tells it from a capture in which
# that is true. "wrong": to be mended in the core.
KNOWN = pathlib.Path(__file__).with_name("known-alarms.csv")


def known_lines():
    with open(KNOWN, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def alarm_of(line):
    return (line["capture"], line["variant"], line["event"])


def known_alarms():
    return {alarm_of(line) for line in known_lines()}


def write_capture(path):
    """Writes each capture and its variants between addresses of their own, all at the same time;
    returns whose each frame is."""
    pieces = []
    for name in NAMES:
        packets = variants.read(CAPTURES / f"{name}.pcapng")
        for variant, damage in {ORIGINAL: list, **variants.VARIANTS}.items():
            moved = list(variants.moved(list(damage(packets)), len(pieces), EPOCH))
            pieces.append([((name, variant), packet) for packet in moved])
    merged = list(heapq.merge(*pieces, key=lambda piece: piece[1].time))
    variants.write(path, [packet for _, packet in merged])
    return [whose for whose, _ in merged]


@pytest.fixture(scope="module")
def alarms(shark):
    """(capture, variant): the events above chat, but for those about the capture itself, each with
    its frames, counted within the variant from 1."""
    path = shark.home / "variants.pcap"
    owners = write_capture(path)
    fields = ["-T", "fields", "-e", "frame.number", "-e", "tcpstate.event"]
    done = shark.run("-2", "-r", path, *fields, timeout=500)
    found = {owner: collections.defaultdict(list) for owner in owners}
    count = collections.Counter()
    for owner, line in zip(owners, done.stdout.splitlines(), strict=True):
        count[owner] += 1
        for event in filter(None, line.split("\t")[1].split(",")):
            if notation.EVENTS[event] != "CHAT" and event not in notation.ABOUT_CAPTURE:
                found[owner][event].append(count[owner])
    return found


def new_alarms(alarms, name):
    """(capture, variant, event) of what the variants raise and the capture does not."""
    return {
        (name, variant, event)
        for variant in variants.VARIANTS
        for event in alarms.get((name, variant), {})
        if event not in alarms[name, ORIGINAL]
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_false_alarm(alarms, name):
    """No variant raises an event above chat that its capture does not; one of a healthy capture
    raises none."""
    assert name not in HEALTHY or not alarms[name, ORIGINAL]
    wrong = new_alarms(alarms, name) - known_alarms()
    assert not [(alarm, alarms[alarm[:2]][alarm[2]]) for alarm in sorted(wrong)]


def test_known_alarms_are_raised(alarms, request):
    """The list of known alarms holds none that is gone."""
    raised = set().union(*(new_alarms(alarms, name) for name in NAMES))
    if request.config.getoption("--write-golden"):
        left = [line for line in known_lines() if alarm_of(line) in raised]
        with open(KNOWN, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(left[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(left)
    assert not sorted(known_alarms() - raised)
