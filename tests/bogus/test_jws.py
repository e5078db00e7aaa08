# SPDX-License-Identifier: Apache-2.0
"""Hostile JWS (RFC 7515, RFC 8555 6.2 to 6.5): each gets a problem document,
none is believed, and the process lives."""

import json

import pytest
from cryptography.hazmat.primitives import serialization

from kit import acme, jose


@pytest.fixture(autouse=True)
def processes_live(ca):
    """No test here may cost the life of a process."""
    before = sorted(ca.children())
    yield
    assert sorted(ca.children()) == before
    assert "process-died" not in ca.errors()


def refused(answer, *kinds):
    """A problem document of the client's fault."""
    assert 400 <= answer.status < 500, answer
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.problem in (kinds or ("malformed",)), answer
    assert answer.json["detail"]


def raw(client, protected, payload=b"{}", signature=None):
    """A body over a header's literal bytes, signed well."""
    text = protected if isinstance(protected, bytes) else \
        json.dumps(protected).encode()
    return jose.jws(client.key, text, payload) if signature is None else \
        jose.flattened(jose.b64(text), jose.b64(payload), signature)


def members(client, **changes):
    return client.header(client.kid, **changes)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
def test_alg_none(client, alg):
    header = members(client, alg=alg)
    for signature in ("", "AAAA"):
        refused(client.send(client.kid, raw(client, header,
                                            signature=signature)),
                "badSignatureAlgorithm", "malformed")


def test_hmac_with_the_public_key(ca):
    """The oldest trick: the public key's text as the secret of HS256."""
    key = jose.new_key("RS256")
    client = ca.client(key)
    for secret in (jose.public_pem(key), json.dumps(jose.jwk(key)).encode(),
                   key.public_key().public_bytes(
                       serialization.Encoding.DER,
                       serialization.PublicFormat.SubjectPublicKeyInfo)):
        for alg in ("HS256", "HS384", "HS512"):
            header = members(client, alg=alg)
            refused(client.send(client.kid,
                                jose.jws_mac(secret, header, {})),
                    "badSignatureAlgorithm")


@pytest.mark.parametrize("alg", jose.ALGS)
def test_another_algorithm_than_the_key_is_for(ca, alg):
    key = jose.new_key(alg)
    client = ca.client(key)
    for other in set(jose.ALGS) - {alg}:
        header = client.header(client.kid, alg=other)
        refused(client.send(client.kid, jose.jws(key, header, {}, alg=alg)),
                "malformed", "badPublicKey", "badSignatureAlgorithm")


def test_both_jwk_and_kid(client):
    refused(client.post(client.kid, {}, jwk=jose.jwk(client.key)))
    refused(client.post(client.directory["newAccount"], {},
                        jwk=jose.jwk(client.key)))


def test_neither_jwk_nor_kid(client):
    refused(client.post(client.kid, {}, kid=...))
    refused(client.post(client.directory["newAccount"], {}, kid=...))


def test_jwk_where_kid_belongs_and_the_other_way(client):
    refused(client.post(client.kid, {}, kid=..., jwk=jose.jwk(client.key)))
    refused(client.post(client.directory["newAccount"], {}))


def test_kid_of_elsewhere(client):
    for kid in ("https://evil.example/acme/account/1", "1", "", 5, None,
                client.kid + "/orders", client.kid + "/", [client.kid],
                client.kid.replace("https", "http")):
        refused(client.post(client.kid, {}, kid=kid), "malformed",
                "accountDoesNotExist")


def test_missing_or_wrong_url(client):
    refused(client.post(client.kid, {}, url=...), "malformed",
            "unauthorized")
    for url in ("", 5, None, client.kid + "x", client.kid.upper(),
                client.kid.replace("https", "http"), client.kid + "?a=b",
                client.directory["newOrder"]):
        refused(client.post(client.kid, {}, url=url), "malformed",
                "unauthorized")


def test_missing_or_strange_nonce(client):
    for nonce in (..., "", 5, None, ["x"], "not base64url!", "A" * 100000,
                  client.nonce() + "=", "\u0000"):
        refused(client.post(client.kid, {}, nonce=nonce), "malformed",
                "badNonce")


@pytest.mark.parametrize("crit", [
    ["b64"], ["exp"], [], ["url"], ["nonce"], "b64", [5], None, {}])
def test_crit(client, crit):
    """RFC 7515 4.1.11: nothing is understood here, so nothing is critical."""
    extra = {"exp": 1} if crit == ["exp"] else {}
    refused(client.post(client.kid, {}, crit=crit, **extra))


@pytest.mark.parametrize("b64", [False, True, 0, "false"])
def test_b64(client, b64):
    """RFC 7797 has no place in ACME: RFC 8555 6.2."""
    refused(client.post(client.kid, {}, b64=b64))
    refused(client.post(client.kid, {}, b64=b64, crit=["b64"]))


