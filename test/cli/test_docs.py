# SPDX-License-Identifier: GPL-2.0-or-later
"""What docs/command.md and docs/scale.md show is what the commands print; --write-examples writes it anew."""

import os
import re
import subprocess

import conftest
import pytest

PAGES = ("command.md", "scale.md")
BLOCKS = [
    (page, *block)
    for page in PAGES
    for block in re.findall(
        r"^```console\n\$ ([^\n]*)\n(.*?)^```$",
        (conftest.ROOT / "docs" / page).read_text(),
        re.M | re.S,
    )
]


@pytest.mark.parametrize("page, line, output", BLOCKS, ids=[line for _, line, _ in BLOCKS])
def test_examples(command, request, page, line, output):
    path = f"{os.path.dirname(command.path)}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, cwd=conftest.ROOT,
        env={**os.environ, "PATH": path}, timeout=300,
    )
    if request.config.getoption("--write-examples") and "...\n" not in output:
        path = conftest.ROOT / "docs" / page
        path.write_text(path.read_text().replace(f"$ {line}\n{output}", f"$ {line}\n{done.stdout}"))
        return
    pattern = "".join(
        r"(?:.*\n)*?" if row.strip() == "..." else re.escape(row) + "\n"
        for row in output.splitlines()
    )
    assert re.fullmatch(pattern, done.stdout), done.stdout + done.stderr


def test_there_are_examples():
    assert len(BLOCKS) >= 6
