# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks of docs/ci.md pass over a healthy capture, and fail for what they are for."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
HEALTHY, LEAKING, RESET = "four-way-close", "close-wait-leak", "data-after-close"


def block(kind):
    return re.search(rf"^```{kind}\n(.*?)^```$", PAGE, re.M | re.S)[1]


@pytest.fixture
def job(tmp_path):
    """Runs a command as a job would, in a folder with that capture; returns its exit status."""

    def run(capture, *command):
        for name in ("trace.pcapng", "trace.pcap"):
            shutil.copyfile(ROOT / "captures" / f"{capture}.pcapng", tmp_path / name)
        path = f"{ROOT / 'build'}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True).returncode

    return run


def tshark_line(line):
    """A line of tshark as run.sh runs it: with the plugin of the build, and as an ordinary user."""
    return line.replace("tshark -2 -r ", f"{ROOT / 'run.sh'} -2 -T fields -e frame.number -r ")


def test_shell(job):
    readable, stuck, lost = block("sh").splitlines()
    for line in (readable, stuck, tshark_line(lost)):
        assert job(HEALTHY, "bash", "-c", line) == 0, line
    assert job(LEAKING, "bash", "-c", stuck) == 1
    assert job(RESET, "bash", "-c", tshark_line(lost)) == 1


def test_pytest(job, tmp_path):
    (tmp_path / "test_trace.py").write_text(block("python"), encoding="utf-8")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_trace.py")
    assert job(HEALTHY, *command) == 0
    assert job(LEAKING, *command, "-k", "closed") == 1
    assert job(RESET, *command, "-k", "reset") == 1


def test_workflow(job):
    """Its lines of shell, but for those that install and capture."""
    lines = re.findall(r'- run: "?(.*?)"?$', block("yaml"), re.M)
    checks = [line for line in lines if line.lstrip("! ").startswith("tcpstate ")]
    assert len(checks) == 2
    assert [job(HEALTHY, "bash", "-c", line) for line in checks] == [0, 0]
    assert [job(LEAKING, "bash", "-c", line) for line in checks] == [0, 1]
