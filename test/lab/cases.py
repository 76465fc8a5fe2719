# SPDX-License-Identifier: GPL-2.0-or-later
"""The written cases: every edge of RFC 9293's figure 5, alone and with each single segment of its
handshake and close lost, repeated, and swapped with its neighbour.

A case is a story on two ports of its own, so that all of them can be played at once: PORT is the
server's, OWN the client's.
"""

from dataclasses import dataclass

LISTEN = "B listen PORT\nA bind OWN\n"
OPEN = LISTEN + "A connect PORT\nB accept\n"
TALK = "A send 100\nB recv 100\nB send 100\nA recv 100\nsettle\n"
REST = "settle\nwait 1300\nsettle\n"  # long enough for two retransmissions

FOUR_WAY = "A close\nwait 80\nB close\n"
SIMULTANEOUS_OPEN = ("A bind OWN\nB bind PORT\nnet hold A> SYN; hold B> SYN{}\nA connect PORT &\n"
                     "B connect OWN &\nwait 150\nnet release\nsettle\n")
CROSSING = "net hold A> FIN; hold B> FIN{}\nA close\nB close\nwait 20\nnet release\n"


@dataclass
class Case:
    """A story, and whether the network or an end misbehaves in it."""
    name: str
    text: str
    bent: bool = True
    loopback: bool = False


def _bent(name, before, after, segments):
    """A story with each of some segments lost, repeated and swapped with the next of its way.

    before is told on a straight network, after on the bent one.
    """
    return [Case(f"{name}, {segment} {verb}", f"{before}net {action} {segment}\n{after}{REST}")
            for segment in segments
            for verb, action in (("lost", "drop"), ("repeated", "repeat 5"), ("swapped", "swap"))]


UNHARMED = "settle\nA send 70\nB recv 70\nB send 90\nA recv 90\nsettle\n" + FOUR_WAY
NOTICED = "wait 200\nA send 70\n"  # by the answer

HANDSHAKES = (
    _bent("handshake", LISTEN, "A connect PORT\nA send 50\nB accept\nB recv 50\nB send 50\n"
          "A recv 50\nsettle\n" + FOUR_WAY, ["A> SYN", "B> SYN,ACK", "A> ACK"])
    + _bent("refused", "A bind OWN\n", "A connect PORT -> ECONNREFUSED\n", ["A> SYN", "B> RST"])
    + _bent("fast open", "B option fastopen-queue 16\n" + LISTEN, "A fast-open PORT 60\nB accept\n"
            "B recv 60\nB send 50\nA recv 50\nsettle\n" + FOUR_WAY,
            ["A> SYN", "B> SYN,ACK", "A> DATA"])
)

CLOSES = (
    _bent("four-way", OPEN + TALK, FOUR_WAY, ["A> FIN", "B> ACK", "B> FIN", "A> ACK"])
    + _bent("four-way by the server", OPEN + TALK, "B close\nwait 80\nA close\n",
            ["B> FIN", "A> ACK", "A> FIN", "B> ACK"])
    + _bent("three-way", OPEN + TALK, "A close\nB drain\nB close\n", ["A> FIN", "B> FIN", "A> ACK"])
    + _bent("data before FIN", OPEN + TALK, "A option nodelay 1\nA send 70\nA close\nB drain\n"
            "B close\n", ["A> DATA", "A> FIN", "B> FIN"])
    + _bent("half-close", OPEN + TALK, "A shutdown w\nB drain\nB send 90\nA recv 90\nwait 60\n"
            "B close\nA drain\nA close\n", ["A> FIN", "B> DATA", "B> FIN"])
    + _bent("linger 0", OPEN + TALK, "A option linger 0\nA close\n", ["A> RST"])
    + _bent("data after close", OPEN + TALK, "A close\nwait 80\nB send 40\nwait 20\n"
            "B send 40 -> any\n", ["B> DATA", "A> RST"])
)


