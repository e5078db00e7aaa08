# SPDX-License-Identifier: Apache-2.0
"""A small ACME client for tests (RFC 8555): each step can be bent."""

import http.client
import json
import ssl
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from kit import jose

URN = "urn:ietf:params:acme:error:"
JOSE = "application/jose+json"


class Answer:
    """Status, headers and body of a response."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return self.headers.get(name)

    def links(self, rel):
        """The targets of Link headers with this relation."""
        found = []
        for line in self.headers.get_all("Link") or []:
            for part in line.split(","):
                target, _, rest = part.strip().partition(";")
                if f'rel="{rel}"' in rest:
                    found.append(target.strip("<> "))
        return found

    @property
    def problem(self):
        """The problem's type without its URN; None when it is none."""
        if self.header("Content-Type") != "application/problem+json":
            return None
        return self.json["type"].removeprefix(URN)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Problem(Exception):
    def __init__(self, answer):
        super().__init__(repr(answer))
        self.answer = answer


class Http:
    """One connection that is kept alive, and opened again when it ended."""

    def __init__(self, base, cafile, timeout=30):
        parts = urllib.parse.urlsplit(base)
        self.host, self.port = parts.hostname, parts.port or 443
        self.timeout = timeout
        self.tls = ssl.create_default_context(cafile=cafile)
        self.connection = None

    def connect(self):
        self.close()
        self.connection = http.client.HTTPSConnection(
            self.host, self.port, timeout=self.timeout, context=self.tls)
        self.connection.connect()

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def request(self, method, url, body=None, headers=None):
        path = urllib.parse.urlsplit(url)
        target = path.path + ("?" + path.query if path.query else "")
        fresh = self.connection is None
        try:
            return self.once(method, target, body, headers or {})
        except (http.client.RemoteDisconnected, BrokenPipeError,
                ConnectionResetError, ssl.SSLEOFError):
            # A kept connection may have ended meanwhile: RFC 9112 9.3.1.
            if fresh:
                raise
            self.close()
            return self.once(method, target, body, headers or {})

    def once(self, method, target, body, headers):
        if self.connection is None:
            self.connect()
        try:
            self.connection.request(method, target, body, headers)
            response = self.connection.getresponse()
            answer = Answer(response.status, response.headers,
                            response.read())
        except Exception:
            self.close()
            raise
        if response.will_close:
            self.close()
        return answer


