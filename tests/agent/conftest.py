# SPDX-License-Identifier: Apache-2.0
"""Fixtures for signet: a CA whose validators see a web root."""

import os
import shutil
import tempfile

import pytest

from kit import signet, signetd


@pytest.fixture(scope="session")
def web():
    root = tempfile.mkdtemp(prefix="signet-www-")
    os.chmod(root, 0o755)
    server = signet.Web(root)
    yield server
    server.close()
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def web_ca(web, resolver):
    """A CA that all tests share; it asks the web root's server."""
    with signetd.dev(web, resolver) as running:
        yield running


@pytest.fixture
def new_ca(web, resolver):
    """A function that starts a CA of the test's own."""
    with signetd.several(web, resolver) as start:
        yield start


@pytest.fixture
def beside(resolver):
    """A function that starts a web server, and for it a CA, which asks the
    server's port, and an agent."""
    started = []

    def start(server, run=True):
        started.append(server)
        if run:
            server.start()
        ca = signetd.dev(resolver=resolver,
                         options=["--http-port", str(server.port)])
        started.append(ca)
        agent = signet.Agent(None)
        started.append(agent)
        return server, ca, agent

    yield start
    for each in reversed(started):
        each.close()


@pytest.fixture
def agent(web):
    running = signet.Agent(web)
    yield running
    running.close()
    web.empty()
