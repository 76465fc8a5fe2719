# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays stories, one or many at once, on a network with its judge, and keeps what came of them.

A story is told in lines "WHO VERB ARGUMENTS [-> RESULT] [&]". WHO is the letter of a host, with a
name behind it if the host has several processes, and ":LABEL" if a process has several sockets:
"A send 10", "B2:7 close"; a name that begins with "A6" or "B6" is of IPv6. The verbs are the
actor's, and "kill". "-> ECONNRESET" says what must come of it (else "ok"), "-> any" that it does
not matter; with "&" the story goes on without waiting. Besides:

    net RULE [; RULE]     bend the network (see rules.py); "net clear" makes it straight again
    net release           let go what is held
    forge A> FIN,ACK [NAME N]...    put a segment on the link that A did not send (see forge.py)
    wait MS               let time pass
    rest MS               let time pass until no packet has been seen for long, or so much time
    settle                let time pass until no packet has been seen for a while
    sysctl B NAME V       set net.NAME on a host
    route B TYPE ADDRESS  add a route of a type ("unreachable") on a host
"""

import os
import selectors
import signal
import time

from . import actor, judge

QUIET = 0.05  # seconds without a packet that make a quiet moment
LONG_QUIET = 0.6  # longer than the first retransmission time-outs
PATIENCE = 90  # seconds before a story that waits is given up
POLL_EVERY = 0.01
POLL_SHARE = 5  # polls may take this part of the time, one in so many
OPEN_PER_STEP = 1  # stories begun at a time, for forks hold up the forwarder
PRIORITY = -15  # of the forwarder: a busy machine is not to be a slow network
CLOSES_APART = 0.003


class StoryError(Exception):
    """A story did not go as it was written."""


class Process:
    """An actor, and the answers it still owes."""

    def __init__(self, space, local, remote):
        self.pid, self.control = actor.start(space, local, remote)
        self.owed = []  # (line, expected result)
        self.dead = False

    def tell(self, line, expected):
        try:
            self.control.send(line.encode())
            self.owed.append((line, expected))
        except OSError as error:
            if expected != "any":
                raise StoryError(f"{line}: its process has ended") from error

    def hear(self):
        """Take in an answer; returns what is wrong with it, or None."""
        try:
            answer = self.control.recv(4096).decode()
        except BlockingIOError:
            return None
        except ConnectionResetError:
            answer = ""
        if not answer:
            self.dead, self.owed = True, []
            return None
        line, expected = self.owed.pop(0)
        return None if expected in ("any", answer) else f"{line}: {answer}, expected {expected}"

    def stop(self):
        """Kill it; reap() must follow."""
        os.kill(self.pid, signal.SIGKILL)
        self.control.close()

    def reap(self, options=0):
        """Take in its end; returns whether that is done."""
        return os.waitpid(self.pid, options) != (0, 0)


class Story:
    """A text being played; its ports, if any are given, tell its segments from others'."""

    def __init__(self, text, family=4, ports=()):
        self.text, self.index, self.ports = text, 0 if family == 4 else 1, ports
        self.scope = ports[0] if ports else None
        self.processes = {}
        self.last_packet = 0.0
        self.begin = self.end = None  # nanoseconds since the epoch
        self.error = None
        self.lines = None  # the generator that does them
        self.wake, self.listening = 0.0, False  # when to go on; whether an answer is waited for


