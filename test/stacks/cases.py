# SPDX-License-Identifier: GPL-2.0-or-later
"""The stories that the stacks play: written ones, and random ones.

A story is a list of lines. "A send c 100" is a call of the application c on host A (README.md lists the
calls; the connections that the listener l accepts are l.0, l.1, ...). Besides:

    wait MS     let time pass
    settle      let time pass until no segment has been sent for a while
    net RULE [; RULE]    bend the link from now on, as lab/rules.py says
    net release          let go what is held
"""

from dataclasses import dataclass, replace

LISTEN = ["B listen l 80"]
CONNECT = ["A connect c 4000 80 10.0.0.2"]
OPEN = LISTEN + CONNECT + ["settle"]
TALK = ["A send c 100", "wait 50", "B send l.0 100", "settle"]
REST = ["settle", "wait 3000", "settle", "wait 1000", "settle", "wait 8000", "settle"]
BY_CLIENT = ["A close c", "wait 80", "B close l.0"]
BY_SERVER = ["B close l.0", "wait 80", "A close c"]
AT_ONCE = ["A close c", "B close l.0"]
AGAIN = ["A connect d 4000 80 10.0.0.2", "wait 4000", "A send d 10", "settle", "A close d", "wait 80",
         "B close l.1"]
CROSSING = ["net hold A> SYN; hold B> SYN{}", "A connect c 4000 80 10.0.0.2", "wait 2",
            "B connect c 80 4000 10.0.0.1", "wait 50", "net release"]
TALK_CROSSED = ["A send c 100", "wait 50", "B send c 100", "settle"]
CLOSE_CROSSED = ["A close c", "wait 80", "B close c"]
BENDS = {"lost": "drop {}", "repeated": "repeat 5 {}", "repeated late": "repeat 700 {}",
         "swapped": "swap 400 {}", "late": "delay 40 {}"}


@dataclass
class Case:
    """A story; whether nobody misbehaves in it: then nothing may be said above chat but what it is."""

    name: str
    story: list
    healthy: bool = False
    notes: frozenset = frozenset()


def crossing(rules=""):
    """Both ends connect, and their SYNs cross."""
    return [line.format(rules) for line in CROSSING]


HEALTHY = {
    "four-way": OPEN + TALK + BY_CLIENT,
    "four-way by server": OPEN + TALK + BY_SERVER,
    "no data": OPEN + BY_CLIENT,
    "three-way": OPEN + TALK + ["A close c", "wait 10", "B close l.0"],
    "half-close with data": OPEN + TALK + [
        "A shutdown c", "wait 100", "B send l.0 900", "wait 100", "B send l.0 50", "wait 100",
        "B close l.0", "wait 100", "A close c"],
    "half-close by server": OPEN + TALK + [
        "B shutdown l.0", "wait 100", "A send c 900", "wait 100", "A close c", "wait 100",
        "B close l.0"],
    "shutdown both": OPEN + TALK + [
        "A shutdown c", "wait 100", "B shutdown l.0", "wait 100", "A close c", "B close l.0"],
    "bulk then close": OPEN + ["A send c 30000", "wait 20000"] + BY_CLIENT,
    "bulk both ways": OPEN + ["A send c 20000", "B send l.0 20000", "settle"] + BY_CLIENT,
    "data and close at once": OPEN + ["A send c 50", "A close c", "settle", "B close l.0"],
    "answer and close at once": OPEN + [
        "A send c 50", "wait 10", "B send l.0 500", "B close l.0", "settle", "A close c"],
    "send before established": LISTEN + CONNECT + ["A send c 50", "settle"] + BY_CLIENT,
    "close right after connect": LISTEN + CONNECT + ["wait 21", "A close c", "settle", "B close l.0"],
    "server closes at accept": LISTEN + CONNECT + ["wait 31", "B close l.0", "settle", "A close c"],
    "two connections": OPEN + [
        "A connect d 4001 80 10.0.0.2", "settle", "A send d 10", "A send c 10", "settle",
        *BY_CLIENT, "B close l.1", "wait 100", "A close d"],
    "long idle": OPEN + TALK + ["wait 30000"] + TALK + BY_CLIENT,
    "simultaneous close": OPEN + TALK + AT_ONCE,
    "simultaneous close, one earlier": OPEN + TALK + ["A close c", "wait 5", "B close l.0"],
    "another port afterwards": OPEN + TALK + BY_CLIENT + [
        "settle", "A connect d 4001 80 10.0.0.2", "settle", "A send d 10", "settle", "A close d",
        "wait 60", "B close l.1"],
}

