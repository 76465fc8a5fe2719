# SPDX-License-Identifier: GPL-2.0-or-later
"""Options and parameters of the scenario tests."""

import pytest

import notation


def pytest_addoption(parser):
    parser.addoption("--walk", required=True, help="the program walk")


def pytest_generate_tests(metafunc):
    if "scenario" in metafunc.fixturenames:
        scenarios = notation.read_all()
        metafunc.parametrize("scenario", scenarios, ids=[s.name for s in scenarios])


@pytest.fixture(scope="session")
def walk(request):
    return request.config.getoption("--walk")
