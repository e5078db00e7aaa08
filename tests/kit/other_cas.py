# SPDX-License-Identifier: Apache-2.0
"""Other people's CAs from Debian, for tests of our agent: Pebble, and Caddy's
acme_server. Each on free ports, in a folder of its own."""

import datetime
import ipaddress
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kit.net import HOST, free_port

START_S = 30
ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")


def pem_key(key):
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def self_signed(names, more=()):
    """(PEM certificate, PEM key) for names and addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.utcnow()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(
        name).public_key(key.public_key()).serial_number(
            x509.random_serial_number()).not_valid_before(
                now - datetime.timedelta(hours=1)).not_valid_after(
                    now + datetime.timedelta(days=1)).add_extension(
                        x509.SubjectAlternativeName(names), False)
    for extension in more:
        builder = builder.add_extension(extension, True)
    certificate = builder.sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM), pem_key(key)


def wait_port(process, port, log):
    """Until somebody listens there."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(pathlib.Path(log).read_text())
        with socket.socket() as sock:
            if sock.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(pathlib.Path(log).read_text())


class Running:
    """A CA's process and folder."""

    def start(self, command, port, environment):
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "HOME": str(self.folder), **environment})
        try:
            wait_port(self.process, port, self.log)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Pebble(Running):
    """MACs of accounts (kid -> base64url key) make it require them; ocsp is
    the URL of a responder, which certificates then name."""

    def __init__(self, resolver, http_port, tls_port, macs=None, ocsp=None,
                 **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signet-test-"))
        port, management = free_port(), free_port()
        certificate, key = self_signed(
            [x509.IPAddress(ipaddress.ip_address(HOST))])
        (self.folder / "cert.pem").write_bytes(certificate)
        (self.folder / "key.pem").write_bytes(key)
        self.trust = certificate
        self.url = f"https://{HOST}:{port}/dir"
        config = {"listenAddress": f"{HOST}:{port}",
                  "managementListenAddress": f"{HOST}:{management}",
                  "certificate": str(self.folder / "cert.pem"),
                  "privateKey": str(self.folder / "key.pem"),
                  "httpPort": http_port, "tlsPort": tls_port,
                  "externalAccountBindingRequired": bool(macs),
                  "externalAccountMACKeys": macs or {}}
        if ocsp is not None:
            config["ocspResponderURL"] = ocsp
        self.management = f"https://{HOST}:{management}"
        (self.folder / "config.json").write_text(
            json.dumps({"pebble": config}))
        self.start(["/usr/bin/pebble", "-config",
                    str(self.folder / "config.json"), "-dnsserver",
                    resolver.address], port,
                   {"PEBBLE_VA_NOSLEEP": "1", **settings})


    def fetch(self, path):
        """Of its management interface: "intermediates/0", "root-keys/0"."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with urllib.request.urlopen(f"{self.management}/{path}", timeout=20,
                                    context=context) as answer:
            return answer.read().decode()


class CaddyServer(Running):
    """Its acme_server, at /acme/local/directory."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signet-test-"))
        port = free_port()
        certificate, key = self_signed(
            [x509.IPAddress(ipaddress.ip_address(HOST))])
        (self.folder / "cert.pem").write_bytes(certificate)
        (self.folder / "key.pem").write_bytes(key)
        self.trust = certificate
        self.url = f"https://{HOST}:{port}/acme/local/directory"
        server = {"listen": [f"{HOST}:{port}"],
                  "automatic_https": {"disable": True},
                  "tls_connection_policies": [{}],
                  "routes": [{"handle": [{"handler": "acme_server",
                                          "ca": "local"}]}]}
        loaded = {"load_files": [{
            "certificate": str(self.folder / "cert.pem"),
            "key": str(self.folder / "key.pem")}]}
        config = {"admin": {"disabled": True},
                  "storage": {"module": "file_system",
                              "root": str(self.folder / "data")},
                  "apps": {"pki": {"certificate_authorities": {
                      "local": {"install_trust": False}}},
                      "tls": {"certificates": loaded},
                      "http": {"servers": {"ca": server}}}}
        (self.folder / "caddy.json").write_text(json.dumps(config))
        self.start(["/usr/bin/caddy", "run", "--config",
                    str(self.folder / "caddy.json")], port, {})


class TlsAlpn:
    """Answers tls-alpn-01 (RFC 8737) for the names that it was told of."""

    def __init__(self):
        self.contexts = {}
        self.socket = socket.create_server((HOST, 0))
        self.port = self.socket.getsockname()[1]
        self.default = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.default.set_alpn_protocols(["acme-tls/1"])
        self.default.sni_callback = self.choose
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def choose(self, sock, name, _context):
        if name in self.contexts:
            sock.context = self.contexts[name]
        return None

    def add(self, name, digest):
        extension = x509.UnrecognizedExtension(ACME_IDENTIFIER,
                                               b"\x04\x20" + digest)
        certificate, key = self_signed([x509.DNSName(name)], [extension])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["acme-tls/1"])
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + key)
            file.flush()
            context.load_cert_chain(file.name)
        self.contexts[name] = context

    def serve(self):
        while True:
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            try:
                self.default.wrap_socket(sock, server_side=True).close()
            except OSError:
                sock.close()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()
