# SPDX-License-Identifier: Apache-2.0
"""signet against Pebble: what our own CA does not offer yet."""

import pathlib
import types

import pytest
from cryptography import x509

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


@pytest.mark.parametrize("alg, status", (
    ("HS256", 0), ("HS384", 0), ("HS512", 0), ("ES256", 2)))
def test_binding_by_other_macs(agent, pebble_eab, alg, status):
    secret = pathlib.Path(agent.top, "eab.key")
    secret.write_text(pebble_eab.key + "\n")
    done = agent.get(pebble_eab, "eab.example", "--eab-kid", "kid-1",
                     "--eab-key-file", str(secret), "--eab-alg", alg,
                     status=status)
    assert status == 0 or "HS384" in done.stderr


def test_preferred_chain(agent, web, resolver):
    """Of three: that with the root that was named, in the file and in what is
    kept for the next renewal; else the CA's own, and that is told."""
    with other_cas.Pebble(resolver, web.port, net.free_port(),
                          PEBBLE_ALTERNATE_ROOTS="2") as running:
        trust = pathlib.Path(agent.top, "pebble.pem")
        trust.write_bytes(running.trust)
        ca = types.SimpleNamespace(url=running.url, cafile=str(trust))
        roots = [x509.load_pem_x509_certificate(
            running.fetch(f"roots/{i}").encode()).subject
                 for i in range(3)]
        names = [root.get_attributes_for_oid(
            x509.NameOID.COMMON_NAME)[0].value for root in roots]
        assert len(set(names)) == 3

        def ends_in():
            chain = agent.live("chain.example", "chain.pem").read_bytes()
            last = chain[chain.rindex(b"-----BEGIN"):]
            return x509.load_pem_x509_certificate(last).issuer

        agent.get(ca, "chain.example")
        assert ends_in() == roots[0]
        for i in (1, 2):
            agent.get(ca, "chain.example", "--preferred-chain", names[i],
                      "--force")
            assert ends_in() == roots[i]
        agent.run("renew", "--force", "chain.example")
        assert ends_in() == roots[2]
        done = agent.get(ca, "chain.example", "--preferred-chain",
                         "No Such Root", "--force")
        assert "no chain with the preferred issuer" in done.stderr
        assert ends_in() == roots[0]


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
