# SPDX-License-Identifier: Apache-2.0
"""Every problem type of RFC 8555 6.7 that this CA can answer with, and the
form of problem documents."""

import re

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from kit import acme, jose, signetd


# What a detail ends with: the document and section that it enforces.
RULE = re.compile(r" \((RFC|BR|FIPS|draft)[^()]* [0-9.]+[^()]*\)$")


def check(answer, status, kind):
    """RFC 7807, RFC 8555 6.7: type, status, and a detail for people, which
    names the rule that a refusal enforces."""
    assert answer.status == status, answer
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.problem == kind, answer
    assert answer.json["status"] == status
    assert len(answer.json["detail"]) > 10
    if answer.json["type"] != acme.URN + "serverInternal":
        for problem in answer.json.get("subproblems", [answer.json]):
            assert RULE.search(problem["detail"]), answer


def identifiers(*names, kind="dns"):
    return {"identifiers": [{"type": kind, "value": n} for n in names]}


def order_with(client, challenges, name):
    order = client.new_order(name)
    for authz in client.authorize(order, challenges):
        assert authz["status"] == "valid", authz
    return order


def finalize(client, order, der):
    return client.post(order["finalize"], {"csr": jose.b64(der)})


def test_account_does_not_exist(client, ca):
    kid = client.kid.rpartition("/")[0] + "/123456789"
    check(client.post(kid, {}, kid=kid), 400, "accountDoesNotExist")


def test_bad_csr_that_is_none(client, challenges):
    order = order_with(client, challenges, "csr.example.test")
    for der in (b"nonsense", b"\x30\x03\x02\x01\x00"):
        check(finalize(client, order, der), 400, "badCSR")


def test_bad_csr_of_a_wrong_signature(client, challenges):
    order = order_with(client, challenges, "csr.example.test")
    der = bytearray(acme.csr(jose.new_key(), ["csr.example.test"]))
    der[-5] ^= 1
    check(finalize(client, order, bytes(der)), 400, "badCSR")


def test_bad_csr_for_other_names(client, challenges):
    order = order_with(client, challenges, "csr.example.test")
    for names in (["other.example.test"], [],
                  ["csr.example.test", "more.example.test"]):
        der = acme.csr(jose.new_key(), names)
        check(finalize(client, order, der), 400, "badCSR")


WEAK = {
    "RSA-1024": lambda: rsa.generate_private_key(65537, 1024),
    "RSA with exponent 3": lambda: rsa.generate_private_key(3, 2048),
    "P-192": lambda: ec.generate_private_key(ec.SECP192R1()),
    "P-224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "DSA": lambda: dsa.generate_private_key(2048),
}


@pytest.mark.parametrize("kind", WEAK)
def test_bad_csr_of_a_weak_key(client, challenges, kind):
    order = order_with(client, challenges, "weak.example.test")
    der = acme.csr(WEAK[kind](), ["weak.example.test"])
    check(finalize(client, order, der), 400, "badCSR")


def test_bad_csr_signed_with_sha1(client, challenges):
    order = order_with(client, challenges, "sha1.example.test")
    der = acme.csr(rsa.generate_private_key(65537, 2048),
                   ["sha1.example.test"], digest=hashes.SHA1())
    check(finalize(client, order, der), 400, "badCSR")


def test_bad_csr_of_the_account_key(ca, challenges):
    """RFC 8555 11.1: an account key is not a certificate's key."""
    key = jose.new_key("ES256")
    client = ca.client(key)
    order = order_with(client, challenges, "same.example.test")
    check(finalize(client, order, acme.csr(key, ["same.example.test"])),
          400, "badCSR")
    # Nor is another account's, also if that is no more.
    others = jose.new_key("RS256")
    other = ca.client(others)
    csr = acme.csr(others, ["same.example.test"])
    check(finalize(client, order, csr), 400, "badCSR")
    other.step(other.kid, {"status": "deactivated"})
    check(finalize(client, order, csr), 400, "badCSR")
    csr = acme.csr(jose.new_key(), ["same.example.test"])
    assert finalize(client, order, csr).status == 200


def test_bad_nonce(client):
    nonce = client.nonce()
    assert client.post(client.kid, {}, nonce=nonce).status == 200
    for bad in (nonce, "AAAA", client.nonce()[:-1], "x" * 128):
        check(client.post(client.kid, {}, nonce=bad), 400, "badNonce")


def test_bad_public_key(ca):
    """Weak account keys: RFC 8555 6.2."""
    for key in (rsa.generate_private_key(65537, 1024),
                rsa.generate_private_key(3, 2048)):
        client = ca.client(key, register=False)
        check(client.post(client.directory["newAccount"], {}), 400,
              "badPublicKey")


def test_bad_signature_algorithm(client):
    """RFC 8555 6.2: the document lists what is taken."""
    for alg in ("PS256", "ES256K", "RS384", "nonsense"):
        answer = client.post(client.kid, {}, alg=alg)
        check(answer, 400, "badSignatureAlgorithm")
        assert set(answer.json["algorithms"]) == set(jose.ALGS)


