# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own account of its sockets: every change of state, and the states at a moment.

Changes come from the tracepoint sock:inet_sock_set_state, read in binary from a tracing instance
of our own whose clock is the packets'. States at a moment come from sock_diag, as in ss. The
tracepoint shows TIME_WAIT and an orphan's FIN_WAIT_2 as a change to CLOSED, and a request socket
only when it becomes a full one: history() puts the two accounts together.
"""

import bisect
import os
import re
import socket
import struct
import subprocess
import time
from collections import namedtuple

from judging.compare import Row

from .space import Space, own_mounts

TRACING = "/sys/kernel/tracing"
STATES = {1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECEIVED", 4: "FIN_WAIT_1", 5: "FIN_WAIT_2",
          6: "TIME_WAIT", 7: "CLOSED", 8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN",
          11: "CLOSING", 12: "SYN_RECEIVED"}

SYN_LEAVES = 2000000  # ns within which a SYN is captured
FAST_OPEN_DATA = 1 << 16  # more than the octets on a SYN, which its SYN,ACK may acknowledge or not
REQUEST_SETTLES = 50000000  # ns after which a request socket that no poll has shown is gone

Change = namedtuple("Change", "time socket old new local remote")
Poll = namedtuple("Poll", "begin end states")  # states: (local, remote) -> state


class Tracer:
    """A tracing instance with the one tracepoint enabled."""

    EVENT = "events/sock/inet_sock_set_state/"

    def __init__(self):
        if not os.path.exists(TRACING + "/instances"):
            own_mounts()
            subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACING], check=True)
        self._sweep()
        self.base = f"{TRACING}/instances/tcpstate-lab-{os.getpid()}/"
        os.mkdir(self.base)
        # Packets carry CLOCK_REALTIME; TAI is ahead of it by leap seconds, if any are configured.
        self.offset = 1000000000 * round(time.clock_gettime(time.CLOCK_TAI) - time.time())
        self._write("trace_clock", "tai")
        self._write("buffer_size_kb", "8192")
        self._write(self.EVENT + "filter", "protocol == 6")
        self._write(self.EVENT + "enable", "1")
        self.number = int(self._read(self.EVENT + "id"))
        cpus = [name for name in os.listdir(self.base + "per_cpu") if re.match(r"cpu\d", name)]
        self.pipes = [os.open(f"{self.base}per_cpu/{cpu}/trace_pipe_raw",
                              os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC) for cpu in cpus]

    @staticmethod
    def _sweep():
        """Remove the instances of labs that no longer run."""
        for name in os.listdir(TRACING + "/instances"):
            match = re.match(r"tcpstate-lab-(\d+)$", name)
            if match and not os.path.exists("/proc/" + match.group(1)):
                os.rmdir(f"{TRACING}/instances/{name}")

    def _read(self, name):
        with open(self.base + name, encoding="ascii") as file:
            return file.read()

    def _write(self, name, text):
        with open(self.base + name, "w", encoding="ascii") as file:
            file.write(text)

    def changes(self):
        """The changes since the last call, in the order of time."""
        found = []
        for pipe in self.pipes:
            while True:
                try:
                    page = os.read(pipe, 65536)
                except BlockingIOError:
                    break
                if not page:
                    break
                found.extend(self._events(page))
        return sorted(found)

    def _events(self, page):
        for when, data in _records(page):
            if struct.unpack_from("<H", data)[0] != self.number:
                continue
            address, old, new, sport, dport, family = struct.unpack_from("<QiiHHH", data, 8)
            v4 = family == socket.AF_INET
            ends = [socket.inet_ntop(family, data[at:at + (4 if v4 else 16)])
                    for at in ((32, 36) if v4 else (40, 56))]
            yield Change(when - self.offset, address, STATES[old], STATES[new],
                         (ends[0], sport), (ends[1], dport))

    def close(self):
        for pipe in self.pipes:
            os.close(pipe)
        self._write(self.EVENT + "enable", "0")
        os.rmdir(self.base)


def _records(page):
    """The records in one page of the kernel's ring buffer (Documentation/trace): (time, data)."""
    when, commit = struct.unpack_from("<QQ", page)
    top = when & (31 << 59)  # an absolute time stamp holds only the other 59 bits
    at, end = 16, 16 + (commit & 0xFFFFF)
    while at < end:
        head = struct.unpack_from("<I", page, at)[0]
        kind, delta = head & 31, head >> 5
        extra = struct.unpack_from("<I", page, at + 4)[0] if kind in (0, 29, 30, 31) else 0
        if kind == 29:  # padding
            if not delta:
                return
            at += 4 + extra
        elif kind == 30:  # a long pause
            when += (extra << 27) + delta
            at += 8
        elif kind == 31:  # an absolute time stamp
            when = top | ((extra << 27) + delta)
            at += 8
        else:
            when += delta
            size = kind * 4 if kind else extra - 4
            start = at + (4 if kind else 8)
            yield when, page[start:start + size]
            at = start + size