# What a reader is told of lawful stories.
NOTES = {
    "server closes at accept": {"accept_then_close"},
    "simultaneous close": {"simultaneous_close"},
    "simultaneous close, one earlier": {"simultaneous_close"},
}

OTHER = {
    "keepalive": LISTEN + CONNECT + ["settle", "A keepalive c 2000 1000 5", "A send c 10", "wait 9000"]
    + BY_CLIENT,
    "zero window opens": OPEN + [
        "B hold l.0", "A send c 12000", "wait 500", "B take l.0", "settle"] + BY_CLIENT,
    "simultaneous open": crossing() + ["settle"] + TALK_CROSSED + CLOSE_CROSSED,
    "simultaneous open and close": crossing() + ["settle"] + TALK_CROSSED + ["A close c", "B close c"],
    "simultaneous close with data": OPEN + TALK + [
        "A send c 70", "A close c", "B send l.0 60", "B close l.0"],
    "refused": CONNECT + ["settle"],
    "unanswered": LISTEN + ["net drop A> SYN all"] + CONNECT + ["wait 40000"],
    "unanswered, then abort": LISTEN + ["net drop A> SYN all"] + CONNECT + ["wait 4000", "A abort c"],
    "SYN,ACK never arrives": LISTEN + ["net drop B> SYN,ACK all"] + CONNECT + ["wait 60000"],
    "abort in SYN_SENT": LISTEN + ["net delay 100 B> SYN,ACK"] + CONNECT + [
        "wait 15", "A abort c", "settle"],
    "close in SYN_SENT": LISTEN + ["net delay 100 B> SYN,ACK"] + CONNECT + [
        "wait 15", "A close c", "settle"],
    "listener closed in SYN_RECEIVED": LISTEN + CONNECT + ["wait 15", "B close l", "settle"],
    "abort by client": OPEN + TALK + ["A abort c"],
    "abort by server": OPEN + TALK + ["B abort l.0"],
    "abort with data in flight": OPEN + ["A send c 3000", "A abort c"],
    "abort crossing data": OPEN + ["A send c 300", "B abort l.0", "settle"],
    "abort in FIN_WAIT_1": OPEN + TALK + ["A shutdown c", "A abort c"],
    "abort in FIN_WAIT_2": OPEN + TALK + ["A shutdown c", "wait 80", "A abort c"],
    "abort in CLOSE_WAIT": OPEN + TALK + ["A close c", "wait 80", "B abort l.0"],
    "abort in CLOSE_WAIT, half-closed": OPEN + TALK + ["A shutdown c", "wait 80", "B abort l.0"],
    "close in CLOSE_WAIT with unread data": OPEN + TALK + [
        "B hold l.0", "A send c 50", "A close c", "wait 80", "B close l.0"],
    "abort in LAST_ACK": OPEN + TALK + [
        "A shutdown c", "wait 80", "net delay 300 B> FIN", "B shutdown l.0", "wait 20", "B abort l.0"],
    "both abort": OPEN + TALK + ["A abort c", "B abort l.0"],
    "close with unread data": OPEN + TALK + ["B hold l.0", "A send c 500", "settle", "B close l.0"],
    "data after close": OPEN + TALK + [
        "A close c", "wait 80", "B send l.0 40", "wait 100", "B send l.0 40"],
    "data after close, then close": OPEN + TALK + [
        "A close c", "wait 80", "B send l.0 40", "B close l.0"],
    "server never closes": OPEN + TALK + ["A close c", "wait 60000"],
    "server never closes, half-closed": OPEN + TALK + ["A shutdown c", "wait 60000", "B close l.0"],
    "keepalive, dead peer": OPEN + [
        "A keepalive c 2000 1000 3", "A send c 10", "settle", "net drop A> any all", "wait 20000"],
    "keepalive, no way back": OPEN + [
        "A keepalive c 2000 1000 3", "A send c 10", "settle", "net drop B> any all", "wait 20000"],
    "data never acknowledged": OPEN + ["net drop A> any all", "A send c 10", "wait 120000"],
    "FIN never acknowledged": OPEN + ["net drop A> any all", "A close c", "wait 120000"],
    "zero window, then close": OPEN + [
        "B hold l.0", "A send c 20000", "A close c", "wait 3000", "B take l.0", "settle",
        "B close l.0"],
    "zero window, close, abort": OPEN + [
        "B hold l.0", "A send c 20000", "A close c", "wait 3000", "B abort l.0", "settle"],
    "TIME_WAIT reused": OPEN + TALK + BY_CLIENT + ["settle"] + AGAIN,
    "TIME_WAIT of the server reused": OPEN + TALK + BY_SERVER + ["settle"] + AGAIN,
    "RST, then reuse, in TIME_WAIT of the server": OPEN + TALK + ["net repeat 500 B> FIN"] + BY_SERVER
    + ["wait 1000", *AGAIN[:2], "A abort d"],
    "port used again after TIME_WAIT": OPEN + TALK + BY_CLIENT + ["wait 130000"] + AGAIN,
    "port used again after the server's TIME_WAIT": OPEN + TALK + BY_SERVER + ["wait 130000"] + AGAIN,
    "port used again after abort": OPEN + TALK + ["A abort c", "settle"] + AGAIN,
    "port used again after a lost RST": OPEN + TALK + [
        "net drop A> RST", "A abort c", "settle", *AGAIN[:1], "wait 8000", *AGAIN[2:]],
    "client restarts, data from server": OPEN + TALK + [
        "net drop A> RST", "A abort c", "settle", "B send l.0 30", "settle"],
    "old SYN on an open connection": LISTEN + ["net repeat 500 A> SYN"] + CONNECT + ["settle"] + TALK
    + ["wait 500"] + BY_CLIENT,
    "old SYN in CLOSE_WAIT": LISTEN + ["net repeat 500 A> SYN"] + CONNECT + ["settle"] + TALK
    + ["A close c", "wait 600", "B close l.0"],
    "old SYN,ACK": LISTEN + ["net repeat 500 B> SYN,ACK"] + CONNECT + ["settle"] + TALK + ["wait 500"]
    + BY_CLIENT,
    "old data after close": OPEN + ["net repeat 500 A> DATA"] + TALK + BY_CLIENT + ["wait 500"],
    "old FIN after close": OPEN + TALK + ["net repeat 500 A> FIN"] + BY_CLIENT + ["wait 600"],
    "old FIN of server in TIME_WAIT": OPEN + TALK + ["net repeat 500 B> FIN"] + BY_CLIENT
    + ["wait 600"],
    "data and FIN beyond a lost segment": OPEN + TALK + [
        "net drop A> DATA", "A send c 100", "A send c 100", "A close c", "wait 50", "B close l.0"],
    "data both ways into a close": OPEN + ["A send c 500", "B send l.0 500"] + AT_ONCE,
    "both FINs lost": OPEN + TALK + ["net drop A> FIN; drop B> FIN"] + BY_CLIENT,
    "FIN and its repetition lost": OPEN + TALK + ["net drop A> FIN #1-2"] + BY_CLIENT,
    "last ACK lost twice": OPEN + TALK + [
        "A close c", "wait 80", "net drop A> ACK #1-2", "B close l.0"],
    "unread data, peer closes": OPEN + TALK + ["A hold c", "B send l.0 70", "settle", "A close c"],
    "SYN repeated, SYN,ACK lost": LISTEN + ["net drop B> SYN,ACK; repeat 5 A> SYN"] + CONNECT
    + ["wait 8000"] + TALK + BY_CLIENT,
    "two holes before a FIN": OPEN + TALK + [
        "net drop A> DATA #1; drop A> DATA #3", *["A send c 100"] * 4, "A close c", "wait 40",
        "B close l.0"],
    "two holes before a FIN, the first filled": OPEN + TALK + [
        "net delay 20 A> DATA #1; drop A> DATA #3", *["A send c 100"] * 4, "A close c", "wait 50",
        "B close l.0"],
    "RST beyond a hole": OPEN + TALK + [
        "net drop A> DATA", "A send c 100", "A abort c", "wait 200", "B send l.0 10", "settle"],
    "RST beyond a FIN that is late": OPEN + TALK + [
        "net delay 300 A> FIN", "A shutdown c", "wait 5", "A abort c", "wait 1000", "B send l.0 10",
        "settle"],
}