def _crossing():
    """Simultaneous open and close: their segments are held already, so the others are bent."""
    cases = []
    for segment in ("A> SYN,ACK", "B> SYN,ACK", "A> ACK", "B> ACK"):
        for verb, action in (("lost", "drop"), ("repeated", "repeat 5"), ("swapped", "swap")):
            text = SIMULTANEOUS_OPEN.format(f"; {action} {segment}")
            cases.append(Case(f"simultaneous open, {segment} {verb}",
                              text + "wait 1300\n" + TALK + FOUR_WAY + REST))
    for segment in ("A> ACK", "B> ACK"):
        for verb, action in (("lost", "drop"), ("repeated", "repeat 5"), ("swapped", "swap")):
            cases.append(Case(f"simultaneous close, {segment} {verb}",
                              OPEN + TALK + CROSSING.format(f"; {action} {segment}") + REST))
    return cases


STRAIGHT = [Case(name, text + REST, bent=False) for name, text in [
    ("four-way", OPEN + TALK + FOUR_WAY),
    ("four-way by the server", OPEN + TALK + "B close\nwait 80\nA close\n"),
    ("three-way", OPEN + TALK + "A close\nB drain\nB close\n"),
    ("half-close", OPEN + TALK + "A shutdown w\nB drain\nB send 900\nA recv 900\nB close\n"
     "A drain\nA close\n"),
    ("exit", OPEN + TALK + "A exit\nB drain\nB close\n"),
    ("data and FIN in one segment", OPEN + TALK + "A option cork 1\nA send 50\nA close\n"
     "B drain\nB close\n"),
    ("fast open", "B option fastopen-queue 16\n" + LISTEN + "A fast-open PORT 60\nB accept\n"
     "B recv 60\nsettle\n" + FOUR_WAY),
    ("shutdown of both", OPEN + TALK + "A shutdown rw\nB drain\nB close\nA close\n"),
    ("late accept", LISTEN + "A connect PORT\nA send 50\nA close\nwait 60\nB accept\nB drain\n"
     "B close\n"),
]]

OTHERS = [Case(name, text + REST) for name, text in [
    ("simultaneous open", SIMULTANEOUS_OPEN.format("") + TALK + FOUR_WAY),
    ("simultaneous close", OPEN + TALK + CROSSING.format("")),
    ("simultaneous open and close", SIMULTANEOUS_OPEN.format("") + TALK + CROSSING.format("")),
    ("refused", "A bind OWN\nA connect PORT -> ECONNREFUSED\n"),
    ("linger 0", OPEN + TALK + "A option linger 0\nA close\n"),
    ("linger 0 by the server", OPEN + TALK + "B option linger 0\nB close\n"),
    ("unread data", OPEN + TALK + "B send 70\nsettle\nA close\n"),
    ("data after close", OPEN + TALK + "A close\nwait 80\nB send 40\nwait 20\n"
     "B send 40 -> EPIPE\n"),
    ("data with the FIN to a closed socket", OPEN + TALK + "A close\nwait 80\nB option cork 1\n"
     "B send 40\nB close\n"),
    ("server never closes", OPEN + TALK + "A close\n"),
    ("kill", OPEN + TALK + "A kill\nB drain\nB close\n"),
    ("FIN without data, server killed", OPEN + "B kill\nA drain\nA close\n"),
    ("close in SYN_SENT", LISTEN + "net drop A> SYN all\nA connect PORT &\nwait 50\nA kill &\n"),
    ("reset after half-close", OPEN + TALK + "A shutdown w\nB drain\nB option linger 0\nB close\n"),
    ("reset by the half-closed", OPEN + TALK + "A shutdown w\nB drain\nB send 50\nsettle\n"
     "A option linger 0\nA close\n"),
    ("port reused after TIME_WAIT of the server", OPEN + TALK + "B close\nA drain\nA close\n"
     "wait 200\nA bind OWN\nA connect PORT\nB accept\n" + TALK + FOUR_WAY),
    ("zero window, then close", "B option rcvbuf 4096\n" + OPEN + "A write 60000\nA close\n"
     "wait 500\nB drain\nB close\n"),
    ("linger 0 with a SYN lost", LISTEN + "net drop A> SYN\nA connect PORT\nB accept\n" + TALK
     + "A option linger 0\nA close\n"),
    ("SYN,ACK and FIN lost", LISTEN + "net drop B> SYN,ACK; drop A> FIN\nA connect PORT\nB accept\n"
     + TALK + FOUR_WAY),
    ("both FINs lost", OPEN + TALK + "net drop A> FIN; drop B> FIN\n" + FOUR_WAY),
    ("old duplicate SYN on the open connection", LISTEN + "net repeat 400 A> SYN\nA connect PORT\n"
     "B accept\n" + TALK + "wait 500\n" + FOUR_WAY),
    ("late duplicate of data after the close", OPEN + "net repeat 500 A> DATA\n" + TALK
     + FOUR_WAY + "wait 500\n"),
    ("late duplicate of the FIN", OPEN + TALK + "net repeat 500 A> FIN\n" + FOUR_WAY
     + "wait 500\n"),
    ("data and FIN beyond a lost segment", OPEN + TALK + "A option nodelay 1\nnet drop A> DATA\n"
     "A send 100\nA send 100\nA close\nB drain\nwait 50\nB close\n"),
    ("data both ways into a close", OPEN + "A option nodelay 1\nA send 500\nB send 500\nA close\n"
     "B drain -> any\nB close\n"),
]] + [Case("self-connection", "A connect-self OWN\nsettle\nA send 10\nA recv 10\nsettle\nA close\n"
           + REST, loopback=True),
      Case("four-way on loopback", OPEN + TALK + FOUR_WAY + REST, bent=False, loopback=True),
      Case("three-way on loopback", OPEN + TALK + "A close\nB drain\nB close\n" + REST, bent=False,
           loopback=True)]


