# SPDX-License-Identifier: GPL-2.0-or-later
"""Plays a batch of runs at once, captures them, and judges what tcpstate shows of each."""

import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, field, replace

from judging.figures import agreement, report, report_taken_back
from judging.shown import FIN, SYN, said
from properties import stories, trial

from . import compare, damaged, judge, pcapng, shown
from .captures import write_kernel
from .link import Link, Loopback
from .segment import parse
from .story import Stage, Story

HERE = os.path.dirname(os.path.abspath(__file__))
FIRST_PORT, FIRST_OWN = 2000, 12000
LINKTYPES = {"lo": pcapng.LINKTYPE_ETHERNET}
SKIPPED = 77  # the exit status that means so to ctest
SEVERITY = re.compile(r"EVENT\((\w+), (\w+),")


@dataclass
class Run:
    """One story to play, and what came of it."""
    name: str
    text: str
    weather: object = None  # a random process that bends its segments, if any
    healthy: bool = False  # nothing is bent and nobody misbehaves: no event above chat
    family: int = 4
    story: object = None
    findings: list = field(default_factory=list)
    complaints: list = field(default_factory=list)
    misses: list = field(default_factory=list)  # of test/properties
    taken_back: list = field(default_factory=lambda: [0, 0])  # states, segments they were shown on


def lacking(plugins):
    """What this machine lacks for the lab, in words; empty if nothing."""
    lacks = judge.missing()
    if not shutil.which("tshark"):
        lacks.append("tshark")
    elif not lacks:
        listed = shown.run_tshark(plugins, "-G", "plugins")
        if "tcpstate" not in listed:
            lacks.append(f"the plugin: tshark does not load it from {plugins}")
    return lacks


def chatter():
    """The slugs of the events that are no more than chat."""
    with open(os.path.join(HERE, "..", "..", "src", "event.def"), encoding="utf-8") as file:
        return {slug for slug, severity in SEVERITY.findall(file.read()) if severity == "CHAT"}


def _subnet():
    """Addresses that no other lab on this machine uses: the kernel's account is for all."""
    high, low = 64 + (os.getpid() >> 8 & 63), os.getpid() & 255
    return ((f"10.{high}.{low}.1", f"2001:db8:{high:x}:{low:x}::1"),
            (f"10.{high}.{low}.2", f"2001:db8:{high:x}:{low:x}::2"))


