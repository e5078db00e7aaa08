# SPDX-License-Identifier: Apache-2.0
"""Keys and JWS for tests: it signs whatever it is told, also nonsense."""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

CURVES = {
    "ES256": (ec.SECP256R1, "P-256", 32, hashes.SHA256),
    "ES384": (ec.SECP384R1, "P-384", 48, hashes.SHA384),
    "ES512": (ec.SECP521R1, "P-521", 66, hashes.SHA512),
}
ALGS = ["ES256", "ES384", "ES512", "RS256", "EdDSA"]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key(alg="ES256", rsa_bits=2048):
    """The private key that alg signs with."""
    if alg in CURVES:
        return ec.generate_private_key(CURVES[alg][0]())
    if alg in ("RS256", "RS384", "RS512", "PS256"):
        return rsa.generate_private_key(65537, rsa_bits)
    return ed25519.Ed25519PrivateKey.generate()


def alg_of(key):
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {c[0].name: a for a, c in CURVES.items()}[key.curve.name]
    return "RS256" if isinstance(key, rsa.RSAPrivateKey) else "EdDSA"


def integer(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def jwk(key):
    """The public JWK, members in the order of RFC 7638 section 3.2."""
    public = key.public_key()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        _, crv, size, _ = CURVES[alg_of(key)]
        numbers = public.public_numbers()
        return {"crv": crv, "kty": "EC", "x": integer(numbers.x, size),
                "y": integer(numbers.y, size)}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = public.public_numbers()
        return {"e": integer(numbers.e), "kty": "RSA", "n": integer(numbers.n)}
    raw = public.public_bytes(serialization.Encoding.Raw,
                              serialization.PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": b64(raw)}


def thumbprint(key):
    text = json.dumps(jwk(key), separators=(",", ":")).encode()
    return b64(hashlib.sha256(text).digest())


def sign(key, data, alg=None):
    alg = alg or alg_of(key)
    if alg in CURVES:
        _, _, size, digest = CURVES[alg]
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(digest())))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if alg == "RS256":
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(data)


def compact(value):
    """bytes stay, None is POST-as-GET's empty payload, the rest is JSON."""
    if isinstance(value, bytes):
        return value
    return b"" if value is None else json.dumps(value).encode()


def flattened(protected, payload, signature):
    return json.dumps({"protected": protected, "payload": payload,
                       "signature": signature}).encode()


def jws(key, header, payload, alg=None):
    """The flattened serialization over header (dict or raw bytes)."""
    protected, body = b64(compact(header)), b64(compact(payload))
    signed = f"{protected}.{body}".encode()
    return flattened(protected, body, b64(sign(key, signed, alg)))


def jws_mac(secret, header, payload):
    """The same with HMAC-SHA256: what "alg":"HS256" would be."""
    protected, body = b64(compact(header)), b64(compact(payload))
    mac = hmac.new(secret, f"{protected}.{body}".encode(), hashlib.sha256)
    return flattened(protected, body, b64(mac.digest()))


def public_pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo)