def _forged():
    """What an end did not send, in its name: the kernels of both say what that did."""
    told = [("FIN with a wrong checksum", "A> FIN,ACK checksum 1", UNHARMED),
            ("FIN with an old timestamp", "A> FIN,ACK ts -100000000", UNHARMED),
            ("FIN", "A> FIN,ACK", NOTICED),
            ("FIN with data", "A> FIN,ACK data 30", NOTICED),
            ("FIN in the server's name", "B> FIN,ACK", "wait 200\nB send 70\n"),
            ("RST with an old timestamp", "A> RST ts -100000000", NOTICED),
            ("RST with another TTL", "A> RST ttl 200", NOTICED),
            ("RST in the server's name", "B> RST", "wait 200\nB send 70\n"),
            ("SYN", "A> SYN", UNHARMED),
            ("ACK of what was not sent", "A> ACK ack 1000", UNHARMED)]
    for flags in ("FIN,ACK", "RST", "RST,ACK"):
        told += [(f"{flags} below the window", f"A> {flags} seq -70000", UNHARMED),
                 (f"{flags} beyond the window", f"A> {flags} seq 1000000", UNHARMED)]
    for flags in ("RST", "RST,ACK"):
        told += [(flags, f"A> {flags}", NOTICED),
                 (f"{flags} in the window", f"A> {flags} seq 1000", UNHARMED)]
    return [Case(f"forged {name}", f"{OPEN}{TALK}forge {made}\n{after}{REST}")
            for name, made, after in told]


RESETS = {"RST": "RST", "RST one below": "RST seq -1", "RST beyond": "RST seq 5", "SYN": "SYN"}


def _forged_in_a_close():
    """The same when the connection closes already."""
    states = {
        "FIN_WAIT_1": ("net drop A> FIN\nA close\nwait 20\nforge B>", ""),
        "CLOSE_WAIT": ("A shutdown w\nwait 80\nforge A>", "wait 80\nB send 50 -> any\n"),
        "FIN_WAIT_2": ("A shutdown w\nwait 80\nforge B>", "wait 80\nB send 50\nB close\n"),
        "TIME_WAIT": (FOUR_WAY + "wait 80\nforge B>", "wait 80\n"),
    }
    told = [(name, made, state) for state in states for name, made in RESETS.items()]
    told += [("FIN", "FIN,ACK", state) for state in ("CLOSE_WAIT", "TIME_WAIT")]
    return [Case(f"forged {name} in {state}", OPEN + TALK + f"{states[state][0]} {made}\n"
                 + states[state][1] + REST) for name, made, state in told]


CASES = STRAIGHT + OTHERS + HANDSHAKES + CLOSES + _crossing() + _forged() + _forged_in_a_close()
