# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of other analysers expect of public captures, against what tcpstate says.

Each of them has words of its own; a function here says what they mean in ours. A row that is left
out stands here with its reason.
"""

import json
import re

import corpus
import pytest

OPEN = {"UNKNOWN", "SYN_SENT", "SYN_RECEIVED", "ESTABLISHED"}
DONE = {"CLOSED", "TIME_WAIT"}

# Suricata's tests in whose one-sided captures it does not follow the client, or its FIN; RFC 9293 has
# an endpoint that sent a FIN in FIN_WAIT_1 (3.10.4).
SURICATA_APART = {
    "stream-async/http/stream-async-6063-cli-01",
    "stream-async/http/stream-async-6063-cli-02",
}

# Here it leaves the server in FIN_WAIT_1. The server's last segment acknowledges one octet more than its
# FIN did: the client's FIN, which is on the side that was not captured, and both are closed.
SURICATA_UNFINISHED = {
    "stream-async/http/stream-async-6063-srv-01",
    "stream-async/http/stream-async-6063-srv-02",
}

# In Arkime's words, a connection of one FIN without the ACK bit, which is dropped (RFC 9293 3.10.7.4).
LONE_FIN = {("10.5.7.100", "58003"), ("10.5.7.1", "80")}

# Captures that hold packets twice: copies count for others, and not for us.
TWICE = {"http-post-upload.pcap", "discard.solaris.dmp.gz"}


def merged(row):
    """The one state that Suricata has for both ends."""
    states = {row["Client state"], row["Server state"]}
    for state in ("SYN_SENT", "FIN_WAIT_1", "CLOSE_WAIT"):
        if state in states:
            return state.lower().replace("_wait_", "_wait")
    return "closed" if states <= DONE else "established" if states == {"ESTABLISHED"} else None


def test_suricata(shark):
    """The state of each flow at its end."""
    if not corpus.is_there():
        return
    rows = [
        (path, row["test"], row["tcp_state"], json.loads(row["full_match_json"]))
        for path, row in corpus.expectations("suricata")
        if row["tcp_state"] and row["test"] not in SURICATA_APART
    ]
    assert len(rows) > 30
    tables = corpus.connections(shark, [(path, False) for path, *_ in rows])
    for path, test, state, flow in rows:
        shown = tables[path, False]
        if "src_ip" in flow:
            ends = [(flow[f"{end}_ip"], flow[f"{end}_port"]) for end in ("src", "dest")]
            found = shown[corpus.pair(*ends)]
        else:
            found = [row for rows in shown.values() for row in rows]
        if test in SURICATA_UNFINISHED:
            state = "closed"
        assert state in map(merged, found), (test, found)


def others(kind):
    """The rows of one of the other tools: capture, path, ends, what is expected."""
    return [
        (path, path.name.rpartition("__")[2], row["src"], row["dst"], row["expected"])
        for path, row in corpus.expectations("other")
        if row["kind"].startswith(kind)
    ]


def ends_of(source, destination):
    return corpus.pair(corpus.end(source), corpus.end(destination))


def wrong(checks):
    """The names of the checks that do not hold."""
    return [what for what, right in checks.items() if not right]


def tcptrace(row, name, expected):
    """What is wrong with a row, in tcptrace's words: complete connections have both SYN and both FIN."""
    complete = re.match(r"complete=(\w+)", expected)[1]
    packets = int(re.search(r"pkts=(\d+)", expected)[1])
    syns, fins = ([int(n) for n in pair] for pair in zip(*re.findall(r"=(\d+)/(\d+)", expected)))
    opened, closed = row["Opened"], row["Closed"]
    states = {row["Client state"], row["Server state"]}
    return wrong(
        {
            "complete": complete != "yes" or (opened == "three-way" and closed.endswith("-way")),
            "reset": complete != "RESET" or opened == "refused" or closed.startswith("reset"),
            "SYN": any(syns) != (opened == "mid-stream"),
            "FIN": any(fins) != (closed == "none" and states <= OPEN) or complete == "RESET",
            "packets": int(row["Segments"]) == packets or name in TWICE,
        }
    )


def test_tcptrace(shark):
    """Each connection of a capture, told apart, with its opening, close and number of packets."""
    if not corpus.is_there():
        return
    rows = others("tcptrace")
    assert len(rows) > 40
    tables = corpus.connections(shark, [(path, False) for path, *_ in rows])
    before = {}
    for path, name, source, destination, expected in rows:
        ends = ends_of(source, destination)
        occurrence = before[path, ends] = before.get((path, ends), -1) + 1
        found = tables[path, False][ends]
        assert not tcptrace(found[occurrence], name, expected), (name, expected, found[occurrence])


