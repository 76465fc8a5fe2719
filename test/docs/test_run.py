# SPDX-License-Identifier: GPL-2.0-or-later
"""run.sh keeps its promises: what it prints, what it says of bad input, what it leaves behind."""
import json
import os
import pathlib
import pty
import shutil
import subprocess
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAPTURE = ROOT / "captures/four-way-close.pcapng"
FRAMES = 11


def run(*arguments, **options):
    options = {"capture_output": True, "text": True, "timeout": 120, **options}
    return subprocess.run([ROOT / "run.sh", *map(str, arguments)], **options)


@pytest.fixture
def folder():
    """A folder with a space in its name that only its owner may enter."""
    with tempfile.TemporaryDirectory(suffix=" with space") as name:
        yield pathlib.Path(name)


def rows(text):
    """The lines of segments: the connections stand below, after the first rule."""
    lines = text.splitlines()
    assert lines[0].split()[:3] == ["frame", "time", "conn"]
    end = next((i for i, line in enumerate(lines) if line.startswith("===")), len(lines))
    return [line.split() for line in lines[1:end] if line]


def refused(result, *words, status=None):
    """One line on standard error, which says what is wrong, and a status that is not zero."""
    assert result.returncode == status if status else result.returncode != 0
    assert len(result.stderr.splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr


def test_without_a_capture_it_shows_a_four_way_close():
    shown = run()
    assert shown.returncode == 0 and shown.stderr == ""
    table = rows(shown.stdout)
    assert len(table) == FRAMES
    assert any("FIN_WAIT_2~" in row for row in table)
    assert "client" in table[0] and "SYN_SENT" in table[0] and "LISTEN?" in table[0]
    assert "four-way" in shown.stdout


def test_any_directory_any_name_no_environment(folder):
    shutil.copy(CAPTURE, folder / "a capture.pcapng")
    (folder / "a capture.pcapng").chmod(0o600)
    bare = run("a capture.pcapng", cwd=folder, env={"PATH": os.environ["PATH"]})
    assert bare.returncode == 0 and len(rows(bare.stdout)) == FRAMES


def test_capture_on_standard_input():
    with CAPTURE.open("rb") as capture:
        shown = run("-", stdin=capture)
    assert shown.returncode == 0 and len(rows(shown.stdout)) == FRAMES


def test_filter_reaches_table_and_connections():
    shown = run(CAPTURE, "-Y", 'tcpstate.phase == "TIME_WAIT"')
    assert shown.returncode == 0
    table = rows(shown.stdout)
    assert table and all("TIME_WAIT" in " ".join(row) for row in table)


def test_only_connections():
    shown = run(CAPTURE, "-q")
    assert shown.returncode == 0 and "four-way" in shown.stdout and "frame " not in shown.stdout


def test_two_passes_print_the_same():
    assert run(CAPTURE, "-2").stdout.split() == run(CAPTURE).stdout.split()


def test_json():
    packets = json.loads(run(CAPTURE, "-T", "json").stdout)
    assert len(packets) == FRAMES and "tcpstate" in packets[0]["_source"]["layers"]


def test_fields():
    shown = run("-T", "fields", "-e", "tcpstate.client.phase", CAPTURE)
    assert shown.stdout.splitlines()[0] == "SYN_SENT" and len(shown.stdout.splitlines()) == FRAMES


def test_writes_a_capture_of_ours(folder):
    assert run(CAPTURE, "-Y", "tcpstate.transition", "-w", folder / "out.pcapng").returncode == 0
    assert (folder / "out.pcapng").stat().st_uid == os.getuid()


def test_stock_plugins_stay():
    assert "mate.so" in run("-G", "plugins").stdout


@pytest.mark.parametrize("term, colour", [("xterm", True), ("dumb", False)])
def test_colour_only_on_a_terminal(term, colour):
    assert "\033" not in run(CAPTURE).stdout
    try:
        leader, follower = pty.openpty()
    except OSError as error:
        pytest.skip(f"no terminal to print on: {error}")
    run(CAPTURE, stdout=follower, capture_output=False, env={**os.environ, "TERM": term}, check=True)
    assert (b"\033[" in os.read(leader, 65536)) is colour


def test_leaves_nothing_behind(folder):
    environment = {**os.environ, "TMPDIR": str(folder), "HOME": str(folder)}
    folder.chmod(0o755)
    assert run(CAPTURE, env=environment).returncode == 0
    assert list(folder.iterdir()) == []


def test_missing_file():
    refused(run("no such file.pcap"), "no such file.pcap", "check its name")


def test_directory():
    refused(run(ROOT), "directory")


def test_no_capture(folder):
    (folder / "text").write_text("no capture at all\n" * 100)
    refused(run(folder / "text"), "no capture", "pcapng")


def test_empty_file(folder):
    (folder / "empty").touch()
    refused(run(folder / "empty"), "empty")


def test_cut_in_the_middle_of_a_packet(folder):
    data = CAPTURE.read_bytes()
    (folder / "cut.pcapng").write_bytes(data[: len(data) * 2 // 3])
    shown = run(folder / "cut.pcapng")
    refused(shown, "cut in the middle of a packet")
    assert 0 < len(rows(shown.stdout)) < FRAMES
    assert "three-way" in shown.stdout


def test_no_tcp(folder):
    from scapy.all import IP, UDP, Ether, wrpcap

    wrpcap(str(folder / "udp.pcap"), [Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / UDP()] * 3)
    refused(run(folder / "udp.pcap"), "no TCP", "3 frames")


@pytest.mark.parametrize("option", ["--nonsense", "-k", "-Zfoo"])
def test_unknown_option(option):
    refused(run(option), "unknown option", "--help", status=2)


def test_option_without_value():
    refused(run(CAPTURE, "-Y"), "-Y wants a value", status=2)


def test_two_captures():
    refused(run(CAPTURE, "tcp"), "one capture at a time", status=2)


def test_wrong_filter():
    shown = run(CAPTURE, "-Y", "tcpstate.nonsense")
    assert shown.returncode != 0 and "tcpstate.nonsense" in shown.stderr


def test_no_such_interface():
    refused(run("--live", "nosuch0"), "nosuch0")


def test_window_without_a_display():
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    refused(run("--gui", env=environment), "no display")


def test_help():
    shown = run("--help")
    assert shown.returncode == 0 and shown.stderr == ""
    for word in ("--live", "--gui", "-Y", "inferred", "assumed"):
        assert word in shown.stdout
