# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged and hostile captures through tshark with the plugin built under the sanitizers.

Any word from a sanitizer, any crash of tshark and any time-out is a failure; the capture is kept.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import hostile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOBODY = "65534"
RATES = ("0.001", "0.01", "0.05", "0.2")
SNAPLENS = (34, 40, 54, 60, 68)
FIELDS = [f"-e{f}" for f in ("frame.number", "tcpstate.phase", "tcpstate.event", "tcpstate.open")]

# How each capture is read; a damaged one takes the next.
WAYS = (
    ["-V"],
    ["-2", "-V"],
    ["-q", "-z", "tcpstate,connections"],
    ["-2", "-Y", "tcpstate", "-T", "fields", *FIELDS],
    ["-q", "-z", "tcpstate,census", "-z", "tcpstate,events", "-z", "expert", "-z", "tcpstate,log"],
    ["-T", "json", "-J", "tcpstate"],
    ["-q", "-z", "flow,tcpstate,network"],
)
SIGNS = ("AddressSanitizer", "runtime error", "Dissector bug", "Sanitizer:")


class Run:
    """Reads captures with a sanitized plugin; counts what was read, keeps what fails."""

    def __init__(self, plugins, folder, seconds):
        self.folder, self.seconds = folder, seconds
        self.packets, self.failures = 0, 0
        self.kinds = collections.Counter()
        folder.chmod(0o777)
        shutil.copytree(plugins, folder / "plugins")
        self.environment = [
            f"HOME={folder}",
            f"WIRESHARK_PLUGIN_DIR={folder / 'plugins'}",
            "ASAN_OPTIONS=detect_leaks=0:abort_on_error=1",
            "UBSAN_OPTIONS=print_stacktrace=1",
            # Each allocation of Wireshark's by itself, so that a read beyond it does not go unseen.
            "WIRESHARK_DEBUG_WMEM_OVERRIDE=simple",
            "LC_ALL=C.UTF-8",
        ]
        module = next(folder.glob("plugins/*/epan/tcpstate.so"))
        linked = subprocess.run(["ldd", module], capture_output=True, text=True, check=True).stdout
        runtime = [line.split()[2] for line in linked.splitlines() if "libasan" in line]
        if runtime:
            self.environment.append(f"LD_PRELOAD={runtime[0]}")
        self._check_loaded()

    def _tshark(self, *arguments):
        identity = []
        if os.geteuid() == 0:
            identity = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        command = [*identity, "env", *self.environment, "tshark", *map(str, arguments)]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, timeout=self.seconds, errors="replace"
        )

    def _check_loaded(self):
        """A field that no plugin registered is an error."""
        capture = self.folder / "empty"
        capture.write_bytes(hostile.pcap([]))
        capture.chmod(0o644)
        done = self._tshark("-r", capture, "-T", "fields", "-e", "tcpstate.phase")
        if done.returncode:
            sys.exit(f"damage: tshark did not load the plugin\n{done.stderr}")

    def read(self, kind, data, ways=1):
        """Reads a capture, given as octets, in so many of the ways."""
        capture = self.folder / "damaged"
        capture.write_bytes(data)
        capture.chmod(0o644)
        count = packets_in(capture)
        for _ in range(ways):
            way = WAYS[self.kinds.total() % len(WAYS)]
            self.kinds[kind] += 1
            self.packets += count
            problem = self._problem(capture, way)
            if problem:
                self.failures += 1
                kept = pathlib.Path(f"damage-failure-{self.failures}.pcap").resolve()
                shutil.copyfile(capture, kept)
                print(f"{kind}: tshark -r {kept} {' '.join(way)}\n{problem}", file=sys.stderr)

    def _problem(self, capture, way):
        try:
            done = self._tshark("-n", "-r", capture, *way)
        except subprocess.TimeoutExpired:
            return f"still running after {self.seconds} seconds"
        said = [line for line in done.stderr.splitlines() if any(s in line for s in SIGNS)]
        said += [line for line in done.stdout.splitlines() if "Dissector bug" in line and "tcpstate" in line]
        # 2 is tshark's word for a capture that is cut or damaged as a file.
        if said or done.returncode not in (0, 2):
            return f"exit {done.returncode}\n" + "\n".join((said or [done.stderr])[:40])
        return None


def packets_in(capture):
    done = subprocess.run(["capinfos", "-rcMT", capture], capture_output=True, text=True)
    last = done.stdout.split()[-1:] or ["0"]
    return int(last[0]) if last[0].isdigit() else 0


def edited(capture, *options):
    """A capture through editcap, as octets."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(
            ["editcap", *options, capture, out.name], check=True, capture_output=True
        )
        return pathlib.Path(out.name).read_bytes()


def merged(folder):
    """The sample captures one behind another, one file for each kind of link: tshark's start takes
    longer than a small capture."""
    packets = collections.defaultdict(list)
    for capture in sorted((ROOT / "captures").glob("*.pcapng")):
        linktype, found = hostile.read_pcap(edited(capture, "-F", "nsecpcap"))
        packets[linktype] += found
    for linktype, found in packets.items():
        path = folder / f"merged-{linktype}.pcap"
        path.write_bytes(hostile.pcap(found, linktype))
        yield path


def shuffled(capture, order):
    """The packets of a capture in another order, each with its own time."""
    linktype, packets = hostile.read_pcap(capture.read_bytes())
    order.shuffle(packets)
    return hostile.pcap(packets, linktype)


def mangled(frames, order):
    """Frames with some octets changed behind the link layer, at one packet a millisecond."""
    packets = []
    for index, frame in enumerate(frames):
        octets = bytearray(frame)
        for _ in range(order.choice((0, 1, 1, 2, 8))):
            octets[order.randrange(12, len(octets))] = order.randrange(256)
        packets.append((index // 1000, index % 1000 * 1000000, bytes(octets)))
    return hostile.pcap(packets)


def damage_once(run, captures, frames, order):
    """One round over all kinds of damage."""
    for capture in captures:
        for rate in RATES:
            seed = str(order.randrange(1 << 30))
            run.read("damaged octets", edited(capture, "-E", rate, "--seed", seed))
        run.read("cut packets", edited(capture, "-s", str(order.choice(SNAPLENS))))
        run.read("shuffled", shuffled(capture, order))
    run.read("mangled headers", mangled(order.sample(frames, len(frames)), order), ways=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plugins", required=True, type=pathlib.Path, help="plugin folder to load")
    parser.add_argument("--packets", type=int, default=100000, help="how many at least")
    parser.add_argument("--syns", type=int, default=20000, help="SYNs on one pair of addresses")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    order = random.Random(arguments.seed)
    frames = hostile.frames()
    with tempfile.TemporaryDirectory(prefix="tcpstate-damage-") as folder:
        run = Run(arguments.plugins, pathlib.Path(folder), seconds=300)
        captures = list(merged(run.folder))
        run.read("hostile headers", mangled(frames, random.Random(0)), ways=len(WAYS))
        for capture in hostile.extreme_times():
            run.read("extreme times", capture, ways=3)
        run.read("many SYNs on one pair", hostile.many_syns(arguments.syns))
        while run.packets < arguments.packets:
            damage_once(run, captures, frames, order)
    for kind, count in run.kinds.items():
        print(f"{count:6} runs: {kind}")
    print(f"{run.packets} packets, {run.failures} failures")
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
