# SPDX-License-Identifier: Apache-2.0
"""http-01 as RFC 8555 8.3 and BR 3.2.2.4.19 want it: redirects, limits, and
addresses that may not be asked."""

import itertools
import os
import subprocess
import threading

import pytest

from kit import net, signetd

numbers = itertools.count()


def attempt(client, challenges, answer, name=None):
    """Validates with what answer(handler, key authorization) serves; gives
    the authorization's status and the challenge's error, if any. Each name is
    new, so that nothing is known of it."""
    order = client.new_order(name or f"n{next(numbers)}.example.test")
    url = order["authorizations"][0]
    challenge = client.challenge(url)
    text = client.key_authorization(challenge["token"])
    challenges.add(challenge["token"], lambda handler: answer(handler, text))
    client.step(challenge["url"], {})
    authz = client.poll(url, ("valid", "invalid"))
    errors = [c["error"] for c in authz["challenges"] if "error" in c]
    return authz["status"], errors[0]["detail"] if errors else None


def plain(handler, text):
    net.reply(handler, 200, text.encode())


def test_trailing_white_space_is_ignored(client, challenges):
    status, why = attempt(client, challenges, lambda h, text: net.reply(
        h, 200, text.encode() + b"  \r\n\n"))
    assert status == "valid", why


def test_leading_white_space_is_not(client, challenges):
    assert attempt(client, challenges, lambda h, text: net.reply(
        h, 200, b" " + text.encode()))[0] == "invalid"


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirects_are_followed(client, challenges, code):
    def answer(handler, text):
        challenges.answers["/elsewhere"] = text
        net.reply(handler, code, b"", Location=f"http://other.example.test:"
                  f"{challenges.port}/elsewhere")
    status, why = attempt(client, challenges, answer)
    assert status == "valid", why


def test_ten_redirects_are_followed_and_eleven_not(client, challenges):
    def chain(count):
        def answer(handler, text):
            for i in range(count - 1):
                challenges.answers[f"/hop{i}"] = lambda h, to=i + 1: net.reply(
                    h, 302, b"", Location=f"/hop{to}")
            challenges.answers[f"/hop{count - 1}"] = text
            net.reply(handler, 302, b"", Location="/hop0")
        return answer

    status, why = attempt(client, challenges, chain(10))
    assert status == "valid", why
    assert attempt(client, challenges, chain(11))[0] == "invalid"


def test_redirect_loop(client, challenges):
    def answer(handler, text):
        net.reply(handler, 302, b"", Location=handler.path)
    assert attempt(client, challenges, answer)[0] == "invalid"


@pytest.mark.parametrize("target", [
    "http://x.example.test:8080/", "https://x.example.test:8443/",
    "ftp://x.example.test/", "file:///etc/passwd", "gopher://x/", "",
    "http://", "//", "http://user@x.example.test:{port}/",
    "http://x.example.test:{port}\\@y/", "http://x.example.test:99999/",
    "javascript:0"])
def test_redirects_that_are_not_followed(client, challenges, target):
    hits = len(challenges.hits)
    status, why = attempt(client, challenges, lambda h, text: net.reply(
        h, 302, b"", Location=target.format(port=challenges.port)))
    assert status == "invalid"
    assert why
    assert len(challenges.hits) == hits + 1


def test_bounded_body(client, challenges):
    """A body without end is not read to its end."""
    sent = []

    def endless(handler, text):
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(10000):
                handler.wfile.write(text.encode() + b"x" * 65536)
                sent.append(65536)
        except OSError:
            pass
        handler.close_connection = True

    assert attempt(client, challenges, endless)[0] == "invalid"
    assert sum(sent) < 64 << 20


def test_bounded_head(client, challenges):
    def endless(handler, text):
        handler.send_response(200)
        try:
            for i in range(100000):
                handler.wfile.write(b"X-Header: " + b"x" * 1000 + b"\r\n")
        except OSError:
            pass
        handler.close_connection = True

    assert attempt(client, challenges, endless)[0] == "invalid"


@pytest.mark.parametrize("garbage", [
    b"", b"\0" * 100, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"HTTP/1.1 999999 X\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"])
def test_what_is_not_http(client, challenges, garbage):
    def answer(handler, text):
        handler.wfile.write(garbage)
        handler.close_connection = True
    assert attempt(client, challenges, answer)[0] == "invalid"


@pytest.mark.parametrize("code", [201, 204, 206, 400, 401, 403, 404, 500, 503])
def test_other_status_codes(client, challenges, code):
    assert attempt(client, challenges, lambda h, text: net.reply(
        h, code, text.encode()))[0] == "invalid"


