# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/scale: the rows of all shards, and the five questions, if DuckDB is there to be asked."""

import json
import os
import shutil
import subprocess

import conftest

CAPTURES = [
    conftest.ROOT / f"captures/{name}.pcapng"
    for name in ("close-wait-leak", "port-reuse-refused", "linger-zero")
]


def has_duckdb(folder):
    """Whether scripts/scale finds it from there."""
    if shutil.which("duckdb"):
        return True
    ask = ["node", "-e", 'require.resolve("@duckdb/node-api")']
    return bool(shutil.which("node")) and subprocess.run(ask, cwd=folder, capture_output=True).returncode == 0


def test_rows_and_answers(command, tmp_path):
    path = f"{os.path.dirname(command.path)}:{os.environ['PATH']}"
    done = subprocess.run(
        [conftest.ROOT / "scripts/scale", "--shards", "3", tmp_path, *CAPTURES],
        env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=300,
    )
    assert done.returncode == 0, done.stderr
    files = sorted(tmp_path.glob("rows.*.json"))
    assert len(files) == 3
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    whole = command.rows(*CAPTURES)
    key = lambda row: (row["ts"], row["community_id"])  # noqa: E731
    assert sorted(map(key, rows)) == sorted(map(key, whole))
    if not has_duckdb(tmp_path):
        assert "DuckDB is missing" in done.stderr
        return
    stuck = sum(row["server_phase"] == "CLOSE_WAIT" for row in whole)
    assert str(stuck) in done.stdout and "reuse" not in done.stderr


def test_wrong_use(command):
    done = subprocess.run([conftest.ROOT / "scripts/scale"], capture_output=True, text=True)
    assert done.returncode == 2 and "Usage" in done.stderr
