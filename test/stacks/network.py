# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hosts, each with a TCP stack of its own, on a link in memory, and a clock that only we move.

play() tells a story (cases.py says how one is written) and returns what came of it. The same story on
the same stacks with the same seed gives the same octets.
"""

import heapq
import itertools
import subprocess
from dataclasses import dataclass, field

from lab.rules import Rules
from lab.segment import parse

DELAY = 10_000  # microseconds that a segment takes, each way
QUIET = 60_000  # without a segment, and a story goes on that lets the network settle
STEP = 5_000
PATIENCE = 20_000_000
BEGIN = 1_000_000  # as in host.c
STORM = 400  # segments at one host, after which two stacks are taken to talk for ever
ADDRESSES = {"A": "10.0.0.1", "B": "10.0.0.2"}
PEER = {"A": "B", "B": "A"}


class StackError(Exception):
    """A stack has ended, or was told what it does not know."""


@dataclass
class Played:
    """What came of a story. Times are nanoseconds, and no two are equal: what happens within one
    microsecond of the network's clock is told apart by them."""

    views: dict = field(default_factory=lambda: {"A": [], "middle": [], "B": []})  # (time, packet)
    states: dict = field(default_factory=lambda: {"A": [], "B": []})  # (time, life, ports, state)
    bent: bool = False  # whether the link did any segment harm
    storm: bool = False
    end: int = 0


class Node:
    """A stack's program; README.md has the lines it understands."""

    def __init__(self, program, host, seed):
        self.process = subprocess.Popen(
            [program, ADDRESSES[host], ADDRESSES[PEER[host]], str(seed)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.wake = None  # when it wants its clock again
        self.now = 0

    def tell(self, line):
        """What it answers to a line, word by word."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answers = []
        while True:
            words = self.process.stdout.readline().decode().split()
            if not words:
                raise StackError(f"{self.process.args[0]} ended at: {line}")
            if words[0] == ".":
                return answers
            if words[0] == "N":
                self.wake = None if words[1] == "-1" else int(words[1])
            else:
                answers.append(words)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Network:
    """The hosts, the link, the clock."""

    def __init__(self, programs, seed, weather=None):
        self.nodes = {host: Node(programs[host], host, 2 * seed + (host == "B"))
                      for host in ADDRESSES}
        self.now, self.order = BEGIN, itertools.count()
        self.weather = weather or Rules()
        self.queue = []  # [due, order, receiver, packet]; no packet: it was delivered sooner
        self.held, self.swapped = [], {}
        self.played = Played()
        self.last_time = self.last_packet = 0

    # Hosts

    def _stamp(self):
        """The time of what happens now."""
        self.last_time = max(self.last_time + 1, self.now * 1000)
        return self.last_time

    def tell(self, host, line):
        node = self.nodes[host]
        if node.now != self.now and not line.startswith("T"):
            self.tell(host, f"T {self.now}")
        node.now = self.now
        entered = []
        for kind, *words in node.tell(line):
            if kind == "S":
                life, local, remote = map(int, words[:3])
                entered.append((life, (local, remote), words[3]))
            elif kind == "O":
                self._send(host, bytes.fromhex(words[0]), entered)
                entered = []
        self._keep(host, self._stamp(), entered)

    def _keep(self, host, time, entered):
        """The states that a stack has entered; those before it sent something, with what it sent."""
        self.played.states[host] += [(time, *state) for state in entered]

    def _capture(self, view, packet):
        """Capture a packet at a view; returns when."""
        self.last_packet = self.now
        packets, time = self.played.views[view], self._stamp()
        packets.append((time, packet))
        self.played.storm |= len(packets) > STORM
        return time

    # Link

    def _send(self, host, packet, entered):
        segment = parse(packet)
        if not segment:
            return
        self._keep(host, self._capture(host, packet), entered)
        self._capture("middle", packet)
        verdict = self.weather.judge(host, segment)
        self.played.bent |= verdict.fate != "pass" or len(verdict.delays) > 1
        flow = segment.src, segment.dst
        overtaken = self.swapped.pop(flow, None)
        if verdict.fate == "hold":
            self.held.append((PEER[host], packet))
        elif verdict.fate == "swap":
            self.swapped[flow] = self._deliver(PEER[host], packet, verdict.delays[0])
        else:
            for delay in verdict.delays:
                self._deliver(PEER[host], packet, delay)
        if overtaken and overtaken[3]:
            self._deliver(PEER[host], overtaken[3], 0)
            overtaken[3] = None

    def _deliver(self, host, packet, delay):
        entry = [self.now + DELAY + round(delay * 1e6), next(self.order), host, packet]
        heapq.heappush(self.queue, entry)
        return entry

    def release(self):
        """Deliver all that was held, in the order it was sent."""
        for host, packet in self.held:
            self._deliver(host, packet, 0)
        self.held = []

    # Time

    def run_until(self, end):
        """Let everything happen that is due by then."""
        while not self.played.storm:
            due = [(max(node.wake, self.now), 1, host) for host, node in self.nodes.items()
                   if node.wake is not None]
            if self.queue:
                due.append((max(self.queue[0][0], self.now), 0, ""))
            if not due or min(due)[0] > end:
                self.now = max(self.now, end)
                return
            self.now, is_timer, host = min(due)
            if is_timer:
                self._run_timers(host)
            else:
                _due, _order, host, packet = heapq.heappop(self.queue)
                if packet:
                    self._arrive(host, packet)

    def _run_timers(self, host):
        node, before = self.nodes[host], self.nodes[host].wake
        self.tell(host, f"T {self.now}")
        if node.wake == before:  # it has nothing to do and asks again at once
            node.wake = self.now + 1000

    def _arrive(self, host, packet):
        if self.nodes[host].now != self.now:
            self.tell(host, f"T {self.now}")
        self._capture(host, packet)
        self.tell(host, "P " + packet.hex())

    def settle(self):
        """Until no segment has passed for a while."""
        end = self.now + PATIENCE
        while self.now < end and not self.played.storm:
            if not self.queue and self.now >= self.last_packet + QUIET:
                return
            self.run_until(min(end, self.now + STEP))

    # Stories

    def do(self, line):
        """Do one line of a story."""
        word, _space, rest = line.partition(" ")
        if word == "wait":
            self.run_until(self.now + int(rest) * 1000)
        elif word == "settle":
            self.settle()
        elif line == "net release":
            self.release()
        elif word == "net":
            self.weather = Rules(rest.split("; "))
        elif word in self.nodes:
            self.tell(word, "C " + rest)
        else:
            raise ValueError(f"no such line: {line}")

    def close(self):
        for node in self.nodes.values():
            node.close()


def play(story, programs, seed, weather=None):
    """Tell a story, line by line; programs: by host."""
    network = Network(programs, seed, weather)
    try:
        for line in story:
            network.do(line)
    finally:
        network.close()
    network.played.end = max(network.now * 1000, network.last_time + 1)
    return network.played
