# SPDX-License-Identifier: GPL-2.0-or-later
"""Small captures from the field, if there are any beside the project: what is told of each, and where
its last connection ends, is what their pages give reasons for. Without them there is nothing to
compare, and that is no failure: test/scenarios/ has the story of each."""

import csv
import pathlib
import warnings

FAULTS = pathlib.Path(__file__).resolve().parents[3] / "shared" / "faults"
EXPECTED = pathlib.Path(__file__).with_name("field.csv")
FIELDS = ("frame.number tcpstate.connection tcpstate.client.phase tcpstate.server.phase tcpstate.event "
          "tcpstate.reset.cause tcpstate.close").split()  # fmt: skip
USUAL = {"handshake_complete", "close_begun", "close_complete", "three_way_close", "never_closed"}


def told(shark, path):
    """What is told of the first connection: its events but for the usual ones, each with its frame,
    the states that it ends in, and its verdicts."""
    options = [option for field in FIELDS for option in ("-e", field)]
    done = shark.run("-2", "-r", shark.readable(path), "-T", "fields", *options)
    rows = [dict(zip(FIELDS, line.split("\t"))) for line in done.stdout.splitlines()]
    events = [f"{row['frame.number']}:{event}" for row in rows
              for event in row["tcpstate.event"].split(",") if event and event not in USUAL]  # fmt: skip
    last = [row for row in rows if row["tcpstate.connection"] == "0"][-1]
    return {
        "capture": path.stem,
        "client": last["tcpstate.client.phase"],
        "server": last["tcpstate.server.phase"],
        "close": last["tcpstate.close"],
        "cause": last["tcpstate.reset.cause"],
        "events": " ".join(events),
    }


def test_field(shark, request):
    if not FAULTS.is_dir():
        warnings.warn("no captures from the field beside the project: nothing to compare", stacklevel=2)
        return
    shown = {path.stem: told(shark, path) for path in sorted(FAULTS.glob("*.pcap"))}
    if request.config.getoption("--write-golden"):
        with open(EXPECTED, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, next(iter(shown.values())), lineterminator="\n")
            writer.writeheader()
            writer.writerows(shown.values())
        return
    with open(EXPECTED, encoding="utf-8", newline="") as file:
        expected = {row["capture"]: row for row in csv.DictReader(file)}
    assert {name: row for name, row in shown.items() if row != expected.get(name)} == {}
    assert set(expected) <= set(shown)
