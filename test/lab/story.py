# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a story: a script for both ends of a link, told in one order, and recorded.

A line is "WHO VERB ARGUMENTS [-> RESULT] [&]". WHO is the letter of a host with a name behind it
if the host has several processes, and ":LABEL" if a process has several sockets: "A send 10",
"B2:7 close"; a name that begins with "A6"
or "B6" is of IPv6. The verbs are the actor's. "-> ECONNRESET" says what must come of it (else "ok"),
"-> any" that it does not matter; with "&" the story goes on without waiting. Besides:

    net RULE          bend the network (see rules.py); "net clear" makes it straight again
    net release       let go what is held
    wait MS           let time pass
    settle            let time pass until no packet has been seen for a while
    until B STATE     wait until a socket of the host is in the state
    sysctl B NAME V   set net.NAME on a host
    route B TYPE ADDRESS  add a route of a type ("unreachable") on a host
"""

import os
import select
import signal
import time

from . import actor, judge

QUIET = 0.05  # seconds without a packet that make a quiet moment
PATIENCE = 90
POLL_EVERY = 0.01


class StoryError(Exception):
    """A story did not go as it was written."""


class Process:
    """An actor, and the answers it still owes."""

    def __init__(self, space, local, remote):
        self.pid, self.control = actor.start(space, local, remote)
        self.owed = []  # (line, expected result, whether anybody waits)
        self.dead = False

    def tell(self, line, expected):
        try:
            self.control.send(line.encode())
            self.owed.append((line, expected))
        except OSError as error:
            raise StoryError(f"{line}: its process has ended") from error

    def hear(self):
        """Take in an answer, and check it."""
        try:
            answer = self.control.recv(4096).decode()
        except BlockingIOError:
            return
        except ConnectionResetError:
            answer = ""
        if not answer:
            self.dead, self.owed = True, []
            return
        line, expected = self.owed.pop(0)
        if expected not in ("any", answer):
            raise StoryError(f"{line}: {answer}, expected {expected}")

    def stop(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        self.control.close()


class Stage:
    """A network with its judge, on which stories are played."""

    def __init__(self, network, family=4):
        self.network = network
        self.index = 0 if family == 4 else 1
        self.tracer = judge.Tracer()
        self.hosts = {host.name: host for host in network.hosts.values()}
        self.diags = {name: judge.Diag(host.space) for name, host in self.hosts.items()}
        self.polls = {name: [] for name in self.hosts}
        self.changes, self.answers = [], []
        self.processes = {}
        self.last_packet = self.last_poll = 0.0

    # Playing

    def play(self, text):
        """Do the lines of a story, one after the other."""
        for line in text.splitlines():
            line = line.split("#  ")[0].strip()
            if line:
                self._do(line)

    def _do(self, line):
        who, *rest = line.split()
        verb = rest.pop(0) if rest else ""
        if who == "net":
            self._net(verb, " ".join([verb, *rest]))
        elif who == "wait":
            self.pump(int(verb) / 1000)
        elif who == "settle":
            self.settle()
        elif who == "until":
            self._until(verb, rest[0])
        elif who == "sysctl":
            self.network.hosts[verb].space.sysctl(*rest)
        elif who == "route":
            self.network.hosts[verb].space.ip("route", "add", *rest)
        else:
            self._tell(line)

    def _net(self, verb, line):
        if verb == "release":
            self.network.release()
        elif verb == "clear":
            self.network.set_rules([])
        else:
            self.network.set_rules(line.split("; "))

    def _tell(self, line):
        waiting = not line.endswith("&")
        line, _arrow, expected = line.rstrip("& ").partition(" -> ")
        who, words = line.split(" ", 1)
        name, _colon, label = who.partition(":")
        process = self.processes.get(name) or self._start(name)
        process.tell(f"{label or '0'} {words}", expected.strip() or "ok")
        if waiting:
            self._pump_until(lambda: not process.owed, line)

    def _start(self, name):
        host = self.network.hosts[name[0]]
        index = 1 if name[1:2] == "6" else self.index
        remote = (host.peer or host).addresses[index]
        process = Process(host.space, host.addresses[index], remote)
        self.processes[name] = process
        return process

    def _until(self, host, state):
        name = self.network.hosts[host].name
        self._pump_until(lambda: state in self.polls[name][-1].states.values(),
                         f"until {host} {state}")

    def _pump_until(self, done, what):
        deadline = time.monotonic() + PATIENCE
        self._step(0)
        while not done():
            if time.monotonic() > deadline:
                raise StoryError(f"{what}: still waiting after {PATIENCE} s")
            self._step(POLL_EVERY)

    # The loop

    def pump(self, seconds):
        """Forward, capture and ask the kernel for that long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._step(min(left, POLL_EVERY))

    def settle(self):
        """Go on until a quiet moment."""
        self.pump(QUIET)
        while time.monotonic() - self.last_packet < QUIET:
            self.pump(QUIET - (time.monotonic() - self.last_packet) + 0.001)

    def _step(self, wait):
        due = self.network.timeout()
        sockets = {process.control: process
                   for process in self.processes.values() if not process.dead}
        ready, _, _ = select.select([*self.network.descriptors(), *sockets], [], [],
                                    wait if due is None else min(wait, due))
        news = self.network.forward()
        if news:
            self.last_packet = time.monotonic()
            self.answers += [(when, segment.src, segment.dst) for view, when, segment in news
                             if segment.kind == "SYN,ACK"
                             and segment.src[0] in self._addresses_at(view)]
        for control in ready:
            if control in sockets:
                sockets[control].hear()
        self._ask(time.monotonic())

    def _addresses_at(self, view):
        return self.hosts["A" if view == "lo" else view].addresses

    def _ask(self, now):
        changes = self.tracer.changes()
        self.changes += changes
        gone = any(change.new == "CLOSED" for change in changes)
        if gone or now - self.last_poll >= POLL_EVERY:
            self.last_poll = now
            for name, diag in self.diags.items():
                poll = diag.poll()
                last = self.polls[name][-2:]
                if len(last) == 2 and last[0].states == last[1].states == poll.states:
                    self.polls[name].pop()
                self.polls[name].append(poll)

    # What came of it

    def rows(self):
        """The kernel's account of every endpoint on this stage, in the order of time."""
        named, result = judge.lives(self.changes), []
        for name, host in self.hosts.items():
            local = set(host.addresses)
            result += judge.history([entry for entry in named if entry[0][0][0] in local],
                                    self.polls[name],
                                    [answer for answer in self.answers if answer[1][0] in local])
        return sorted(result)

    def close(self):
        for process in self.processes.values():
            process.stop()
        for diag in self.diags.values():
            diag.close()
        self.tracer.close()
        self.network.close()