def authorization_problem(client, authz_url):
    authz = client.poll(authz_url, ("invalid", "valid"))
    assert authz["status"] == "invalid", authz
    failed = [c for c in authz["challenges"] if "error" in c]
    assert len(failed) == 1
    return failed[0]["error"]


def failed_validation(client, challenges, name, served=None):
    order = client.new_order(name)
    url = order["authorizations"][0]
    challenge = client.challenge(url)
    if served is not None:
        challenges.add(challenge["token"], served(challenge["token"]))
    client.step(challenge["url"], {})
    error = authorization_problem(client, url)
    assert error["detail"]
    order = client.step(order["location"]).json
    assert order["status"] == "invalid"
    return error["type"].removeprefix(acme.URN), error


def test_incorrect_response(client, challenges):
    kind, _ = failed_validation(client, challenges, "wrong.example.test",
                                lambda token: "something else")
    assert kind in ("incorrectResponse", "unauthorized")
    kind, _ = failed_validation(client, challenges, "missing.example.test")
    assert kind in ("incorrectResponse", "unauthorized")


def test_dns(client, challenges, resolver):
    for name, answer in (("nx.example.test", "NXDOMAIN"),
                         ("servfail.example.test", "SERVFAIL")):
        resolver.records[name, "ANY"] = answer
        kind, _ = failed_validation(client, challenges, name)
        assert kind == "dns"
    resolver.records["empty.example.test", "ANY"] = []
    assert failed_validation(client, challenges,
                             "empty.example.test")[0] == "dns"


def test_connection(client, challenges, resolver):
    # 127.0.0.9 is this machine, and nothing listens there.
    resolver.records["closed.example.test", "A"] = ["127.0.0.9"]
    assert failed_validation(client, challenges,
                             "closed.example.test")[0] == "connection"


def test_caa(resolver, port80):
    """RFC 8659: another CA's name forbids; the parent's record counts; what
    cannot be looked up forbids too; our own name permits."""
    folder = signetd.make(resolver, 'caa_identity = "ca.example.test"\n')

    def fails(client, name):
        return failed_validation(client, port80, name,
                                 client.key_authorization)[0]

    with signetd.run(folder) as ca:
        client = ca.client()
        for i, record in enumerate(('0 issue "other.example"', '0 issue ";"',
                                    '128 unknowntag "x"')):
            resolver.records[f"caa{i}.example.test", "CAA"] = [record]
            assert fails(client, f"caa{i}.example.test") == "caa"
            assert fails(client, f"below.caa{i}.example.test") == "caa"
        resolver.records["caafail.example.test", "CAA"] = "SERVFAIL"
        assert fails(client, "caafail.example.test") in ("caa", "dns")
        resolver.records["caaok.example.test", "CAA"] = [
            '0 issue "ca.example.test"', '0 issuewild ";"']
        client.obtain(port80, "caaok.example.test")
    signetd.remove(folder)


def test_invalid_contact(client, ca):
    for contact in ("mailto:nobody", "mailto:a@example.com,b@example.com",
                    "mailto:a@example.com?subject=x"):
        fresh = ca.client(register=False)
        check(fresh.post(fresh.directory["newAccount"],
                         {"contact": [contact]}), 400, "invalidContact")


def test_unsupported_contact(client):
    for contact in ("tel:+12025551212", "https://example.com/"):
        check(client.post(client.kid, {"contact": [contact]}), 400,
              "unsupportedContact")


def test_malformed(client):
    new_order = client.directory["newOrder"]
    for payload in (b"", b"nonsense", b"[]", b'"x"', b"{}", b'{"a":1,"a":2}',
                    {"identifiers": []}, {"identifiers": {}},
                    {"identifiers": ["x"]}, {"identifiers": [{}]},
                    {"identifiers": [{"type": "dns"}]},
                    {"identifiers": [{"type": "dns", "value": 5}]},
                    {**identifiers("a.example.test"), "notAfter": "soon"},
                    identifiers(*(f"n{i}.example.test"
                                  for i in range(1001)))):
        check(client.post(new_order, payload), 400, "malformed")


def test_malformed_post_as_get(client):
    order = client.new_order("get.example.test")
    for url in (order["location"], order["authorizations"][0]):
        assert client.post(url, b"{\"a\"").problem == "malformed"
    check(client.post(order["location"], {}), 400, "malformed")


def test_malformed_not_found(client):
    base = client.directory_url.rpartition("/")[0]
    for path in ("/nowhere", "/acme/order/12345", "/acme/authz/9",
                 "/acme/certificate/77", "/acme/order/0",
                 "/acme/order/99999999999999999999", "/acme/order/-1"):
        check(client.post(base + path), 404, "malformed")


def test_malformed_method(client):
    for method, url in (("GET", client.directory["newOrder"]),
                        ("PUT", client.directory["newAccount"]),
                        ("DELETE", client.directory_url)):
        answer = client.http.request(method, url)
        check(answer, 405, "malformed")
        assert answer.header("Allow")


