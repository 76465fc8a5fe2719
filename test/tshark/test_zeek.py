# SPDX-License-Identifier: GPL-2.0-or-later
"""Zeek's words: conn_state and history of public captures are those that Zeek's own tests expect.

docs/zeek.md explains each row left out here.
"""

import dataclasses
import pathlib
import re

import corpus
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARE = 0.99  # of the comparable rows that must be equal

# Rows that cannot agree by design, by capture, originator's port and history: docs/zeek.md says why.
APART = {
    ("ftp/fake-long-commands.pcap", "58634", "ShAdDaXFf"),  # X: the FTP analyzer gave up
    ("pppoe-over-qinq.pcap", "20394", "ShADdtaTTtFf"),  # two lengths that contradict each other
    ("wikipedia.pcap", "35634", "D"),  # a capture filter of the test lets one packet through
    ("wikipedia.pcap", "80", "H"),  # without Zeek's HTTP scripts, 80 is no server's port
}


@dataclasses.dataclass(frozen=True)
class Words:
    """What is logged of one connection."""

    conn_state: str
    history: str


@dataclasses.dataclass(frozen=True)
class Expected:
    """A row of Zeek's expectations; an empty word is one that its test does not show."""

    capture: str
    path: pathlib.Path
    ends: frozenset
    occurrence: int
    originator_port: str
    checksums: bool
    words: Words

    def agrees(self, shown):
        wanted = self.words
        return (not wanted.conn_state or wanted.conn_state == shown.conn_state) and (
            not wanted.history or wanted.history == shown.history
        )

    def apart(self):
        return (self.capture, self.originator_port, self.words.history) in APART


def expectations():
    """The comparable rows: those whose history agrees with what the capture shows."""
    return [
        Expected(
            capture=row["file"].rpartition("/Traces/")[2],
            path=path,
            ends=corpus.pair((row["orig_h"], row["orig_p"]), (row["resp_h"], row["resp_p"])),
            occurrence=int(row["occurrence_of_tuple"]),
            originator_port=row["orig_p"],
            checksums=row["zeek_checksums"] == "verified",
            words=Words(row["conn_state"], row["history"].strip("-")),
        )
        for path, row in corpus.expectations("zeek")
        if (row["flags_check_vs_tshark"] or "").startswith("agree")
    ]


def compare(shark, rows):
    """The rows in which we disagree, each with what we show."""
    tables = corpus.connections(shark, [(row.path, row.checksums) for row in rows])
    differ = {}
    for row in rows:
        found = tables[row.path, row.checksums].get(row.ends, [])
        shown = [Words(words["Zeek"], words["History"].strip("-")) for words in found]
        if len(shown) < row.occurrence or not row.agrees(shown[row.occurrence - 1]):
            differ[row] = shown
    return differ


def test_equal_to_zeek(shark):
    """At least 99 of 100 comparable rows are equal; those that differ are explained."""
    if not corpus.is_there():
        return
    rows = expectations()
    assert len(rows) > 90
    comparable = [row for row in rows if not row.apart()]
    differ = compare(shark, comparable)
    listed = "\n".join(
        f"{row.capture} {sorted(row.ends)}: {row.words}, not {shown}"
        for row, shown in differ.items()
    )
    print(f"{len(comparable) - len(differ)} of {len(comparable)} rows are equal")
    assert len(differ) <= (1 - SHARE) * len(comparable), "\n" + listed


def test_rows_left_out_are_explained():
    """Each row that is left out stands in docs/zeek.md, and each is one of Zeek's."""
    text = (ROOT / "docs" / "zeek.md").read_text(encoding="utf-8")
    for capture, port, history in APART:
        assert re.search(rf"`{re.escape(capture)}`.*\b{port}\b.*`{re.escape(history)}`", text), capture
    if corpus.is_there():
        known = {(row.capture, row.originator_port, row.words.history) for row in expectations()}
        assert known >= APART


@pytest.mark.parametrize("passes", [(), ("-2",)], ids=["one-pass", "two-pass"])
def test_where_the_words_stand(shark, passes):
    """On the segment that ends the connection at first, on every segment later."""
    capture = shark.readable(ROOT / "captures" / "four-way-close.pcapng")
    fields = ["-T", "fields", "-e", "tcpstate.conn_state", "-e", "tcpstate.history"]
    shown = shark.run("-r", capture, *passes, "-Y", "tcpstate", *fields).stdout.splitlines()
    words = [line for line in shown if line.strip()]
    assert set(words) == {"SF\tShADadFf"}
    assert len(words) == (len(shown) if passes else 1)
    assert shown[-1] == words[-1]
