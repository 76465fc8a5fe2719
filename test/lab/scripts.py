# SPDX-License-Identifier: GPL-2.0-or-later
"""Random scripts for two ends: how a connection is opened, used and closed, all by one dice."""

import re

REST = "rest 5000\n"


def script(dice):
    """A story of PORT and OWN, and whether both ends behave in it."""
    kind = dice.choices(list(KINDS), [weight for weight, _make in KINDS.values()])[0]
    return KINDS[kind][1](dice) + REST, kind == "polite"


def whatever_comes(text):
    """The same story where nothing that an end does need succeed."""
    return re.sub(r"^([AB]\S* (?!kill)[^>&\n]+?)( &)?$", r"\1 -> any\2", text, flags=re.M)


def settings(dice):
    """What both hosts' kernels are told for a batch of runs: by host, (name, value) pairs."""
    return {host: [(f"ipv4.tcp_{name}", dice.choice(values))
                   for name, (share, values) in SETTINGS.items() if dice.random() < share]
            for host in "AB"}


def _options(dice, who):
    """Options of a socket before it is connected or listens."""
    return [f"{who} option {name} {dice.choice(values)} -> any"
            for name, (share, values) in OPTIONS.items() if dice.random() < share]


def _open(dice):
    lines = ["B option defer-accept 1"] if dice.random() < 0.04 else []
    lines += _options(dice, "B")
    lines += ["B listen PORT", "A bind OWN"]
    lines += _options(dice, "A")
    return "\n".join([*lines, "A connect PORT -> any &", "B accept -> any &", ""])


def _pause(dice):
    return f"wait {dice.choice([0, 0, 1, 3, 10, 30, 70])}\n"


def _polite(dice):
    """Requests and answers, an orderly close, the second end when it has read the first's FIN."""
    text = "B listen PORT\nA bind OWN\nA connect PORT &\nB accept &\n"
    for _ in range(dice.randint(1, 3)):
        ask, answer = dice.randint(1, 2000), dice.randint(1, 5000)
        text += (f"A send {ask} &\nB recv {ask} &\nB send {answer} &\nA recv {answer} &\n"
                 + _pause(dice))
    first, second = dice.choice(["AB", "BA"])
    half = dice.random() < 0.4
    text += f"A recv 0 &\nB recv 0\nwait 60\n{first} {'shutdown w' if half else 'close'} &\n"
    text += f"{second} drain &\n" + (_pause(dice) if dice.random() < 0.5 else "")
    if half and dice.random() < 0.6:
        text += f"{second} send {dice.randint(1, 4000)} &\n"
    return text + f"{second} close &\n" + (f"{first} drain &\n{first} close &\n" if half else "")


def _act(dice, who):
    """One thing that an end does to an open connection."""
    return f"{who} " + dice.choice([
        f"send {dice.randint(1, 1400)}", f"send {dice.randint(1, 6000)}",
        f"write {dice.randint(1, 90000)}", "recv 1", f"recv {dice.randint(1, 500)}",
        "shutdown w", "shutdown r", "option keepidle 1\n" + who + " option keepalive 1",
        "option cork 1", "option cork 0", "sleep 400"]).replace("\n", " -> any &\n") + " -> any &\n"


def _end(dice, who):
    """How an end leaves."""
    ends = {"close": 30, "drain\nclose": 25, "shutdown w\ndrain\nclose": 12,
            "shutdown rw\nclose": 5, "option linger 0\nclose": 10, "exit": 6, "kill": 4,
            "dup2": 3, "": 8, "disconnect": 4, "option linger2 -1\nclose": 4}
    lines = dice.choices(list(ends), list(ends.values()))[0].split("\n")
    return "".join(f"{who} {line}{'' if line == 'kill' else ' -> any &'}\n"
                   for line in lines if line)


def _use_and_leave(dice):
    steps = [_act(dice, dice.choice("AB")) for _ in range(dice.randint(0, 5))]
    text = "".join(step + _pause(dice) for step in steps)
    first, second = dice.choice(["AB", "BA"])
    return text + _end(dice, first) + _pause(dice) + _end(dice, second)


def _wild(dice):
    return _open(dice) + _pause(dice) + _use_and_leave(dice)


def _crossing(dice):
    """Both ends connect, or both close, at the same time."""
    text = "A bind OWN\nB bind PORT\nA connect PORT -> any &\nB connect OWN -> any &\nwait 20\n"
    if dice.random() < 0.5:
        text = _open(dice) + "wait 20\n"
    return text + f"A send {dice.randint(1, 900)} -> any &\nwait 10\nA close -> any &\n" \
        "B close -> any &\n"


