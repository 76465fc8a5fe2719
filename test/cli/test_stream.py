# SPDX-License-Identifier: GPL-2.0-or-later
"""Long work: several files, shards, forgetting what is over, following a pipe, being stopped."""

import json
import os
import pty
import select
import signal
import subprocess
import time

import conftest
import pytest
import test_truth
from scapy.layers.inet import TCP
from scapy.layers.l2 import Ether
from scapy.utils import PcapWriter

CAPTURES = test_truth.CAPTURES
SHORT = 17  # packets of a connection of the story "short"
PACKETS = 2_000_000  # of the bounded run; scripts in test/bench take ten times as many
LIMIT = 300 << 20
PROGRAM = 20 << 20  # what it takes whatever is open: 8 MB more with libwiretap 4.4 than with 4.0

# What --stream may see otherwise: how long an end had been in its state when it was forgotten.
AT_THE_END = ("time_in_client_phase", "time_in_server_phase")


def without(rows, *names):
    return [{k: v for k, v in row.items() if k not in names} for row in rows]


def by_index(rows):
    return sorted(rows, key=lambda row: row["connection"])


def peak(command, *arguments):
    """The rows' number and the most memory that a run took, in octets."""
    code = "import resource, subprocess, sys\n" \
        "run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)\n" \
        "print(run.stdout.count(b'\\n'), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run(
        ["/usr/bin/python3", "-c", code, command.path, *map(str, arguments)],
        capture_output=True, text=True, check=True, timeout=600,
    )
    rows, kilobytes = map(int, done.stdout.split())
    return rows, kilobytes << 10


def split(path, folder, size):
    """The capture in files of so many packets, as a ring buffer would have it."""
    subprocess.run(
        ["editcap", "-F", "pcap", "-c", str(size), path, folder / "part.pcap"], check=True,
        capture_output=True,
    )
    return sorted(folder.glob("part*"))


def test_files_are_one_capture(command, tmp_path):
    """Connections go on from one file to the next, and frames are counted through."""
    source = conftest.ROOT / "captures/close-wait-leak.pcapng"
    parts = split(source, tmp_path, 50)
    assert len(parts) > 5
    # editcap -F pcap keeps microseconds of this capture's nanoseconds.
    whole = tmp_path / "whole.pcap"
    subprocess.run(["mergecap", "-a", "-F", "pcap", "-w", whole, *parts], check=True)
    assert command.rows(*parts) == command.rows(whole)
    assert len(command.rows(*reversed(parts))) > 0


@pytest.mark.parametrize("shards", [2, 5])
def test_shards_add_up(command, generate, tmp_path, shards):
    """Each connection in one shard, with the values that it has in the whole; its index counts within
    the shard."""
    path = generate(tmp_path / "short.pcap", "short", 20_000)
    for capture in [path, *CAPTURES[::8]]:
        whole = without(command.rows(capture), "connection")
        parts = []
        for shard in range(1, shards + 1):
            rows = command.rows("--shard", f"{shard}/{shards}", capture)
            assert capture != path or len(rows) > len(whole) / shards / 2
            parts += rows
        assert sorted(map(json.dumps, without(parts, "connection"))) == sorted(map(json.dumps, whole))


def test_stream_shows_the_same(command):
    """Of captures without anything later on a pair that was forgotten, all but the time in a state."""
    for path in CAPTURES:
        streamed = by_index(command.rows("--stream", path))
        assert without(streamed, *AT_THE_END) == without(command.rows(path), *AT_THE_END)


def forgetful_capture(path):
    """A connection that is reset; 100 s of others; then a segment of the first."""
    packets = test_truth.conversation()
    times = list(range(len(packets)))
    for number in range(100):
        other = test_truth.conversation()[0]
        other[TCP].sport = 50000 + number
        packets.append(other)
        times.append(10 + number)
    packets.append(test_truth.conversation()[3])
    times.append(200)
    with PcapWriter(str(path), linktype=1) as writer:
        writer.write_header(None)
        for seconds, packet in zip(times, packets):
            writer.write_packet(bytes(Ether() / packet), sec=1_700_000_000 + seconds, usec=0)
    return path


