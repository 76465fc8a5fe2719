# SPDX-License-Identifier: GPL-2.0-or-later
"""Random scripts for two ends: how a connection is opened, used and closed, all by one dice."""

REST = "rest 5000\n"


def script(dice):
    """A story of PORT and OWN, and whether both ends behave in it."""
    kind = dice.choices(["polite", "wild", "crossing", "refused", "fast-open", "reuse"],
                        [25, 50, 8, 4, 6, 7])[0]
    return {"polite": _polite, "wild": _wild, "crossing": _crossing, "refused": _refused,
            "fast-open": _fast_open, "reuse": _reuse}[kind](dice) + REST, kind == "polite"


def _open(dice):
    lines = ["B option defer-accept 1"] if dice.random() < 0.04 else []
    lines += ["B option rcvbuf 4096"] if dice.random() < 0.06 else []
    lines += ["B listen PORT", "A bind OWN"]
    lines += ["A option nodelay 1"] if dice.random() < 0.3 else []
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
        "option cork 1", "option cork 0"]).replace("\n", " -> any &\n") + " -> any &\n"


def _end(dice, who):
    """How an end leaves."""
    ends = {"close": 30, "drain\nclose": 25, "shutdown w\ndrain\nclose": 12,
            "shutdown rw\nclose": 5, "option linger 0\nclose": 10, "exit": 6, "kill": 4,
            "dup2": 3, "": 8}
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


def _refused(_dice):
    return "A bind OWN\nA connect PORT -> any &\n"


def _fast_open(dice):
    return ("B option fastopen-queue 16\nB listen PORT\nA bind OWN\n"
            f"A fast-open PORT {dice.randint(0, 1000)} -> any &\nB accept -> any &\n"
            + _pause(dice) + _use_and_leave(dice))


def _reuse(dice):
    """The same pair of ports twice."""
    first, second = dice.choice(["AB", "BA"])
    return ("B listen PORT\nA bind OWN\nA connect PORT -> any &\nB accept -> any\n"
            f"A send 100 -> any &\nwait 30\n{first} close -> any &\n{second} drain -> any &\n"
            f"{second} close -> any &\nwait {dice.choice([30, 300, 1200])}\n"
            "A bind OWN -> any &\nA connect PORT -> any &\nB accept -> any &\nwait 50\n"
            + _use_and_leave(dice))
