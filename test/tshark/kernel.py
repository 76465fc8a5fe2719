# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the states we show with the kernel's own record of the same sockets (NAME.kernel)."""

import csv
import dataclasses

SECOND = 1_000_000_000
SLACK = SECOND // 20  # between a segment and the line of the record that belongs to it

# How far an endpoint has come; a revision takes it back.
ORDER = (
    "UNKNOWN LISTEN SYN_SENT SYN_RECEIVED ESTABLISHED FIN_WAIT_1 CLOSE_WAIT FIN_WAIT_2 CLOSING "
    "LAST_ACK TIME_WAIT CLOSED"
).split()

# What a socket does in silence: a time-out, an abort before anything can be sent.
SILENT = {
    ("SYN_SENT", "CLOSED"),
    ("SYN_RECEIVED", "CLOSED"),
    ("FIN_WAIT_1", "CLOSED"),
    ("FIN_WAIT_2", "CLOSED"),
    ("CLOSING", "CLOSED"),
    ("LAST_ACK", "CLOSED"),
    ("TIME_WAIT", "CLOSED"),
}


# Endpoints that are known to differ, and why no observer at that place could know better.
KNOWN = {
    "close-wait-keepalive-dead-peer-at-b": {
        "10.0.0.1:40000 to 10.0.0.2:80": "the RST that should close it was captured, then lost",
    },
    "defer-accept-aborted-at-a": {
        "10.0.0.2:80 to 10.0.0.1:40000": "TCP_DEFER_ACCEPT: it left the ACK aside, in silence",
    },
    "defer-accept-aborted-at-b": {
        "10.0.0.2:80 to 10.0.0.1:40000": "TCP_DEFER_ACCEPT: it left the ACK aside, in silence",
    },
    "handshake-never-finished": {
        "10.0.4.1:40000 to 10.0.4.2:80": "its ACK was withheld before the place of capture",
    },
    "keepalive-dead-peer": {
        "10.0.0.2:80 to 10.0.0.1:40000": "the RST that should close it was captured, then lost",
    },
    "nat-both-sides": {
        "10.0.0.254:40000 to 10.0.0.2:80": "the router's address: the socket is the client's",
        "10.0.0.2:80 to 192.168.0.1:40000": "the client's address: the server knows the router's",
    },
    "old-duplicate-syn-at-a": {
        "10.0.0.1:40000 to 10.0.0.2:80": "tcp_max_tw_buckets was 0: no TIME_WAIT",
    },
    "old-duplicate-syn-at-b": {
        "10.0.0.1:40000 to 10.0.0.2:80": "tcp_max_tw_buckets was 0: no TIME_WAIT",
    },
    "time-wait-survives-reset": {
        "10.0.0.2:80 to 10.0.0.1:4000": "the new connection has no server: the old one answers",
    },
    "simultaneous-open-syn-lost-at-a": {
        "10.0.0.2:40002 to 10.0.0.1:40001": "its SYN was lost before the place of capture",
    },
}


@dataclasses.dataclass
class Life:
    """One incarnation of an endpoint: its states, and when each was entered."""

    states: list
    times: list

    @property
    def begin(self):
        return self.times[0]


def nanoseconds(text):
    seconds, _, fraction = text.partition(".")
    return int(seconds) * SECOND + int(fraction.ljust(9, "0")[:9])


def read(path):
    """The record: the lives of each (endpoint, peer), in order."""
    lives = {}
    with open(path, encoding="ascii", newline="") as file:
        for line in csv.DictReader(file):
            known = lives.setdefault((line["endpoint"], line["peer"]), [])
            when = nanoseconds(line["time"])
            opens = line["old"] == "LISTEN" or (line["old"], line["new"]) == ("CLOSED", "SYN_SENT")
            if not known or opens:
                known.append(Life([line["old"]], [when]))
            known[-1].states.append(line["new"])
            known[-1].times.append(when)
    return lives


def walk(states, old, new):
    """Adds a transition to the states an endpoint went through. A revision removes what was
    inferred too early: the last state or two, never more."""
    if not states:
        states.append(old)
    if ORDER.index(new) < ORDER.index(old) and new in states[-3:]:
        while states[-1] != new:
            states.pop()
    else:
        states.append(new)


def differences(shown, lives):
    """What differs between what is shown and the record.

    shown: per connection, the two endpoints' (local, peer, begin, end, states). Each is compared
    with the life that began last before its end.
    """
    wrong = []
    left = {ends: list(known) for ends, known in lives.items()}
    for local, peer, _begin, end, states in sorted(shown, key=lambda s: s[2], reverse=True):
        candidates = left.get((local, peer), [])
        while candidates and candidates[-1].begin > end + SLACK:
            candidates.pop()
        problem = difference(states, candidates.pop() if candidates else None, end)
        if problem:
            wrong.append(f"{local} to {peer}: {problem}")
    return wrong


def difference(states, life, end):
    """Nothing if the endpoint went through these states, but for what it did in silence, or after
    the last segment captured, at the end."""
    ours = states[1:] if states and states[0] in ("LISTEN", "UNKNOWN", "CLOSED") else list(states)
    if life is None:  # no socket: nothing but a closed port can answer
        return "" if set(ours) <= {"CLOSED"} else f"{ours}, but the kernel had no such socket"
    theirs, times = life.states[1:], life.times[1:]
    if theirs[-1] == "TIME_WAIT" and ours[-2:] == ["TIME_WAIT", "CLOSED"]:
        ours.pop()  # the record does not tell when TIME_WAIT ended
    if theirs[-2:] == ["SYN_RECEIVED", "CLOSED"] and ours[-1:] == ["LISTEN"]:
        ours[-1] = "CLOSED"  # the request is gone, its listener is not
    if ours == theirs[: len(ours)]:
        steps = zip(["CLOSED", *theirs], theirs, times)
        missing = list(steps)[len(ours) :]
        if all((old, new) in SILENT or when > end + SLACK for old, new, when in missing):
            return ""
    return f"{' '.join(ours)}, the kernel's: {' '.join(theirs)}"
