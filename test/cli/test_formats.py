# SPDX-License-Identifier: GPL-2.0-or-later
"""The formats hold the same values, and what reads them finds them."""

import csv
import datetime
import io
import json
import os
import pty
import re
import shutil
import subprocess

import conftest
import jsonschema
import pytest
import test_truth
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

CAPTURES = test_truth.CAPTURES
LEAK = conftest.ROOT / "captures/close-wait-leak.pcapng"
SCHEMA = json.loads((conftest.ROOT / "docs/log.schema.json").read_text())

# What Zeek's conn.log begins with.
ZEEK = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes "
    "conn_state local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes"
).split()

# Published test vectors of the community ID, version 1, seed 0, TCP.
COMMUNITY = {
    (IP, "128.232.110.120", 34855, "66.35.250.204", 80): "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
    (IP, "66.35.250.204", 80, "128.232.110.120", 34855): "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
    (
        IPv6,
        "2001:470:e5bf:dead:4957:2174:e82c:4887",
        63943,
        "2607:f8b0:400c:c03::1a",
        25,
    ): "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=",
}


def flat(value):
    """A value of JSON as the other formats write it."""
    if isinstance(value, list):
        return " ".join(e["event"] + (f"@{e['frame']}" if e["frame"] else "") for e in value)
    return "" if value is None else str(value)


@pytest.mark.parametrize("form", ["rfc3339", "epoch"])
def test_rows_are_as_the_schema_says(command, form):
    checker = jsonschema.Draft202012Validator(SCHEMA)
    for path in CAPTURES:
        for row in command.rows("--time", form, path):
            checker.validate(row)
            assert list(row) == list(SCHEMA["properties"])


def test_schema_refuses_what_is_wrong(command):
    row = command.rows(LEAK)[0]
    checker = jsonschema.Draft202012Validator(SCHEMA)
    for wrong in ({"client_port": "80"}, {"stage": "open"}, {"events": [{"event": "no_such"}]}, {"x": 1}):
        assert not checker.is_valid({**row, **wrong})


@pytest.mark.parametrize("form, delimiter", [("csv", ","), ("tsv", "\t")])
def test_separated_values(command, form, delimiter):
    for path in CAPTURES:
        text = command.run("--format", form, "--time", "epoch", path).stdout
        lines = list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
        rows = command.run("--format", "json", "--time", "epoch", path).stdout.splitlines()
        # Numbers as they are written, of which a float keeps too few digits.
        wanted = [json.loads(line, parse_float=str) for line in rows]
        assert lines == [{name: flat(value) for name, value in row.items()} for row in wanted]


def test_times(command):
    (epoch, *_), (date, *_) = command.rows("--time", "epoch", LEAK), command.rows(LEAK)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", date["ts"])
    moment = datetime.datetime.fromisoformat(date["ts"][:26] + "+00:00")
    assert abs(moment.timestamp() - epoch["ts"]) < 1e-5


def zeek_lines(text):
    """The names and the rows of a log of Zeek, read as its header says."""
    heads = dict(line[1:].split(None, 1) for line in text.splitlines() if line.startswith("#"))
    assert heads["separator"] == r"\x09" and heads["path"] == "conn"
    names = heads["fields"].split("\t")
    assert len(names) == len(heads["types"].split("\t")) == len(set(names))
    bare = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    assert all(len(line) == len(names) for line in bare)
    return names, [dict(zip(names, line)) for line in bare]


def test_zeek(command):
    for path in CAPTURES:
        text = command.run("--format", "zeek", path).stdout
        names, lines = zeek_lines(text)
        assert names[: len(ZEEK)] == ZEEK
        rows = command.rows("--time", "epoch", path)
        assert len(lines) == len(rows) and len({line["uid"] for line in lines}) == len(rows)
        for line, row in zip(lines, rows):
            by_client = row["originator"] == "client"
            first, second = ("client", "server") if by_client else ("server", "client")
            assert line["id.orig_h"] == row[f"{first}_address"]
            assert line["id.resp_p"] == str(row[f"{second}_port"])
            assert line["orig_pkts"] == (flat(row[f"{first}_sent_segments"]) or "-")
            assert line["conn_state"] == row["conn_state"]
            assert line["stage"] == row["stage"] and line["service"] == "-"
            assert (line["duration"] == "-") == (row["segments"] == 1)


def test_zeek_names_stay(command):
    """A connection has the same uid each time."""
    texts = [command.run("--format", "zeek", LEAK).stdout for _ in range(2)]
    first, second = (zeek_lines(text)[1] for text in texts)
    assert first == second


def test_table_is_for_terminals(command):
    """What goes to a terminal is a table, what goes elsewhere JSON."""
    end, other = pty.openpty()
    subprocess.run([command.path, LEAK], stdout=other, check=True)
    os.close(other)
    shown = os.read(end, 4096).decode()
    assert shown.startswith(" # |Client")
    assert command.run(LEAK).stdout.startswith("{")


