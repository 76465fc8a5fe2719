# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of others, if there are any beside the project: the plugin never crashes tshark and never
changes its exit code. Without them there is nothing to run, and that is no failure."""

import concurrent.futures
import subprocess

import corpus
import tshark

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