def test_stream_prints_and_forgets(command, tmp_path):
    """What is over is printed before what comes later; what comes back is counted."""
    path = forgetful_capture(tmp_path / "x.pcap")
    done = command.run("--stream", "--format", "json", path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0]["connection"] == 0 and rows[0]["stage"] == "aborted"
    assert len(rows) == len(command.rows(path)) + 1
    assert rows[-1]["open"] == "mid-stream" or any(row["open"] == "mid-stream" for row in rows)
    assert "1 connections may go on one that was forgotten" in done.stderr
    patient = command.rows("--stream", "--patience", "100000", "-o", "msl:600", path)
    assert without(by_index(patient), *AT_THE_END) == without(command.rows(path), *AT_THE_END)


def test_stream_forgets_what_nobody_answered(command, generate, tmp_path):
    """A scan of 10 s: with little patience the attempts of 2 s are in memory, and none is lost."""
    path = generate(tmp_path / "scan.pcap", "scan", 1_000_000)
    rows, memory = peak(command, "--stream", "--patience", "1", "-o", "msl:1", "-f", "tsv", path)
    assert rows == 1_000_001
    _, whole = peak(command, "--stuck", "-f", "tsv", path)
    assert memory < whole / 3


def test_stream_is_bounded(command, generate, tmp_path):
    """Short connections: what is open within 2 MSL, and no more. At 100,000 packets a second those of
    60 s are 350,000 connections; here MSL is as much shorter as the capture is."""
    path = generate(tmp_path / "short.pcap", "short", PACKETS)
    scale = 20_000_000 // PACKETS
    rows, memory = peak(command, "--stream", "-o", f"msl:{30 // scale}", "-f", "tsv", path)
    assert rows == PACKETS // SHORT // 64 * 64 + 1
    assert memory < LIMIT / scale + PROGRAM


def test_memory_of_a_connection(command, generate, tmp_path):
    """Without forgetting: at most 700 octets a connection."""
    few, many = 20_000, 120_000
    sizes = []
    for connections in (few, many):
        path = generate(tmp_path / "short.pcap", "short", connections * SHORT)
        sizes.append(peak(command, "--stuck", "-f", "tsv", path)[1])
    assert (sizes[1] - sizes[0]) / (many - few) < 700


def test_follow_prints_as_it_comes(command, tmp_path):
    """Each row when its connection is over, while the pipe is still open."""
    path = forgetful_capture(tmp_path / "x.pcap")
    with subprocess.Popen(
        [command.path, "--follow", "--format", "json", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as running:
        running.stdin.write(path.read_bytes())
        running.stdin.flush()
        ready, _, _ = select.select([running.stdout], [], [], 20)
        assert ready
        assert json.loads(running.stdout.readline())["connection"] == 0
        running.stdin.close()
        rest = running.stdout.read().splitlines()
    assert len(rest) == len(command.rows(path))
    assert running.returncode == 0


def stopped(command, path, *arguments, number=signal.SIGINT):
    """What it prints when it is stopped in the middle of a pipe."""
    octets = path.read_bytes()
    with subprocess.Popen(
        [command.path, "--format", "json", *arguments, "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=False,
    ) as running:
        running.stdin.write(octets[: len(octets) // 2])
        running.stdin.flush()
        time.sleep(1)
        running.send_signal(number)
        # Not communicate(): that would close the pipe, and the end of the file would be the end.
        out = running.stdout.read()
        errors = running.stderr.read().decode()
        running.wait(20)
        running.stdin.close()
    return running.returncode, out.splitlines(), errors


@pytest.mark.parametrize("arguments", [[], ["--follow"]])
def test_ctrl_c_prints_what_there_is(command, generate, tmp_path, arguments):
    path = generate(tmp_path / "short.pcap", "short", 40_000)
    status, rows, errors = stopped(command, path, *arguments)
    assert status == 130
    assert 1000 < len(rows) < len(command.rows(path))
    assert "stopped after frame" in errors
    assert all(json.loads(row)["segments"] for row in rows)


def test_progress_is_for_terminals(command, generate, tmp_path):
    path = generate(tmp_path / "short.pcap", "short", 1_500_000)
    end, other = pty.openpty()
    done = subprocess.run([command.path, "-f", "tsv", path, path], stdout=subprocess.DEVNULL, stderr=other)
    os.close(other)
    shown = b""
    while select.select([end], [], [], 1)[0]:
        try:
            shown += os.read(end, 4096)
        except OSError:
            break
    assert done.returncode == 0
    assert b"million packets" in shown and b"%" in shown and b"s left" in shown
    assert command.run("-f", "tsv", path).stderr == ""
