# SPDX-License-Identifier: GPL-2.0-or-later
"""Each sentence of a story is shown by a capture, as somebody read it and found it right.

stories.csv names, for each sentence of src/story.def, a capture or a scenario, and a story that is
told there.
"""

import csv
import pathlib
import re

import conftest
import notation
import packets
import pytest
from scapy.utils import PcapWriter

EPOCH = 1_700_000_000
DECLARED = re.findall(r'^STORY\((\w+), "(.*)"\)$',
                      (conftest.ROOT / "src" / "story.def").read_text(), re.MULTILINE)
WHO = r"(?:[Tt]he (?:client|server|socket))"
FIGURES = {"who": WHO, "peer": WHO, "at": r"(?: \(frame \d+\))?", "span": r"[\w. ]+",
           "later": r"(?:, [\w. ]+ later)?", "times": r"[\w ]+"}

with open(pathlib.Path(__file__).with_name("stories.csv"), encoding="utf-8") as file:
    STORIES = list(csv.DictReader(file))


def pattern_of(sentence):
    """What a declared sentence looks like when it is told."""
    pattern = re.escape(sentence)
    for name, figure in FIGURES.items():
        pattern = pattern.replace(rf"\{{{name}\}}", figure)
    return re.compile(pattern + r"\.")


def write_scenario(name, path):
    scenario = next(one for one in notation.read_all() if one.name == name)
    addresses = packets.Addresses.of(scenario, 0)
    with PcapWriter(str(path), linktype=1, nano=True) as writer:
        writer.write_header(None)
        for step in scenario.packets():
            seconds, nanoseconds = divmod(EPOCH * notation.SECOND + step.time, notation.SECOND)
            writer.write_packet(bytes(packets.frame(step, scenario, addresses)),
                                sec=seconds, usec=nanoseconds)
    return path


def test_every_sentence_is_shown():
    assert [row["sentence"] for row in STORIES] == [slug for slug, _ in DECLARED]


@pytest.mark.parametrize("row", STORIES, ids=lambda row: row["sentence"])
def test_story(row, command, tmp_path):
    kind, _, name = row["shown_by"].rpartition(" ")
    path = conftest.ROOT / "captures" / f"{name}.pcapng"
    if kind == "scenario":
        path = write_scenario(name, tmp_path / f"{name}.pcap")
    assert row["story"] in [told["story"] for told in command.rows(path)]
    assert pattern_of(dict(DECLARED)[row["sentence"]]).search(row["story"])
