# SPDX-License-Identifier: GPL-2.0-or-later
"""README.md is true: its filters find what it says, its output is what its commands print, and
its links lead somewhere."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# | `filter` | what it finds | capture | frames |
FILTERS = re.findall(r"^\| `([^`]+)` \| [^|]+ \| `([^`]+)` \| (\d+) \|$", README, re.M)
# A block whose first line is a command, its output below; a line of "..." stands for any lines.
EXCERPTS = re.findall(r"^```console\n\$ (\./run\.sh[^\n]*)\n(.*?)^```$", README, re.M | re.S)

# | who | `command` | what it prints | where to go on |
VISITORS = re.findall(r"^\| [^|]+ \| `((?:[^`|]|\\\|)+)` \| [^|]+ \| [^|]*\]\([^|]+ \|$", README, re.M)


@pytest.fixture
def shell(tmp_path):
    """Runs a line in a folder that has that capture as trace.pcapng, and the command in PATH."""

    def line(capture, text):
        shutil.copyfile(ROOT / "captures" / f"{capture}.pcapng", tmp_path / "trace.pcapng")
        environment = {**os.environ, "PATH": f"{ROOT / 'build'}:{os.environ['PATH']}"}
        return subprocess.run(
            ["bash", "-c", text], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return line


def test_each_visitor_finds_a_command_on_the_first_screen():
    first_screen = README.split("```console")[0]
    assert len(VISITORS) == 4 and all(f"`{command}`" in first_screen for command in VISITORS)
    assert len(first_screen.splitlines()) <= 24


def test_learner_sees_the_states():
    shown = run(*shlex.split(VISITORS[0])[1:])
    assert shown.returncode == 0 and "CLOSING" in shown.stdout


def test_stuck_sockets_are_found(shell):
    shown = shell("close-wait-leak", VISITORS[1])
    assert shown.returncode == 0 and len(shown.stdout.splitlines()) == 30
    story = " ".join(re.search(r"beside much else: \*(.*?)\*", README, re.S)[1].split())
    assert story in shown.stdout
    assert shell("four-way-close", VISITORS[1]).stdout == ""


def test_pipeline_gets_a_line_for_each_connection(shell):
    line = VISITORS[2].replace(r"\|", "|")
    assert line.startswith("dumpcap -q -w - |")
    shown = shell("four-way-close", line.replace("dumpcap -q -w -", "cat trace.pcapng"))
    assert shown.returncode == 0 and '"close":"four-way"' in shown.stdout


def test_job_fails_for_what_is_stuck_or_reset(shell):
    assert shell("four-way-close", VISITORS[3]).returncode == 0
    assert shell("close-wait-leak", VISITORS[3]).returncode == 1
    assert shell("data-after-close", VISITORS[3]).returncode == 1


def test_servers_that_do_not_close_are_counted(shell):
    command, output = re.search(r"^```console\n\$ (tcpstate [^\n]*)\n(.*?)^```$", README, re.M | re.S).groups()
    assert shell("close-wait-leak", command).stdout.split() == output.split()


def run(*arguments):
    return subprocess.run([ROOT / "run.sh", *arguments], capture_output=True, text=True, cwd=ROOT)


def test_there_are_ten_filters():
    assert len(FILTERS) >= 10


@pytest.mark.parametrize("expression, capture, frames", FILTERS)
def test_filter_finds_what_the_table_says(expression, capture, frames):
    found = run(
        f"captures/{capture}", "-2", "-Y", expression, "-T", "fields", "-e", "frame.number"
    )
    assert found.returncode == 0, found.stderr
    assert len(found.stdout.splitlines()) == int(frames)


@pytest.mark.parametrize("command, output", EXCERPTS, ids=[c for c, _ in EXCERPTS])
def test_excerpt_is_what_the_command_prints(command, output):
    printed = run(*shlex.split(command)[1:])
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()) + r" *\n"
        for line in output.splitlines()
    )
    assert re.fullmatch(pattern, printed.stdout + printed.stderr), printed.stdout + printed.stderr


def test_there_are_excerpts():
    assert EXCERPTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert target.startswith("http") or (page.parent / target).exists(), target
