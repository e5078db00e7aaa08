# SPDX-License-Identifier: Apache-2.0
"""Hostile HTTP and TLS: what cannot be understood is refused, what goes on
for too long is ended, and others are served meanwhile."""

import contextlib
import socket
import ssl

import pytest

from kit import acme

from bogus.test_jws import processes_live  # noqa: F401


def connect(ca, tls=True):
    http = acme.Http(ca.url, ca.cafile)
    sock = socket.create_connection((http.host, http.port), 30)
    return http.tls.wrap_socket(sock, server_hostname=http.host) if tls \
        else sock


def talk(ca, data):
    """Sends bytes and reads to the end, or for as long as there is none."""
    answer = b""
    with connect(ca) as sock:
        with contextlib.suppress(OSError):
            sock.sendall(data)
            sock.settimeout(3)
            while part := sock.recv(65536):
                answer += part
    return answer


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") \
        else None


HOST = b"Host: localhost\r\n"
GARBAGE = {
    "nothing": b"\r\n\r\n", "binary": bytes(range(256)) * 4,
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /dir\r\n\r\n", "HTTP/9": b"GET /dir HTTP/9.9\r\n\r\n",
    "no path": b"GET  HTTP/1.1\r\n" + HOST + b"\r\n",
    "long path": b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
    "long header": b"GET /dir HTTP/1.1\r\nA: " + b"a" * 200000 + b"\r\n\r\n",
    "many headers": b"GET /dir HTTP/1.1\r\n" + b"A: b\r\n" * 50000 + b"\r\n",
    "header without colon": b"GET /dir HTTP/1.1\r\n" + HOST + b"x\r\n\r\n",
    "negative length": b"POST /acme/new-order HTTP/1.1\r\n" + HOST +
                       b"Content-Length: -1\r\n\r\n",
    "length of letters": b"POST /acme/new-order HTTP/1.1\r\n" + HOST +
                         b"Content-Length: abc\r\n\r\n",
    "huge length": b"POST /acme/new-order HTTP/1.1\r\n" + HOST +
                   b"Content-Length: 99999999999999999999\r\n\r\n",
    "two lengths": b"POST /acme/new-order HTTP/1.1\r\n" + HOST +
                   b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "length and chunks": b"POST /acme/new-order HTTP/1.1\r\n" + HOST +
                         b"Content-Length: 3\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk": b"POST /acme/new-order HTTP/1.1\r\n" + HOST +
                 b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    "endless chunk": b"POST /acme/new-order HTTP/1.1\r\n" + HOST +
                     b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n" +
                     b"x" * 300000,
    "unknown coding": b"POST /acme/new-order HTTP/1.1\r\n" + HOST +
                      b"Transfer-Encoding: gzip\r\n\r\n",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage(ca, client, name):
    answer = talk(ca, GARBAGE[name])
    assert status(answer) is None or 400 <= status(answer) < 600, answer
    assert client.post(client.kid, {}).status == 200


def test_two_hosts(ca):
    answer = talk(ca, b"GET /dir HTTP/1.1\r\nHost: a\r\nHost: b\r\n"
                  b"Connection: close\r\n\r\n")
    assert status(answer) in (200, 400)


def test_strange_hosts(ca):
    """The Host header ends up in URLs: it stays a host."""
    for host in (b"a b", b"a/b", b"a\"b", b"<script>", b"a@b", b"\xff",
                 b"x" * 5000, b""):
        answer = talk(ca, b"GET /dir HTTP/1.1\r\nHost: " + host +
                      b"\r\nConnection: close\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        assert status(answer) == 400 or host not in body or not host, answer


def test_methods(ca):
    for method in (b"TRACE", b"CONNECT", b"OPTIONS", b"PATCH", b"FOO",
                   b"get", b"M" * 5000):
        answer = talk(ca, method + b" /dir HTTP/1.1\r\n" + HOST +
                      b"Connection: close\r\n\r\n")
        assert status(answer) is None or status(answer) != 200 or \
            method == b"OPTIONS", (method, answer)


def test_paths(ca):
    for path in (b"/../../etc/passwd", b"/dir/", b"//dir", b"/dir%00",
                 b"/%64ir", b"/dir/..", b"http://localhost/dirx", b"*",
                 b"/acme/order/%31", b"/acme/order/0x1",
                 b"/acme/order/1/../2"):
        answer = talk(ca, b"GET " + path + b" HTTP/1.1\r\n" + HOST +
                      b"Connection: close\r\n\r\n")
        assert status(answer) in (400, 404, 405), (path, answer)


def test_plain_http_on_the_tls_port(ca, client):
    with connect(ca, tls=False) as sock:
        sock.sendall(b"GET /dir HTTP/1.1\r\n" + HOST + b"\r\n")
        sock.settimeout(10)
        with contextlib.suppress(OSError):
            assert not sock.recv(4096).startswith(b"HTTP/1.1 200")
    assert client.post(client.kid, {}).status == 200


def test_old_tls(ca):
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        http = acme.Http(ca.url, ca.cafile)
        with contextlib.suppress(ValueError):
            http.tls.minimum_version = ssl.TLSVersion.TLSv1
            http.tls.set_ciphers("ALL:@SECLEVEL=0")
            http.tls.maximum_version = version
            with pytest.raises((ssl.SSLError, OSError)):
                http.connect()


def test_connections_without_a_request(ca, client):
    """Idle connections cost no one else's service."""
    socks = [connect(ca) for _ in range(200)]
    try:
        assert client.post(client.kid, {}).status == 200
    finally:
        for sock in socks:
            sock.close()


def test_connections_cut_at_every_point(ca, client):
    text = b"POST /acme/new-order HTTP/1.1\r\n" + HOST + \
        b"Content-Type: application/jose+json\r\nContent-Length: 9\r\n\r\n{}"
    for cut in range(0, len(text), 7):
        with connect(ca) as sock:
            sock.sendall(text[:cut])
    for _ in range(20):
        connect(ca, tls=False).close()
    assert client.post(client.kid, {}).status == 200


def test_pipelined_requests(ca):
    one = b"GET /dir HTTP/1.1\r\n" + HOST + b"\r\n"
    last = one[:-2] + b"Connection: close\r\n\r\n"
    answer = talk(ca, one * 9 + last)
    assert answer.count(b"HTTP/1.1 200") == 10


def test_body_by_bytes(ca):
    """A slow client is a client, too."""
    with connect(ca) as sock:
        for byte in b"GET /dir HTTP/1.1\r\n" + HOST + b"\r\n":
            sock.sendall(bytes([byte]))
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
