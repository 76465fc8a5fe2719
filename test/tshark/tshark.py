# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tshark with the plugin under test, and reads the rows it shows."""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import rows

NOBODY = "65534"
JOBS = 2

# The columns of a row, in the order of rows.Row; tcpstate.phase is compared with the two before.
FIELDS = {
    "frame": "frame.number",
    "connection": "tcpstate.connection",
    "sender": "tcpstate.sender",
    "client": "tcpstate.client.phase",
    "client_evidence": "tcpstate.client.evidence",
    "server": "tcpstate.server.phase",
    "server_evidence": "tcpstate.server.evidence",
    "stage": "tcpstate.stage",
    "open_step": "tcpstate.open.step",
    "close_step": "tcpstate.close.step",
    "transitions": "tcpstate.transition",
    "events": "tcpstate.event",
    "open": "tcpstate.open",
    "close": "tcpstate.close",
    "closer": "tcpstate.closer",
    "cause": "tcpstate.reset.cause",
    "answers": "tcpstate.answers_frame",
    "phase": "tcpstate.phase",
}

# Whose segment it is, for those who compare with another record of it.
ENDS = {
    "time": "frame.time_epoch",
    "source": "ip.src",
    "source6": "ipv6.src",
    "source_port": "tcp.srcport",
    "destination": "ip.dst",
    "destination6": "ipv6.dst",
    "destination_port": "tcp.dstport",
}

AS_FIELDS = ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=,"]
for _field in [*FIELDS.values(), *ENDS.values()]:
    AS_FIELDS += ["-e", _field]

# Columns in place of fields: no field is asked for by name but by the packet list.
AS_COLUMNS = [
    "-T",
    "tabs",
    "-o",
    "gui.column.format:"
    + ",".join(
        f'"{name}","{"%m" if field == "frame.number" else f"%Cus:{field}:0:R"}"'
        for name, field in FIELDS.items()
    ),
]

# The same as sharkd is asked for it.
AS_FRAMES = {
    f"column{index}": f"{field}:{1 if field == 'frame.number' else 0}"
    for index, field in enumerate([*FIELDS.values(), *ENDS.values()])
}

# How a capture may be read; the facts must be the same in each.
MODES = {
    "fields": AS_FIELDS,
    "filtered": ["-Y", "tcpstate", *AS_FIELDS],
    "two-pass": ["-2", *AS_FIELDS],
    "column": AS_COLUMNS,
    "two-pass-column": ["-2", *AS_COLUMNS],
}
LATER = {"two-pass", "two-pass-column"}  # modes in which verdicts stand on every segment

# What only the end of the capture tells is shown on later passes alone.
AT_THE_END = {
    "never_closed",
    "stuck_close_wait",
    "stuck_fin_wait_2",
    "stuck_fin_unacked",
    "syn_unanswered",
    "half_open",
    "gave_up_retransmitting",
}


