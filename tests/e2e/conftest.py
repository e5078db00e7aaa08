# SPDX-License-Identifier: Apache-2.0
"""Fixtures for a real CA: `signetd init`, then `signetd run`."""

import pytest

from kit import net, signetd


@pytest.fixture(scope="session")
def port80():
    """A real CA asks port 80 and no other (RFC 8555 8.3); tests/run gives us
    a network where that port is free."""
    server = net.Challenges(80)
    yield server
    server.close()


@pytest.fixture
def real_folder(resolver):
    """The folder of a real CA that has not been started."""
    folder = signetd.make(resolver)
    yield folder
    signetd.remove(folder)


@pytest.fixture
def real_ca(real_folder):
    with signetd.run(real_folder) as running:
        yield running
