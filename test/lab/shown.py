# SPDX-License-Identifier: GPL-2.0-or-later
"""What tcpstate shows of a capture: its rows from tshark, and the states of each endpoint."""

import bisect
import os
import subprocess
from collections import namedtuple

FIELDS = [
    "frame.number", "frame.time_epoch", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst",
    "tcp.dstport", "tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcpstate.connection",
    "tcpstate.sender", "tcpstate.transition", "tcpstate.client.phase", "tcpstate.server.phase",
    "tcpstate.client.evidence", "tcpstate.server.evidence", "tcpstate.event"]
NOBODY = 65534
FIN, SYN, RST, ACK = 1, 2, 4, 16

Frame = namedtuple("Frame", "number time src dst flags seq ack len connection sender transitions "
                   "phases evidences events")

# What only the end of the capture can say, and so only a later pass.
ENDINGS = {"never_closed", "syn_unanswered", "half_open", "stuck_close_wait", "stuck_fin_wait_2",
           "stuck_fin_unacked", "one_direction", "gave_up_retransmitting"}

RANK = {name: rank for rank, names in enumerate([
    ("UNKNOWN", "LISTEN"), ("SYN_SENT",), ("SYN_RECEIVED",), ("ESTABLISHED",),
    ("FIN_WAIT_1", "CLOSE_WAIT"), ("FIN_WAIT_2", "CLOSING", "LAST_ACK"), ("TIME_WAIT",),
    ("CLOSED",)]) for name in names}


def run_tshark(plugins, *arguments):
    """What tshark prints, with the plugin of that folder and no other."""
    command = ["tshark", *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                   "WIRESHARK_PLUGIN_DIR": plugins}
    if os.geteuid() == 0:  # as root, tshark loads no plugin but the system's
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


def read_frames(plugins, capture, *options):
    """What tshark with the plugin says of each TCP segment of a capture."""
    fields = [word for field in FIELDS for word in ("-e", field)]
    output = run_tshark(plugins, "-r", capture, "-T", "fields", "-E", "occurrence=a", "-E",
                        "aggregator=;", *options, *fields)
    return [_frame(line.split("\t")) for line in output.splitlines()
            if line.split("\t")[FIELDS.index("tcpstate.connection")]]


def first_difference(one_pass, two_pass):
    """The first frame of which the passes do not show the same, but for what only the end of the
    capture can say; None if there is none."""
    for first, second in zip(one_pass, two_pass):
        more = set(second.events) - set(first.events)
        if first[:-1] != second[:-1] or not more <= ENDINGS or \
                not set(first.events) <= set(second.events):
            return first, second
    return None


def _frame(cells):
    cell = dict(zip(FIELDS, cells))
    seconds, _dot, fraction = cell["frame.time_epoch"].partition(".")
    # An ICMP error quotes a segment after its own addresses; only the first count.
    first = {name: value.split(";")[0] for name, value in cell.items()}
    src = (first["ip.src"] or first["ipv6.src"], int(first["tcp.srcport"]))
    dst = (first["ip.dst"] or first["ipv6.dst"], int(first["tcp.dstport"]))
    split = {name: [part for part in cell["tcpstate." + name].split(";") if part]
             for name in ("transition", "event")}
    return Frame(int(cell["frame.number"]), int(seconds) * 10**9 + int(fraction), src, dst,
                 int(first["tcp.flags"] or "0", 16), first["tcp.seq_raw"], first["tcp.ack_raw"],
                 int(first["tcp.len"] or "0"),
                 int(first["tcpstate.connection"]), first["tcpstate.sender"], split["transition"],
                 (first["tcpstate.client.phase"], first["tcpstate.server.phase"]),
                 (first["tcpstate.client.evidence"], first["tcpstate.server.evidence"]),
                 split["event"])


class Shown:
    """What we show of one endpoint of one connection."""

    def __init__(self, connection, role, local, remote):
        self.connection, self.role = connection, role
        self.ends = (local, remote)
        self.states = []  # the sequence, as far as it was not taken back
        self.revisions = 0
        self.frames = []  # (time, state after it, evidence, sent by this endpoint, the frame)

    def add(self, frame, index):
        for transition in frame.transitions:
            role, change = transition.split(" ", 1)
            if role in (self.role, "self"):
                self._go(*change.split(" -> "))
        own = frame.src == self.ends[0]
        self.frames.append((frame.time, frame.phases[index], frame.evidences[index], own, frame))

    def _go(self, old, new):
        if RANK[new] < RANK[old] and new in self.states:
            while self.states[-1] != new:
                self.states.pop()
            self.revisions += 1
        else:
            # A passive opener that is reset goes back to LISTEN: its socket is gone.
            state = "CLOSED" if new == "LISTEN" else new
            self.states += [state] if self.states[-1:] != [state] else []

    def states_until(self, end):
        """The sequence shown by the frames up to a time."""
        if self.frames[-1][0] <= end:
            return self.states
        cut = Shown(self.connection, self.role, *self.ends)
        for time, _phase, _evidence, _own, frame in self.frames:
            if time <= end:
                cut.add(frame, 0)
        return cut.states

    def at(self, when):
        """The state shown after the last frame up to a time, and that frame's place; or None."""
        place = bisect.bisect_right(self.frames, when, key=lambda entry: entry[0]) - 1
        return None if place < 0 else (self.frames[place][1], place)


def shown_of(frames):
    """The endpoints that the frames show, two per connection, or one of a self-connection."""
    result = {}
    for frame in frames:
        if frame.connection not in result:
            client, server = ((frame.src, frame.dst) if frame.sender != "server"
                              else (frame.dst, frame.src))
            result[frame.connection] = [Shown(frame.connection, "client", client, server)]
            if frame.sender != "self":
                result[frame.connection].append(
                    Shown(frame.connection, "server", server, client))
        for index, shown in enumerate(result[frame.connection]):
            shown.add(frame, index)
    return result


def said(frame):
    """What tells a segment from the others of its sender, wherever it is captured."""
    return frame.flags, frame.seq, frame.ack, frame.len
