# SPDX-License-Identifier: GPL-2.0-or-later
"""What was shown of each segment, and whether it is what a scenario expects."""

import dataclasses
import itertools

import notation
import walking

SETTLED = {"open", "close", "closer", "cause"}


@dataclasses.dataclass(frozen=True)
class Row:
    """What is shown of one segment."""

    connection: int
    sender: str
    client: str
    client_evidence: str
    server: str
    server_evidence: str
    stage: str
    open_step: int
    close_step: int
    transitions: tuple
    events: tuple
    open: str = ""
    close: str = ""
    closer: str = ""
    cause: str = ""
    answers: int = 0  # index of the packet in its scenario, from 1

    def phases(self):
        return (self.client, self.server)

    def evidence(self):
        return (self.client_evidence, self.server_evidence)

    def __str__(self):
        mark = {"seen": "", "inferred": "~", "assumed": "?"}
        text = " ".join(p + mark[e] for p, e in zip(self.phases(), self.evidence()))
        text += f" conn {self.connection} stage {self.stage}"
        text += f" open {self.open_step} close {self.close_step}"
        for name in ("open", "close"):
            if getattr(self, name):
                text += f" -> {name} {getattr(self, name)}"
        if self.closer:
            text += f" by {self.closer}"
        if self.cause:
            text += f" for {self.cause}"
        return text + "".join(f" ! {e}" for e in self.events) + f"  {list(self.transitions)}"


@dataclasses.dataclass(frozen=True)
class Final:
    """What the end of the capture tells of one connection."""

    client: str
    server: str
    open: str
    events: tuple


# Running the core


def segments_of(scenario):
    """What the core gets of each packet of a scenario; None of an ICMP error that refuses nothing."""
    vlans = scenario.vlans()
    return [_segment_of(step, scenario, vlans.index(step.vlan)) for step in scenario.packets()]


def _segment_of(step, scenario, pair):
    quoted = step.kind == "icmp"
    if quoted and not notation.UNREACHABLE[step.icmp][2]:
        return None
    return walking.Segment(
        step.time,
        int(step.direction == "<" and not scenario.self_connection),
        notation.tcp_header(step, scenario),
        step.len,
        "icmp" if quoted else "segment",
        pair,
        scenario.self_connection,
        0 if scenario.ipv6 else step.ip_id,
        step.ttl,
    )


def lines_of(scenario):
    """What walk is told of a scenario; a packet's frame is its place in it, from 1."""
    numbered = iter(enumerate(segments_of(scenario), 1))
    for step in scenario.steps:
        if step.kind == "end":
            yield walking.end_line(step.time)
            continue
        frame, segment = next(numbered)
        if segment:
            yield segment.line(frame)


def walk_scenarios(program, scenarios):
    """Runs scenarios through the core: of each a row (or None) per packet, and the final states at
    each of its ends."""
    told = walking.answers(program, [list(lines_of(scenario)) for scenario in scenarios])
    return [read_answer(lines, len(s.packets())) for s, lines in zip(scenarios, told)]


def walk_scenario(program, scenario):
    """The same of one."""
    return walk_scenarios(program, [scenario])[0]


def read_answer(lines, packets):
    """What walk answered to a capture of so many packets: their rows, and what it told at each end."""
    shown, finals, ending = [None] * packets, [], {}
    for line in lines:
        columns = line.split("\t")
        if line == ".":
            finals.append(ending)
            ending = {}
        elif len(columns) == 5:
            ending[int(columns[0])] = Final(*columns[1:4], split(columns[4]))
        elif len(columns) > 1:
            shown[int(columns[0]) - 1] = row_of(columns)
    return shown, finals


def split(text):
    return tuple(text.split(",")) if text else ()


def row_of(columns):
    """The row of a line of walk's answer."""
    return Row(
        int(columns[1]),
        *columns[2:8],
        int(columns[8] or 0),
        int(columns[9] or 0),
        split(columns[10]),
        split(columns[11]),
        *columns[12:16],
        int(columns[16] or 0),
    )


# Comparing with a scenario


