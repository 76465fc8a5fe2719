# SPDX-License-Identifier: GPL-2.0-or-later
"""The profile "TCP State": Wireshark reads all of it, each of its filters finds what it is for, and a
healthy connection has no colour."""

import csv
import pathlib
import re
import shutil

import notation
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAPTURES = ROOT / "captures"
PROFILE = ROOT / "profile" / "TCP State"

# What each colour rule and each button is for: a capture that has it.
COLOURED = {
    "Stuck or leaked socket": "burst",
    "Reset from between": "reset-from-between-at-b",
    "Refused": "refused",
    "Unanswered": "unanswered",
    "Half-open": "handshake-never-finished",
    "Reset: data was lost": "data-after-close",
    "State withdrawn": "last-ack-lost-at-a",
    "Reset": "linger-zero",
    "Simultaneous or self": "self-connection",
}
FOUND = {
    "Transitions": "four-way-close",
    "Alerts": "refused",
    "Stuck": "burst",
    "Resets": "linger-zero",
    "Refused": "refused",
    "Slow": "synack-lost-at-a",
}


def lines(name):
    text = (PROFILE / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def records(name):
    """The rows of one of Wireshark's tables, in which quotation marks are written in hexadecimal."""
    return [[cell.replace(r"\x22", '"') for cell in row] for row in csv.reader(lines(name))]


def colours():
    return {row[0]: row[1] for row in (line[1:].split("@") for line in lines("colorfilters"))}


def buttons():
    return {label: expression for _, label, expression, _ in records("dfilter_buttons")}


def found(shark, capture, expression):
    """How many packets a filter takes once the whole capture is known, as in the window."""
    path = shark.readable(CAPTURES / f"{capture}.pcapng")
    return len(shark.run("-2", "-r", path, "-Y", expression).stdout.splitlines())


def test_each_is_for_something():
    assert colours().keys() == COLOURED.keys()
    assert buttons().keys() == FOUND.keys() | {"This connection"}


@pytest.mark.parametrize("rule", COLOURED)
def test_colour(shark, rule):
    assert found(shark, COLOURED[rule], colours()[rule]) > 0


@pytest.mark.parametrize("label", FOUND)
def test_button(shark, label):
    assert found(shark, FOUND[label], buttons()[label]) > 0


def test_healthy_connections_have_no_colour(shark):
    for capture in ("healthy", "four-way-close", "three-way-close"):
        for rule, expression in colours().items():
            assert found(shark, capture, expression) == 0, (capture, rule)


def test_graphs(shark):
    for _, name, expression, *_ in records("io_graphs"):
        assert found(shark, "burst", expression) > 0, name


def test_alerts_are_all_above_chat():
    """Two filters list them; no field says how severe an event is."""
    alerts = {event for event, severity in notation.EVENTS.items()
              if severity != "CHAT" and event not in notation.ABOUT_CAPTURE}
    for expression in (buttons()["Alerts"], records("io_graphs")[0][2]):
        assert set(re.findall(r'"(\w+)"', expression)) == alerts


def test_wireshark_reads_it(shark):
    """Its columns are shown, and nothing in its tables is complained about."""
    own = pathlib.Path(shark.home) / ".config" / "wireshark" / "profiles" / PROFILE.name
    shutil.copytree(PROFILE, own, dirs_exist_ok=True)
    for path in [*own.parents, own, *own.iterdir()]:
        if shark.home in (path, *path.parents):
            path.chmod(0o755)
    capture = shark.readable(CAPTURES / "refused.pcapng")
    shown = shark.run("-C", PROFILE.name, "-r", capture)
    assert "CLOSED CLOSED connection_refused" in shown.stdout
    assert "rror" not in shown.stderr and "Warn" not in shown.stderr, shown.stderr
