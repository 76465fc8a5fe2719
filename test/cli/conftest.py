# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of the command's tests, and what they share."""

import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test" / name) for name in ("tshark", "scenarios", "fuzz")]

import tshark  # noqa: E402  (after the path that its imports need)


def pytest_addoption(parser):
    parser.addoption("--walk", help="the program walk, which these tests do not use")
    parser.addoption("--command", required=True, help="the command tcpstate")
    parser.addoption("--plugins", required=True, help="the build's plugin folder")
    parser.addoption("--write-examples", action="store_true", help="write the pages' examples anew")
    parser.addoption("--generate", required=True, help="what writes large captures")


class Command:
    """The command under test."""

    def __init__(self, path):
        self.path = path

    def run(self, *arguments, timeout=120, **options):
        options = {"capture_output": True, "text": True, **options}
        return subprocess.run([self.path, *map(str, arguments)], timeout=timeout, **options)

    def rows(self, *arguments, **options):
        """What it prints as JSON, each row a dictionary."""
        done = self.run("--format", "json", *arguments, **options)
        assert done.returncode in (0, 1, 2), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="session")
def command(request):
    return Command(request.config.getoption("--command"))


@pytest.fixture(scope="session")
def generate(request):
    """Writes a capture of a story with so many packets."""

    def write(path, story, packets):
        with open(path, "wb") as file:
            program = request.config.getoption("--generate")
            subprocess.run([program, story, str(packets)], stdout=file, check=True, timeout=300)
        return path

    return write


@pytest.fixture(scope="session")
def shark(request):
    """A tshark with the plugin under test, as an ordinary user."""
    with tshark.Tshark(request.config.getoption("--plugins")) as started:
        yield started
