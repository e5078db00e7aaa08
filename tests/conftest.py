# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all suites: see tests/README.md."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True

from kit import net, signetd  # noqa: E402

net.loopback_up()


@pytest.fixture(scope="session")
def challenges():
    server = net.Challenges()
    yield server
    server.close()


@pytest.fixture(scope="session")
def resolver():
    server = net.Dns()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def records_as_before(request):
    """What a test tells the shared resolver ends with the test."""
    if "resolver" not in request.fixturenames:
        yield
        return
    records = request.getfixturevalue("resolver").records
    before = dict(records)
    yield
    records.clear()
    records.update(before)


@pytest.fixture(scope="session")
def ca(challenges, resolver):
    """A CA that all tests of a run share."""
    with signetd.dev(challenges, resolver) as running:
        yield running


@pytest.fixture
def own_ca(challenges, resolver):
    """A function that starts a CA of the test's own."""
    with signetd.several(challenges, resolver) as start:
        yield start


@pytest.fixture
def client(ca):
    """A fresh account with the shared CA."""
    return ca.client()
