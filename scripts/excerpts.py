# SPDX-License-Identifier: GPL-2.0-or-later
"""How each event looks: rows around it from the plainest sample capture that raises it, or, where no real
stack did, the lines of the scenario that tells of it."""

import csv
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "test/scenarios"), str(ROOT / "test/tshark")]

import notation  # noqa: E402  (after the path that it needs)
import tshark  # noqa: E402

BEFORE, AFTER = 2, 1  # rows of the same connection around the one that raises the event
MARK = {"seen": "", "inferred": "~", "assumed": "?"}
FIELDS = (
    "frame.number frame.time_relative tcpstate.connection tcpstate.sender tcp.flags tcp.seq_raw "
    "tcp.ack_raw tcp.len tcpstate.client.phase tcpstate.client.evidence tcpstate.server.phase "
    "tcpstate.server.evidence tcpstate.event icmp.type"
).split()
AT_THE_END = {  # captures for what only the end of the capture tells: expected rows are of one pass
    "never_closed": "never-closed",
    "stuck_close_wait": "close-wait-leak",
    "stuck_fin_wait_2": "close-wait-leak",
    "syn_unanswered": "unanswered",
    "half_open": "handshake-never-finished",
}


class Excerpts:
    """Runs tshark once for each capture that is wanted."""

    def __init__(self):
        self.scenarios = notation.read_all()
        self.capture = dict(AT_THE_END)
        self.rows = {}
        for path in sorted((ROOT / "test/tshark/golden").glob("*.tsv"), key=plainness):
            with open(path, encoding="utf-8", newline="") as file:
                for line in csv.DictReader(file, delimiter="\t"):
                    for event in (line["events"] or "").split():
                        self.capture.setdefault(event, path.stem)

    def of(self, slug):
        """The excerpt of an event: where it is from, and its lines."""
        if slug in self.capture:
            name = self.capture[slug]
            return f"captures/{name}.pcapng", self.of_capture(slug, name)
        stories = [s for s in self.scenarios if any(slug in step.expected.events for step in s.steps)]
        story = min(stories, key=lambda s: (s.name != slug, len(s.steps), s.name))
        return f"test/scenarios/{story.name}.scn", around(
            [" ".join(step.text.split()) for step in story.steps],
            next(i for i, step in enumerate(story.steps) if slug in step.expected.events),
        )

    def of_capture(self, slug, name):
        if name not in self.rows:
            self.rows[name] = read(name)
        rows = self.rows[name]
        shown = next(row for row in rows if slug in row["tcpstate.event"].split(","))
        mine = [row for row in rows if row["tcpstate.connection"] == shown["tcpstate.connection"]]
        return around([row["text"] for row in mine], mine.index(shown))


def plainness(path):
    """Orders captures: the plainest story, then the shortest; what only a self-connection does, last."""
    name = path.stem
    return (name != "four-way-close", name == "self-connection", path.stat().st_size, name)


def around(lines, index):
    return lines[max(0, index - BEFORE) : index + AFTER + 1]


def read(name):
    """The rows of a capture in the second pass, each with its text."""
    options = [option for field in FIELDS for option in ("-e", field)]
    options += ["-E", "occurrence=a", "-E", "aggregator=,"]
    with tshark.Tshark(ROOT / "build/plugins") as shark:
        capture = shark.readable(ROOT / f"captures/{name}.pcapng")
        printed = shark.run("-2", "-r", capture, "-Y", "tcpstate", "-T", "fields", *options).stdout
    rows = [dict(zip(FIELDS, line.split("\t"))) for line in printed.splitlines()]
    bases = {}
    for row in rows:
        row["text"] = text(row, bases)
    return rows


def text(row, bases):
    """A row as scenarios write it: the segment, then the states and the events."""
    states = [
        row[f"tcpstate.{role}.phase"] + MARK[row[f"tcpstate.{role}.evidence"]]
        for role in ("client", "server")
    ]
    events = [f"! {event}" for event in row["tcpstate.event"].split(",") if event]
    time = f"{float(row['frame.time_relative']):.3f}"
    told = segment(row, bases)
    return " ".join([f"{row['frame.number']:>4} {time:>8} {told:28} |", *states, *events])


def segment(row, bases):
    """A segment in packetdrill's notation; bases: the initial numbers of each connection's sides."""
    direction = "<" if row["tcpstate.sender"] == "server" else ">"
    if row["icmp.type"]:
        return f"icmp quotes {direction}"
    flags = int(row["tcp.flags"], 16)
    letters = "".join(name for name, bit in notation.FLAGS.items() if flags & bit and name != ".")
    sequence, length = int(row["tcp.seq_raw"]), int(row["tcp.len"])
    peer = {"<": ">", ">": "<"}[direction] if row["tcpstate.sender"] != "self" else direction
    mine, theirs = (row["tcpstate.connection"], direction), (row["tcpstate.connection"], peer)
    bases.setdefault(mine, sequence - (not flags & notation.FLAGS["S"]))
    begin = relative(sequence - bases[mine])
    told = f"{direction} {letters or ''}{'.' if flags & notation.FLAGS['.'] else ''}"
    told = f"{told:5} {begin}:{begin + length}({length})"
    if flags & notation.FLAGS["."]:
        acknowledged = int(row["tcp.ack_raw"])
        told += f" ack {relative(acknowledged - bases.setdefault(theirs, acknowledged - 1))}"
    return told


def relative(number):
    """A difference of sequence numbers, between -2^31 and 2^31."""
    half = notation.MODULUS // 2
    return (number + half) % notation.MODULUS - half