def test_unprotected_headers(client):
    body = json.loads(jose.jws(client.key, members(client), {}))
    for extra in ({"header": {}}, {"header": {"kid": "x"}},
                  {"header": {"alg": "ES256"}}, {"header": None}):
        refused(client.send(client.kid, json.dumps({**body, **extra})
                            .encode()))


def test_general_serialization(client):
    body = json.loads(jose.jws(client.key, members(client), {}))
    one = {"protected": body["protected"], "signature": body["signature"]}
    for signatures in ([one], [one, one], [], None):
        refused(client.send(client.kid, json.dumps(
            {"payload": body["payload"], "signatures": signatures}).encode()))
        refused(client.send(client.kid, json.dumps(
            {**body, "signatures": signatures}).encode()))


def test_compact_serialization(client):
    body = json.loads(jose.jws(client.key, members(client), {}))
    text = ".".join(body[k] for k in ("protected", "payload", "signature"))
    refused(client.send(client.kid, text.encode()))
    refused(client.send(client.kid, json.dumps(text).encode()))


def test_missing_members(client):
    body = json.loads(jose.jws(client.key, members(client), {}))
    for member in body:
        less = {k: v for k, v in body.items() if k != member}
        refused(client.send(client.kid, json.dumps(less).encode()))
        for value in (None, 5, [], {}):
            refused(client.send(client.kid, json.dumps(
                {**body, member: value}).encode()))


def test_duplicate_members(client):
    """Two readers must never read two things: RFC 8259 4."""
    good = jose.jws(client.key, members(client), {}).decode()
    for name in ("protected", "payload", "signature"):
        refused(client.send(client.kid, (good[:-1] + f', "{name}": "AAAA"}}')
                            .encode()))
        refused(client.send(client.kid, (f'{{"{name}": "AAAA", ' + good[1:])
                            .encode()))
    header = json.dumps(members(client))
    for name, value in (("alg", "none"), ("url", "x"), ("kid", "y")):
        twice = header[:-1] + f', "{name}": "{value}"}}'
        refused(client.send(client.kid, raw(client, twice.encode())))
    escaped = header[:-1] + ', "\\u0061lg": "none"}'
    refused(client.send(client.kid, raw(client, escaped.encode())))
    refused(client.post(client.kid, b'{"contact": [], "contact": []}'))


def test_padding_and_other_base64(client):
    """RFC 7515 2: base64url without padding, and one form for one value."""
    good = json.loads(jose.jws(client.key, members(client), b"{}  "))
    for member in good:
        for bad in (good[member] + "=", good[member] + "==",
                    good[member] + "\n", " " + good[member],
                    good[member][:-1] + "+", good[member] + "/",
                    good[member] + ".", good[member][:4] + "é"):
            refused(client.send(client.kid, json.dumps(
                {**good, member: bad}).encode()), "malformed", "badNonce")


def test_base64_of_unused_bits(client):
    """"QQ" and "QR" decode to the same byte; only one of them is right."""
    good = json.loads(jose.jws(client.key, members(client), b"{} "))
    assert len(good["payload"]) % 4 == 0
    good["signature"] = good["signature"][:-1] + chr(
        ord(good["signature"][-1]) + 1)
    refused(client.send(client.kid, json.dumps(good).encode()))


def test_changed_bytes(client):
    """Any change under the signature is seen."""
    good = json.loads(jose.jws(client.key, members(client),
                               {"contact": ["mailto:a@example.com"]}))
    evil = jose.b64(b'{"contact": ["mailto:b@example.com"]}')
    refused(client.send(client.kid, json.dumps(
        {**good, "payload": evil}).encode()))
    assert client.post(client.kid, {}).json.get("contact") is None


@pytest.mark.parametrize("alg", jose.ALGS)
def test_bad_signatures(ca, alg):
    key = jose.new_key(alg)
    client = ca.client(key)
    size = len(jose.sign(key, b"x"))
    for signature in (b"", b"\0", b"\0" * size, b"\xff" * size,
                      b"\0" * (size - 1), b"\0" * (size + 1),
                      b"\x30\x06\x02\x01\x01\x02\x01\x01",
                      b"\1" * 10000):
        header = client.header(client.kid)
        body = jose.flattened(jose.b64(json.dumps(header).encode()), "e30",
                              jose.b64(signature))
        refused(client.send(client.kid, body))


