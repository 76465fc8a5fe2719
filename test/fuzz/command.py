# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged and hostile captures through the command and its walker, built under the sanitizers.

Any word from a sanitizer, any exit status that it has not, and any time-out is a failure; the capture
is kept.
"""

import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import damage
import hostile

STATUSES = {0, 1, 2}
WAYS = (
    ["--format", "json"],
    ["--format", "zeek", "--checksums"],
    ["--format", "table", "--mix-vlans"],
    ["--format", "csv", "--stream", "-o", "msl:1", "--patience", "1"],
    ["--format", "tsv", "--shard", "2/3"],
    ["--alerts", "--stuck", "--reset", "--unanswered", "--format", "json"],
)
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:abort_on_error=1")


class Run:
    """Reads captures; counts the packets, keeps what fails."""

    def __init__(self, command, walker, folder):
        self.command, self.walker, self.folder = command, walker, folder
        self.packets = self.failures = self.turn = 0

    def _check(self, path, arguments, statuses):
        done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True,
                              errors="replace", timeout=300)
        if done.returncode in statuses and not any(sign in done.stderr for sign in damage.SIGNS):
            return
        self.failures += 1
        kept = shutil.copy(path, tempfile.mkdtemp(prefix="tcpstate-fuzz-"))
        print(f"{' '.join(map(str, arguments[1:-1]))} {kept}: {done.returncode}\n{done.stderr[-2000:]}")

    def read(self, octets, packets, walk=False):
        """One capture, in the next way; walk: its frames are cut at every place, too."""
        path = self.folder / "capture"
        path.write_bytes(octets)
        self._check(path, [self.command, *WAYS[self.turn % len(WAYS)], path], STATUSES)
        if walk:
            self._check(path, [self.walker, path], STATUSES)
        self.turn += 1
        self.packets += packets


def cut_file(octets, order):
    """A file that ends too soon, or whose own headers are wrong."""
    octets = bytearray(octets[: order.randrange(1, len(octets))])
    for _ in range(order.choice((0, 1, 4))):
        octets[order.randrange(len(octets))] = order.randrange(256)
    return bytes(octets)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--command", required=True, type=pathlib.Path)
    parser.add_argument("--walker", required=True, type=pathlib.Path)
    parser.add_argument("--packets", type=int, default=1_000_000, help="how many at least")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    order = random.Random(arguments.seed)
    frames = hostile.frames()
    with tempfile.TemporaryDirectory(prefix="tcpstate-fuzz-") as folder:
        run = Run(arguments.command, arguments.walker, pathlib.Path(folder))
        captures = [path.read_bytes() for path in damage.merged(run.folder)]
        plain = hostile.pcap([(n, 0, frame) for n, frame in enumerate(frames)])
        for _ in WAYS:
            run.read(plain, len(frames), walk=run.turn == 0)
        for capture in hostile.extreme_times():
            run.read(capture, 120)
        run.read(hostile.many_syns(20_000), 20_000)
        while run.packets < arguments.packets:
            linktype, packets = hostile.read_pcap(order.choice(captures))
            many = [frame for _, _, frame in packets]
            run.read(damage.mangled(frames, order), len(frames), walk=run.turn % 50 == 0)
            run.read(damage.mangled(many, order), len(many), walk=run.turn % 50 == 1)
            run.read(cut_file(order.choice(captures), order), 1000)
    print(f"{run.packets} packets, {run.failures} failures")
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
