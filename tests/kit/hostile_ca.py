# SPDX-License-Identifier: Apache-2.0
"""An ACME server that believes everybody, validates nothing, and lies as a
test wants it to. It is for tests of the agent."""

import base64
import datetime
import http.server
import ipaddress
import json
import os
import shutil
import ssl
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kit.net import HOST

TOKEN = "abcdefghijklmnopqrstuvwxyz012345"
PATHS = {"/dir": "directory", "/nonce": "nonce", "/account": "account",
         "/order": "order", "/order/1": "poll", "/authz/1": "authz",
         "/challenge/1": "challenge", "/finalize/1": "finalize",
         "/certificate/1": "certificate"}


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def certificate(key, subject, issuer=None, names=(), days=(-1, 30), ca=False,
                usage=None):
    """issuer is (certificate, key), or None: it signs itself."""
    now = datetime.datetime.utcnow()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(
        name if issuer is None else issuer[0].subject).public_key(
            key if issuer is not None and not hasattr(key, "public_key")
            else key.public_key()).serial_number(
                x509.random_serial_number()).not_valid_before(
                    now + datetime.timedelta(days=days[0])).not_valid_after(
                        now + datetime.timedelta(days=days[1])).add_extension(
                            x509.BasicConstraints(ca, None), True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names),
                                        False)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), False)
    if issuer is not None:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                issuer[1].public_key()), False)
    return builder.sign(key if issuer is None else issuer[1], hashes.SHA256())


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Answer:
    """What a good CA would answer; tests change it."""

    def __init__(self, status, body, kind="application/json", **headers):
        self.status, self.body = status, body
        self.headers = {"Content-Type": kind, **headers}

    def bytes(self):
        return self.body if isinstance(self.body, bytes) else json.dumps(
            self.body).encode()


class HostileCa:
    """lies maps a step's name (see PATHS; "any" is all of them) to what is
    called as lie(handler, answer), and gives what to send in the answer's
    place, or None if it has said all that it wants to."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="signet-test-")
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.root = certificate(self.root_key, "Root of lies", ca=True,
                                days=(-2, 3650))
        self.cafile = os.path.join(self.folder, "root.pem")
        with open(self.cafile, "wb") as out:
            out.write(pem(self.root))
        self.issuer = (self.root, self.root_key)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.show([x509.IPAddress(ipaddress.ip_address(HOST))])
        self.lies, self.asked, self.finalized = {}, [], False
        self.good = None
        self.names, self.request, self.nonces = [], None, 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                self.request.settimeout(60)
                super().setup()

            def do_GET(self):
                owner.answer(self)

            do_HEAD = do_POST = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def finish_request(self, request, address):
                with owner.tls.wrap_socket(request, server_side=True) as sock:
                    super().finish_request(sock, address)

            def handle_error(self, *_):
                pass  # the agent hangs up on who lies

        self.server = Server((HOST, 0), Handler)
        self.top = f"https://{HOST}:{self.server.server_address[1]}"
        self.url = self.top + "/dir"
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05},
                                       daemon=True)
        self.thread.start()

    def show(self, names, issuer=None, days=(-1, 30)):
        """From now on this is the certificate of its own server."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = certificate(key.public_key(), "server", issuer or self.issuer,
                           names, days)
        path = os.path.join(self.folder, "server.pem")
        with open(path, "wb") as out:
            out.write(pem(leaf) + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
        self.tls.load_cert_chain(path)

    def behave(self):
        """From now on it is a good CA."""
        self.lies.clear()
        self.finalized = False
        self.show([x509.IPAddress(ipaddress.ip_address(HOST))])

    # ---- what a good CA answers ----

    def nonce(self):
        self.nonces += 1
        return f"nonce{self.nonces:027}"

    def order(self, status=200):
        body = {"status": "valid" if self.finalized else "ready",
                "expires": "2099-01-01T00:00:00Z",
                "identifiers": [{"type": "dns", "value": name}
                                for name in self.names],
                "authorizations": [self.top + "/authz/1"],
                "finalize": self.top + "/finalize/1"}
        if self.finalized:
            body["certificate"] = self.top + "/certificate/1"
        elif not self.validated:
            body["status"] = "pending"
        return Answer(status, body, Location=self.top + "/order/1")

    def challenge(self):
        return {"type": "http-01", "url": self.top + "/challenge/1",
                "token": TOKEN,
                "status": "valid" if self.validated else "pending"}

    def chain(self):
        """For the last request."""
        key = self.request.public_key()
        names = [x509.DNSName(name) for name in self.names]
        return pem(certificate(key, self.names[0], self.issuer, names)) + \
            pem(self.root)

    def do_directory(self, _):
        return Answer(200, {
            "newNonce": self.top + "/nonce",
            "newAccount": self.top + "/account",
            "newOrder": self.top + "/order",
            "revokeCert": self.top + "/revoke",
            "keyChange": self.top + "/key-change",
            "meta": {"termsOfService": self.top + "/terms"}})

    def do_nonce(self, _):
        return Answer(204, b"")

    def do_account(self, _):
        return Answer(201, {"status": "valid"},
                      Location=self.top + "/account/1")

    def do_order(self, payload):
        self.names = [i["value"] for i in json.loads(payload)["identifiers"]]
        self.validated = self.finalized = False
        return self.order(201)

    def do_poll(self, _):
        return self.order()

    def do_authz(self, _):
        return Answer(200, {
            "status": "valid" if self.validated else "pending",
            "identifier": {"type": "dns", "value": self.names[0]},
            "challenges": [self.challenge()]})

    def do_challenge(self, _):
        self.validated = True
        return Answer(200, self.challenge(),
                      Link=f'<{self.top}/authz/1>;rel="up"')

    def do_finalize(self, payload):
        self.request = x509.load_der_x509_csr(unb64(
            json.loads(payload)["csr"]))
        self.finalized = True
        return self.order()

    def do_certificate(self, _):
        return Answer(200, self.chain(), "application/pem-certificate-chain")

    # ---- how it is said ----

    def answer(self, handler):
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length)
        payload = unb64(json.loads(body)["payload"]) if body else b""
        step = PATHS.get(handler.path, "other")
        self.asked.append(step)
        make = getattr(self, "do_" + step, None)
        answer = make(payload) if make else Answer(
            404, {"type": "about:blank", "detail": "no such thing"})
        if step != "directory":
            answer.headers["Replay-Nonce"] = self.nonce()
        for lie in (self.lies.get(step), self.lies.get("any")):
            if lie is not None and answer is not None:
                answer = lie(handler, answer)
        if answer is not None:
            self.send(handler, answer)

    @staticmethod
    def send(handler, answer):
        body = answer.bytes()
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            if value is not None:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        shutil.rmtree(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
