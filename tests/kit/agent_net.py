# SPDX-License-Identifier: Apache-2.0
"""signet-net alone: a test plays judge and account, in the forms of
src/agent/rpc/judge_net.h and net_account.h."""

import collections
import hashlib
import hmac
import ipaddress
import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kit import jose, signetd

# src/agent/proc/agent_proc.h: AGENT_LINK_FD
JUDGE_FD, ACCOUNT_FD = 3, 5
(CA, OPEN, REGISTER, UPDATE, ROLLOVER, DEACTIVATE, ORDER, SOLVED, DECLINED,
 RENEWAL_INFO, REVOKE, ORDERS, DEACTIVATE_AUTHZ, CANCEL,
 SIGNED) = range(1, 16)
RESULT, OFFER, CLEAN, PROGRESS, SIGN, ACCOUNT = range(100, 106)
METHODS = ["", "http-01", "tls-alpn-01", "dns-01", "dns-account-01",
           "dns-persist-01"]
ALL_METHODS = 0x3e
STEPS = ["", "account", "ordered", "validating", "validated", "failed",
         "finalizing", "issuing", "downloading", "waiting"]
CAUSES = ["", "refused", "unreachable", "nonsense", "timeout", "setup",
          "declined", "signing", "cancelled"]
IDENT_TYPES = {"dns": 1, "ip": 2}
KID, JWK, EAB, ROLLOVER_INNER, CERTIFICATE = range(1, 6)
WAIT_S = 60


def program():
    """Beside signetd."""
    return str(pathlib.Path(signetd.program()).with_name("signet-net"))


def text16(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(value)) + value


def text32(value):
    return struct.pack(">I", len(value)) + value


class Reader:
    """The mirror of text16 and its kin."""

    def __init__(self, data):
        self.data = data

    def take(self, count):
        part, self.data = self.data[:count], self.data[count:]
        assert len(part) == count
        return part

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def u8(self):
        return self.number(">B")

    def u16(self):
        return self.number(">H")

    def i64(self):
        return self.number(">q")

    def text(self):
        return self.take(self.u16()).decode()

    def long(self):
        return self.take(self.number(">I"))

    def texts(self):
        return [self.text() for _ in range(self.u16())]

    def ident(self):
        kind = self.u8()
        value = self.text()
        return ("dns" if kind == 1 else "ip", value)

    def maybe_ident(self):
        return self.ident() if self.u8() else None

    def end(self, value):
        assert self.data == b"", "bytes after the end"
        return value


def read_directory(r):
    found = {"terms": r.text(), "website": r.text(), "eab": bool(r.u8()),
             "renewal": bool(r.u8()), "key_change": bool(r.u8()),
             "caa": r.texts()}
    found["profiles"] = {r.text(): r.text() for _ in range(r.u16())}
    return found


def read_account(r):
    return {"kid": r.text(), "created": bool(r.u8()), "contacts": r.texts()}


def read_chain(r):
    return {"pem": r.long(), "order": r.text(), "preferred": bool(r.u8())}


def read_renewal(r):
    return {"start": r.i64(), "end": r.i64(), "retry": r.i64(),
            "explanation": r.text()}


def read_problem(r):
    problem = {"cause": CAUSES[r.u8()], "type": r.text(), "status": r.u16(),
               "detail": r.text(), "instance": r.text(), "terms": r.text(),
               "retry": r.i64()}
    problem["subs"] = [
        {"type": r.text(), "detail": r.text(), "ident": r.maybe_ident(),
         "method": METHODS[r.u8()]} for _ in range(r.u16())]
    return problem


READERS = [None, lambda r: None, read_directory, read_account, read_chain,
           read_renewal, Reader.texts, read_problem]
KINDS = ["", "done", "directory", "account", "chain", "renewal", "orders",
         "problem"]
Result = collections.namedtuple("Result", "kind value")


def read_result(r):
    kind = r.u8()
    return r.end(Result(KINDS[kind], READERS[kind](r)))


def read_challenge(r):
    method = METHODS[r.u8()]
    return method, {"token": r.text(), "key_authorization": r.text(),
                    "issuers": r.texts()}


def read_offers(r):
    offers = []
    for _ in range(r.u16()):
        offer = {"authz": r.u16(), "ident": r.ident(),
                 "wildcard": bool(r.u8()), "expires": r.i64()}
        offer["challenges"] = dict(read_challenge(r)
                                   for _ in range(r.u16()))
        offers.append(offer)
    return r.end(offers)


