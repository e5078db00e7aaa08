# SPDX-License-Identifier: Apache-2.0
"""A hostile CA for the agent: for each lie a clear error, nothing installed,
bounded time and memory, and a good certificate as soon as the CA is good.

All lies are told at the same time; each test looks at how one of them ended.
"""

import concurrent.futures
import contextlib
import ipaddress
import json
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from kit import hostile_ca, signet, signetd
from kit.hostile_ca import Answer, certificate, pem

STEP_S = 3           # --timeout: the longest for one thing of the CA
RUN_S = 40           # the longest for all of it, on a busy machine
MEMORY_MAX = 160 << 20  # bytes of addresses of each process
SAID_MAX = 8192      # bytes of what an administrator has to read
AT_ONCE = 6
NAME = "victim.example"
ESCAPES = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x00 \r\n \x7f \u0085 \u202e x"

LIES = {}


def lie(step, says):
    """What is decorated is told at a step of the CA."""
    def add(function):
        def prepare(ca):
            ca.lies[step] = function
        LIES[function.__name__] = (prepare, says)
        return function
    return add


def each(cases, says, step):
    """The same with a parameter: name -> value; says may be a dict, too."""
    def add(function):
        for name, value in cases.items():
            def prepare(ca, value=value):
                ca.lies[step] = lambda h, a: function(h, a, value)
            LIES[f"{function.__name__}_{name}"] = (
                prepare, says[name] if isinstance(says, dict) else says)
        return function
    return add


def setting(says):
    """What is decorated changes the CA itself."""
    def add(function):
        LIES[function.__name__] = (function, says)
        return function
    return add


def head(handler, *lines):
    handler.wfile.write("\r\n".join(("HTTP/1.1 200 OK", *lines, "", "")
                                    ).encode())


def change(answer, **members):
    answer.body = {**answer.body, **members}
    return answer


# ---- HTTP ------------------------------------------------------------------

STEPS = ("directory", "nonce", "account", "order", "authz", "challenge",
         "finalize", "certificate")


def cut(handler, answer):
    """The connection ends where the answer should come."""
    handler.close_connection = True


