# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads scenario files (README.md says how they are written) and builds their TCP headers; packets.py
builds whole packets."""

import dataclasses
import pathlib
import re
import struct

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent / "src"

NANOSECOND = 1
SECOND = 1_000_000_000
STEP = 10_000_000  # between two lines that give no time
MODULUS = 1 << 32
# Both sides' numbers wrap within the first octets: a comparison that forgets the modulus fails.
ISN = {">": 0xFFFFFFFA, "<": 0xFFFFFFF0}

PHASES = set(
    "UNKNOWN LISTEN SYN_SENT SYN_RECEIVED ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 CLOSE_WAIT CLOSING "
    "LAST_ACK TIME_WAIT CLOSED".split()
)
EVIDENCE = {"": "seen", "~": "inferred", "?": "assumed"}
STAGES = {"opening", "established", "half-closed", "closing", "closed", "aborted"}
OPENS = set(
    "three-way simultaneous self fast-open split mid-stream refused unanswered half-open "
    "aborted".split()
)
CLOSES = set(
    "four-way three-way two-way simultaneous reset reset-after-fin none".split()
)
CLOSERS = {"client", "server", "both"}
FLAGS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, ".": 0x10, "U": 0x20, "E": 0x40, "W": 0x80}
UNREACHABLE = {  # name: (IPv4 type, code), (IPv6 type, code), whether it ends an attempt
    "net-unreachable": ((3, 0), (1, 0), True),
    "host-unreachable": ((3, 1), (1, 3), True),
    "protocol-unreachable": ((3, 2), (4, 1), True),
    "port-unreachable": ((3, 3), (1, 4), True),
    "admin-prohibited": ((3, 13), (1, 1), True),
    "time-exceeded": ((11, 0), (3, 0), True),
    "frag-needed": ((3, 4), (2, 0), False),
}


def declared_events():
    """The slugs of src/event.def with their declared severities."""
    text = (SOURCE / "event.def").read_text(encoding="utf-8")
    return dict(re.findall(r"^EVENT\((\w+),\s*(\w+),", text, re.M))


def declared_causes():
    """The causes of a reset in src/tcpstate.h."""
    text = (SOURCE / "tcpstate.h").read_text(encoding="utf-8")
    listed = text.split("TCPSTATE_CAUSES(X)", 1)[1].split("\n\n", 1)[0]
    return set(re.findall(r'X\(\w+, "([a-z-]+)"\)', listed))


EVENTS = declared_events()
CAUSES = declared_causes()


def events_about_capture():
    """The slugs of the group that tells of the capture itself, not of the connection."""
    text = (SOURCE / "event.def").read_text(encoding="utf-8")
    return set(re.findall(r"^EVENT\((\w+),\s*\w+,\s*ASSUMPTION,", text, re.M))


ABOUT_CAPTURE = events_about_capture()


class ScenarioError(Exception):
    """A scenario file that cannot be read."""


@dataclasses.dataclass
class Expected:
    """What a line says after its bar. None = the line says nothing about it."""

    phases: tuple = ()  # per role, the chain of phases the segment walks through
    evidence: tuple = ()
    stage: str = None
    connection: int = None
    open_step: int = None
    close_step: int = None
    open: str = ""  # "" = this segment must not settle it
    close: str = ""
    closer: str = ""
    cause: str = None
    events: tuple = ()
    exact: bool = False  # events below and at chat count too


@dataclasses.dataclass
class Step:
    """One line: a segment, a segment quoted by an ICMP error, or the end of the capture."""

    line: int
    text: str
    kind: str  # segment, copy, icmp, end
    time: int = 0  # nanoseconds from the start of the scenario
    direction: str = ">"
    flags: int = 0
    seq: int = 0  # relative to the sender's initial number; None: the number 0 itself
    ack: int = 0  # relative to the peer's
    shift: tuple = (0, 0)  # how far `isn` directives have moved the two initial numbers
    len: int = 0
    window: int = 65535
    options: tuple = ()
    ip_id: int = 0
    ttl: int = 64
    vlan: int = 0
    icmp: str = ""
    expected: Expected = None

    def number(self, relative, direction, isn):
        """An absolute sequence number of one side."""
        if relative is None:
            return 0
        return (isn[direction] + self.shift[direction == "<"] + relative) % MODULUS


@dataclasses.dataclass
class Scenario:
    """One file."""

    name: str
    story: str = ""
    steps: list = dataclasses.field(default_factory=list)
    self_connection: bool = False
    ipv6: bool = False
    exact: bool = False
    near_miss: tuple = ()  # events that this story must not raise: it is one condition short

    def packets(self):
        """The steps that stand for a packet."""
        return [step for step in self.steps if step.kind != "end"]

    def vlans(self):
        return sorted({step.vlan for step in self.packets()})


# Reading


def read(path):
    """Reads one scenario file."""
    scenario = Scenario(path.stem)
    reader = _Reader(scenario)
    comments = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#"):
            comment = line.lstrip("# ")
            if comment.startswith("near miss:"):
                scenario.near_miss += tuple(comment.split(":")[1].split())
            elif not scenario.steps:
                comments.append(comment)
            continue
        line = line.split(" # ")[0].strip()
        if not line:
            continue
        try:
            reader.line(number, line)
        except (ScenarioError, ValueError, KeyError, IndexError) as error:
            raise ScenarioError(f"{path.name}:{number}: {line}: {error!r}") from error
    scenario.story = " ".join(c for c in comments if not c.startswith("SPDX"))
    if not scenario.story:
        raise ScenarioError(f"{path.name}: the first line must say why this story is told")
    unknown = set(scenario.near_miss) - EVENTS.keys()
    if unknown:
        raise ScenarioError(f"{path.name}: unknown events {sorted(unknown)}")
    return scenario


def read_all():
    """Every scenario of the project, by name."""
    return [read(path) for path in sorted(HERE.glob("*.scn"))]


class _Reader:
    def __init__(self, scenario):
        self.scenario = scenario
        self.time = 0
        self.shift = [0, 0]
        self.ip_id = {">": 0x100, "<": 0x7000}
        self.connection = 0

    def line(self, number, line):
        word = line.split()[0]
        if word in ("after", "self", "ipv6", "isn", "events"):
            return self._directive(line.split())
        said, _, expected = line.partition("|")
        words = said.split()
        times = int(words.pop(0)[1:]) if re.fullmatch(r"x\d+", words[0]) else 1
        for _ in range(times):
            step = self._step(number, line, list(words))
            step.expected = self._expected(expected)
            self.scenario.steps.append(step)
        return None

    def _directive(self, words):
        if words == ["self"]:
            self.scenario.self_connection = True
        elif words == ["ipv6"]:
            self.scenario.ipv6 = True
        elif words == ["events", "exact"]:
            self.scenario.exact = True
        elif words[0] == "after":
            self._after(HERE / f"{words[1]}.scn")
        elif words[0] == "isn":
            self.shift[words[1] == "<"] += int(words[2])
        else:
            raise ScenarioError("unknown directive")

    def _after(self, path):
        """Begins with another file's story, up to where its capture ends."""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = line.split(" # ")[0].strip()
            if line and not line.startswith("#") and "end" not in line.split("|")[0].split():
                self.line(number, line)

    def _step(self, number, line, words):
        step = Step(number, line, "segment", shift=tuple(self.shift))
        delta = STEP
        if words[0][0] in "+-" and words[0] != "-":
            delta = round(float(words.pop(0)) * SECOND)
        elif words[0] == "copy":
            delta = SECOND // 10_000
        self.time += delta
        step.time = self.time
        if words[0] == "end":
            step.kind = "end"
            return step
        if words[0] == "copy":
            return self._copy(step)
        if words[0] == "icmp":
            step.kind, step.icmp = "icmp", words[1]
            if step.icmp not in UNREACHABLE:
                raise ScenarioError("unknown ICMP error")
            words = words[2:]
        self._segment(step, words)
        return step

    def _copy(self, step):
        """The packet before it, captured once more."""
        last = [s for s in self.scenario.steps if s.kind == "segment"][-1]
        return dataclasses.replace(
            last, line=step.line, text=step.text, kind="copy", time=step.time
        )

    def _segment(self, step, words):
        step.direction = words.pop(0)
        if step.direction not in "<>":
            raise ScenarioError("direction")
        flags = words.pop(0)
        for letter in flags if flags != "-" else "":
            step.flags |= FLAGS[letter]
        numbers = words.pop(0)
        if numbers == "zero":
            step.seq = None
        else:
            seq, end, length = map(int, re.fullmatch(r"(-?\d+):(-?\d+)\((\d+)\)", numbers).groups())
            if end != seq + length:
                raise ScenarioError("SEQ:END(LEN) does not add up")
            step.seq, step.len = seq, length
        self.ip_id[step.direction] += 1
        step.ip_id = self.ip_id[step.direction]
        self._attributes(step, words)
        if bool(step.flags & FLAGS["."]) != ("ack" in words):
            raise ScenarioError("'.' and ack go together")

    def _attributes(self, step, words):
        names = {"ack": "ack", "win": "window", "id": "ip_id", "ttl": "ttl", "vlan": "vlan"}
        rest = " ".join(words)
        options = re.search(r"<(.*)>", rest)
        if options:
            step.options = tuple(self._option(o.split()) for o in options[1].split(","))
            rest = rest.replace(options[0], "")
        rest = rest.split()
        while rest:
            name, value = rest.pop(0), rest.pop(0)
            setattr(step, names[name], int(value, 0))

    @staticmethod
    def _option(words):
        if words[0] == "TS":
            return ("Timestamp", (int(words[2]), int(words[4])))
        if words[0] == "sack":
            return ("SAck", tuple(int(n) for n in words[1].split(":")))
        if words[0] == "FO":
            return (34, bytes.fromhex(words[1]) if len(words) > 1 else b"")
        if words[0] == "FOEXP":
            return (254, b"\xf9\x89" + (bytes.fromhex(words[1]) if len(words) > 1 else b""))
        simple = {"mss": "MSS", "wscale": "WScale"}
        if words[0] in simple:
            return (simple[words[0]], int(words[1]))
        return {"sackOK": ("SAckOK", b""), "nop": ("NOP", None), "eol": ("EOL", None)}[words[0]]

    def _expected(self, text):
        text, _, events = text.partition("!")
        expected = Expected(exact=self.scenario.exact)
        expected.events = tuple(re.split(r"[\s!]+", events.strip())) if events else ()
        for slug in expected.events:
            if slug not in EVENTS:
                raise ScenarioError(f"unknown event {slug}")
        words = text.replace("->", " -> ").split()
        phases = []
        while words and words[0].split(">")[0].rstrip("~?") in PHASES:
            phases.append(words.pop(0))
        if self.scenario.self_connection:
            phases *= 2
        chains = [p.rstrip("~?").split(">") for p in phases]
        if not set(sum(chains, [])) <= PHASES:
            raise ScenarioError("unknown state")
        expected.phases = tuple(tuple(c) for c in chains)
        expected.evidence = tuple(
            EVIDENCE[p[-1] if p[-1] in "~?" else ""] for p in phases
        )
        self._more(expected, words)
        expected.connection = self.connection
        return expected

    def _more(self, expected, words):
        verdict = False
        while words:
            word = words.pop(0)
            if word == "->":
                verdict = True
            elif word == "conn":
                self.connection = int(words.pop(0))
            elif word == "stage":
                expected.stage = _one_of(STAGES, words.pop(0))
            elif word == "open" and not verdict:
                expected.open_step = int(words.pop(0))
            elif word == "close" and not verdict:
                expected.close_step = int(words.pop(0))
            elif word == "open":
                expected.open = _one_of(OPENS, words.pop(0))
            elif word == "close":
                expected.close = _one_of(CLOSES, words.pop(0))
            elif word == "by":
                expected.closer = _one_of(CLOSERS, words.pop(0))
            elif word == "for":
                expected.cause = _one_of(CAUSES, words.pop(0))
            else:
                raise ScenarioError(f"what is {word}?")