@pytest.mark.parametrize("vector", COMMUNITY)
def test_community_id(command, tmp_path, vector):
    network, source, sport, destination, dport = vector
    packet = Ether() / network(src=source, dst=destination) / TCP(sport=sport, dport=dport)
    (row,) = command.rows(test_truth.write(tmp_path / "x.pcap", [packet]))
    assert row["community_id"] == COMMUNITY[vector]


def test_selections(command):
    """Each condition takes what the rows say; ports and hosts narrow it down."""
    stuck = command.rows("--stuck", LEAK)
    everything = command.rows(LEAK)
    events = {"stuck_close_wait", "stuck_fin_wait_2", "stuck_fin_unacked"}
    assert 0 < len(stuck) < len(everything)
    assert stuck == [r for r in everything if {e["event"] for e in r["events"]} & events]
    port = str(stuck[0]["client_port"])
    assert command.rows("--stuck", "--port", port, LEAK) == stuck[:1]
    assert command.rows("--stuck", "--host", stuck[0]["server_address"], LEAK) == stuck
    assert command.rows("--host", "192.0.2.3", "--host", "::1", LEAK) == []
    refused = conftest.ROOT / "captures/refused.pcapng"
    assert command.rows("--reset", refused) == command.rows(refused)
    unanswered = conftest.ROOT / "captures/unanswered.pcapng"
    assert [r["open"] for r in command.rows("--unanswered", unanswered)] == ["unanswered"]
    assert command.rows("--unanswered", refused) == []
    for path in CAPTURES:
        assert command.rows("--alerts", path) == [r for r in command.rows(path) if r["alerts"]]


def test_exit_status(command):
    """0, or 1 if there is nothing to print, so that "! tcpstate --stuck" is a test."""
    healthy = conftest.ROOT / "captures/healthy.pcapng"
    assert command.run(healthy).returncode == 0
    nothing = command.run("--stuck", healthy)
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert command.run("--stuck", LEAK).returncode == 0


def test_numbers_are_those_of_the_capture(command, tmp_path):
    """Octets, segments, retransmissions and times of a conversation that is known by heart."""
    half = test_truth.test_layers.Half
    client, server = half("10.0.0.1", "10.0.0.2", 40000, 80), half("10.0.0.2", "10.0.0.1", 80, 40000)
    frames = [
        client.ip("S", 1000),
        server.ip("SA", 2000, 1001),
        client.ip("A", 1001, 2001),
        client.ip("PA", 1001, 2001, b"x" * 100),
        client.ip("PA", 1001, 2001, b"x" * 100),  # again
        client.ip("PA", 1201, 2001, b"x" * 50),  # leaves a hole of 100
        client.ip("PA", 1101, 2001, b"x" * 100),  # fills it
        server.ip("A", 2001, 1251),
        server.ip("PA", 2001, 1251, b"y" * 30),
        client.ip("FA", 1251, 2031),
        server.ip("A", 2031, 1252),
        server.ip("FA", 2031, 1252),
        client.ip("A", 1252, 2032),
    ]
    (row,) = command.rows(test_truth.write(tmp_path / "x.pcap", [Ether() / f for f in frames]))
    wanted = {
        "segments": 13,
        "client_sent_segments": 8,
        "server_sent_segments": 5,
        "client_sent_octets": 250,
        "server_sent_octets": 30,
        "client_retransmitted": 1,
        "server_retransmitted": 0,
        "handshake_time": 2.0,
        "server_rtt": 1.0,
        "client_rtt": 1.0,
        "half_closed_time": 2.0,
        "close_time": 3.0,
        "duration": 12.0,
        "idle_max": 1.0,
        "client_fin_frame": 10,
        "server_fin_frame": 12,
        "open": "three-way",
        "close": "four-way",
        "conn_state": "SF",
    }
    assert {name: row[name] for name in wanted} == wanted


@pytest.mark.parametrize("tool", ["jq", "mlr"])
def test_tools_read_it(command, tool):
    """What docs/log.md's readers use."""
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    ask = {
        "jq": ["jq", "-s", 'map(select(.server_phase == "CLOSE_WAIT")) | length'],
        "mlr": ["mlr", "--ijsonl", "--ojson", "filter", '$server_phase == "CLOSE_WAIT"', "then", "count"],
    }[tool]
    rows = command.run("--format", "json", LEAK).stdout
    shown = subprocess.run(ask, input=rows, capture_output=True, text=True, check=True).stdout
    assert re.search(r"\d+", shown)[0] == str(
        sum(row["server_phase"] == "CLOSE_WAIT" for row in command.rows(LEAK))
    )
