# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of others, if there are any beside the project: the plugin never crashes tshark and never
changes its exit code. Without them there is nothing to run, and that is no failure."""

import collections
import concurrent.futures
import csv
import pathlib
import subprocess

import corpus
import notation
import tshark

# How often each event above chat is told in each capture: a change is to be explained.
COUNTED = pathlib.Path(__file__).with_name("corpus-events.csv")


def run(shark, path, plugin, passes):
    fields = ["-T", "fields", "-e", "tcpstate.transition"] if plugin else ["-T", "fields", "-e", "ip"]
    done = shark.run("-r", path, *passes, *fields, plugin=plugin, check=False)
    return done.returncode


def judge(shark, path):
    """What is wrong with one capture."""
    try:
        plain = run(shark, path, False, ())
        for passes in ((), ("-2",)):
            code = run(shark, path, True, passes)
            if code != plain:
                return f"{path.name} {passes}: exit code {code}, without the plugin {plain}"
    except subprocess.TimeoutExpired:
        return f"{path.name}: takes too long"
    return ""


def test_no_crash(shark):
    """Every capture ends as it does without the plugin."""
    if not corpus.is_there():
        return
    known = sorted(filter(None, corpus.captures().values()))
    assert len(known) > 100
    with concurrent.futures.ThreadPoolExecutor(tshark.JOBS) as pool:
        wrong = [problem for problem in pool.map(lambda p: judge(shark, p), known) if problem]
    assert not wrong, "\n".join(wrong)


def events(shark, path):
    """How often each event above chat is told in one capture."""
    done = shark.run("-2", "-r", shark.readable(path), "-T", "fields", "-e", "tcpstate.event", check=False)
    told = collections.Counter(done.stdout.replace(",", " ").split())
    return {event: count for event, count in sorted(told.items()) if notation.EVENTS[event] != "CHAT"}


def test_events(shark, request):
    """As many events as before: what they cry, they cry for a reason."""
    if not corpus.is_there():
        return
    known = {name: path for name, path in sorted(corpus.captures().items()) if path}
    with concurrent.futures.ThreadPoolExecutor(tshark.JOBS) as pool:
        shown = dict(zip(known, pool.map(lambda path: events(shark, path), known.values())))
    rows = [(name, event, str(count)) for name in shown for event, count in shown[name].items()]
    if request.config.getoption("--write-golden"):
        with open(COUNTED, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("capture", "event", "count"), *rows])
        return
    with open(COUNTED, encoding="utf-8", newline="") as file:
        counted = [tuple(row) for row in csv.reader(file)][1:]
    assert sorted(set(rows) ^ {row for row in counted if row[0] in known}) == []