def _crossing_and_gone(dice):
    """Both ends connect at the same time, and one of them leaves at once."""
    who = dice.choice("AB")
    return ("A bind OWN\nB bind PORT\nA start PORT -> any &\nB start OWN -> any &\n"
            + _pause(dice) + _end(dice, who) + _pause(dice) + _end(dice, "AB".replace(who, "")))


def _hasty(dice):
    """The client leaves before it knows whether its connect() succeeded."""
    return ("B listen PORT\nA bind OWN\nA start PORT -> any &\nB accept -> any &\n" + _pause(dice)
            + _end(dice, "A") + _pause(dice) + _end(dice, "B"))


def _listener_gone(dice):
    """The listener is closed during the handshake, and another may take its place."""
    text = "B listen PORT\nA bind OWN\nA connect PORT -> any &\n" + _pause(dice) + "B unlisten\n"
    if dice.random() < 0.5:
        text += _pause(dice) + "B2 listen PORT -> any\nB2 accept -> any &\n"
    return text + "A send 100 -> any &\n" + _pause(dice) + _end(dice, "A")


def _overflow(dice):
    """More clients than the accept queue holds."""
    text, clients = f"B listen PORT {dice.choice([0, 1, 2])}\n", range(dice.randint(2, 5))
    for i in clients:
        text += f"A{i} connect PORT -> any &\n" + _pause(dice)
        text += f"A{i} send {dice.randint(1, 300)} -> any &\n" if dice.random() < 0.5 else ""
    text += f"wait {dice.choice([0, 300, 1300])}\n"
    for i in clients:
        text += f"B:{i} accept -> any &\n" if dice.random() < 0.7 else ""
        text += _end(dice, f"A{i}")
    return text


def _self(dice):
    """A socket connected to itself."""
    return "A connect-self OWN -> any &\n" + _pause(dice) + "".join(
        _act(dice, "A") for _ in range(dice.randint(0, 2))) + _pause(dice) + _end(dice, "A")


def _refused(_dice):
    return "A bind OWN\nA connect PORT -> any &\n"


def _fast_open(dice):
    return ("B option fastopen-queue 16\nB listen PORT\nA bind OWN\n"
            f"A fast-open PORT {dice.randint(0, 1000)} -> any &\nB accept -> any &\n"
            + _pause(dice) + _use_and_leave(dice))


def _reuse_soon(dice):
    """The same pair of ports twice, whatever state the first connection is in at either end."""
    return (_open(dice) + _pause(dice) + _end(dice, "A") + _pause(dice) + _end(dice, "B")
            + f"wait {dice.choice([0, 1, 5, 30, 300, 1200, 2500])}\nA:2 bind OWN -> any &\n"
            "A:2 connect PORT -> any &\nB:2 accept -> any &\nwait 50\n"
            "A:2 send 100 -> any &\n" + _pause(dice) + _end(dice, "A:2"))


def _reuse(dice):
    """The same pair of ports twice."""
    first, second = dice.choice(["AB", "BA"])
    return ("B listen PORT\nA bind OWN\nA connect PORT -> any &\nB accept -> any\n"
            f"A send 100 -> any &\nwait 30\n{first} close -> any &\n{second} drain -> any &\n"
            f"{second} close -> any &\nwait {dice.choice([30, 300, 1200])}\n"
            "A bind OWN -> any &\nA connect PORT -> any &\nB accept -> any &\nwait 50\n"
            + _use_and_leave(dice))


# Each kind of script, with its weight.
KINDS = {
    "polite": (20, _polite), "wild": (40, _wild), "crossing": (6, _crossing),
    "crossing-and-gone": (4, _crossing_and_gone), "hasty": (5, _hasty),
    "listener-gone": (4, _listener_gone), "overflow": (4, _overflow), "self": (2, _self),
    "refused": (2, _refused), "fast-open": (6, _fast_open), "reuse": (4, _reuse),
    "reuse-soon": (6, _reuse_soon)}

# Options of sockets and settings of kernels: how often they are set, and to what.
OPTIONS = {
    "rcvbuf": (0.06, [2304, 4096]), "nodelay": (0.2, [1]), "user-timeout": (0.05, [300, 1500]),
    "linger2": (0.05, [-1, 1]), "quickack": (0.1, [0, 1]), "maxseg": (0.05, [88, 536])}
SETTINGS = {
    "timestamps": (0.3, [0]), "sack": (0.3, [0]), "window_scaling": (0.2, [0]),
    "rfc1337": (0.3, [1]), "tw_reuse": (0.5, [0, 1]), "syncookies": (0.15, [2]),
    "abort_on_overflow": (0.2, [1]), "fin_timeout": (0.4, [1, 2, 3]),
    "max_tw_buckets": (0.2, [0, 2]), "ecn": (0.2, [1]), "retries2": (0.2, [2, 3]),
    "orphan_retries": (0.2, [1, 2]), "migrate_req": (0.2, [1]), "fastopen": (0.2, [519])}