class Client:
    """An account key and a connection. Steps raise Problem unless told to
    return the answer as it is (post)."""

    def __init__(self, directory_url, cafile, key=None):
        self.directory_url = directory_url
        self.http = Http(directory_url, cafile)
        self.key = key or jose.new_key("ES256")
        self.kid = None
        self.nonces = []
        self.directory = self.http.request("GET", directory_url).json

    def close(self):
        self.http.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def nonce(self):
        if self.nonces:
            return self.nonces.pop()
        answer = self.http.request("HEAD", self.directory["newNonce"])
        return answer.header("Replay-Nonce")

    def header(self, target, **changes):
        """The protected header; a change to ... leaves the member out."""
        header = {"alg": jose.alg_of(self.key), "nonce": ..., "url": target}
        if self.kid is not None:
            header["kid"] = self.kid
        else:
            header["jwk"] = jose.jwk(self.key)
        header.update(changes)
        if header["nonce"] is ... and "nonce" not in changes:
            header["nonce"] = self.nonce()
        return {k: v for k, v in header.items() if v is not ...}

    def send(self, url, body, content_type=JOSE):
        """Raw bytes; keeps the fresh nonce of the answer."""
        answer = self.http.request("POST", url, body,
                                   {"Content-Type": content_type})
        if answer.header("Replay-Nonce"):
            self.nonces.append(answer.header("Replay-Nonce"))
        return answer

    def post(self, target, payload=None, **changes):
        """A signed request; payload None is POST-as-GET."""
        return self.send(target, jose.jws(
            self.key, self.header(target, **changes), payload))

    def step(self, url, payload=None):
        """As post, but tries again with a new nonce, and raises problems."""
        for _ in range(20):
            answer = self.post(url, payload)
            if answer.problem != "badNonce":
                break
        if answer.status >= 400:
            raise Problem(answer)
        return answer

    def register(self, **payload):
        payload = {"termsOfServiceAgreed": True, **payload}
        kid, self.kid = self.kid, None
        try:
            answer = self.step(self.directory["newAccount"], payload)
            kid = answer.header("Location")
        finally:
            self.kid = kid
        return answer

    def new_order(self, *names, **more):
        idents = [name if isinstance(name, dict) else
                  {"type": "dns", "value": name} for name in names]
        answer = self.step(self.directory["newOrder"],
                           {"identifiers": idents, **more})
        order = answer.json
        order["location"] = answer.header("Location")
        return order

    def key_authorization(self, token):
        return token + "." + jose.thumbprint(self.key)

    def challenge(self, authz_url, kind="http-01"):
        authz = self.step(authz_url).json
        return next(c for c in authz["challenges"] if c["type"] == kind)

    def poll(self, url, until, timeout=30):
        """Asks until the object's status is in until, as Retry-After says."""
        deadline = time.monotonic() + timeout
        while True:
            answer = self.step(url)
            if answer.json["status"] in until:
                return answer.json
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} stays {answer.json}")
            time.sleep(min(float(answer.header("Retry-After") or 0.05), 0.2))

    def authorize(self, order, challenges, until=("valid", "invalid")):
        """Answers every pending authorization by http-01."""
        done = []
        for url in order["authorizations"]:
            authz = self.step(url).json
            if authz["status"] == "pending":
                challenge = next(c for c in authz["challenges"]
                                 if c["type"] == "http-01")
                challenges.add(challenge["token"],
                               self.key_authorization(challenge["token"]))
                self.step(challenge["url"], {})
                authz = self.poll(url, until)
            done.append(authz)
        return done

    def finalize(self, order, csr_der):
        answer = self.step(order["finalize"], {"csr": jose.b64(csr_der)})
        return answer

    def download(self, url):
        return self.step(url).body.decode()

    def obtain(self, challenges, *names, key=None, cn=None):
        """The whole of RFC 8555 7.4; gives the chain's certificates."""
        order = self.new_order(*names)
        for authz in self.authorize(order, challenges):
            if authz["status"] != "valid":
                raise AssertionError(authz)
        key = key or jose.new_key("ES256")
        done = self.finalize(order, csr(key, names, cn=cn)).json
        if done["status"] != "valid":
            done = self.poll(order["location"], ("valid", "invalid"))
        if done["status"] != "valid":
            raise AssertionError(done)
        return parse_chain(self.download(done["certificate"]))


def csr(key, names, cn=None, digest=None, extra=(), challenge_password=None):
    """A certification request in DER."""
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, cn)] if cn else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name(subject))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(
            [x509.DNSName(name) for name in names]), critical=False)
    for extension in extra:
        builder = builder.add_extension(extension, critical=False)
    if challenge_password:
        builder = builder.add_attribute(
            x509.oid.AttributeOID.CHALLENGE_PASSWORD, challenge_password)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        digest = None
    else:
        digest = digest or hashes.SHA256()
    return builder.sign(key, digest).public_bytes(serialization.Encoding.DER)


def csr_of_version(key, names, version):
    """One that says it is of another version than RFC 2986 4.1 has."""
    request = x509.load_der_x509_csr(csr(key, names))
    info = request.tbs_certrequest_bytes
    at = info.index(b"\x02\x01\x00")
    info = info[:at + 2] + bytes([version]) + info[at + 3:]
    ecdsa_with_sha256 = bytes.fromhex("300a06082a8648ce3d040302")
    signature = b"\0" + key.sign(info, ec.ECDSA(hashes.SHA256()))
    body = info + ecdsa_with_sha256 + b"\x03" + bytes([len(signature)]) + \
        signature
    size = b"\x81" if len(body) < 256 else b"\x82\x01"
    return b"\x30" + size + bytes([len(body) % 256]) + body


def split_pem(text):
    """The PEM blocks of a chain."""
    end = "-----END CERTIFICATE-----"
    return [part.strip() + "\n" + end + "\n"
            for part in text.split(end)[:-1]]


def parse_chain(text):
    return [x509.load_pem_x509_certificate(pem.encode())
            for pem in split_pem(text)]