def half(handler, answer):
    """The answer ends in its middle."""
    body = answer.bytes()
    head(handler, "Content-Type: application/json",
         f"Content-Length: {len(body) + 10}")
    handler.wfile.write(body[:len(body) // 2])
    handler.close_connection = True


for _step in STEPS:
    for _how in (cut, half):
        def _prepare(ca, step=_step, how=_how):
            ca.lies[step] = how
        LIES[f"{_how.__name__}_{_step}"] = (_prepare, "hung up|nonce")


@lie("directory", "redirect|status 302")
def redirects_for_ever(handler, answer):
    return Answer(302, b"", Location=handler.path)


@lie("order", "status 307")
def redirect_of_a_post(handler, answer):
    return Answer(307, b"", Location="/order")


@each({"directory": 0}, "more bytes than",
      "directory")
def body_of_10_gb(handler, answer, _):
    """Said to be, and begun to be sent."""
    head(handler, "Content-Type: application/json",
         "Content-Length: 10737418240")
    pour(handler)


def pour(handler):
    """Until the other end has enough; tells how much that was."""
    block = b" " * 65536
    with contextlib.suppress(OSError):
        for _ in range(16384):
            handler.wfile.write(block)
    handler.close_connection = True


@lie("certificate", "more bytes than")
def endless_chain(handler, answer):
    head(handler, "Content-Type: application/pem-certificate-chain")
    pour(handler)


@lie("directory", "more bytes than")
def endless_chunks(handler, answer):
    head(handler, "Content-Type: application/json",
         "Transfer-Encoding: chunked")
    with contextlib.suppress(OSError):
        for _ in range(16384):
            handler.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
    handler.close_connection = True


@lie("directory", "more bytes than")
def endless_headers(handler, answer):
    with contextlib.suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for i in range(100000):
            handler.wfile.write(f"X-{i}: {'x' * 1000}\r\n".encode())
    handler.close_connection = True


@lie("order", "no answer|timed out|time|within")
def slow_drip(handler, answer):
    """A byte a second."""
    body = answer.bytes()
    head(handler, "Content-Type: application/json",
         f"Content-Length: {len(body)}")
    with contextlib.suppress(OSError):
        for byte in body:
            handler.wfile.write(bytes([byte]))
            if handler.server.gone.wait(1):
                break
    handler.close_connection = True


@lie("account", "no answer|timed out|time|within")
def silence(handler, answer):
    handler.server.gone.wait(60)
    handler.close_connection = True


@lie("directory", "no HTTP|HTTP|not understood")
def no_http(handler, answer):
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n" * 3)
    handler.close_connection = True


# ---- JSON ------------------------------------------------------------------

@each({"html": "text/html", "nothing": None, "binary":
       "application/octet-stream"}, "Content-Type|content type|media type|"
      "JSON", "order")
def kind(handler, answer, value):
    answer.headers["Content-Type"] = value
    answer.body = b"<html>Welcome to the hotel's network</html>"
    return answer


@each({
    "truncated": b'{"newNonce":"https://127',
    "deep": b"[" * 100000,
    "deep_object": b'{"a":' * 50000,
    "empty": b"",
    "null": b"null",
    "array": b"[]",
    "nul": b'{"newNonce":"https://127.0.0.1/\0"}',
    "escaped_nul": b'{"newNonce":"https://127.0.0.1/\\u0000"}',
    "number": b'{"newNonce":1e999999}',
    "latin1": b'{"newNonce":"\xff\xfe"}',
    "utf16": '{"newNonce":""}'.encode("utf-16"),
}, "directory|JSON", "directory")
def json_of(handler, answer, value):
    answer.body = value
    return answer


@each({
    "truncated": b'{"status":"ready"',
    "deep": b'{"status":' + b"[" * 100000,
    "wrong_types": b'{"status":7,"identifiers":{},"authorizations":"x",'
                   b'"finalize":[]}',
    "no_status": b"{}",
    "odd_status": b'{"status":"odd","identifiers":[],"authorizations":[],'
                  b'"finalize":"https://127.0.0.1/"}',
}, "order|JSON", "order")
def order_of(handler, answer, value):
    answer.body = value
    return answer


# ---- what must not be believed -----------------------------------------------

@each({
    "slash": "a/b" * 10, "dots": "../../../../etc/cron.d/x",
    "shell": "$(touch /tmp/signet-was-here)`id`;&|" * 2,
    "nul": "abcdefghijklmnopqrstuvw\0xyz", "long": "a" * 10240,
    "empty": "", "newline": "abcdefghijklmnopqrstuvwxyz\n", "short": "abc",
    "number": 7, "space": "abcdefghijkl mnopqrstuvwxyz",
}, "token|challenge|valid JSON", "authz")
def token(handler, answer, value):
    return change(answer, challenges=[
        {**answer.body["challenges"][0], "token": value}])


def issue(ca, make):
    """Lies about the certificate."""
    def lie_(handler, answer):
        answer.body = make(ca, ca.request.public_key(),
                           [x509.DNSName(n) for n in ca.names])
        return answer
    ca.lies["certificate"] = lie_


def chain(liar, key, names, **more):
    return pem(certificate(key, NAME, liar.issuer, names, **more)) + \
        pem(liar.root)


CHAINS = {
    "for_another_key": ("key", lambda ca, key, names: chain(
        ca, ec.generate_private_key(ec.SECP256R1()).public_key(), names)),
    "for_another_name": ("name", lambda ca, key, names: chain(
        ca, key, [x509.DNSName("evil.example")])),
    "for_more_names": ("name", lambda ca, key, names: chain(
        ca, key, names + [x509.DNSName("more.example")])),
    "for_a_wildcard": ("name", lambda ca, key, names: chain(
        ca, key, [x509.DNSName("*.example")])),
    "for_no_name": ("name", lambda ca, key, names: chain(ca, key, [])),
    "expired": ("ended on", lambda ca, key, names: chain(
        ca, key, names, days=(-30, -1))),
    "not_yet_valid": ("begins on",
                      lambda ca, key, names: chain(
                          ca, key, names, days=(20, 30))),
    "that_is_a_ca": ("CA", lambda ca, key, names: chain(
        ca, key, names, ca=True)),
    "with_another_issuer": ("issuer|signed|sign", lambda ca, key, names: pem(
        certificate(key, NAME, ca.issuer, names)) + pem(certificate(
            ec.generate_private_key(ec.SECP256R1()), "Root of lies",
            ca=True))),
    "of_1000": ("1000|certificates|bytes|longer|larger",
                lambda ca, key, names: chain(ca, key, names) +
                pem(ca.root) * 1000),
    "of_100": ("100|certificates|bytes|longer|larger",
               lambda ca, key, names: chain(ca, key, names) +
               pem(ca.root) * 99),
    "in_the_wrong_order": ("order|CA|names|key", lambda ca, key, names:
                           pem(ca.root) + pem(certificate(
                               key, NAME, ca.issuer, names))),
    "for_clients": ("that of a TLS server", lambda ca, key, names: chain(
        ca, key, names, usage=ExtendedKeyUsageOID.CLIENT_AUTH)),
    "of_garbage": ("PEM|certificate", lambda ca, key, names:
                   b"-----BEGIN CERTIFICATE-----\n" + b"QUJD" * 99 +
                   b"\n-----END CERTIFICATE-----\n"),
    "of_broken_base64": ("PEM|certificate", lambda ca, key, names: chain(
        ca, key, names).replace(b"A", b"\x00")),
    "of_nothing": ("PEM|certificate|empty", lambda ca, key, names: b""),
    "with_a_private_key": ("PEM|certificate", lambda ca, key, names: chain(
        ca, key, names) + b"-----BEGIN PRIVATE KEY-----\nQUJD\n"
        b"-----END PRIVATE KEY-----\n"),
    "with_words": ("PEM|certificate|text", lambda ca, key, names:
                   b"ssl_certificate_key /etc/shadow;\n" * 500 +
                   b"-----BEGIN CERTIFICATE-----\n"),
}
for _name, (_says, _make) in CHAINS.items():
    def _prepare(ca, make=_make):
        issue(ca, make)
    LIES["chain_" + _name] = (_prepare, _says)


@setting("sign|issuer|key")
def chain_self_signed(ca):
    """By a key of the CA's own choice, under the site's name."""
    issue(ca, lambda ca, key, names: pem(certificate(
        ec.generate_private_key(ec.SECP256R1()), NAME, names=names)))


@lie("order", "identifier|names|other")
def order_for_other_names(handler, answer):
    return change(answer, identifiers=[
        {"type": "dns", "value": "evil.example"}])


@lie("authz", "was not asked for")
def authz_for_another_name(handler, answer):
    return change(answer, identifier={"type": "dns", "value": "evil.example"})


@lie("finalize", "identifier|names|other")
def finalize_answers_for_other_names(handler, answer):
    return change(answer, identifiers=[
        {"type": "dns", "value": "evil.example"}])


@lie("directory", "https")
def http_urls(handler, answer):
    answer.body = json.loads(json.dumps(answer.body).replace("https:",
                                                             "http:"))
    return answer


@each({"file": "file:///etc/passwd", "gopher": "gopher://127.0.0.1:25/x",
       "unix": "unix:///run/x", "userinfo": "https://a:b@127.0.0.1/",
       "long": "https://127.0.0.1/" + "a" * 100000,
       "crlf": "https://127.0.0.1/a\r\nHost: evil"}, "URL|https", "order")
def finalize_at(handler, answer, value):
    return change(answer, finalize=value)


@each({"host": "https://evil.example/order/1",
       "port": "https://127.0.0.1:1/order/1"}, "which is not where its "
      "directory is", "order")
def location_elsewhere(handler, answer, value):
    """Nothing goes there."""
    answer.headers["Location"] = value
    handler.server.owner.lies["finalize"] = lambda h, a: Answer(
        200, {**a.body, "status": "processing", "certificate": None})
    return answer


@lie("order", "which is not where its directory is")
def order_elsewhere(handler, answer):
    return change(answer, authorizations=["https://127.0.0.1:1/authz/1"])


@lie("order", "which is not where its directory is")
def finalize_elsewhere(handler, answer):
    return change(answer, status="ready", finalize="https://127.0.0.1:1/x")


@lie("directory", "https|URL")
def nonce_over_http(handler, answer):
    return change(answer, newNonce="http://127.0.0.1:1/nonce")


@lie("order", "PEM|certificate|time|within|alternate")
def alternates_in_a_loop(handler, answer):
    """Each chain, of another key, names itself and others as alternates."""
    ca = handler.server.owner

    def more(handler, answer):
        answer.body = pem(ca.root)
        answer.headers["Link"] = ", ".join(
            f'<{ca.top}/certificate/1?{i}>;rel="alternate"'
            for i in range(100))
        return answer
    ca.lies["certificate"] = more
    return answer


@lie("directory", "https|URL")
def location_in_a_file(handler, answer):
    return change(answer, newAccount="file:///etc/passwd")


# ---- without end -------------------------------------------------------------

def processing(handler, answer):
    return change(answer, status="processing", certificate=None)


@setting("not issued the certificate within|does not end")
def processing_for_ever(ca):
    ca.lies["finalize"] = ca.lies["poll"] = lambda h, a: Answer(
        200, {**{k: v for k, v in a.body.items() if k != "certificate"},
              "status": "processing"}, **{
                  k: v for k, v in a.headers.items() if k != "Content-Type"})


@setting("within")
def pending_for_ever(ca):
    def lie_(handler, answer):
        ca.validated = False
        return change(answer, status="pending")
    ca.lies["challenge"] = lie_


def retry(value):
    def add(ca):
        processing_for_ever(ca)
        plain = ca.lies["poll"]

        def lie_(handler, answer):
            said = plain(handler, answer)
            said.headers["Retry-After"] = value
            return said
        ca.lies["finalize"] = ca.lies["poll"] = lie_
    return add


for _name, _value in {"century": "3155760000", "negative": "-1",
                      "garbage": "soon", "huge": "9" * 300, "past": "Thu, 01 Jan 1970 00:00:00 GMT",
                      "date": "Fri, 31 Dec 2199 23:59:59 GMT"}.items():
    LIES["retry_after_" + _name] = (retry(_value), "within")


@each({"503": 503, "429": 429}, "asks to wait until 2026|asks to wait until 2", "order")
def come_back_in_a_century(handler, answer, status):
    return Answer(status, {"type": "about:blank", "detail": "busy"},
                  "application/problem+json", Retry_After="3155760000",
                  **{"Retry-After": "3155760000"})


@lie("account", "nonce")
def nonces_refused_for_ever(handler, answer):
    return Answer(400, {
        "type": "urn:ietf:params:acme:error:badNonce", "detail": "stale"},
        "application/problem+json",
        **{"Replay-Nonce": answer.headers["Replay-Nonce"]})


@lie("account", "nonce|HTTP|header|no answer|not understood")
def nonce_with_a_line_feed(handler, answer):
    handler.wfile.write(b"HTTP/1.1 400 Bad\r\nReplay-Nonce: abc\n def\r\n"
                        b"Replay-Nonce: a\x0bb\r\nContent-Length: 0\r\n"
                        b"\r\n")
    handler.close_connection = True


@each({"none": None, "empty": "", "long": "a" * 100000,
       "odd": "../nonce?=\x7f"}, "nonce|more bytes than", "any")
def nonce_is(handler, answer, value):
    answer.headers["Replay-Nonce"] = value
    return answer


# ---- words -------------------------------------------------------------------

@each({"escapes": ESCAPES, "long": "very " * 40000, "empty": "",
       "object": {"a": 1}}, "without a reason|more bytes than", "order")
def problem(handler, answer, value):
    return Answer(403, {
        "type": "urn:ietf:params:acme:error:unauthorized", "detail": value,
        "subproblems": [{"type": value, "detail": value,
                         "identifier": {"type": "dns", "value": value}}] * 50,
        "instance": value}, "application/problem+json")


@lie("directory", "valid JSON")
def terms_with_escapes(handler, answer):
    answer.headers["Content-Type"] = "application/json"
    meta = {"termsOfService": "https://127.0.0.1/" + ESCAPES,
            "website": ESCAPES, "profiles": {ESCAPES: ESCAPES}}
    handler.server.owner.lies["account"] = lambda h, a: Answer(
        403, {"type": "urn:ietf:params:acme:error:userActionRequired",
              "detail": ESCAPES + " terms"}, "application/problem+json")
    return change(answer, meta=meta)


# ---- TLS ---------------------------------------------------------------------

def host(name):
    return [x509.DNSName(name)]


LOOPBACK = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


@setting("name|127.0.0.1|match")
def tls_for_another_name(ca):
    ca.show(host("evil.example"))


@setting("expired")
def tls_expired(ca):
    ca.show(LOOPBACK, days=(-9, -1))


@setting("not yet valid")
def tls_not_yet_valid(ca):
    ca.show(LOOPBACK, days=(5, 9))


@setting("--ca-file")
def tls_untrusted(ca):
    key = ec.generate_private_key(ec.SECP256R1())
    ca.show(LOOPBACK, (certificate(key, "Root of truth", ca=True), key))


@setting("certificate signature failure")
def tls_by_a_namesake(ca):
    """The issuer's name is right, its key is not."""
    key = ec.generate_private_key(ec.SECP256R1())
    ca.show(LOOPBACK, (certificate(key, "Root of lies", ca=True), key))


# ------------------------------------------------------------------------------

class Outcome:
    """How one lie ended."""

    def __init__(self, prepare):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="signet-agent-"))
        self.www = self.top / "www"
        self.www.mkdir()
        self.top.chmod(0o755)
        try:
            with hostile_ca.HostileCa() as ca:
                ca.server.gone, ca.server.owner = threading.Event(), ca
                prepare(ca)
                self.bad = self.get(ca)
                self.left = self.installed()
                ca.server.gone.set()
                self.asked = len(ca.asked)
                ca.behave()
                self.good = self.get(ca)
                self.live = self.installed()
        finally:
            shutil.rmtree(self.top)

    def installed(self):
        """Files of certificates, and what is left in the web root."""
        return sorted(str(p.relative_to(self.top)) for p in
                      [*self.top.glob("state/live/**/*.pem"),
                       *self.www.rglob("*")] if p.is_file())

    def get(self, ca):
        began = time.monotonic()
        done = subprocess.run(
            [signet.program(), "get", NAME, "--dir", str(self.top / "state"),
             "--ca", ca.url, "--ca-file", ca.cafile, "--agree-terms",
             "--timeout", str(STEP_S), "--via", f"webroot={self.www}"],
            capture_output=True, stdin=subprocess.DEVNULL, timeout=2 * RUN_S,
            preexec_fn=None if signetd.sanitized() else limit)
        done.seconds = time.monotonic() - began
        return done


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))


