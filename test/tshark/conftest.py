# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of the tshark tests, and what they share."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenarios")]

import tshark  # noqa: E402  (after the path that its imports need)


def pytest_addoption(parser):
    parser.addoption("--walk", required=True, help="the program walk")
    parser.addoption("--write-golden", action="store_true", help="write the expected rows anew")
    parser.addoption("--plugins", required=True, help="the build's plugin folder")


@pytest.fixture(scope="session")
def walk(request):
    return request.config.getoption("--walk")


@pytest.fixture(scope="session")
def shark(request):
    """A tshark with the plugin under test, as an ordinary user."""
    with tshark.Tshark(request.config.getoption("--plugins")) as started:
        yield started
