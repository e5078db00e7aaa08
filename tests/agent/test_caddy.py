# SPDX-License-Identifier: Apache-2.0
"""signet against Caddy's acme_server, which asks ports 80 and 443 of names
that the system knows: each challenge that it offers, renewal, revocation, the
end of the account."""

import pathlib
import types

import pytest

from kit import other_cas


@pytest.fixture
def caddy(agent):
    with other_cas.CaddyServer() as running:
        trust = pathlib.Path(agent.top, "caddy.pem")
        trust.write_bytes(running.trust)
        yield types.SimpleNamespace(url=running.url, cafile=str(trust))


@pytest.mark.parametrize("via", ["standalone", "tls-alpn"])
def test_life(agent, caddy, via):
    agent.get(caddy, "localhost", via=via)
    before = agent.live("localhost").read_bytes()
    agent.run("renew", "--force", "localhost")
    assert agent.live("localhost").read_bytes() != before
    agent.run("revoke", "localhost")
    agent.run("renew")
    assert agent.certificate("localhost")["live"]
    agent.run("account", "deactivate", "--ca", caddy.url)
    assert not list(pathlib.Path(agent.dir, "accounts").iterdir())
