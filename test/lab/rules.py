# SPDX-License-Identifier: GPL-2.0-or-later
"""What the forwarder does to a segment: rules that name it, or a seeded random process.

A rule is a line:  ACTION [A>|B>] KIND [#N|#N-M|all]

    ACTION  drop | repeat MS | delay MS | swap | hold | reset
    A>      only segments that A sends
    KIND    SYN | SYN,ACK | ACK (neither SYN, FIN, RST nor data) | DATA | FIN | RST | any
    #N      only the Nth such segment since the rule was made (default: #1)

"swap" lets the next segment of the same connection and direction pass first; "hold" keeps a
segment until the network is told to release it; "reset" answers it with RST to both ends, as a
middlebox that has forgotten the connection.
"""

import re
from dataclasses import dataclass, field

RULE = re.compile(r"(drop|repeat|delay|swap|hold|reset)(?: (\d+))?(?: ([AB])>)? "
                  r"(SYN|SYN,ACK|ACK|DATA|FIN|RST|any)(?: (all|#(\d+)(?:-(\d+))?))?$")
BASE_DELAY = 0.001  # seconds that every segment takes in random weather
DEFAULT_MS = {"repeat": 0, "delay": 30, "swap": 150}


@dataclass
class Verdict:
    """What becomes of one segment: the delays (seconds) of its deliveries, or a special fate."""
    delays: list = field(default_factory=lambda: [0.0])
    fate: str = "pass"


class Rule:
    """One line, and how many segments it has counted."""

    def __init__(self, line):
        match = RULE.match(line)
        if not match:
            raise ValueError(f"no such rule: {line}")
        self.action, wait, self.sender, self.kind, which, first, last = match.groups()
        self.wait = float(wait or DEFAULT_MS.get(self.action, 0)) / 1000
        self.first = 1 if which != "all" and not first else int(first or 0)
        self.last = int(last or self.first) if which != "all" else float("inf")
        self.count = 0

    def applies(self, sender, segment):
        if self.sender not in (None, sender) or self.kind not in (segment.kind, "any"):
            return False
        self.count += 1
        return self.first <= self.count <= self.last

    def verdict(self):
        return {"drop": lambda: Verdict([], "drop"),
                "repeat": lambda: Verdict([0.0, self.wait]),
                "delay": lambda: Verdict([self.wait]),
                "swap": lambda: Verdict([self.wait], "swap"),
                "hold": lambda: Verdict([], "hold"),
                "reset": lambda: Verdict([], "reset")}[self.action]()


class Rules:
    """The rules in force: the first that applies decides; each counts all it matches."""

    def __init__(self, lines=()):
        self.rules = [Rule(line) for line in lines]

    def judge(self, sender, segment):
        hits = [rule for rule in self.rules if rule.applies(sender, segment)]
        return hits[0].verdict() if hits else Verdict()


class Weather:
    """A random process: loss, repetition and reordering with the given probability each."""

    def __init__(self, random, probability):
        self.random, self.probability = random, probability

    def judge(self, _sender, _segment):
        dice = self.random
        if dice.random() < self.probability:
            return Verdict([], "drop")
        delays = [BASE_DELAY]
        if dice.random() < self.probability:
            delays[0] += dice.uniform(0.002, 0.03)
        if dice.random() < self.probability:
            delays.append(delays[0] + dice.uniform(0, 0.02))
        return Verdict(delays)