def arkime(rows, name, counts):
    """What is wrong with a pair's connections, by how many segments had which bit."""
    closes = {row["Closed"] for row in rows}
    states = {state for row in rows for state in (row["Client state"], row["Server state"])}
    packets = sum(int(row["Segments"]) for row in rows)
    return wrong(
        {
            "packets": packets == counts["pkts"] or name in TWICE,
            "SYN": bool(counts["syn"] or counts["syn-ack"]) != (rows[0]["Opened"] == "mid-stream"),
            "FIN": counts["rst"] or bool(counts["fin"]) != (states <= {"ESTABLISHED", "UNKNOWN"}),
            "RST": bool(counts["rst"]) == any("reset" in close for close in closes)
            or rows[0]["Opened"] == "mid-stream",
        }
    )


def test_arkime(shark):
    """The bits of a pair's segments, summed up: Arkime has several sessions of a long connection."""
    if not corpus.is_there():
        return
    rows = others("arkime")
    tables = corpus.connections(shark, [(path, False) for path, *_ in rows])
    sums = {}
    for path, name, source, destination, expected in rows:
        counts = sums.setdefault((path, name, ends_of(source, destination)), {})
        for word, value in re.findall(r"([\w-]+)=(\d+(?:/\d+)?)", expected):
            counts[word] = counts.get(word, 0) + sum(map(int, value.split("/")))
    assert len(sums) > 100
    del sums[next(key for key in sums if key[2] == LONE_FIN)]
    for (path, name, ends), counts in sums.items():
        found = tables[path, False][ends]
        assert not arkime(found, name, counts), (name, counts, found)


# By nDPI's words for a risk: what we say of such a connection.
NDPI = {
    "Connection refused (server)": lambda row: row["Opened"] == "refused",
    "Connection refused (client)": lambda row: row["Opened"] == "aborted" or row["Closed"] == "reset",
    "TCP FIN scan": lambda row: "CLOSED" in (row["Client state"], row["Server state"]),
    "TCP NULL scan": lambda row: "CLOSED" in (row["Client state"], row["Server state"]),
    "TCP XMAS scan": lambda row: "CLOSED" in (row["Client state"], row["Server state"]),
}


def test_ndpi(shark):
    """Refusals, and scans that a RST answers."""
    if not corpus.is_there():
        return
    rows = others("nDPI")
    tables = corpus.connections(shark, [(path, False) for path, *_ in rows])
    compared = 0
    for path, name, source, destination, expected in rows:
        found = tables[path, False][ends_of(source, destination)]
        for risk in NDPI.keys() & set(expected.split(";")):
            compared += 1
            assert any(map(NDPI[risk], found)), (name, expected, found)
    assert compared > 8


# What is published in words only, by capture: how the one connection ends.
WORDS = {
    # the peer's FIN acknowledges the server's: TIME_WAIT, not CLOSING, as netstat said
    "simultaneous-close.pcap": ("three-way", "CLOSED", "TIME_WAIT"),
    # the RST lies just beyond the window: ignored
    "rst_out_of_window.pcap": ("none", "ESTABLISHED", "ESTABLISHED"),
    # not ended by FIN or RST
    "one_tcp_stream.pcap": ("none", "ESTABLISHED", "ESTABLISHED"),
    "one_tcp_stream_max_seq.pcap": ("none", "ESTABLISHED", "ESTABLISHED"),
    # ns-3, the sender's own packets alone: all end with a FIN, and an ACK of one octet more, the peer's FIN
    "ns3tcp-state1-n0tx+ip.pcap": ("four-way", "TIME_WAIT", "CLOSED"),
    "ns3tcp-state3-n0tx+ip.pcap": ("four-way", "TIME_WAIT", "CLOSED"),
    "ns3tcp-state4-n0tx+ip.pcap": ("four-way", "TIME_WAIT", "CLOSED"),
    "ns3tcp-state5-n0tx+ip.pcap": ("four-way", "TIME_WAIT", "CLOSED"),
    "ns3tcp-state7-n0tx+ip.pcap": ("four-way", "TIME_WAIT", "CLOSED"),
}


@pytest.mark.parametrize("capture", WORDS)
def test_words(shark, capture):
    """One connection, which ends as published."""
    if not corpus.is_there():
        return
    run = next(p for p in corpus.captures().values() if p and p.name.endswith(capture)), False
    (found,) = [row for rows in corpus.connections(shark, [run])[run].values() for row in rows]
    assert (found["Closed"], found["Client state"], found["Server state"]) == WORDS[capture]
