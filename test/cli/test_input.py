# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input: a clear sentence, no crash, and nothing lost that could be read."""

import gzip
import shutil
import struct
import subprocess

import conftest
import hostile
import pytest
import test_truth
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

CAPTURE = conftest.ROOT / "captures/healthy.pcapng"
LEAK = conftest.ROOT / "captures/close-wait-leak.pcapng"


def said(done, status, *words):
    """Its exit status, and words on standard error; every line there says who speaks."""
    assert done.returncode == status, done.stderr
    lines = done.stderr.splitlines()
    assert all(line.startswith("tcpstate") for line in lines), lines
    for word in words:
        assert word in done.stderr, done.stderr


def test_no_file(command):
    said(command.run(), 2, "no capture file given", "--help")
    said(command.run("no/such.pcap"), 2, "no/such.pcap", "No such file")


def test_directory(command, tmp_path):
    said(command.run(tmp_path), 2, "directory")


def test_empty_file(command, tmp_path):
    path = tmp_path / "empty"
    path.write_bytes(b"")
    said(command.run(path), 2, "empty", "format")


def test_empty_pipe(command):
    """Whoever was to write into it failed: that is not "nothing found"."""
    said(command.run("-", input=""), 2, "standard input", "empty")


def test_no_capture(command, tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear sir or madam,\n" * 100)
    said(command.run(path), 2, "letter.txt", "not a capture file")


def test_unreadable_files_do_not_stop_the_others(command, tmp_path):
    done = command.run("--format", "json", "no/such.pcap", CAPTURE, tmp_path)
    said(done, 2, "no/such.pcap", "directory")
    assert done.stdout == command.run("--format", "json", CAPTURE).stdout


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9, 0.99])
def test_cut_in_the_middle(command, tmp_path, kept):
    """The rows of what is there, and status 2."""
    whole = LEAK.read_bytes()
    path = tmp_path / "cut.pcapng"
    path.write_bytes(whole[: int(len(whole) * kept)])
    done = command.run("--format", "json", path)
    said(done, 2, "cut.pcapng", "cut in the middle")
    assert len(done.stdout.splitlines()) > 10


def test_cut_and_compressed(command, tmp_path):
    path = tmp_path / "x.pcapng.gz"
    packed = gzip.compress(LEAK.read_bytes())
    path.write_bytes(packed)
    assert command.rows(path) == command.rows(LEAK)
    path.write_bytes(packed[: len(packed) // 2])
    done = command.run("--format", "json", path)
    said(done, 2, "x.pcapng.gz")
    assert done.stdout


def test_damaged_in_the_middle(command, tmp_path):
    whole = bytearray(LEAK.read_bytes())
    middle = len(whole) // 2 // 4 * 4
    whole[middle : middle + 400] = b"\xff" * 400
    path = tmp_path / "damaged.pcapng"
    path.write_bytes(whole)
    done = command.run("--format", "json", path)
    assert done.returncode in (0, 2) and len(done.stdout.splitlines()) > 10


def test_unknown_link_layer(command, tmp_path):
    path = test_truth.write(tmp_path / "x.pcap", [Raw(b"\0" * 60)] * 3, linktype=187)
    said(command.run(path), 1, "3 of 3 frames", "link layer", "use tshark with the plugin")


def test_no_tcp(command, tmp_path):
    path = test_truth.write(tmp_path / "x.pcap", [Ether() / ARP(), Ether() / IP() / UDP(dport=53)])
    said(command.run(path), 1, "no TCP in 2 frames")


def test_fragments_are_counted(command, tmp_path):
    packets = test_truth.conversation()
    packets[3].flags = "MF"
    path = test_truth.write(tmp_path / "x.pcap", [Ether() / packet for packet in packets])
    done = command.run(path)
    said(done, 0, "1 of 5 frames", "1 fragments of IP packets")


def test_absurd_times(command, tmp_path):
    for number, capture in enumerate(hostile.extreme_times()):
        path = tmp_path / f"{number}.pcapng"
        path.write_bytes(capture)
        for mode in ([], ["--stream"]):
            done = command.run("--format", "csv", *mode, path)
            assert done.returncode in (0, 2) and len(done.stdout.splitlines()) > 1


def test_a_thousand_tunnels(command, tmp_path):
    octets = bytes(test_truth.conversation()[0])
    for _ in range(1000):
        header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(octets), 0, 0, 64, 4, 0, b"\1" * 4, b"\2" * 4)
        octets = header + octets
    path = test_truth.write(tmp_path / "x.pcap", [Ether() / Raw(octets)])
    path.write_bytes(path.read_bytes().replace(b"\x90\0", b"\x08\0", 1))
    said(command.run(path), 1, "1 of 1 frames")


def test_hostile_packets(command, tmp_path):
    """Lengths that lie, options beyond the end, headers quoted in headers."""
    path = tmp_path / "hostile.pcap"
    path.write_bytes(hostile.pcap([(n, 0, frame) for n, frame in enumerate(hostile.frames())]))
    for form in ("table", "json", "csv", "tsv", "zeek"):
        done = command.run("--format", form, path)
        said(done, 0, "damaged")
        assert len(done.stdout.splitlines()) > 3


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--format", "xml"], "table, json, csv, tsv or zeek"),
        (["--time", "now"], "rfc3339 or epoch"),
        (["--shard", "0/4"], "K/N"),
        (["--shard", "5/4"], "K/N"),
        (["--shard", "1"], "K/N"),
        (["--port", "http"], "not a port"),
        (["--port", "65536"], "not a port"),
        (["--host", "example.org"], "not an address"),
        (["-o", "msl:0"], "from 1 to 600"),
        (["-o", "tcpstate.msl"], "from 1 to 600"),
        (["-o", "colour:1"], "no such setting"),
        (["--patience", "0"], "--patience"),
        (["--no-such-option"], "no-such-option"),
    ],
)
def test_wrong_command_lines(command, arguments, words):
    done = command.run(*arguments, CAPTURE)
    said(done, 2, words, "--help says what there is")
    assert done.stdout == ""


def test_help_and_version(command):
    assert "--stuck" in command.run("--help").stdout
    assert command.run("--version").stdout.startswith("tcpstate ")


def test_odd_names(command, tmp_path):
    path = tmp_path / "a capture; of 'mine' ü.pcapng"
    shutil.copy(CAPTURE, path)
    assert command.rows(path) == command.rows(CAPTURE)


def test_output_that_cannot_be_written(command):
    """A full disk is not found out too late."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([command.path, LEAK], stdout=full, stderr=subprocess.PIPE, text=True)
    said(done, 2, "No space left")


def test_closed_pipe(command):
    """head ends it, without a word."""
    shell = f"'{command.path}' '{LEAK}' | head -n 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
    assert len(done.stdout.splitlines()) == 1 and done.stderr == ""
