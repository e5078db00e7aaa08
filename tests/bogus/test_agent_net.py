# SPDX-License-Identifier: Apache-2.0
"""signet-net against servers that are no CA, or mean it no good: each ends in
words, soon, and in little memory."""

import contextlib
import ipaddress
import pathlib
import re
import socket
import ssl
import tempfile
import threading

import pytest
from cryptography import x509

from kit import agent_net, other_cas
from kit.net import HOST

MEMORY_MIB = 64 if not agent_net.signetd.sanitized() else 1024
OURS = [x509.IPAddress(ipaddress.ip_address(HOST))]


class Server:
    """Says the same bytes (or what a generator gives) to every request, until
    the other side has gone."""

    def __init__(self, say, names=None):
        self.say = say
        self.certificate, key = other_cas.self_signed(names or OURS)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            file.write(self.certificate + key)
            file.flush()
            context.load_cert_chain(file.name)
        self.context = context
        self.requests = []
        self.sent = 0
        self.socket = socket.create_server((HOST, 0))
        self.url = f"https://{HOST}:{self.socket.getsockname()[1]}/dir"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                with self.context.wrap_socket(sock, server_side=True) as tls:
                    self.requests.append(tls.recv(65536))
                    for part in self.say():
                        tls.sendall(part)
                        self.sent += len(part)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def peak_mib(net):
    status = pathlib.Path(f"/proc/{net.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def opened(say, names=None, trust=None):
    """(problem, server) of a directory that is asked for there."""
    with Server(say, names) as server, agent_net.Net() as net:
        net.ca(server.url, trust or server.certificate)
        problem = net.must(net.ask(agent_net.OPEN), "problem")
        assert peak_mib(net) < MEMORY_MIB
        return problem, server


def for_ever(head, part):
    yield head
    while True:
        yield part


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"
SAYINGS = {
    "endless chunks": (lambda: for_ever(
        OK + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK), "more bytes"),
    "ten gigabytes": (lambda: for_ever(
        OK + b"Content-Length: 10000000000\r\n\r\n", b" " * 65536),
        "more bytes"),
    "no end": (lambda: for_ever(OK + b"\r\n", b" " * 65536), "more bytes"),
    "endless headers": (lambda: for_ever(
        OK, b"Link: <https://ca.example/" + b"a" * 1000 + b">\r\n"),
        "more bytes"),
    "one endless header": (lambda: for_ever(OK + b"X: ", b"a" * 65536), None),
    "endless 100": (lambda: for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
                    None),
    "compressed": (lambda: [OK + b"Content-Encoding: gzip\r\n"
                            b"Content-Length: 4\r\n\r\n\x1f\x8b\x08\x00"],
                   "directory"),
    "redirect": (lambda: [b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
                          b"Location: file:///etc/passwd\r\n\r\n"], "302"),
    "a page": (lambda: [OK + b"Content-Length: 6\r\n\r\n<html>"],
               "directory"),
    "nested": (lambda: [OK + b"Content-Length: 100000\r\n\r\n" +
                        b"[" * 100000], "directory"),
    "a NUL": (lambda: [OK + b"Content-Length: 3\r\n\r\n{\0}"], "directory"),
    "a switch": (lambda: [b"HTTP/1.1 101 Switching Protocols\r\n"
                          b"Upgrade: h2c\r\nContent-Length: 0\r\n\r\n"],
                 None),
}


@pytest.mark.parametrize("name", SAYINGS)
def test_what_is_said(name):
    say, words = SAYINGS[name]
    problem, server = opened(say)
    assert problem["cause"] in ("nonsense", "unreachable"), problem
    assert words is None or words in problem["detail"], problem
    assert server.sent < 64 * 1024 * 1024


def test_no_http():
    answers = iter([[], [b"SSH-2.0-OpenSSH\r\n"], [],
                    [OK + b"Content-Length: 9\r\n\r\n{"]])
    problem, server = opened(lambda: next(answers))
    assert problem["cause"] == "unreachable"
    assert len(server.requests) == 4  # CLIENT_TRIES_MAX


def test_certificate_for_another_name():
    problem, server = opened(lambda: [], [x509.DNSName("ca.example")])
    assert problem["cause"] == "unreachable"
    assert "does not prove" in problem["detail"]
    assert b"".join(server.requests) == b""


def test_certificate_of_somebody_else():
    other = other_cas.self_signed(OURS)[0]
    problem, server = opened(lambda: [], trust=other)
    assert "does not prove" in problem["detail"]
    assert b"".join(server.requests) == b""


def test_request_is_what_the_standard_wants():
    problem, server = opened(lambda: [OK + b"Content-Length: 0\r\n\r\n"])
    head = server.requests[0].decode()
    assert problem["cause"] == "nonsense"
    assert head.startswith("GET /dir HTTP/1.1\r\n")
    assert re.search(r"^User-Agent: signet/\S+ libcurl/\S+\r$", head, re.M)
    assert re.search(r"^Accept-Language: ", head, re.M)
    assert "Accept-Encoding" not in head
    assert "Cookie" not in head