class Checker:
    """Compares rows with what a scenario expects; differences are sentences."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.last = {}  # per connection, the expected phases after the line before
        self.wrong = []

    def rows(self, rows):
        for step, row in zip(self.scenario.packets(), rows):
            problems = self._row(step, row)
            self.wrong.append((step, row, problems))
        return self

    def finals(self, finals):
        ends = [step for step in self.scenario.steps if step.kind == "end"]
        for step, final in zip(ends, finals):
            expected = step.expected
            shown = final[expected.connection]
            problems = []
            phases = tuple(chain[-1] for chain in expected.phases)
            if phases != (shown.client, shown.server):
                problems.append(f"final states {shown.client} {shown.server}")
            if sorted(expected.events) != sorted(shown.events):
                problems.append(f"events {shown.events}")
            if expected.open and expected.open != shown.open:
                problems.append(f"open {shown.open}")
            self.wrong.append((step, shown, problems))
        return self

    def report(self):
        """Nothing when all is as expected, else the whole story with its differences."""
        if not any(problems for _, _, problems in self.wrong):
            return ""
        lines = [f"{self.scenario.name}: {self.scenario.story}"]
        for step, row, problems in self.wrong:
            lines.append(f"{step.line:4} {step.text}")
            if problems:
                lines.append(f"     shown: {row}")
                lines += [f"       ^^^ {problem}" for problem in problems]
        return "\n".join(lines)

    def _row(self, step, row):
        expected = step.expected
        if not expected.phases:
            return [] if row is None else ["expected no row"]
        if row is None:
            return ["no row"]
        problems = self._states(step, row) + self._transitions(step, row)
        problems += self._events(expected, row)
        for name in ("stage", "open_step", "close_step", "connection", "cause"):
            wanted = getattr(expected, name)
            if wanted is not None and wanted != getattr(row, name):
                problems.append(f"{name} {getattr(row, name)}, expected {wanted}")
        for name in ("open", "close", "closer"):
            if getattr(expected, name) != getattr(row, name):
                problems.append(f"settles {name} '{getattr(row, name)}'")
        if step.kind != "icmp" and row.sender != self._sender(step):
            problems.append(f"sender {row.sender}")
        return problems

    def _sender(self, step):
        if self.scenario.self_connection:
            return "self"
        client = self.clients.setdefault(step.expected.connection, ">")
        return "client" if step.direction == client else "server"

    @property
    def clients(self):
        """The direction of each connection's client: the file's client unless its first line
        says that the server began, by a state only an active opener can have."""
        if not hasattr(self, "_clients"):
            self._clients = {}
            for step in self.scenario.packets():
                index = step.expected.connection
                if index not in self._clients and step.expected.phases:
                    self._clients[index] = self._client_of(step)
        return self._clients

    @staticmethod
    def _client_of(step):
        pure_syn = step.flags & 0x02 and not step.flags & 0x10
        return "<" if pure_syn and step.direction == "<" else ">"

    def _states(self, step, row):
        expected = step.expected
        phases = tuple(chain[-1] for chain in expected.phases)
        if phases == row.phases() and expected.evidence == row.evidence():
            return []
        return ["other states"]

    def _transitions(self, step, row):
        expected = step.expected
        wanted = []
        roles = ["self"] if self.scenario.self_connection else ["client", "server"]
        for index, role in enumerate(roles):
            chain = list(expected.phases[index])
            last = self.last.get((expected.connection, index)) or self._before(step, index, chain)
            if last != chain[0]:
                chain.insert(0, last)
            wanted += [f"{role} {a} -> {b}" for a, b in itertools.pairwise(chain)]
            self.last[expected.connection, index] = chain[-1]
        return [] if sorted(wanted) == sorted(row.transitions) else [f"transitions {wanted}"]

    @staticmethod
    def _before(step, index, chain):
        """An endpoint's state before the first segment of its connection."""
        pure_syn = step.flags & 0x12 == 0x02
        return "CLOSED" if index == 0 and chain[0] == "SYN_SENT" and pure_syn else chain[0]

    @staticmethod
    def _events(expected, row):
        severity = notation.EVENTS
        missing = set(expected.events) - set(row.events)
        extra = {
            e
            for e in set(row.events) - set(expected.events)
            if expected.exact or severity[e] != "CHAT"
        }
        problems = [f"event {e} is missing" for e in sorted(missing)]
        problems += [f"event {e} was not expected" for e in sorted(extra)]
        if len(set(row.events)) != len(row.events):
            problems.append("an event was raised twice")
        return problems
