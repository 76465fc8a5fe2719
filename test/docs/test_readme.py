# SPDX-License-Identifier: GPL-2.0-or-later
"""README.md is true: its filters find what it says, its output is what its commands print, and
its links lead somewhere."""
import pathlib
import re
import shlex
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# | `filter` | what it finds | capture | frames |
FILTERS = re.findall(r"^\| `([^`]+)` \| [^|]+ \| `([^`]+)` \| (\d+) \|$", README, re.M)
# A block whose first line is a command, its output below; a line of "..." stands for any lines.
EXCERPTS = re.findall(r"^```console\n\$ (\./run\.sh[^\n]*)\n(.*?)^```$", README, re.M | re.S)


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
