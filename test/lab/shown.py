# SPDX-License-Identifier: GPL-2.0-or-later
"""What tshark shows of a capture."""

import os
import subprocess

from judging.shown import Frame

FIELDS = [
    "frame.number", "frame.time_epoch", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst",
    "tcp.dstport", "tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcpstate.connection",
    "tcpstate.sender", "tcpstate.transition", "tcpstate.client.phase", "tcpstate.server.phase",
    "tcpstate.client.evidence", "tcpstate.server.evidence", "tcpstate.event"]
NOBODY = 65534

# What only the end of the capture can say, and so only a later pass.
ENDINGS = {"never_closed", "syn_unanswered", "half_open", "stuck_close_wait", "stuck_fin_wait_2",
           "stuck_fin_unacked", "one_direction", "gave_up_retransmitting"}


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
