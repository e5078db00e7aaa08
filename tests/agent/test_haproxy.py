# SPDX-License-Identifier: Apache-2.0
"""Through Debian's HAProxy and its runtime socket, without a reload."""

import os
import socket

import pytest

from kit import servers


@pytest.fixture
def serve(beside):
    def start(*names, **more):
        """One certificate for the names is loaded from certs/old.pem."""
        server = servers.Haproxy(**more)
        old = servers.self_signed(server.top / "run", "old", *names)
        (server.top / "certs/old.pem").write_bytes(
            open(old + ".pem", "rb").read())
        server.write("list.txt", f"{server.top}/certs/old.pem\n")
        return beside(server)

    return start


def install(server, ca, agent, *names, status=0):
    return agent.get(ca, "--install", "haproxy=" + server.socket, *names,
                     via="haproxy=" + server.socket, status=status)


def test_replaces_what_is_loaded(serve):
    server, ca, agent = serve("a.example.test", "www.a.example.test")
    done = agent.run("haproxy", "--server", server.socket, "--ca", ca.url,
                     "--ca-file", ca.cafile, "--agree-terms")
    assert done.stderr == ""
    for name in ("a.example.test", "www.a.example.test"):
        assert servers.fetch(server.tls, name,
                             cafile=ca.cafile) == (200, "page")
    # On disk, too: it is there after a restart.
    combined = agent.live("a.example.test", "combined.pem").read_bytes()
    assert (server.top / "certs/old.pem").read_bytes() == combined
    assert os.listdir(server.top / "certs") == ["old.pem"]


def test_renewal(serve):
    server, ca, agent = serve("a.example.test")
    install(server, ca, agent, "a.example.test")
    first = servers.served(server.tls, "a.example.test")
    agent.run("get", "--force", "a.example.test")
    assert servers.served(server.tls, "a.example.test") != first


def test_new_certificate_in_a_folder(serve):
    server, ca, agent = serve("old.example.test")
    install(server, ca, agent, "n.example.test")
    assert servers.fetch(server.tls, "n.example.test",
                         cafile=ca.cafile) == (200, "page")
    assert sorted(os.listdir(server.top / "certs")) == [
        "n.example.test.pem", "old.pem"]
    assert "old" in servers.issuer(server.tls, "old.example.test")


def use_list(server):
    """A list in place of the folder."""
    server.process.terminate()
    server.process.wait()
    file = server.top / "haproxy.cfg"
    file.write_text(file.read_text().replace(
        f"ssl crt {server.top}/certs/", f"ssl crt-list {server.top}/list.txt"))
    server.start()


def test_new_certificate_in_a_list(serve):
    server, ca, agent = serve("old.example.test")
    use_list(server)
    install(server, ca, agent, "n.example.test")
    assert servers.fetch(server.tls, "n.example.test",
                         cafile=ca.cafile) == (200, "page")
    assert (server.top / "list.txt").read_text().splitlines() == [
        f"{server.top}/certs/old.pem",
        str(agent.live("n.example.test", "combined.pem"))]


def loaded(server):
    """What HAProxy has in memory."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(server.socket)
        sock.sendall(b"show ssl cert\n")
        said = b""
        while part := sock.recv(65536):
            said += part
    return {os.path.basename(line) for line in said.decode().split("\n")
            if line.startswith("/")}


def test_removed_what_was_there_is_served_again(serve):
    server, ca, agent = serve("a.example.test")
    before = server.files()
    install(server, ca, agent, "a.example.test")
    agent.run("get", "--force", "a.example.test")
    assert server.files() != before
    agent.run("remove", "a.example.test")
    assert server.files() == before
    assert "old" in servers.issuer(server.tls, "a.example.test")


def test_removed_from_a_folder(serve):
    server, ca, agent = serve("old.example.test")
    before = server.files()
    install(server, ca, agent, "n.example.test")
    agent.run("remove", "n.example.test")
    assert server.files() == before
    assert loaded(server) == {"old.pem"}


def test_removed_from_a_list(serve):
    server, ca, agent = serve("old.example.test")
    use_list(server)
    before = server.files()
    install(server, ca, agent, "n.example.test")
    agent.run("remove", "n.example.test")
    assert server.files() == before
    assert loaded(server) == {"old.pem"}


def test_removed_after_somebody_else_put_another(serve):
    server, ca, agent = serve("a.example.test")
    install(server, ca, agent, "a.example.test")
    theirs = (server.top / "run/old.pem").read_bytes() + b"\n"
    (server.top / "certs/old.pem").write_bytes(theirs)
    agent.run("remove", "a.example.test")
    assert (server.top / "certs/old.pem").read_bytes() == theirs


def test_no_rule_for_challenges(serve):
    server, ca, agent = serve("a.example.test", rule=False)
    before = server.files()
    done = install(server, ca, agent, "a.example.test", status=1)
    assert "http-request return" in done.stderr
    assert server.files() == before


def test_not_served_is_rolled_back(serve):
    """A certificate with another of its names is loaded for one address
    alone, which has gone."""
    server, ca, agent = serve("a.example.test")
    file = server.top / "haproxy.cfg"
    server.process.terminate()
    server.process.wait()
    file.write_text(file.read_text().replace(
        f"bind 127.0.0.1:{server.tls} ssl crt {server.top}/certs/",
        f"bind 127.0.0.1:{server.tls} ssl crt {server.top}/run/old.pem\n"
        f"	bind {server.top}/run/tls ssl crt {server.top}/certs/"))
    server.start()
    before = server.files()
    done = install(server, ca, agent, "a.example.test", status=1)
    assert "on none of its" in done.stderr
    assert server.files() == before


def test_nobody_listens_to_us(serve):
    server, ca, agent = serve("a.example.test")
    done = agent.run("haproxy", "--server", server.socket + "x", status=1)
    assert "stats socket" in done.stderr