# Name: (before the link is bent, after, the segments that are bent one by one).
BENT = {
    "handshake": (LISTEN, CONNECT + ["wait 40", "A send c 50", "settle", "B send l.0 50", "settle"]
                  + BY_CLIENT, ["A> SYN", "B> SYN,ACK", "A> ACK"]),
    "handshake with data": (LISTEN, CONNECT + [
        "A send c 50", "wait 40", "B send l.0 50", "settle"] + BY_CLIENT,
        ["A> SYN", "B> SYN,ACK", "A> ACK", "A> DATA"]),
    "server talks first": (LISTEN, CONNECT + [
        "wait 31", "B send l.0 50", "settle", "A send c 50", "settle"] + BY_CLIENT,
        ["A> ACK", "B> DATA"]),
    "refused": ([], CONNECT + ["wait 5000", "settle"], ["A> SYN", "B> RST"]),
    "four-way": (OPEN + TALK, BY_CLIENT, ["A> FIN", "B> ACK", "B> FIN", "A> ACK"]),
    "four-way by server": (OPEN + TALK, BY_SERVER, ["B> FIN", "A> ACK", "A> FIN", "B> ACK"]),
    "three-way": (OPEN + TALK, ["A close c", "wait 10", "B close l.0"],
                  ["A> FIN", "B> FIN", "A> ACK"]),
    "data before FIN": (OPEN + TALK, ["A send c 70", "A close c", "wait 60", "B close l.0"],
                        ["A> DATA", "A> FIN", "B> FIN", "B> ACK"]),
    "half-close": (OPEN + TALK, [
        "A shutdown c", "wait 60", "B send l.0 90", "wait 60", "B close l.0", "wait 60", "A close c"],
        ["A> FIN", "B> DATA", "B> FIN", "A> ACK", "B> ACK"]),
    "abort": (OPEN + TALK, ["A abort c"], ["A> RST"]),
    "abort then data": (OPEN + TALK, [
        "A abort c", "wait 100", "B send l.0 10", "settle", "B close l.0"], ["A> RST"]),
    "data after close": (OPEN + TALK, [
        "A close c", "wait 80", "B send l.0 40", "wait 100", "B send l.0 40"], ["B> DATA", "A> RST"]),
    "simultaneous close": (OPEN + TALK, AT_ONCE, ["A> FIN", "B> FIN", "A> ACK", "B> ACK"]),
}


