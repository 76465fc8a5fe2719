# SPDX-License-Identifier: GPL-2.0-or-later
"""The sample captures of real stacks: the expected rows, the same in every mode of tshark, and the
states that the kernel recorded."""

import csv
import pathlib

import pytest

import kernel
import notation
import rows
import tshark

CAPTURES = pathlib.Path(__file__).resolve().parents[2] / "captures"
GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
HEADER = "frame\tconnection\tsender\tclient\tserver\ttransitions\tevents\topen\tclose"
MARK = {"seen": "", "inferred": "~", "assumed": "?"}

NAMES = sorted(path.stem for path in CAPTURES.glob("*.pcapng"))

# Captures of connections that nothing is wrong with: no event above chat, the end included.
HEALTHY = {
    "close-wait-late",
    "closed-by-dup2",
    "closed-by-exit",
    "closed-by-kill",
    "closed-by-server",
    "fast-open",
    "four-way-close",
    "four-way-close-ipv6",
    "four-way-close-loopback",
    "half-close",
    "healthy",
    "keepalive",
    "shutdown-read",
    "syn-cookies",
    "three-way-close",
    "three-way-close-data",
    "three-way-close-delayed-ack",
    "zero-window",
}


# Causes of a reset that no capture of real sockets can show.
UNCAPTURED = {
    "retransmission-timeout": "Linux gives up in silence: no RST is sent",
    "unknown": "a reset that nothing on the wire explains has no story",
}


def manifest():
    with open(CAPTURES / "manifest.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Shown:
    """What every mode of tshark prints of each capture, read once."""

    def __init__(self, shark):
        self.shark = shark
        self.known = {}

    def lines(self, name):
        if name not in self.known:
            capture = self.shark.readable(CAPTURES / f"{name}.pcapng")
            self.known[name] = self.shark.all_lines(capture)
        return self.known[name]

    def rows(self, name, mode="fields"):
        return tshark.rows_of(self.lines(name)[mode])


@pytest.fixture(scope="module")
def shown(shark):
    return Shown(shark)


def golden_lines(by_frame):
    """The rows as a table that a reader can check."""
    lines = [HEADER]
    for frame, row in sorted(by_frame.items()):
        close = f"{row.close} by {row.closer}" if row.closer else row.close
        client, server = (p + MARK[e] for p, e in zip(row.phases(), row.evidence()))
        cells = [frame, row.connection, row.sender, client, server]
        cells += [", ".join(row.transitions), " ".join(row.events), row.open, close]
        lines.append("\t".join(map(str, cells)).rstrip())
    return lines


def test_manifest_names_every_capture():
    """The manifest and the folder hold the same captures, each with the kernel's record."""
    listed = [line["file"] for line in manifest()]
    assert listed, "the manifest is empty"
    assert sorted(listed) == sorted(path.name for path in CAPTURES.glob("*.pcap*"))
    for line in manifest():
        assert line["story"] and line["made_by"] and line["shows"], line
        assert (CAPTURES / line["file"]).with_suffix(".kernel").is_file(), line["file"]
    records = {path.stem for path in CAPTURES.glob("*.kernel")}
    assert records == set(NAMES)


def test_manifest_counts_frames(shown):
    """The number of frames in the manifest is the capture's."""
    for line in manifest():
        name = pathlib.Path(line["file"]).stem
        assert len(shown.lines(name)["fields"]) == int(line["frames"]), name


@pytest.mark.parametrize("name", NAMES)
def test_golden(shown, name, request):
    """The rows are the expected ones; a capture without expected rows fails."""
    path = GOLDEN / f"{name}.tsv"
    lines = golden_lines(shown.rows(name))
    if request.config.getoption("--write-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert path.is_file(), f"{name} has no expected rows: see test/tshark/README.md"
    assert path.read_text(encoding="utf-8").splitlines() == lines


def test_golden_has_a_capture():
    """No expected rows are left behind by a capture that is gone."""
    assert {path.stem for path in GOLDEN.glob("*.tsv")} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_same_in_every_mode(shown, name):
    """Facts are the same however the capture is read; verdicts are, wherever they are shown."""
    first = shown.rows(name)
    for mode in tshark.MODES:
        other = shown.rows(name, mode)
        assert not tshark.same_facts(first, other), mode
        if mode in tshark.LATER:
            assert not tshark.same_verdicts(first, other), mode
        else:
            assert first == other, mode


def test_every_cause_is_captured(shown):
    """Every cause of a reset is shown of at least one capture, or is listed with the reason."""
    captured = {row.cause for name in NAMES for row in shown.rows(name).values()}
    assert notation.CAUSES - captured == set(UNCAPTURED)


@pytest.mark.parametrize("name", NAMES)
def test_kernel(shown, name):
    """Each endpoint went through the states we show, in that order, says its stack."""
    lines = shown.lines(name)["fields"]
    endpoints = sequences(shown.rows(name), {int(line["frame"]): line for line in lines})
    lives = kernel.read(CAPTURES / f"{name}.kernel")
    wrong = kernel.differences(endpoints, lives)
    known = kernel.KNOWN.get(name, {})
    assert {problem.split(": ")[0]: problem for problem in wrong}.keys() == known.keys(), wrong


def ends_of(line):
    """Source and destination of a frame's segment; of the outer one, if it quotes one."""
    first = {name: text.split(",")[0] for name, text in line.items()}
    ends = []
    for end in ("source", "destination"):
        port = first[f"{end}_port"]
        address6 = first[f"{end}6"]
        ends.append(f"[{address6}]:{port}" if address6 else f"{first[end]}:{port}")
    return ends


def sequences(by_frame, lines):
    """Each endpoint's states in order: (local, peer, begin, end, states). An endpoint that opens
    again within what we count as one connection begins anew."""
    found, over = {}, []
    for frame, row in sorted(by_frame.items()):
        time = kernel.nanoseconds(lines[frame]["time"])
        source, destination = ends_of(lines[frame])
        if row.sender == "server":
            source, destination = destination, source
        roles = [("client", source, destination), ("server", destination, source)]
        if row.sender == "self":
            roles = [("self", source, destination)]
        for role, local, peer in roles:
            key = (row.connection, role)
            found.setdefault(key, [local, peer, time, time, []])[3] = time
            for transition in row.transitions:
                who, change = transition.split(" ", 1)
                old, new = change.split(" -> ")
                if who != role:
                    continue
                if old == "CLOSED" and new == "SYN_RECEIVED":
                    over.append(found[key])
                    found[key] = [local, peer, time, time, []]
                kernel.walk(found[key][4], old, new)
    return over + list(found.values())


@pytest.mark.parametrize("name", sorted(HEALTHY))
def test_healthy_raises_nothing(shown, name):
    """A capture of healthy connections shows no event above chat, in any pass."""
    for mode in ("fields", "two-pass"):
        loud = {
            (frame, event)
            for frame, row in shown.rows(name, mode).items()
            for event in row.events
            if notation.EVENTS[event] != "CHAT"
        }
        assert not loud


def test_row_fields_are_all_compared():
    """A field that is added to rows is compared too."""
    assert set(tshark.FIELDS) - {"frame", "phase"} == set(rows.Row.__dataclass_fields__)