@pytest.fixture(scope="module")
def outcomes(request):
    """Of the lies that this run looks at, all of them begun at once."""
    chosen = [item.callspec.params["name"] for item in request.session.items
              if item.module is request.module]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(Outcome, LIES[name][0]) for name in chosen}


@pytest.mark.parametrize("name", sorted(LIES))
def test_lie(outcomes, name):
    outcome = outcomes[name].result()
    bad, good = outcome.bad, outcome.good
    said = bad.stderr.decode()  # what cannot be decoded fails, too
    assert bad.returncode == 1, (bad, outcome.asked)
    words = LIES[name][1]
    words = "|".join(words) if isinstance(words, list) else words
    assert any(word in said for word in words.split("|")), said
    assert "what to do: " in said, said
    assert not [c for c in said if ord(c) < 32 and c != "\n"
                or 0x7f <= ord(c) < 0xa0 or c == "\u202e"], repr(said)
    assert len(said) < SAID_MAX
    assert bad.stdout == b""
    assert outcome.left == []
    assert bad.seconds < RUN_S
    assert outcome.asked < 100
    assert good.returncode == 0, good
    assert f"state/live/{NAME}/fullchain.pem" in outcome.live
    assert not any(path.startswith("www") for path in outcome.live)
    assert not os.path.exists("/tmp/signet-was-here")