def read_progress(r):
    return r.end({"step": STEPS[r.u8()], "url": r.text(),
                  "ident": r.maybe_ident(), "method": METHODS[r.u8()],
                  "until": r.i64(), "text": r.text()})


def read_sign(r):
    return r.end({"type": r.u8(), "url": r.text(), "nonce": r.text(),
                  "kid": r.text(), "payload": r.long()})


def registration(terms_agreed=True, contacts=(), eab_kid=""):
    return (struct.pack(">BH", terms_agreed, len(contacts)) +
            b"".join(map(text16, contacts)) + text16(eab_kid))


def csr(names, key=None):
    """DER of a request for (type, value) names."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    san = [x509.DNSName(value) if kind == "dns" else
           x509.IPAddress(ipaddress.ip_address(value))
           for kind, value in names]
    request = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([])).add_extension(
            x509.SubjectAlternativeName(san), False).sign(
                key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.DER)


class Link:
    """Our end of a socketpair."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.buffer = b""

    def send(self, kind, ident, payload):
        self.ours.sendall(struct.pack(">IHQ", len(payload), kind, ident) +
                          payload)

    def frames(self):
        """All that are complete, after one read."""
        part = self.ours.recv(65536)
        if not part:
            raise EOFError("signet-net has closed its link")
        self.buffer += part
        while len(self.buffer) >= 14:
            size, kind, ident = struct.unpack(">IHQ", self.buffer[:14])
            if len(self.buffer) < 14 + size:
                return
            payload = self.buffer[14:14 + size]
            self.buffer = self.buffer[14 + size:]
            yield kind, ident, payload