def _bent(name, before, after, segments):
    """A story with each of some segments bent in every way."""
    return [Case(f"{name}, {segment} {verb}", before + ["net " + rule.format(segment)] + after)
            for segment in segments for verb, rule in BENDS.items()]


def _bent_crossings():
    """Simultaneous open; its SYNs are held already."""
    return [Case(f"simultaneous open, {segment} {verb}",
                 crossing("; " + BENDS[verb].format(segment)) + ["settle"] + TALK_CROSSED
                 + CLOSE_CROSSED)
            for segment in ("A> SYN,ACK", "B> SYN,ACK", "A> ACK", "B> ACK")
            for verb in ("lost", "repeated", "swapped")]


def written():
    """All written cases."""
    cases = [Case(name, story, True, frozenset(NOTES.get(name, ()))) for name, story in HEALTHY.items()]
    cases += [Case(name, story) for name, story in OTHER.items()]
    for name, parts in BENT.items():
        cases += _bent(name, *parts)
    return [replace(case, story=case.story + REST) for case in cases + _bent_crossings()]


# Random stories

ACTS = {"send": 8, "shutdown": 2, "close": 3, "abort": 0.7, "hold": 1, "take": 1, "wait": 4,
        "settle": 3}
SHARE_CROSSING, SHARE_POLITE, SHARE_AGAIN = 0.08, 0.2, 0.12


