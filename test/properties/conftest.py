# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of these tests, and the program they run."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--walk", required=True, help="the program walk")


@pytest.fixture(scope="session")
def walk(request):
    return request.config.getoption("--walk")