class Net:
    """A running signet-net, and the keys of one account."""

    def __init__(self, environment=None, resolv_conf=None):
        self.judge, self.account = Link(), Link()
        self.key, self.new_key = jose.new_key(), jose.new_key()
        self.certificate_key = None
        self.eab = None       # (kid, HMAC key, hash name)
        self.last = 0
        self.cas = {}         # of each operation
        self.accounts = []    # what ACCOUNT told
        self.progress = collections.defaultdict(list)
        self.signed = []      # what was signed
        self.results = {}
        self.on_offer = lambda op, offers: None
        self.on_clean = lambda op: None
        self.log = tempfile.TemporaryFile("w+b")
        self.process = self.start(environment or {}, resolv_conf)

    def start(self, environment, resolv_conf):
        """Its links have fixed numbers: a shell puts them there. resolv_conf
        takes the place of the machine's for it alone."""
        apart = [] if resolv_conf is None else [
            "unshare", "--mount", "/bin/sh", "-c",
            f'mount --bind "{resolv_conf}" /etc/resolv.conf && exec "$@"',
            "sh"]
        judge, account = (x.theirs.fileno() for x in (self.judge,
                                                      self.account))
        high = [os.dup2(fd, to) for fd, to in ((judge, 120), (account, 121))]
        process = subprocess.Popen(
            [*apart, "/bin/bash", "-c",
             f'exec "$0" "${{LEVEL:-0}}" {JUDGE_FD}<&120 {ACCOUNT_FD}<&121 '
             '120<&- 121<&-', program()],
            pass_fds=high, stderr=self.log, stdin=subprocess.DEVNULL,
            env={**os.environ, **environment})
        for fd in high:
            os.close(fd)
        for link in (self.judge, self.account):
            link.theirs.close()
        return process

    # ---- asking ----

    def ask(self, kind, body=b"", ca=1, op=None):
        if op is None:
            self.last += 1
            op = self.last
            self.cas[op] = ca
        ca = self.cas.get(op, ca)
        self.judge.send(kind, op, struct.pack(">I", ca) + body)
        return op

    def ca(self, url, trust=b"", kid="", number=1, proxy="", **more):
        eab_kid = self.eab[0] if self.eab else ""
        thumbprint = jose.unb64(jose.thumbprint(self.key))
        self.ask(CA, struct.pack(">q", 7) + text16(url) + text16(kid) +
                 thumbprint + registration(eab_kid=eab_kid, **more) +
                 struct.pack(">I", 0) +
                 text32(trust) + text16(proxy), number, 0)

    def order(self, names, methods=ALL_METHODS, request=None, profile="",
              replaces="", preferred="", resume="", key=None, **more):
        names = [n if isinstance(n, tuple) else ("dns", n) for n in names]
        body = struct.pack(">H", len(names))
        for kind, value in names:
            body += struct.pack(">B", IDENT_TYPES[kind]) + text16(value)
            body += struct.pack(">B", methods)
        body += text32(request or csr(names, key))
        for text in (profile, replaces, preferred, resume):
            body += text16(text)
        return self.ask(ORDER, body + struct.pack(">qq", 0, 0), **more)

    def solved(self, op, authz, method):
        self.ask(SOLVED, struct.pack(">HB", authz, METHODS.index(method)) +
                 text16(""), op=op)

    def declined(self, op, authz, why):
        self.ask(DECLINED, struct.pack(">HB", authz, 0) + text16(why), op=op)

    def revoke(self, der, reason=-1, key=None):
        self.certificate_key = key
        return self.ask(REVOKE, text32(der) +
                        struct.pack(">bB", reason, key is not None))

    # ---- account ----

    def sign(self, sign):
        """The JWS, as account (or certkey) makes it."""
        self.signed.append(sign)
        kind, header = sign["type"], {"url": sign["url"]}
        key = {ROLLOVER_INNER: self.new_key,
               CERTIFICATE: self.certificate_key}.get(kind, self.key)
        payload = sign["payload"]
        if sign["nonce"]:
            header["nonce"] = sign["nonce"]
        if kind == EAB:
            return self.sign_eab(sign["url"])
        if kind == KID:
            header["kid"] = sign["kid"]
        else:
            header["jwk"] = jose.jwk(key)
        if kind == ROLLOVER_INNER:
            payload = {"account": sign["kid"], "oldKey": jose.jwk(self.key)}
        return jose.jws(key, {"alg": jose.alg_of(key), **header}, payload)

    def sign_eab(self, url):
        kid, secret, name = self.eab
        protected = jose.b64(json.dumps(
            {"alg": name, "kid": kid, "url": url}).encode())
        payload = jose.b64(json.dumps(jose.jwk(self.key)).encode())
        mac = hmac.new(secret, f"{protected}.{payload}".encode(),
                       getattr(hashlib, "sha" + name[2:]))
        return jose.flattened(protected, payload, jose.b64(mac.digest()))

    # ---- what comes ----

    def on_judge(self, kind, op, payload):
        r = Reader(payload)
        if kind == RESULT:
            self.results[op] = read_result(r)
        elif kind == OFFER:
            self.on_offer(op, read_offers(r))
        elif kind == CLEAN:
            self.on_clean(op)
        elif kind == PROGRESS:
            self.progress[op].append(read_progress(r))
        elif kind == SIGN:
            self.ask(SIGNED, b"\1" + text32(self.sign(read_sign(r))), op=op)
        elif kind == ACCOUNT:
            r.number(">I")
            self.accounts.append(r.end(read_account(r)))
        else:
            raise AssertionError(f"a frame of type {kind}")

    def step(self, timeout):
        links = {self.judge.ours: self.judge, self.account.ours: self.account}
        for ready in select.select(list(links), [], [], timeout)[0]:
            for kind, ident, payload in links[ready].frames():
                if ready is self.judge.ours:
                    self.on_judge(kind, ident, payload)
                    continue
                r = Reader(payload)
                assert (kind, r.i64()) == (1, 7)
                self.account.send(100, ident, text32(self.sign(read_sign(r))))

    def wait(self, op, timeout=WAIT_S):
        """The result of op."""
        deadline = time.monotonic() + timeout
        while op not in self.results:
            left = deadline - time.monotonic()
            assert left > 0, f"no result: {self.progress[op]}\n{self.errors()}"
            self.step(left)
        return self.results.pop(op)

    def must(self, op, kind):
        result = self.wait(op)
        assert result.kind == kind, (result, self.errors())
        return result.value

    def steps(self, op):
        return [p["step"] for p in self.progress[op]]

    def errors(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def cpu_ms(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        user, system = fields.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")

    def close(self):
        """It ends when judge is gone."""
        self.judge.ours.close()
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.account.ours.close()
            text = self.errors()
            self.log.close()
        assert status == 0, f"exit status {status}\n{text}"
        assert not signetd.REPORTS.search(text), text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def solve_http(net, challenges):
    """Answers every offer of http-01 with challenges (kit.net.Challenges)."""
    def offer(op, offers):
        for one in offers:
            http = one["challenges"]["http-01"]
            challenges.add(http["token"], http["key_authorization"])
            net.solved(op, one["authz"], "http-01")
    net.on_offer = offer
