# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/vocabulary.csv, from which docs/events.md says what an event is called elsewhere, is whole, and
its words for Wireshark are filters that Wireshark takes."""
import csv
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUGS = re.findall(r"^EVENT\((\w+),", (ROOT / "src/event.def").read_text(), re.M)


def rows():
    with open(ROOT / "docs/vocabulary.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_event_has_a_row():
    assert [row["slug"] for row in rows()] == SLUGS


def test_every_row_has_its_columns():
    tools = {"slug", "zeek", "suricata", "snort", "conntrack", "wireshark"}
    for row in rows():
        assert row.keys() == tools and None not in row.values(), row
        assert all(re.fullmatch(r"129:\d+", rule) for rule in row["snort"].split()), row


def test_wireshark_takes_the_filters():
    wanted = {row["wireshark"] for row in rows() if row["wireshark"]}
    command = ["tshark", "-r", ROOT / "captures/refused.pcapng", "-Y"]
    done = subprocess.run(
        [*command, " or ".join(f"({word})" for word in sorted(wanted))], capture_output=True, text=True
    )
    assert wanted and done.returncode == 0, done.stderr