def _pause(dice):
    return f"wait {dice.choice([1, 5, 12, 30, 80])}"


def random_case(name, dice):
    """A connection or two, with random acts of both ends at random times."""
    if dice.random() < SHARE_POLITE:
        return Case(name, _polite(dice), True, frozenset().union(*NOTES.values()))
    crosses = dice.random() < SHARE_CROSSING
    ends = ["A c", "B c"] if crosses else ["A c", "B l.0"]
    story = crossing() if crosses else LISTEN + CONNECT
    story = story + [f"wait {dice.choice([5, 15, 25, 40, 200])}"]
    left = _acts(dice, ends, story)
    story.append("settle")
    for end in ends:
        if end in left and dice.random() < 0.85:
            story += [_call(end, "close"), _pause(dice)]
    if not crosses and dice.random() < SHARE_AGAIN:
        story += [f"wait {dice.choice([500, 30000, 200000])}", *AGAIN]
    return Case(name, story + ["wait 8000", "settle", "wait 2000"])


def _call(end, verb, *arguments):
    host, name = end.split()
    return " ".join([host, verb, name, *map(str, arguments)])


def _acts(dice, ends, story):
    """Adds acts to a story; returns the ends whose sockets are still there."""
    may = {end: set(ACTS) for end in ends}
    for _ in range(dice.randint(3, 12)):
        end, act = dice.choice(ends), dice.choices(list(ACTS), ACTS.values())[0]
        if act == "wait":
            story.append(f"wait {dice.choice([1, 5, 12, 30, 80, 300, 2500])}")
        elif act == "settle":
            story.append("settle")
        elif act in may[end]:
            octets = [dice.choice([1, 50, 700, 2500, 9000])] if act == "send" else []
            story.append(_call(end, act, *octets))
            if act == "shutdown":
                may[end] -= {"send", "shutdown"}
            elif act in ("close", "abort"):
                may[end] = set()
        if dice.random() < 0.4:
            story.append(_pause(dice))
    return [end for end in ends if may[end]]


def _polite(dice):
    """Both talk, one closes, the other closes, or both at once: nothing to complain about."""
    ends = ["A c", "B l.0"]
    story = OPEN + [line for _ in range(dice.randint(0, 5)) for line in (
        _call(dice.choice(ends), "send", dice.choice([1, 50, 700, 2500, 9000])),
        dice.choice(["settle", "settle", _pause(dice)]))] + ["wait 20000"]
    dice.shuffle(ends)
    story += [_call(ends[0], dice.choice(["close", "shutdown"])), dice.choice(["settle", _pause(dice)]),
              _call(ends[1], "close"), "settle", _call(ends[0], "close")]
    return story + ["wait 8000", "settle", "wait 2000"]
