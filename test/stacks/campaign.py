# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs: a story on a pair of stacks, played, shown by the core, and judged by the stacks' account."""

import functools
import multiprocessing
import random
import re
import zlib
from dataclasses import dataclass, field

import walking
from judging.figures import add_counts
from lab import pcapng
from lab.rules import Weather
from properties.known import Miss
from properties.runs import is_alarm

from . import account, cases, network

STACKS = ("lwip", "bsd")
PAIRS = [(a, b) for a in STACKS for b in STACKS]
LOSSES = (0, 5, 20)  # percent lost, repeated and delayed


@dataclass(frozen=True)
class Run:
    """A story to be played on two stacks."""

    stacks: tuple  # at A, at B
    case: cases.Case
    seed: int
    loss: int = 0

    @property
    def pair(self):
        return "-".join(self.stacks)


@dataclass
class Result:
    """What came of a run."""

    run: Run
    misses: list = field(default_factory=list)  # the first difference of each endpoint
    wrong: list = field(default_factory=list)  # (stack, question, endpoint) of each at its own view
    counts: dict = field(default_factory=dict)  # by stack
    withdrawals: dict = field(default_factory=dict)  # by stack: [revisions, segments]


def written_runs():
    """Every written case, on every pair of stacks."""
    return [Run(pair, case, zlib.crc32(case.name.encode()) % 100_000)
            for pair in PAIRS for case in cases.written()]


def random_runs(seed, count):
    """So many random cases, dealt out to the pairs of stacks and the losses."""
    found = []
    for number in range(count):
        loss = LOSSES[number // len(PAIRS) % len(LOSSES)]
        name = f"random {seed}/{number}, loss {loss} %"
        case = cases.random_case(name, random.Random(name))
        found.append(Run(PAIRS[number % len(PAIRS)], case, number + 1, loss))
    return found


def play(nodes, run):
    """Play a run; nodes: the folder of the stacks' programs."""
    programs = {host: f"{nodes}/{stack}" for host, stack in zip("AB", run.stacks)}
    weather = Weather(random.Random(f"{run.case.name}/{run.pair}"), run.loss / 100)
    return network.play(run.case.story, programs, run.seed, weather if run.loss else None)


def play_and_judge(nodes, walk, wanted):
    """The results of some runs, with one process of the core for all."""
    played = [play(nodes, run) for run in wanted]
    told = [account.lines_of(one, view) for one in played for view in one.views]
    answers = iter(walking.answers(walk, [lines for lines, _packets in told]))
    told = iter(told)
    results = []
    for run, one in zip(wanted, played):
        shown = {view: account.frames_of(next(told)[1], next(answers)) for view in one.views}
        results.append(judge(run, one, shown))
    return results


def judge(run, played, shown):
    """Compare what is shown of a run with what its stacks say."""
    views = account.Views({view: frames for view, (frames, _finals) in shown.items()},
                          account.rows_of(played),
                          {host: [at] for host, at in network.ADDRESSES.items()})
    views.judge(lambda _ends: played.end)
    result = Result(run)
    stack_at = {network.ADDRESSES[host]: stack for host, stack in zip("AB", run.stacks)}
    _count(result, views, stack_at)
    _note_differences(result, views, played.bent or played.storm)
    if run.case.healthy and not played.bent:
        _note_alarms(result, shown)
    return result


def _count(result, views, stack_at):
    for address, counts in views.counts_at.items():
        add_counts(result.counts.setdefault(stack_at[address], {}), counts)
    for ends, revisions, segments in views.taken_back():
        numbers = result.withdrawals.setdefault(stack_at[ends[0][0]], [0, 0])
        numbers[0] += revisions
        numbers[1] += segments


def _note_differences(result, views, bent):
    """The first difference of each endpoint, as its own view shows it; as another shows it, only if
    its own shows nothing wrong, and nothing happened to the segments between the two."""
    first = {}
    wrong = [finding for finding in views.findings if not finding.explained]
    for finding in sorted(wrong, key=lambda one: (one.kind == "sequence", one.when)):
        host = views.host_of[finding.ends[0][0]]
        name = f"{host} port {finding.ends[0][1]}, connection {finding.connection}"
        if finding.view == host:
            first.setdefault(name, finding)
            stack = result.run.stacks["AB".index(host)]
            result.wrong.append((stack, finding.kind, name))
    for finding in wrong if not bent else ():
        host = views.host_of[finding.ends[0][0]]
        name = f"{host} port {finding.ends[0][1]}, connection {finding.connection}"
        if name not in first:
            first.setdefault(f"{name}, seen from {finding.view}", finding)
    result.misses += [Miss(result.run.pair, result.run.case.name, name, _differs(finding))
                      for name, finding in first.items()]


def _differs(finding):
    stack = finding.kernel if isinstance(finding.kernel, str) else " ".join(finding.kernel)
    shown = finding.shown if isinstance(finding.shown, str) else " ".join(finding.shown)
    return f"{finding.kind} {shown} for {stack}"


def _note_alarms(result, shown):
    for view, (frames, finals) in shown.items():
        events = set(finals).union(*(frame.events for frame in frames))
        alarms = sorted(filter(is_alarm, events - result.run.case.notes))
        if alarms:
            result.misses.append(Miss(result.run.pair, result.run.case.name, f"seen from {view}",
                                      "alarm " + " ".join(alarms)))


def save(folder, run, played):
    """Keep the captures of a run, to be looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{run.pair} {run.case.name}").strip("-")
    for view, packets in played.views.items():
        pcapng.write(folder / f"{name}-{view}.pcapng", packets, pcapng.LINKTYPE_RAW, view,
                     f"{run.case.name}, captured by test/stacks")
    with open(folder / f"{name}.txt", "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in run.case.story)
        for row in account.rows_of(played):
            file.write(f"{row.time / 1e9:.9f} {row.local[0]}:{row.local[1]} {row.old} -> {row.new}\n")


def try_all(nodes, walk, wanted, jobs=2):
    """The results of all runs, some at a time."""
    parts = [wanted[at:at + 100] for at in range(0, len(wanted), 100)]
    with multiprocessing.Pool(jobs) as pool:
        done = pool.map(functools.partial(play_and_judge, nodes, walk), parts, chunksize=1)
    return [result for part in done for result in part]
