# SPDX-License-Identifier: Apache-2.0
"""signet-net against CAs that are not ours."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kit import agent_net, jose, net as kit_net, other_cas


@pytest.fixture(scope="module")
def tls_alpn():
    server = other_cas.TlsAlpn()
    yield server
    server.close()


@pytest.fixture(scope="module")
def pebble(challenges, resolver, tls_alpn):
    """As a user would start it: nonces refused, authorizations reused."""
    with other_cas.Pebble(resolver, challenges.port, tls_alpn.port,
                          PEBBLE_ALTERNATE_ROOTS="1") as running:
        yield running


@pytest.fixture
def net(pebble, challenges):
    with agent_net.Net() as running:
        running.ca(pebble.url, pebble.trust)
        agent_net.solve_http(running, challenges)
        yield running


def chain_of(chain):
    parts = chain["pem"].split(b"-----END CERTIFICATE-----\n")[:-1]
    return [x509.load_pem_x509_certificate(p + b"-----END CERTIFICATE-----\n")
            for p in parts]


def der(chain):
    return chain_of(chain)[0].public_bytes(serialization.Encoding.DER)


def test_http(net):
    chain = net.must(net.order(["a.example.test", "b.example.test"]), "chain")
    assert len(chain_of(chain)) == 2


def test_ip(net):
    chain = net.must(net.order([("ip", "127.0.0.1")]), "chain")
    san = chain_of(chain)[0].extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value
    assert [str(a) for a in san.get_values_for_type(x509.IPAddress)] == [
        "127.0.0.1"]


def test_wildcard_by_dns(net, resolver):
    def offer(op, offers):
        for one in offers:
            text = one["challenges"]["dns-01"]["key_authorization"]
            value = jose.b64(hashlib.sha256(text.encode()).digest())
            name = f"_acme-challenge.{one['ident'][1]}"
            resolver.records.setdefault((name, "TXT"), []).append(
                f'"{value}"')
            net.solved(op, one["authz"], "dns-01")
    net.on_offer = offer
    chain = net.must(net.order(["*.w.example.test", "w.example.test"]),
                     "chain")
    assert len(chain_of(chain)) == 2


def test_tls_alpn(net, tls_alpn):
    def offer(op, offers):
        for one in offers:
            text = one["challenges"]["tls-alpn-01"]["key_authorization"]
            tls_alpn.add(one["ident"][1],
                         hashlib.sha256(text.encode()).digest())
            net.solved(op, one["authz"], "tls-alpn-01")
    net.on_offer = offer
    net.must(net.order(["alpn.example.test"]), "chain")


def test_other_method_when_one_fails(net, challenges, resolver):
    methods = []

    def offer(op, offers):
        for one in offers:
            found = one["challenges"]
            methods.append(sorted(found))
            if "dns-01" in found:
                net.solved(op, one["authz"], "dns-01")
                continue
            http = found["http-01"]
            challenges.add(http["token"], http["key_authorization"])
            net.solved(op, one["authz"], "http-01")
    net.on_offer = offer
    net.must(net.order(["second.example.test"]), "chain")
    assert methods == [["dns-01", "http-01", "tls-alpn-01"],
                       ["http-01", "tls-alpn-01"]]


def test_preferred_chain(net):
    issuers = set()
    for preferred in ("", "no such root"):
        chain = net.must(net.order(["p.example.test"], preferred=preferred),
                         "chain")
        assert chain["preferred"] == (preferred == "")
        issuers.add(chain_of(chain)[-1].issuer.rfc4514_string())
    assert len(issuers) == 1
    root = issuers.pop().removeprefix("CN=")
    assert net.must(net.order(["p.example.test"], preferred=root),
                    "chain")["preferred"]


def test_revocation(net):
    key = ec.generate_private_key(ec.SECP256R1())
    one = der(net.must(net.order(["r1.example.test"]), "chain"))
    other = der(net.must(net.order(["r2.example.test"], key=key), "chain"))
    net.must(net.revoke(one, 4), "done")
    net.must(net.revoke(one), "done")  # it is: that is what was wanted
    net.must(net.revoke(other, 1, key), "done")


def test_account(net):
    made = net.must(net.ask(agent_net.REGISTER, b"\0"), "account")
    assert made["kid"]
    net.must(net.ask(agent_net.UPDATE, agent_net.registration(
        contacts=["mailto:a@example.org"])), "account")
    chain = net.must(net.order(["acc.example.test"]), "chain")
    urls = net.must(net.ask(agent_net.ORDERS), "orders")
    assert chain["order"] in urls
    net.must(net.ask(agent_net.ROLLOVER, jose.unb64(
        jose.thumbprint(net.new_key))), "done")
    net.key = net.new_key
    net.must(net.order(["rolled.example.test"]), "chain")
    net.must(net.ask(agent_net.DEACTIVATE), "done")


@pytest.mark.parametrize("name", ["HS256"])
def test_external_account(challenges, resolver, tls_alpn, name):
    secret = b"0123456789abcdef0123456789abcdef"
    with other_cas.Pebble(resolver, challenges.port, tls_alpn.port,
                          {"customer-1": jose.b64(secret)}) as pebble:
        with agent_net.Net() as net:
            agent_net.solve_http(net, challenges)
            net.ca(pebble.url, pebble.trust)
            problem = net.must(net.order(["eab.example.test"]), "problem")
            assert problem["type"] == "externalAccountRequired"
            net.eab = ("customer-1", secret, name)
            net.ca(pebble.url, pebble.trust, number=2)
            net.must(net.order(["eab.example.test"], ca=2), "chain")


def test_nonces_that_are_often_refused(challenges, resolver, tls_alpn):
    """At random: six in a row, which end an order, once in a million times."""
    with other_cas.Pebble(resolver, challenges.port, tls_alpn.port,
                          PEBBLE_WFE_NONCEREJECT="10") as pebble:
        with agent_net.Net() as net:
            agent_net.solve_http(net, challenges)
            net.ca(pebble.url, pebble.trust)
            for i in range(5):
                net.must(net.order([f"nonce{i}.example.test"]), "chain")


def test_caddy():
    """It asks ports 80 and 443 of names that the system knows."""
    port80 = kit_net.Challenges(80)
    try:
        with other_cas.CaddyServer() as caddy, agent_net.Net() as net:
            agent_net.solve_http(net, port80)
            net.ca(caddy.url, caddy.trust)
            chain = net.must(net.order(["localhost"]), "chain")
            assert len(chain_of(chain)) == 2
            assert len(chain_of(net.must(net.order([("ip", "127.0.0.1")]),
                                         "chain"))) == 2
            net.must(net.revoke(der(chain)), "done")
            net.must(net.ask(agent_net.DEACTIVATE), "done")
    finally:
        port80.close()