def test_compressed_answers_are_not_asked_for(client, challenges):
    seen = []

    def answer(handler, text):
        seen.append(handler.headers.get("Accept-Encoding"))
        plain(handler, text)
    assert attempt(client, challenges, answer)[0] == "valid"
    assert seen[0] in (None, "identity")


def test_the_first_request(client, challenges):
    """Host, path and who asks: RFC 8555 8.3."""
    assert attempt(client, challenges, plain, "host.example.test")[0] == \
        "valid"
    host, path, agent = challenges.hits[-1]
    assert host.split(":")[0] == "host.example.test"
    assert path.startswith(net.CHALLENGE)
    assert agent


def test_private_addresses_are_refused(real_ca, port80, resolver):
    """RFC 8555 10.2: a real CA asks no special-purpose address, unless its
    configuration allows the range."""
    client = real_ca.client()
    for number, address in enumerate((
            "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254",
            "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255")):
        name = f"private{number}.example.test"
        resolver.records[name, "A"] = [address]
        status, why = attempt(client, port80, plain, name)
        assert status == "invalid"
        assert "special-purpose" in why and address not in why
    for number, address in enumerate(("fe80::1", "fd00::1", "::ffff:10.0.0.1",
                                      "64:ff9b::a00:1", "2002:a00:1::")):
        name = f"private6{number}.example.test"
        resolver.records[name, "A"] = []
        resolver.records[name, "AAAA"] = [address]
        assert attempt(client, port80, plain, name)[0] == "invalid"
    assert attempt(client, port80, plain, "allowed.example.test")[0] == \
        "valid"


def test_redirect_to_a_private_address(real_ca, port80, resolver):
    resolver.records["inner.example.test", "A"] = ["10.0.0.1"]
    client = real_ca.client()
    for target in ("http://inner.example.test/", "http://10.0.0.1/",
                   "http://[fe80::1]/", "http://0x0a000001/"):
        status, _ = attempt(client, port80, lambda h, text: net.reply(
            h, 302, b"", Location=target))
        assert status == "invalid"


def test_real_ca_follows_to_port_80_only(real_ca, port80, challenges):
    client = real_ca.client()

    def to(port):
        def answer(handler, text):
            port80.answers["/x"] = challenges.answers["/x"] = text
            net.reply(handler, 302, b"", Location=f"http://y.example.test:"
                      f"{port}/x")
        return answer

    status, why = attempt(client, port80, to(80))
    assert status == "valid", why
    assert attempt(client, port80, to(challenges.port))[0] == "invalid"


def test_slow_targets_delay_nobody(ca, challenges):
    """Fifty validations hang; the fifty-first does not wait for them."""
    go = threading.Event()
    client = ca.client()

    def hang(handler):
        go.wait(60)

    for i in range(50):
        order = client.new_order(f"hang{i}.example.test")
        challenge = client.challenge(order["authorizations"][0])
        challenges.add(challenge["token"], hang)
        client.step(challenge["url"], {})
    try:
        order = client.new_order("fast.example.test")
        challenge = client.challenge(order["authorizations"][0])
        challenges.add(challenge["token"],
                       client.key_authorization(challenge["token"]))
        client.step(challenge["url"], {})
        assert client.step(order["authorizations"][0]).json["status"] == \
            "valid"
    finally:
        go.set()


def test_ipv6_first_then_ipv4(client, challenges, resolver):
    """RFC 8555 8.3 leaves the choice; what is broken in one family may work
    in the other."""
    resolver.records["both.example.test", "AAAA"] = ["::1"]
    assert attempt(client, challenges, plain, "both.example.test")[0] == \
        "valid"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root adds an address")
def test_a_resolver_elsewhere_is_asked_from_any_port(challenges):
    """As a guess of the port would let others answer in its name (RFC 5452);
    one at a loopback address has few: dns_resolver_test.c."""
    address = ["192.0.2.53/32", "dev", "lo"]
    subprocess.run(["ip", "address", "replace", *address], check=True)
    elsewhere = net.Dns("192.0.2.53")
    try:
        with signetd.dev(challenges, elsewhere) as ca:
            client = ca.client()
            for _ in range(12):
                status, why = attempt(client, challenges, plain)
                assert status == "valid", why
        assert len(elsewhere.questions) >= 24
        assert len(elsewhere.ports) > 16
    finally:
        elsewhere.close()
        subprocess.run(["ip", "address", "del", *address], check=True)
