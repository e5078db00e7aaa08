# SPDX-License-Identifier: Apache-2.0
"""Through Debian's HAProxy and its runtime socket, without a reload."""

import os
import pathlib
import socket
import socketserver
import subprocess
import threading
import time

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


def again(server):
    """HAProxy, started anew with the files that there are now."""
    server.process.terminate()
    server.process.wait()
    server.start()


def settle(agent):
    """Until a run asks nothing: what changed in the tick of the clock in which
    HAProxy was asked, is looked at again."""
    for _ in range(100):
        before = [path.stat().st_ino for path in pathlib.Path(
            agent.dir, "changes").glob("*.seen")]
        assert agent.run("renew").stderr == ""
        seen = [path.stat().st_ino for path in pathlib.Path(
            agent.dir, "changes").glob("*.seen")]
        if before == seen and len(seen) == 1:
            return
        time.sleep(0.01)
    raise AssertionError("it asks HAProxy each time")


def test_what_is_changed_by_hand(serve):
    server, ca, agent = serve("a.example.test")
    agent.run("haproxy", "--server", server.socket, "--ca", ca.url,
              "--ca-file", ca.cafile, "--agree-terms")
    settle(agent)
    # A certificate with one more name in the place of ours.
    more = servers.self_signed(server.top / "run", "more", "a.example.test",
                               "new.example.test")
    (server.top / "certs/old.pem").write_bytes(
        open(more + ".pem", "rb").read())
    again(server)
    agent.run("renew")
    for name in ("a.example.test", "new.example.test"):
        assert servers.fetch(server.tls, name,
                             cafile=ca.cafile) == (200, "page")
    settle(agent)
    # It is gone, and HAProxy was started without it.
    other = servers.self_signed(server.top / "run", "other", "o.example.test")
    (server.top / "certs/other.pem").write_bytes(
        open(other + ".pem", "rb").read())
    (server.top / "certs/old.pem").unlink()
    again(server)
    agent.run("renew")
    assert servers.fetch(server.tls, "new.example.test",
                         cafile=ca.cafile) == (200, "page")
    assert sorted(os.listdir(server.top / "certs")) == [
        "a.example.test.pem", "other.pem"]
    settle(agent)
    assert agent.status()["a.example.test"]["names"] == [
        "a.example.test", "new.example.test"]


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


class Liar:
    """A HAProxy in somebody else's hand: it says where its certificates are,
    and hears what it is told."""

    NAMES = "Subject Alternative Name: DNS:a.example.test\nAlgorithm: EC256\n"

    def __init__(self, top, answers):
        self.socket = str(top / f"liar{len(os.listdir(top))}.sock")
        self.heard, self.answers, self.look = "", answers, lambda: None
        liar = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                command = self.rfile.readline().decode()
                liar.heard += command
                liar.look()
                while command.endswith(" <<\n"):
                    line = self.rfile.readline().decode()
                    liar.heard += line
                    if line in ("\n", ""):
                        break
                said = [answer for begin, answer in liar.answers.items()
                        if command.startswith(begin)]
                self.wfile.write((said[0] if said else
                                  "Transaction Success deleted\n").encode())

        self.server = socketserver.ThreadingUnixStreamServer(self.socket,
                                                             Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True,
                         kwargs={"poll_interval": 0.05}).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def liar(tmp_path):
    running = []

    def start(answers):
        running.append(Liar(tmp_path, {"show info": "Pid: 1\n", **answers}))
        return running[-1]

    yield start
    for server in running:
        server.close()


def test_a_liar_has_no_file_overwritten(agent, web_ca, liar, tmp_path):
    """Neither as a certificate, nor as a list or a folder of such."""
    victim, other = tmp_path / "victim", tmp_path / "folder"
    other.mkdir()
    inside = other / "a.example.test.pem"
    for file in (victim, inside):
        file.write_text("of somebody else\n")
    for answers in (
            {"show ssl cert\n": f"# filename\n{victim}\n",
             "show ssl cert ": Liar.NAMES},
            {"show ssl crt-list": f"{victim}\n"},
            {"show ssl crt-list": f"{other}\n"}):
        answers.setdefault("show ssl cert\n", "# filename\n")
        server, seen = liar(answers), set()
        server.look = lambda: seen.update((victim.read_text(),
                                           inside.read_text()))
        done = agent.get(web_ca, "--install", "haproxy=" + server.socket,
                         "a.example.test", status=None)
        assert "HAProxy says that" in done.stdout + done.stderr
        assert seen == {"of somebody else\n"}
        assert "PRIVATE KEY" not in server.heard
        agent.run("remove", "a.example.test", status=None)


def test_a_liar_reads_no_file(agent, web_ca, liar, tmp_path):
    """After a run that was killed, HAProxy's memory follows its files: those
    that are such."""
    secret, mine = tmp_path / "secret", tmp_path / "mine.pem"
    secret.write_text("known to root alone\n")
    base = servers.self_signed(tmp_path, "old", "a.example.test")
    mine.write_bytes(open(base + ".pem", "rb").read())
    server = liar({"show ssl cert\n": f"# filename\n{mine}\n",
                   "show ssl cert ": Liar.NAMES})
    running = []

    def kill():
        if running and "set ssl cert" in server.heard:
            running.pop().kill()

    server.look = kill
    with subprocess.Popen(
            agent.arguments("get", "--ca", web_ca.url, "--ca-file",
                            web_ca.cafile, "--agree-terms", "--via",
                            f"webroot={agent.web.root}", "--install",
                            "haproxy=" + server.socket, "a.example.test"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True) as process:
        running.append(process)
    assert process.returncode != 0
    server.answers["show ssl cert\n"] = f"# filename\n{secret}\n"
    agent.run("renew", status=None)
    assert mine.read_bytes() == open(base + ".pem", "rb").read()
    assert "known to root alone" not in server.heard


def test_a_liar_adds_no_name(serve, liar):
    """Which could not be proven, and would make each renewal fail."""
    server, ca, agent = serve("a.example.test")
    agent.run("haproxy", "--server", server.socket, "--ca", ca.url,
              "--ca-file", ca.cafile, "--agree-terms")
    server.process.terminate()
    server.process.wait()
    file = server.top / "certs/old.pem"
    other = liar({"show ssl cert\n": f"# filename\n{file}\n",
                  "show ssl crt-list": f"{server.top}/certs\n",
                  "show ssl cert ": Liar.NAMES.replace(
                      "\n", ", DNS:evil.example.test\n", 1)})
    os.rename(other.socket, server.socket)
    agent.run("renew", status=None)
    assert "show ssl cert " in other.heard
    assert agent.status()["a.example.test"]["names"] == ["a.example.test"]


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


def test_removed_when_haproxy_is_no_more(serve):
    server, ca, agent = serve("a.example.test")
    install(server, ca, agent, "a.example.test")
    server.process.terminate()
    server.process.wait()
    done = agent.run("remove", "a.example.test", status=1)
    assert "say --force, too" in done.stderr
    assert list(agent.status()) == ["a.example.test"]
    done = agent.run("remove", "--force", "a.example.test")
    assert "what was put there stays" in done.stderr
    assert agent.status() == {}
