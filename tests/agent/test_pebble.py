# SPDX-License-Identifier: Apache-2.0
"""signet against Pebble: what our own CA does not offer yet."""

import pathlib
import types

import pytest

from kit import net, other_cas


@pytest.fixture
def pebble(agent, web, resolver):
    """With the members that the agent's kit asks a CA for."""
    with other_cas.Pebble(resolver, web.port, net.free_port()) as running:
        trust = pathlib.Path(agent.top, "pebble.pem")
        trust.write_bytes(running.trust)
        yield types.SimpleNamespace(url=running.url, cafile=str(trust))


@pytest.fixture
def pebble_eab(agent, web, resolver):
    key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    with other_cas.Pebble(resolver, web.port, net.free_port(),
                          macs={"kid-1": key}) as running:
        trust = pathlib.Path(agent.top, "pebble.pem")
        trust.write_bytes(running.trust)
        yield types.SimpleNamespace(url=running.url, cafile=str(trust),
                                    key=key)


@pytest.mark.parametrize("by", [[], ["--by-key"]])
def test_revoke(agent, pebble, by):
    agent.get(pebble, "revoke.example")
    before = agent.live("revoke.example").read_bytes()
    done = agent.run("revoke", "revoke.example", "--reason", "superseded",
                     *by)
    assert "revoked" in done.stdout
    # HTTPS stays on: the next run gets another one.
    agent.run("renew")
    assert agent.live("revoke.example").read_bytes() != before


def test_external_account_binding(agent, pebble_eab):
    done = agent.get(pebble_eab, "eab.example", status=1)
    assert "eab_kid" in done.stderr
    secret = pathlib.Path(agent.top, "eab.key")
    secret.write_text(pebble_eab.key + "\n")
    agent.get(pebble_eab, "eab.example", "--eab-kid", "kid-1",
              "--eab-key-file", str(secret))
    assert agent.certificate("eab.example")["live"]


def test_account(agent, pebble):
    agent.get(pebble, "account.example", "--email", "a@example.com")
    done = agent.run("account", "show")
    assert pebble.url in done.stdout
    assert "mailto:a@example.com" in done.stdout
    agent.run("account", "update", "--ca", pebble.url, "--email",
              "b@example.com")
    assert "mailto:b@example.com" in agent.run("account", "show").stdout
    key = next(pathlib.Path(agent.dir, "accounts").iterdir())
    before = key.read_bytes()
    agent.run("account", "rollover", "--ca", pebble.url)
    assert key.read_bytes() != before
    agent.run("renew", "--force", "account.example")
    agent.run("account", "deactivate", "--ca", pebble.url)
    assert not list(pathlib.Path(agent.dir, "accounts").iterdir())
    assert pebble.url not in agent.run("account", "show").stdout
