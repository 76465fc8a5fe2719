# SPDX-License-Identifier: GPL-2.0-or-later
"""Public captures with what other tools say of them, and what tcpstate says.

They stand beside the project if they are there at all; without them there is nothing to compare,
and that is no failure.
"""

import concurrent.futures
import csv
import functools
import hashlib
import ipaddress
import pathlib
import warnings

import tshark

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "shared" / "corpus"


def is_there():
    """Whether there is anything to compare; says so if not."""
    if not FOLDER.is_dir():
        warnings.warn("no corpus beside the project: nothing to compare", stacklevel=2)
    return FOLDER.is_dir()


@functools.cache
def captures():
    """The captures by the name that the expectations give them."""
    by_digest = {}
    for path in FOLDER.rglob("*"):
        if path.is_file() and path.suffix not in {".csv", ".md"}:
            by_digest[hashlib.sha256(path.read_bytes()).hexdigest()] = path
    with open(FOLDER / "manifest.csv", newline="", encoding="utf-8") as table:
        return {row["file"]: by_digest.get(row["sha256"]) for row in csv.DictReader(table)}


def expectations(tool):
    """What a tool's own tests expect of the captures that are there, each with its path."""
    with open(FOLDER / f"{tool}_expected.csv", newline="", encoding="utf-8") as table:
        rows = [(captures().get(row["file"]), row) for row in csv.DictReader(table)]
    return [(path, row) for path, row in rows if path]


def pair(*ends):
    """Two ends, each an address and a port, in whatever way the address is written."""
    return frozenset((str(ipaddress.ip_address(address)), str(port)) for address, port in ends)


def end(text):
    """The address and the port of "192.0.2.1:80" or "[2001:db8::1]:80"."""
    address, _, port = text.rpartition(":")
    return address.strip("[]"), port


def _connections(shark, path, checksums):
    verify = []
    for protocol in ("ip", "tcp"):
        verify += ["-o", f"{protocol}.check_checksum:{'TRUE' if checksums else 'FALSE'}"]
    done = shark.run("-q", "-r", path, *verify, "-z", "tcpstate,connections", check=False)
    lines = [line.split("|") for line in done.stdout.splitlines() if "|" in line]
    shown = {}
    for line in lines[1:]:
        row = {name.strip(): cell.strip() for name, cell in zip(lines[0], line)}
        ends = pair(end(row["Client"]), end(row["Server"]))
        shown.setdefault(ends, []).append(row)
    return shown


def connections(shark, runs):
    """The rows of -z tcpstate,connections of each run, a capture's path and whether checksums are
    verified: by the pair of ends, in the order of the capture."""
    runs = sorted(set(runs))
    with concurrent.futures.ThreadPoolExecutor(tshark.JOBS) as pool:
        return dict(zip(runs, pool.map(lambda run: _connections(shark, *run), runs)))