class Diag:
    """Asks one namespace for the state of all its TCP sockets."""

    NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, NLMSG_DONE = 4, 20, 0x301, 3

    def __init__(self, space):
        with space.inside():
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM,
                                        self.NETLINK_SOCK_DIAG)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

    def poll(self):
        """All sockets but listening ones, as a Poll."""
        begin, states = time.time_ns(), {}
        for family in (socket.AF_INET, socket.AF_INET6):
            request = struct.pack("=BBBxI48x", family, socket.IPPROTO_TCP, 0, 0xFFFFFFFF)
            self.socket.send(struct.pack("=IHHII", 16 + len(request), self.SOCK_DIAG_BY_FAMILY,
                                         self.NLM_F_REQUEST_DUMP, 1, 0) + request)
            while self._answer(family, states):
                pass
        return Poll(begin, time.time_ns(), states)

    def _answer(self, family, states):
        data, at = self.socket.recv(1 << 20), 0
        while at < len(data):
            size, kind = struct.unpack_from("=IH", data, at)
            if kind == self.NLMSG_DONE:
                return False
            if kind == self.SOCK_DIAG_BY_FAMILY:
                local, remote, state = _socket_of(data[at + 16:at + size], family)
                if state not in ("LISTEN", "CLOSED") and local[1] and remote[1]:
                    states[local, remote] = state
            at += (size + 3) & ~3
        return True

    def close(self):
        self.socket.close()


def _socket_of(message, family):
    state = STATES[message[1]]
    sport, dport = struct.unpack_from("!HH", message, 4)
    size = 4 if family == socket.AF_INET else 16
    ends = [socket.inet_ntop(family, message[at:at + size]) for at in (8, 24)]
    return (ends[0], sport), (ends[1], dport), state


def broken(rows):
    """The first row that does not go on from the one before of its endpoint, or None."""
    states = {}
    for row in rows:
        ends = row.local, row.remote
        begins = row.old == "LISTEN" or (row.old, row.new) == ("CLOSED", "SYN_SENT")
        if not begins and states.get(ends) != row.old:
            return row
        states[ends] = row.new
    return None


def missing():
    """What this machine lacks for the lab to run, in words; empty if nothing."""
    if os.geteuid() != 0:
        return ["root privileges"]
    lacks = []
    for what, attempt in (("network namespaces and TUN devices", _try_network),
                          ("the tracepoint sock:inet_sock_set_state", lambda: Tracer().close())):
        try:
            attempt()
        except (OSError, subprocess.CalledProcessError) as error:
            lacks.append(f"{what} ({error})")
    return lacks


def _try_network():
    space = Space("probe")
    os.close(space.tun("probe"))
    space.close()


class _Endpoint:
    """Builds the rows of one endpoint from what is told in the order of time."""

    def __init__(self, local, remote):
        self.ends = (local, remote)
        self.rows = []
        self.state = None
        self.mini = False  # the state is known from sock_diag alone: no full socket
        self.request_seen = False
        self.asked = 0  # when the last poll was made
        self.ack = 0  # of its last SYN,ACK

    def _add(self, when, old, new, source, after=None):
        self.rows.append(Row(when, *self.ends, old, new, source, after or when))
        self.state = new

    def answered(self, when, ack):
        """It sent a SYN,ACK: if it had no socket, a request socket was made just before. Of a SYN
        cookie there is none, and each SYN draws another. One that acknowledges another SYN is of
        another request, though no poll has shown the end of the one before."""
        another = min((ack - self.ack) % 2**32, (self.ack - ack) % 2**32) > FAST_OPEN_DATA
        self.ack = ack
        if another and self.mini and self.state == "SYN_RECEIVED":
            self._add(when, "SYN_RECEIVED", "CLOSED", "nominal")
        if self._cookie_given() and not another:
            self.rows.pop()
            self.state, self.mini = "SYN_RECEIVED", True
        elif self.state in (None, "CLOSED", "TIME_WAIT"):
            self._add(when, "LISTEN", "SYN_RECEIVED", "nominal")
            self.mini, self.request_seen = True, False

    def changed(self, change):
        if change.old == "LISTEN" and self._cookie_given():
            self.rows.pop()
            self.state, self.mini = "SYN_RECEIVED", True
        if change.old == "LISTEN" and self.state == "SYN_RECEIVED" and self.mini:
            self.mini = False
            return
        if change.old != change.new:  # shutdown(), then close(): told twice
            self._add(change.time, change.old, change.new, "tracepoint")
        self.mini = False

    def _cookie_given(self):
        """Whether the SYN,ACK before this held a SYN cookie: there was no request socket."""
        return (self.state == "CLOSED" and len(self.rows) > 1 and not self.request_seen
                and self.rows[-2].source == "nominal")

    def polled(self, when, state):
        """sock_diag says that it is in this state, or (None) that there is no such socket."""
        last = self.rows[-1] if self.rows else None
        if state == "SYN_RECEIVED" and self.state == state:
            self.request_seen = True
        elif state == self.state:
            pass
        elif self.state == "CLOSED" and state in ("TIME_WAIT", "FIN_WAIT_2"):
            self.mini = True
            self.rows.pop()
            if state == last.old:
                self.state = state
            else:
                self._add(last.time, last.old, state, "ss")
        elif self.mini and (state or not self._unseen_request(when)):
            self._add(when, self.state, state or "CLOSED", "ss", max(self.asked, last.time))
            self.mini = state is not None
        self.asked = when

    def _unseen_request(self, when):
        """Whether it is a request socket so young that no poll can have seen it."""
        return (self.state == "SYN_RECEIVED" and not self.request_seen
                and when - self.rows[-1].time < REQUEST_SETTLES)