class Tshark:
    """tshark with the plugin, as an ordinary user: as root it ignores WIRESHARK_PLUGIN_DIR."""

    def __init__(self, plugins):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tcpstate-test-"))
        self.home.chmod(0o777)
        self.plugins = self.home / "plugins"
        if pathlib.Path(plugins).is_dir():
            shutil.copytree(plugins, self.plugins)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.home, ignore_errors=True)

    def readable(self, path):
        """A copy of a capture where an ordinary user may read it."""
        copy = self.home / pathlib.Path(path).name
        shutil.copyfile(path, copy)
        copy.chmod(0o644)
        return copy

    def run(self, *arguments, plugin=True, check=True, timeout=120):
        """Runs tshark; check: it must succeed. Returns the finished process."""
        done = self._start("tshark", arguments, plugin, timeout)
        assert not check or done.returncode == 0, done.stderr
        return done

    def sharkd(self, *requests, timeout=120):
        """A session of sharkd, the program behind graphical interfaces: sends (method, parameters) in
        turn; returns the finished process and the answers, None for an error or no answer."""
        asked = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
            for number, (method, parameters) in enumerate([*requests, ("bye", {})], 1)
        ]
        said = "".join(json.dumps(request) + "\n" for request in asked)
        done = self._start("sharkd", ["-"], True, timeout, said)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        answers = {answer["id"]: answer.get("result") for answer in lines}
        assert answers.get(len(asked)), done  # the last farewell: it lived to the end
        return done, [answers.get(number) for number in range(1, len(asked))]

    def _start(self, program, arguments, plugin, timeout, said=None):
        command = [program, *map(str, arguments)]
        if os.geteuid() == 0:
            identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            command = ["setpriv", *identity, *command]
        environment = dict(os.environ, HOME=str(self.home), LC_ALL="C.UTF-8", TZ="UTC")
        environment["WIRESHARK_PLUGIN_DIR"] = str(self.plugins if plugin else self.home / "none")
        environment.pop("XDG_CONFIG_HOME", None)
        return subprocess.run(
            command,
            input=said,
            env=environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )

    def lines(self, capture, mode, *options):
        """What one mode of tshark prints of a capture: the columns of each frame."""
        done = self.run("-r", capture, *options, *MODES[mode])
        names = [*FIELDS, *ENDS]
        return [
            dict(zip(names, (column.strip() for column in line.split("\t"))))
            for line in done.stdout.splitlines()
        ]

    def rows(self, capture, mode, *options):
        """What one mode of tshark shows of a capture: rows by frame; one TCP layer per frame."""
        return rows_of(self.lines(capture, mode, *options))

    def session_rows(self, *requests):
        """The rows of each request for frames of a session of sharkd; those requests are AS_FRAMES with
        more parameters. Frames come in the order of the capture."""
        _, answers = self.sharkd(*requests)
        names = [*FIELDS, *ENDS]
        return [
            rows_of(dict(zip(names, frame["c"])) for frame in answer)
            for (method, _), answer in zip(requests, answers)
            if method == "frames"
        ]

    def all_lines(self, capture, *options):
        """What every mode prints, run in parallel."""
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            printed = pool.map(lambda mode: self.lines(capture, mode, *options), MODES)
            return dict(zip(MODES, printed))

    def all_modes(self, capture, *options):
        """The rows of every mode."""
        printed = self.all_lines(capture, *options)
        return {mode: rows_of(lines) for mode, lines in printed.items()}


def rows_of(lines):
    """The rows by frame; frames that show nothing of ours have none."""
    return {frame: row for frame, row in map(read_line, lines) if row is not None}


def read_line(values):
    """The frame number and the row of one line, None if the frame shows nothing of ours."""
    frame = int(values["frame"])
    if not values.get("connection"):
        return frame, None
    phases = [values["client"], values["server"]]
    assert values["phase"].split(",") == phases, values
    row = rows.Row(
        *(
            _value(field.name, field.type, values[field.name])
            for field in dataclasses.fields(rows.Row)
        )
    )
    return frame, row


def _value(_name, kind, text):
    if kind is tuple:
        return rows.split(text)
    return int(text or 0) if kind is int else text


# Comparing modes


def without_verdicts(row):
    return dataclasses.replace(row, open="", close="", closer="", cause="")


def without_end(row, one_pass):
    """The last row of a connection without what a later pass adds to it: what only the end of the
    capture tells."""
    known = len(one_pass.events)
    if set(row.events[known:]) <= AT_THE_END:
        return dataclasses.replace(row, events=row.events[:known])
    return row


def same_facts(one_pass, later):
    """What differs between the facts of the first pass and those of a later one."""
    last = {row.connection: frame for frame, row in later.items()}
    differences = []
    for frame in sorted(one_pass.keys() | later.keys()):
        first, second = one_pass.get(frame), later.get(frame)
        if first is None or second is None:
            differences.append(f"frame {frame}: {first} / {second}")
            continue
        if frame == last[second.connection]:
            second = without_end(second, first)
        if without_verdicts(first) != without_verdicts(second):
            differences.append(f"frame {frame}:\n  {first}\n  {second}")
    return differences


def same_verdicts(one_pass, later):
    """What differs between the verdicts on their segments and those on every segment later."""
    settled = {}
    for row in one_pass.values():
        for name in rows.SETTLED:
            if getattr(row, name):
                settled[row.connection, name] = getattr(row, name)
    differences = []
    for frame, row in later.items():
        for name in rows.SETTLED:
            wanted = settled.get((row.connection, name))
            shown = getattr(row, name)
            if wanted is not None and shown != wanted:
                differences.append(f"frame {frame}: {name} {shown}, settled as {wanted}")
    return differences