def test_der_encoded_ecdsa(client):
    """RFC 7518 3.4 wants R and S side by side, not DER."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    protected = jose.b64(json.dumps(members(client)).encode())
    der = client.key.sign(f"{protected}.e30".encode(),
                          ec.ECDSA(hashes.SHA256()))
    refused(client.send(client.kid, jose.flattened(protected, "e30",
                                                   jose.b64(der))))


def jwk_request(client, jwk, alg="ES256"):
    """newAccount with a literal key; nobody can sign for most of them."""
    header = {"alg": alg, "nonce": client.nonce(), "jwk": jwk,
              "url": client.directory["newAccount"]}
    body = jose.flattened(jose.b64(json.dumps(header).encode()), "e30",
                          jose.b64(b"\1" * 64))
    return client.send(client.directory["newAccount"], body)


P256 = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff


def ec_key(x, y, crv="P-256", **more):
    return {"kty": "EC", "crv": crv, "x": x, "y": y, **more}


POINTS = {
    "off the curve": ec_key(jose.integer(1, 32), jose.integer(1, 32)),
    "zero": ec_key(jose.b64(bytes(32)), jose.b64(bytes(32))),
    "the prime": ec_key(jose.integer(P256), jose.integer(P256)),
    "over the prime": ec_key("_" * 42 + "8", "_" * 42 + "8"),
    "short": ec_key("AA", "AA"),
    "empty": ec_key("", ""),
    "long": ec_key("A" * 2000, "A" * 2000),
    "numbers": ec_key(1, 2),
    "no y": {"kty": "EC", "crv": "P-256", "x": "A" * 43},
    "unknown curve": ec_key("A" * 43, "A" * 43, "secp256k1"),
    "no curve": {"kty": "EC", "x": "A" * 43, "y": "A" * 43},
    "not base64": ec_key("!" * 43, "!" * 43),
    "Ed25519 of small order": {"kty": "OKP", "crv": "Ed25519",
                               "x": jose.b64(bytes(32))},
    "Ed25519 short": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
    "X25519": {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
    "Ed448": {"kty": "OKP", "crv": "Ed448", "x": "A" * 76},
    "symmetric": {"kty": "oct", "k": "AAAA"},
    "RSA modulus zero": {"kty": "RSA", "n": "AA", "e": "AQAB"},
    "RSA even": {"kty": "RSA", "n": jose.integer((1 << 2047) + 2),
                 "e": "AQAB"},
    "RSA of 512 bits": {"kty": "RSA", "n": jose.integer((1 << 511) + 1),
                        "e": "AQAB"},
    "RSA of 1 Mbit": {"kty": "RSA", "n": "_" * 40000, "e": "AQAB"},
    "RSA of 16384 bits": {"kty": "RSA", "n": jose.integer((1 << 16383) + 1),
                          "e": "AQAB"},
    "RSA exponent 1": {"kty": "RSA", "n": jose.integer((1 << 2047) + 1),
                       "e": "AQ"},
    "RSA exponent of 2048 bits": {"kty": "RSA",
                                  "n": jose.integer((1 << 2047) + 1),
                                  "e": jose.integer((1 << 2046) + 1)},
    "no type": {"x": "AA"},
    "null": None, "text": "x", "list": [], "empty object": {},
}


@pytest.mark.parametrize("name", POINTS)
def test_bad_keys(client, name):
    for alg in ("ES256", "RS256", "EdDSA"):
        refused(jwk_request(client, POINTS[name], alg), "badPublicKey",
                "malformed", "badSignatureAlgorithm")


def test_private_members_in_jwk(ca):
    """A client that sends its private key is told, not served."""
    client = ca.client(register=False)
    secret = client.key.private_numbers().private_value
    jwk = {**jose.jwk(client.key), "d": jose.integer(secret, 32)}
    refused(client.post(client.directory["newAccount"], {}, jwk=jwk),
            "badPublicKey", "malformed")


def test_replay(client):
    """RFC 8555 6.5: the same bytes twice."""
    body = jose.jws(client.key, members(client), {})
    assert client.send(client.kid, body).status == 200
    refused(client.send(client.kid, body), "badNonce")


def test_finalize_is_not_believed_unverified(ca, client, challenges):
    """finalize's signature is checked by the signer alone; it is checked."""
    order = client.new_order("forged.example.test")
    client.authorize(order, challenges)
    stranger = jose.new_key()
    csr = acme.csr(jose.new_key(), ["forged.example.test"])
    header = client.header(order["finalize"])
    body = jose.jws(stranger, header, {"csr": jose.b64(csr)})
    refused(client.send(order["finalize"], body), "malformed",
            "unauthorized")
    assert "certificate" not in client.step(order["location"]).json
    good = json.loads(jose.jws(client.key, client.header(order["finalize"]),
                               {"csr": jose.b64(csr)}))
    other = acme.csr(jose.new_key(), ["forged.example.test"])
    good["payload"] = jose.b64(json.dumps({"csr": jose.b64(other)}).encode())
    refused(client.send(order["finalize"], json.dumps(good).encode()),
            "malformed", "unauthorized")
    assert "certificate" not in client.step(order["location"]).json