def history(changes, polls, answers):
    """The rows of every endpoint of one host, in the order of time.

    changes: (endpoint, Change) as of lives(); polls: in the order of time; answers: (time, local,
    remote, SEG.ACK) of every SYN,ACK captured where it was sent.
    """
    told = [(when, 0, (local, remote), ack) for when, local, remote, ack in answers]
    told += [(change.time, 1, ends, change) for ends, change in changes]
    told += [(poll.begin, 2, None, poll) for poll in polls]
    busy = [(change.time, ends) for ends, change in changes]
    endpoints = {}
    for when, kind, ends, what in sorted(told, key=lambda entry: entry[:2]):
        if kind == 2:
            _apply_poll(endpoints, _during(busy, what), what)
            continue
        endpoint = endpoints.setdefault(ends, _Endpoint(*ends))
        if kind == 0:
            endpoint.answered(when, what)
        else:
            endpoint.changed(what)
    return sorted(row for endpoint in endpoints.values() for row in endpoint.rows)


def _during(busy, poll):
    """The endpoints that changed while the poll was made: what it says of them is moot."""
    first = bisect.bisect_left(busy, (poll.begin,))
    last = bisect.bisect_right(busy, (poll.end + 1,))
    return {ends for _time, ends in busy[first:last]}


def _apply_poll(endpoints, moot, poll):
    for ends, endpoint in endpoints.items():
        if ends not in moot:
            endpoint.polled(poll.begin, poll.states.get(ends))


def lives(changes, asked):
    """Each change with its endpoint: (local, remote), change.

    asked: of every SYN captured where it was sent, (time, local, remote, SEG.ACK).

    A connecting socket has no port at first, and the kernel uses the memory of a closed socket
    again, even for the other host: so a socket's changes are gathered up to its end.
    """
    open_lives, result = {}, []
    for change in changes:
        life = open_lives.setdefault(change.socket, [])
        life.append(change)
        if change.new == "CLOSED":
            result += _named(open_lives.pop(change.socket))
    for life in open_lives.values():
        result += _named(life) or _named_by_syn(life, asked)
    sent = {}
    for when, local, remote, _ack in asked:
        sent.setdefault((local, remote), []).append(when)
    result = [(ends, change) for ends, change, first, last in result
              if first.new != "SYN_SENT" or _was_sent(sent.get(ends, []), first.time, last.time)]
    return sorted(result, key=lambda entry: entry[1].time)


def _named_by_syn(life, asked):
    """The same of a connect() that still waits: its port stands in the SYN that left just then."""
    first = life[0]
    left = [(when, local) for when, local, remote, _ack in asked
            if remote == first.remote and first.time <= when <= first.time + SYN_LEAVES]
    if first.new != "SYN_SENT" or not left:
        return []
    return [((min(left)[1], first.remote), change, first, life[-1]) for change in life]


def _was_sent(times, begin, end):
    """Whether a SYN left: a connect() to a pair that is in use fails without one."""
    return any(begin - SYN_LEAVES <= when <= max(end, begin + SYN_LEAVES) for when in times)


def _named(life):
    if life[0].old not in ("CLOSED", "LISTEN"):
        return []  # of a namespace that is being removed
    ends = [(change.local, change.remote) for change in life
            if change.local[1] and change.remote[1]]
    return [(ends[-1], change, life[0], life[-1]) for change in life] if ends else []
