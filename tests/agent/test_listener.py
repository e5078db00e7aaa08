# SPDX-License-Identifier: Apache-2.0
"""signet's own listeners: http-01 against our CA, tls-alpn-01 against Pebble,
alone and in front of nginx."""

import concurrent.futures
import contextlib
import hashlib
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import threading
import types

import pytest
from cryptography import x509

from kit import other_cas, signet, signetd
from kit.net import HOST, free_port, is_free

CLIENTS = 300
PATIENCE_S = 60


def names_of(path):
    san = x509.load_pem_x509_certificate(
        path.read_bytes()).extensions.get_extension_for_class(
            x509.SubjectAlternativeName).value
    return ([*san.get_values_for_type(x509.DNSName)],
            [str(a) for a in san.get_values_for_type(x509.IPAddress)])


@pytest.fixture
def http_ca(resolver):
    """A CA that asks a port where nobody listens yet."""
    port = free_port()
    with signetd.dev(types.SimpleNamespace(port=port), resolver) as ca:
        ca.http_port = port
        yield ca


class Gate:
    """Stands between the agent and a CA, and keeps what the agent says once
    somebody listens on port: a challenge is set up then, and stays so."""

    def __init__(self, target, port, ready=None):
        self.target = target
        self.ready = ready or (lambda: not is_free(port))
        self.held, self.go = threading.Event(), threading.Event()
        self.socket = socket.create_server((HOST, 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                near, _ = self.socket.accept()
            except OSError:
                return
            far = socket.create_connection((HOST, self.target))
            for pair in ((near, far, True), (far, near, False)):
                threading.Thread(target=self.pump, args=pair,
                                 daemon=True).start()

    def pump(self, source, sink, gated):
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                if gated and self.ready():
                    self.held.set()
                    assert self.go.wait(PATIENCE_S)
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)

    def close(self):
        self.go.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@pytest.fixture
def tls_ca(resolver, tmp_path):
    """Pebble, which asks ports where nobody listens yet."""
    http, tls = free_port(), free_port()
    with other_cas.Pebble(resolver, http, tls,
                          PEBBLE_WFE_NONCEREJECT="0") as ca:
        ca.http_port, ca.tls_port = http, tls
        ca.cafile = str(tmp_path / "pebble.pem")
        pathlib.Path(ca.cafile).write_bytes(ca.trust)
        yield ca


@pytest.fixture
def gate(tls_ca):
    """tls_ca is reached through it."""
    port = int(re.search(r":(\d+)/", tls_ca.url)[1])
    gate = Gate(port, tls_ca.tls_port)
    tls_ca.url = tls_ca.url.replace(str(port), str(gate.port))
    yield gate
    gate.close()


def test_standalone(agent, http_ca):
    agent.get(http_ca, "a.alone.example", "b.alone.example",
              via=f"standalone={http_ca.http_port}")
    assert names_of(agent.live("a.alone.example"))[0] == [
        "a.alone.example", "b.alone.example"]
    assert is_free(http_ca.http_port)


def test_standalone_for_an_address(agent, tls_ca):
    agent.get(tls_ca, HOST, via=f"standalone={tls_ca.http_port}")
    assert names_of(agent.live(HOST))[1] == [HOST]


def test_standalone_many_sites_share_it(agent, http_ca):
    """Several orders at once: the port is taken once and given back."""
    via = f"standalone={http_ca.http_port}"
    names = [f"s{i}.shared.example" for i in range(12)]
    sites = "".join(f'site "{name}" {{ }}\n' for name in names)
    agent.configure(f'ca "own" {{ directory = "{http_ca.url}" '
                    f'ca_file = "{http_ca.cafile}" agree_terms = true }}\n'
                    f'defaults {{ ca = "own" via = "{via}" }}\n{sites}')
    agent.run("renew")
    assert all(agent.live(name).exists() for name in names)
    assert is_free(http_ca.http_port)


def test_port_is_taken(agent, http_ca):
    """Who has it is named, and what to do."""
    with socket.create_server((HOST, http_ca.http_port)):
        done = agent.get(http_ca, "taken.example",
                         via=f"standalone={http_ca.http_port}", status=1)
    assert re.search(rf"port {http_ca.http_port} is taken by python3 "
                     rf"\(process {os.getpid()}\)", done.stderr), done.stderr
    assert "webroot=" in done.stderr


@pytest.mark.parametrize("via", ("standalone=x", "tls-alpn=443,proxy=v1",
                                 "standalone=localhost:80"))
def test_wrong_argument(agent, http_ca, via):
    done = agent.get(http_ca, "wrong.example", via=via, status=2)
    assert "write" in done.stderr


def test_tls_alpn(agent, tls_ca):
    agent.get(tls_ca, "a.alpn.example", "b.alpn.example",
              via=f"tls-alpn={tls_ca.tls_port}")
    assert names_of(agent.live("a.alpn.example"))[0] == [
        "a.alpn.example", "b.alpn.example"]
    assert is_free(tls_ca.tls_port)


def test_tls_alpn_for_an_address(agent, tls_ca):
    """RFC 8738 6: asked for by its reverse name."""
    agent.get(tls_ca, HOST, via=f"tls-alpn={tls_ca.tls_port}")
    assert names_of(agent.live(HOST))[1] == [HOST]


CONFIG = """
daemon off; worker_processes 2; pid {top}/pid; error_log {top}/error.log;
events {{ worker_connections 2048; }}
http {{
	access_log off; client_body_temp_path {top}/body;
	client_header_timeout 600s; keepalive_timeout 600s;
	proxy_temp_path {top}/proxy; fastcgi_temp_path {top}/fastcgi;
	uwsgi_temp_path {top}/uwsgi; scgi_temp_path {top}/scgi;
	server {{
		listen {host}:{port} ssl{more};
		{listens}
		ssl_certificate {top}/cert.pem; ssl_certificate_key {top}/key.pem;
		root {top}/www;
		location = /who {{ return 200 $proxy_protocol_addr; }}
		location = /from {{ return 200 $remote_addr; }}
	}}
}}
"""


@pytest.fixture
def nginx(tmp_path):
    """A function that starts one, with a file of 256 KiB."""
    started = []

    def start(more="", at=()):
        top, port = tmp_path, free_port()
        listens = "".join(f"listen {host}:{port} ssl;" for host in at)
        certificate, key = other_cas.self_signed([x509.DNSName("behind")])
        (top / "cert.pem").write_bytes(certificate)
        (top / "key.pem").write_bytes(key)
        (top / "www").mkdir()
        (top / "www" / "file").write_bytes(os.urandom(256 * 1024))
        (top / "nginx.conf").write_text(
            CONFIG.format(top=top, host=HOST, port=port, more=more,
                          listens=listens))
        for at in (top, *top.parents):
            if os.geteuid() == 0 and not at.stat().st_mode & 1:
                at.chmod(0o755)
        process = subprocess.Popen(
            ["/usr/sbin/nginx", "-p", str(top), "-c",
             str(top / "nginx.conf"), "-e", str(top / "error.log")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        other_cas.wait_port(process, port, top / "error.log")
        return port, hashlib.sha256(
            (top / "www" / "file").read_bytes()).digest()

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@contextlib.contextmanager
def connect(port, host=HOST):
    """TLS with whatever certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host, port), PATIENCE_S) as plain, \
            context.wrap_socket(plain, server_hostname="behind") as sock:
        yield sock


def ask(sock, path="/file"):
    """The whole answer."""
    sock.sendall(f"GET {path} HTTP/1.0\r\nHost: behind\r\n\r\n".encode())
    text = b""
    while part := sock.recv(65536):
        text += part
    return text


def fetch(port, path="/file", barrier=None, host=HOST):
    """The body, by a connection that nginx ends."""
    with connect(port, host) as sock:
        if barrier is not None:
            barrier.wait(PATIENCE_S)
        text = ask(sock, path)
    head, _, body = text.partition(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0]
    return body


def test_tls_alpn_before_a_server(agent, tls_ca, gate, nginx):
    """While a challenge is under way, hundreds of connections to the server
    behind are unharmed; they are all open at once."""
    behind, digest = nginx()
    running = agent.start(
        "get", "--ca", tls_ca.url, "--ca-file", tls_ca.cafile,
        "--agree-terms", "held.example", "--via",
        f"tls-alpn={tls_ca.tls_port},backend={HOST}:{behind}")
    assert gate.held.wait(PATIENCE_S)
    barrier = threading.Barrier(CLIENTS)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        bodies = pool.map(lambda _: fetch(tls_ca.tls_port, barrier=barrier),
                          range(CLIENTS))
        assert {hashlib.sha256(body).digest() for body in bodies} == {digest}
    gate.go.set()
    out, errors = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, out + errors
    assert names_of(agent.live("held.example"))[0] == ["held.example"]


@pytest.mark.parametrize("version", ("v1", "v2"))
def test_server_behind_learns_its_client(agent, tls_ca, gate, nginx,
                                         version):
    behind, _ = nginx(" proxy_protocol")
    running = agent.start(
        "get", "--ca", tls_ca.url, "--ca-file", tls_ca.cafile,
        "--agree-terms", "held.example", "--via", f"tls-alpn={HOST}:"
        f"{tls_ca.tls_port},backend={HOST}:{behind},proxy={version}")
    assert gate.held.wait(PATIENCE_S)
    assert fetch(tls_ca.tls_port, "/who") == HOST.encode()
    gate.go.set()
    out, errors = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, out + errors


class Hammer:
    """Clients that come to a port all the time, one after the other; what a
    connection must be like at its end is fetch's affair."""

    def __init__(self, port, digest, clients=6):
        self.port, self.digest = port, digest
        self.stop, self.good, self.bad = threading.Event(), 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, daemon=True)
                        for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def work(self):
        while not self.stop.is_set():
            try:
                body = fetch(self.port)
                assert hashlib.sha256(body).digest() == self.digest
                with self.lock:
                    self.good += 1
            except (OSError, AssertionError) as error:
                with self.lock:
                    self.bad.append(repr(error))

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def slow(port, begun, go):
    """A connection that begins now and goes on when it is told to."""
    with connect(port) as sock:
        begun.set()
        assert go.wait(PATIENCE_S)
        text = ask(sock)
    return text.partition(b"\r\n\r\n")[2]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may steer")
def test_tls_alpn_where_a_server_has_the_port(agent, resolver, tmp_path,
                                              nginx):
    """nginx stays on its port; challenge after challenge is answered there,
    and no connection is lost: not those that come meanwhile, not one from
    before, not one that was passed on and goes on after signet has ended."""
    port, digest = nginx()
    with other_cas.Pebble(resolver, free_port(), port,
                          PEBBLE_WFE_NONCEREJECT="0") as ca:
        ca.cafile = str(tmp_path / "pebble.pem")
        pathlib.Path(ca.cafile).write_bytes(ca.trust)
        hammer = Hammer(port, digest)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            go, begun = threading.Event(), threading.Event()
            early = pool.submit(slow, port, begun, go)
            assert begun.wait(PATIENCE_S)
            for i in range(4):
                agent.get(ca, f"s{i}.steered.example",
                          via=f"tls-alpn={port}")
            go.set()
            assert hashlib.sha256(early.result()).digest() == digest
        hammer.end()
    assert hammer.bad == []
    assert hammer.good > 50
    assert names_of(agent.live("s3.steered.example"))[0] == [
        "s3.steered.example"]


ADDRESSES = ("192.0.2.7", "2001:db8::7")


@pytest.fixture
def addresses():
    """More of this machine, in the tests' own network."""
    for address in ADDRESSES:
        bits = 128 if ":" in address else 32
        subprocess.run(["ip", "address", "replace", f"{address}/{bits}",
                        "dev", "lo"], check=True)
    yield ADDRESSES
    for address in ADDRESSES:
        bits = 128 if ":" in address else 32
        subprocess.run(["ip", "address", "del", f"{address}/{bits}", "dev",
                        "lo"], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may steer")
def test_what_was_passed_on_outlives_the_run(agent, resolver, tmp_path,
                                             nginx, addresses):
    """A connection that begins while a challenge stands goes through us, also
    after signet has ended; the next one does not. Each goes to the address
    that it was for."""
    port, digest = nginx(at=("192.0.2.7", "[2001:db8::7]"))
    assert fetch(port, "/from") == HOST.encode()
    with other_cas.Pebble(resolver, free_port(), port,
                          PEBBLE_WFE_NONCEREJECT="0") as ca:
        cafile = tmp_path / "pebble.pem"
        cafile.write_bytes(ca.trust)
        running = None
        gate = Gate(int(re.search(r":(\d+)/", ca.url)[1]), port,
                    lambda: "signet-alpn" in signet.children(running.pid))
        url = re.sub(r":\d+/", f":{gate.port}/", ca.url)
        running = agent.start("get", "--ca", url, "--ca-file", str(cafile),
                              "--agree-terms", "held.example", "--via",
                              f"tls-alpn={port}")
        assert gate.held.wait(PATIENCE_S)
        assert fetch(port, "/from").startswith(b"127.83.")
        assert fetch(port, "/from",
                     host=addresses[0]).startswith(b"127.83.")
        assert fetch(port, "/from", host=addresses[1]) == b"::1"
        go, begun = threading.Event(), threading.Event()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            passed = pool.submit(slow, port, begun, go)
            assert begun.wait(PATIENCE_S)
            gate.go.set()
            out, errors = running.communicate(timeout=PATIENCE_S)
            assert running.returncode == 0, out + errors
            assert fetch(port, "/from") == HOST.encode()
            go.set()
            assert hashlib.sha256(passed.result()).digest() == digest
        gate.close()