class Session:
    """A batch of runs on one network."""

    def __init__(self, runs, plugins, loopback=False, settings=(), at_once=200):
        self.runs, self.plugins = runs, plugins
        self.by_port = {}
        first, second = _subnet()
        self.stage = Stage(Loopback(first) if loopback else Link(first, second))
        try:
            self.told = {}
            for name, pairs in dict(settings).items():
                self._tell(self.stage.network.hosts[name], pairs)
            self._play(at_once)
        finally:
            self.stage.close()
        self.rows = self.stage.rows()

    def _tell(self, host, pairs):
        for setting in pairs:
            host.space.sysctl(*setting)
        for address in host.addresses:
            self.told.setdefault(address, {}).update(pairs)

    def _play(self, at_once):
        for number, run in enumerate(self.runs):
            ports = (FIRST_PORT + number, FIRST_OWN + number)
            text = re.sub(r"\bPORT\b", str(ports[0]), run.text)
            run.story = Story(re.sub(r"\bOWN\b", str(ports[1]), text), run.family, ports)
            if run.weather and hasattr(self.stage.network, "set_weather"):
                self.stage.network.set_weather(run.weather, ports[0])
            self.by_port.update({port: run for port in ports})
        self.stage.play([run.story for run in self.runs], at_once)

    def _run_of(self, ends):
        return self.by_port.get(ends[0][1]) or self.by_port.get(ends[1][1])

    def judge(self, damage=False):
        """Compare every view with the kernel's account; returns the counts. damage: also what worse
        captures of the same runs show."""
        with tempfile.TemporaryDirectory(prefix="tcpstate-lab-") as folder:
            os.chmod(folder, 0o755)
            frames = {view: self._read(folder, view) for view in self.stage.network.views}
        hosts = {name: host.addresses for name, host in self.stage.hosts.items()}
        views = compare.Views(frames, self.rows, self.stage.polls, hosts, self.told)
        views.judge(self._end_of)
        for ends, revisions, segments in views.taken_back():
            known = self._run_of(ends).taken_back
            known[:] = known[0] + revisions, known[1] + segments
        if damage:
            self._judge_damaged(views, frames)
        for finding in views.findings:
            self._run_of(finding.ends).findings.append(finding)
        for run in self.runs:
            if run.story.error:
                run.complaints.append(run.story.error)
        return views.counts

    def _end_of(self, ends):
        return self._run_of(ends).story.end

    def _judge_damaged(self, views, frames):
        with tempfile.TemporaryDirectory(prefix="tcpstate-lab-") as folder:
            os.chmod(folder, 0o755)
            path = os.path.join(folder, "damaged.pcapng")
            for view in frames:
                packets = self.stage.network.views[view]
                for name, damage in damaged.INCOMPLETE.items():
                    self._write(path, view, damage(packets))
                    found = damaged.wrong_states(
                        views, view, shown.read_frames(self.plugins, path), self._end_of)
                    for good, finding in found:
                        views.count((name, "damaged"), good, finding)
                self._write(path, view, damaged.doubled(packets))
                frame = damaged.differs_doubled(
                    frames[view], shown.read_frames(self.plugins, path))
                if frame:
                    self._run_of((frame.src, frame.dst)).complaints.append(
                        f"view {view}: frame {frame.number} differs when captured twice")

    def try_properties(self, walk):
        """Try test/properties on what was captured of each pair of ends in each view; returns the
        figures. A run that mirroring, doubling or ending changes is complained about."""
        found, runs = {}, {}
        for view, packets in self.stage.network.views.items():
            for number, (ends, segments) in enumerate(
                    stories.pairs_of(packets, LINKTYPES.get(view, pcapng.LINKTYPE_RAW)).items(), 1):
                run = self._run_of(tuple(ends) * 2)
                mine = [one for one in segments if run and one.time <= run.story.end]
                if mine:
                    name = f"{run.name}, {view}, pair {number}"
                    found[view, ends] = stories.of_segments(name, "lab", mine)
                    runs[name] = run
        tried = [replace(story, other=found.get(("B", ends)) if view == "A" else None)
                 for (view, ends), story in found.items()]
        misses, tallies = trial.try_all(walk, tried)
        for miss in misses:
            runs[miss.story].misses.append(miss)
            if trial.is_certain(miss):
                runs[miss.story].complaints.append(str(miss))
        return tallies

    def _read(self, folder, view):
        path = os.path.join(folder, view + ".pcapng")
        self._write(path, view, self.stage.network.views[view])
        frames = shown.read_frames(self.plugins, path)
        different = shown.first_difference(
            frames, shown.read_frames(self.plugins, path, "-2"))
        if different:
            frame = different[0]
            self._run_of((frame.src, frame.dst)).complaints.append(
                f"view {view}: one-pass and two-pass tshark differ: {different}")
        self._check_health(view, frames)
        return frames

    def _check_health(self, view, frames):
        chat, loud, known, repeated = chatter(), [], set(), set()
        for frame in frames:
            run = self._run_of((frame.src, frame.dst))
            if not run or not run.healthy or frame.time > run.story.end:
                continue
            word = frame.src, said(frame)[:2], frame.len
            if word in known and (frame.len or frame.flags & (FIN | SYN)):
                repeated.add(run.name)  # a busy machine made the network slow
            known.add(word)
            loud += [(run, event) for event in frame.events if event not in chat]
        for run, event in loud:
            if run.name not in repeated:
                run.complaints.append(f"view {view}: {event} on a healthy connection")

    @staticmethod
    def _write(path, view, packets):
        pcapng.write(path, packets, LINKTYPES.get(view, pcapng.LINKTYPE_RAW), view,
                     "captured by test/lab")

    def keep(self, run, folder):
        """Save the captures of one run, the kernel's account and the story, to see it again."""
        os.makedirs(folder, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9]+", "-", run.name).strip("-")
        for view, packets in self.stage.network.views.items():
            mine = [(time, data) for time, data in packets
                    if self._is_of(run, view, data) and time <= run.story.end]
            self._write(os.path.join(folder, f"{name}-{view}.pcapng"), view, mine)
        write_kernel(os.path.join(folder, name + ".kernel"),
                     [row for row in self.rows if self._run_of((row.local, row.remote)) is run
                      and row.time <= run.story.end])
        with open(os.path.join(folder, name + ".txt"), "w", encoding="utf-8") as file:
            file.write(describe(run))

    @staticmethod
    def _is_of(run, view, data):
        segment = parse(data[14:] if view == "lo" else data)
        return segment and (segment.src[1] in run.story.ports or segment.dst[1] in run.story.ports)


def describe(run):
    """What is wrong with a run, with both accounts side by side, and its story."""
    lines = [run.name, ""]
    lines += [f"complaint: {complaint}" for complaint in run.complaints]
    for finding in sorted(run.findings, key=lambda one: (one.explained != "", one.when)):
        seconds = (finding.when - run.story.begin) / 1e9
        lines += [f"{finding.kind}, view {finding.view}, connection {finding.connection}, "
                  f"{finding.ends[0][0]}:{finding.ends[0][1]} at {seconds:.4f} s"
                  + (f" ({finding.explained})" if finding.explained else ""),
                  f"    shown:  {_text(finding.shown)}", f"    kernel: {_text(finding.kernel)}"]
    return "\n".join([*lines, "", "The story:", run.story.text])


def _text(states):
    return states if isinstance(states, str) else " ".join(states)


def leave_unless_possible(plugins):
    """End the program if the machine cannot run the lab: a failure where CI=true, else a skip."""
    lacks = lacking(plugins)
    if lacks:
        print("the lab cannot run here, missing: " + ", ".join(lacks))
        sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)


def play_and_judge(runs, plugins, keep=None, loopback=False, settings=(), damage=False, walk=None,
                   tallies=None):
    """Play a batch, judge it, save what disagrees; returns the counts. With walk the properties are
    tried too, and their figures added to tallies."""
    played = Session(runs, plugins, loopback, settings)
    counts = played.judge(damage)
    if walk:
        trial.add_tallies(tallies, played.try_properties(walk))
    for run in runs:
        if keep and is_bad(run):
            played.keep(run, keep)
    return counts


def is_bad(run):
    return bool(run.complaints) or any(not finding.explained for finding in run.findings)


def conclude(runs, counts, least=100.0):
    """Print the report; returns the exit status: a failure below the least agreement."""
    bad = [run for run in runs if is_bad(run)]
    for run in bad:
        print(describe(run), end="\n\n")
    print(f"{len(runs)} runs, {len(bad)} with a disagreement")
    print("\n".join(report(counts)))
    print(report_taken_back(*(sum(numbers) for numbers in zip(*(run.taken_back for run in runs)))))
    complaints = [run.name for run in runs if run.complaints]
    if complaints:
        print("complaints about: " + "; ".join(complaints))
    return 1 if complaints or agreement(counts) < least else 0