def test_malformed_media_type(client):
    body = jose.jws(client.key, client.header(client.kid), {})
    check(client.send(client.kid, body, "application/json"), 415, "malformed")


def test_malformed_too_large(client):
    body = jose.jws(client.key, client.header(client.kid), b" " * (1 << 20))
    check(client.send(client.kid, body), 413, "malformed")


def test_order_not_ready(client):
    order = client.new_order("early.example.test")
    der = acme.csr(jose.new_key(), ["early.example.test"])
    check(finalize(client, order, der), 403, "orderNotReady")


REJECTED = ["onion", "a.onion", "x.alt", "-bad.example.test",
            "bad-.example.test", "a..example.test", ".example.test",
            "under_score.example.test", "x" * 64 + ".example.test",
            "example.test.", "a b.example.test", "192.0.2.1", "",
            "xn--ls8h=.example.test", "xn--a.example.test",
            "xn--example-.example.test", "*", "*.*.example.test",
            "a.*.example.test", "café.example.test", "a/b.example.test"]


@pytest.mark.parametrize("name", REJECTED)
def test_rejected_identifier(client, name):
    answer = client.post(client.directory["newOrder"], identifiers(name))
    assert answer.status == 400
    assert answer.problem in ("rejectedIdentifier", "malformed"), answer


def test_several_rejected_identifiers(client):
    """RFC 8555 6.7.1: one subproblem for each."""
    answer = client.post(client.directory["newOrder"], identifiers(
        "a.onion", "good.example.test", "b.onion"))
    check(answer, 400, "compound")
    assert [sub["identifier"]["value"]
            for sub in answer.json["subproblems"]] == ["a.onion", "b.onion"]
    for sub in answer.json["subproblems"]:
        assert sub["type"] == acme.URN + "rejectedIdentifier"


def test_profiles_are_advertised(client):
    """draft-ietf-acme-profiles 3 and 4: all that are listed are accepted;
    the order says which it has, asked for or not."""
    profiles = client.directory["meta"]["profiles"]
    assert "default" in profiles
    for name in [None, *profiles]:
        payload = identifiers("profile.example.test") | {"profile": name}
        answer = client.post(client.directory["newOrder"], payload)
        assert answer.status == 201
        assert answer.json["profile"] == (name or "default")


def test_invalid_profile(client):
    """draft-ietf-acme-profiles 4."""
    for name in ("nosuch", "x" * 1000):
        payload = identifiers("profile.example.test") | {"profile": name}
        check(client.post(client.directory["newOrder"], payload), 400,
              "invalidProfile")


def test_unsupported_identifier(client):
    check(client.post(client.directory["newOrder"],
                      identifiers("x", kind="email")), 400,
          "unsupportedIdentifier")


def test_unauthorized_other_account(ca, client, challenges):
    """RFC 8555 7.1: what is another's is not there for you."""
    order = order_with(client, challenges, "private.example.test")
    stranger = ca.client()
    challenge = client.challenge(order["authorizations"][0])
    der = acme.csr(jose.new_key(), ["private.example.test"])
    for answer in (stranger.post(order["location"]),
                   stranger.post(order["authorizations"][0]),
                   stranger.post(challenge["url"]),
                   stranger.post(challenge["url"], {}),
                   stranger.post(client.kid, {}),
                   finalize(stranger, order, der)):
        assert answer.status in (401, 403, 404), answer
        assert answer.problem in ("unauthorized", "malformed"), answer
    done = finalize(client, order, der).json
    assert stranger.post(done["certificate"]).status in (401, 403, 404)


def test_unauthorized_deactivated_account(ca):
    """RFC 8555 7.3.6."""
    client = ca.client()
    assert client.post(client.kid, {"status": "deactivated"}).json[
        "status"] == "deactivated"
    check(client.post(client.directory["newOrder"],
                      identifiers("late.example.test")), 401, "unauthorized")
    fresh = client.post(client.directory["newAccount"], {}, kid=...,
                        jwk=jose.jwk(client.key))
    assert fresh.problem == "unauthorized"


def test_unauthorized_url(client):
    """RFC 8555 6.4."""
    other = client.directory["newOrder"]
    check(client.post(client.kid, {}, url=other), 403, "unauthorized")


def test_deactivated_authorization(client, challenges):
    """RFC 8555 7.5.2: and its order fails with it."""
    order = order_with(client, challenges, "given-up.example.test")
    url = order["authorizations"][0]
    answer = client.post(url, {"status": "deactivated"})
    assert answer.json["status"] == "deactivated", answer
    der = acme.csr(jose.new_key(), ["given-up.example.test"])
    assert finalize(client, order, der).problem in (
        "orderNotReady", "unauthorized")


def test_problems_carry_nonces_and_links(client):
    """RFC 8555 6.5, 7.1."""
    answer = client.post(client.directory["newOrder"], {})
    assert answer.header("Replay-Nonce")
    assert answer.links("index") == [client.directory_url]
