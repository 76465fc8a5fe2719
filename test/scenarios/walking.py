# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the program walk: segments in, a line about each out, any number of captures in one process."""

import dataclasses
import functools
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def built():
    """The program walk that was built last."""
    found = sorted(ROOT.glob("build*/test/walk"), key=lambda path: path.stat().st_mtime)
    if not found:
        sys.exit("walk is not built: cmake -S . -B build -G Ninja && ninja -C build walk")
    return str(found[-1])


@dataclasses.dataclass(frozen=True)
class Segment:
    """A captured TCP header, and what its packet says about it."""

    time: int  # nanoseconds
    side: int  # 0 or 1: which end of the pair sent it
    header: bytes
    length: int  # octets of text
    kind: str = "segment"  # or icmp: quoted by an ICMP error
    pair: int = 0
    self_connection: bool = False
    ip_id: int = 0
    ttl: int = 64
    link: int = 0

    @functools.cached_property
    def rest(self):
        """What walk is told of it after its time and its frame."""
        return (
            f"{self.pair} {self.side} {int(self.self_connection)} {self.ip_id} {self.ttl} "
            f"{self.link} {self.length} {self.header.hex()}"
        )

    def line(self, frame):
        return f"{self.kind} {self.time} {frame} {self.rest}"


def end_line(time):
    """What tells walk that the capture ends."""
    return f"end {time}"


def answers(program, captures):
    """What walk answers to each capture, which is a list of lines: lists of lines."""
    given = [line for lines in captures for line in ("begin .", *lines)]
    given = "".join(line + "\n" for line in given)
    done = subprocess.run([program], input=given, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    parts = done.stdout.split("begin .\n")[1:]
    assert len(parts) == len(captures)
    return [part.splitlines() for part in parts]