class Stage:
    """A network with its judge, on which stories are played."""

    def __init__(self, network):
        self.network = network
        self.tracer = judge.Tracer()
        self.hosts = {host.name: host for host in network.hosts.values()}
        self.diags = {name: judge.Diag(host.space) for name, host in self.hosts.items()}
        self.polls = {name: [] for name in self.hosts}
        self.changes, self.seen = [], {"SYN": [], "SYN,ACK": []}  # (time, local, remote, ack)
        self.last_poll = self.next_poll = 0.0
        self.selector = selectors.DefaultSelector()
        for descriptor in network.descriptors():
            self.selector.register(descriptor, selectors.EVENT_READ)
        self.stories, self.by_port, self.stopped = [], {}, []
        self.priority = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)

    # Playing

    def play(self, stories, at_once=1):
        """Play all the stories, so many at once."""
        waiting, playing = list(stories), []
        while waiting or playing:
            for _ in range(min(OPEN_PER_STEP, len(waiting), at_once - len(playing))):
                playing.append(self._open(waiting.pop(0)))
            self._step(min(POLL_EVERY, self._until_wake(playing)))
            now = time.monotonic()
            for story in [story for story in playing if story.wake <= now]:
                if not self._go_on(story):
                    playing.remove(story)
                    self._finish(story)

    @staticmethod
    def _until_wake(playing):
        wake = min((story.wake for story in playing), default=0)
        return max(0.0, wake - time.monotonic())

    def _open(self, story):
        story.begin, story.lines = time.time_ns(), self._told(story)
        self.stories.append(story)
        for port in story.ports:
            self.by_port[port] = story
        return story

    def _go_on(self, story):
        """Let a story do what it can; returns whether it goes on."""
        try:
            if story.error is None:
                pause = next(story.lines)
                story.listening = pause is None
                story.wake = time.monotonic() + (PATIENCE if pause is None else pause)
                return True
        except StopIteration:
            pass
        except StoryError as error:
            story.error = str(error)
        return False

    def _finish(self, story):
        self._ask(time.monotonic(), True)
        story.end = time.time_ns()
        for process in story.processes.values():
            if not process.dead:
                self.selector.unregister(process.control)
            process.stop()
        self.stopped += story.processes.values()
        self.stopped = [process for process in self.stopped if not process.reap(os.WNOHANG)]
        story.processes = {}

    def _told(self, story):
        """Do the lines of a story; yields for how many seconds it has nothing to do."""
        for line in story.text.splitlines():
            who, *rest = line.split() or [""]
            if who == "net":
                self._net(story, " ".join(rest))
            elif who == "forge":
                self._forge(story, *rest)
            elif who == "wait":
                yield int(rest[0]) / 1000
            elif who == "settle":
                yield from self._settle(story, QUIET, PATIENCE)
            elif who == "rest":
                yield from self._settle(story, LONG_QUIET, int(rest[0]) / 1000)
            elif who == "sysctl":
                self.network.hosts[rest[0]].space.sysctl(*rest[1:])
            elif who == "route":
                self.network.hosts[rest[0]].space.ip("route", "add", *rest[1:])
            elif who:
                yield from self._tell(story, line)

    @staticmethod
    def _settle(story, quiet, at_most):
        begin = story.last_packet = time.monotonic()
        while (left := min(story.last_packet + quiet, begin + at_most) - time.monotonic()) > 0:
            yield left

    def _net(self, story, line):
        if line == "release":
            self.network.release(story.scope)
        else:
            self.network.set_rules([] if line == "clear" else line.split("; "), story.scope)

    def _forge(self, story, sender, flags, *words):
        changes = {name: int(number) for name, number in zip(words[::2], words[1::2])}
        self.network.forge(sender.rstrip(">"), flags, changes, story.scope)

    def _tell(self, story, line):
        waiting = not line.endswith("&")
        line, _arrow, expected = line.rstrip("& ").partition(" -> ")
        who, words = line.split(" ", 1)
        name, _colon, label = who.partition(":")
        process = story.processes.get(name) or self._start(story, name)
        if words == "kill":
            os.kill(process.pid, signal.SIGKILL)  # whatever it is doing
            return
        process.tell(f"{label or '0'} {words}", expected.strip() or "ok")
        deadline = time.monotonic() + PATIENCE
        while waiting and process.owed:
            if time.monotonic() > deadline:
                raise StoryError(f"{line}: still waiting after {PATIENCE} s")
            yield None  # until an answer comes

    def _start(self, story, name):
        host = self.network.hosts[name[0]]
        index = 1 if name[1:2] == "6" else story.index
        remote = (host.peer or host).addresses[index]
        process = Process(host.space, host.addresses[index], remote)
        story.processes[name] = process
        self.selector.register(process.control, selectors.EVENT_READ, (story, process))
        return process

    # The loop

    def _step(self, wait):
        due = self.network.timeout()
        ready = self.selector.select(wait if due is None else min(wait, due))
        news = self.network.forward()
        now = time.monotonic()
        for view, when, segment in news:
            self._note(view, when, segment, now)
        for key, _mask in ready:
            if key.data:
                self._hear(*key.data)
        self._ask(now)

    def _note(self, view, when, segment, now):
        story = (self.by_port.get(segment.src[1]) or self.by_port.get(segment.dst[1])
                 or self.stories[-1])
        story.last_packet = now
        host = self.hosts["A" if view == "lo" else view]
        if segment.src[0] in host.addresses and segment.kind in self.seen:
            self.seen[segment.kind].append((when, segment.src, segment.dst, segment.ack))

    def _hear(self, story, process):
        if process.control.fileno() < 0:
            return
        story.error = process.hear() or story.error
        if story.listening:
            story.wake = 0.0
        if process.dead:
            self.selector.unregister(process.control)

    def _ask(self, now, must=False):
        changes = self.tracer.changes()
        self.changes += changes
        gone = any(change.new == "CLOSED" for change in changes)
        if not (must or now >= self.next_poll or gone and now - self.last_poll > CLOSES_APART):
            return
        for name, diag in self.diags.items():
            self._keep_poll(self.polls[name], diag.poll())
        self.last_poll = time.monotonic()
        self.next_poll = self.last_poll + max(POLL_EVERY, POLL_SHARE * (self.last_poll - now))

    @staticmethod
    def _keep_poll(polls, poll):
        """Of polls that say the same in a row, keep the first and the last."""
        last = polls[-2:]
        if len(last) == 2 and last[0].states == last[1].states == poll.states:
            polls.pop()
        polls.append(poll)

    # What came of it

    def rows(self):
        """The kernel's account of every endpoint on this stage, in the order of time."""
        named, result = judge.lives(self.changes, self.seen["SYN"]), []
        for name, host in self.hosts.items():
            local = set(host.addresses)
            result += judge.history([entry for entry in named if entry[0][0][0] in local],
                                    self.polls[name],
                                    [one for one in self.seen["SYN,ACK"] if one[1][0] in local])
        return sorted(result)

    def close(self):
        for story in self.stories:
            for process in story.processes.values():
                process.stop()
                self.stopped.append(process)
        for process in self.stopped:
            process.reap()
        os.setpriority(os.PRIO_PROCESS, 0, self.priority)
        for diag in self.diags.values():
            diag.close()
        self.selector.close()
        self.tracer.close()
        self.network.close()