def _one_of(allowed, word):
    if word not in allowed:
        raise ScenarioError(f"{word} is none of {sorted(allowed)}")
    return word


# Building headers

CLIENT_PORT, SERVER_PORT = 40000, 80

# Kinds of the options, and how what they hold is packed.
OPTIONS = {
    "EOL": (0, None),
    "NOP": (1, None),
    "MSS": (2, "!H"),
    "WScale": (3, "!B"),
    "SAckOK": (4, ""),
    "SAck": (5, "!II"),
    "Timestamp": (8, "!II"),
}


def ports(step, scenario):
    """Source and destination port of a step's segment."""
    if scenario.self_connection:
        return CLIENT_PORT, CLIENT_PORT
    order = (CLIENT_PORT, SERVER_PORT)
    return order if step.direction == ">" else order[::-1]


def peer_of(step, scenario):
    """The direction in which a step's receiver sends."""
    if scenario.self_connection:
        return step.direction
    return "<" if step.direction == ">" else ">"


def numbered_options(step, scenario):
    """A step's options with absolute sequence numbers."""
    peer = peer_of(step, scenario)
    for name, value in step.options:
        if name == "SAck":
            value = tuple(step.number(edge, peer, ISN) for edge in value)
        yield name, value


def tcp_header(step, scenario):
    """The octets of a step's TCP header, the checksum left 0."""
    options = b"".join(option_octets(*option) for option in numbered_options(step, scenario))
    options += bytes(-len(options) % 4)
    peer = peer_of(step, scenario)
    return struct.pack(
        "!HHIIBBHHH",
        *ports(step, scenario),
        step.number(step.seq, step.direction, ISN),
        step.number(step.ack, peer, ISN) if step.flags & FLAGS["."] else 0,
        (20 + len(options)) << 2,
        step.flags,
        step.window,
        0,
        0,
    ) + options


def option_octets(name, value):
    """The octets of one option; one that is named by its kind holds octets as they are."""
    kind, layout = OPTIONS.get(name, (name, ""))
    if layout is None:
        return bytes([kind])
    if layout:
        value = struct.pack(layout, *(value if isinstance(value, tuple) else (value,)))
    return bytes([kind, 2 + len(value)]) + value
