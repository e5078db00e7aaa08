# SPDX-License-Identifier: Apache-2.0
"""Master: restarts, reloads, stops, and what goes wrong at the start."""

import contextlib
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

from kit import acme, jose, net, signetd

ROLES = ("web", "core", "validator", "signer", "dev")
WAIT_S = 30  # sanitized, on a busy machine


class Watched(signetd.Signetd):
    """A CA whose log can be waited for."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.lines = []
        self.changed = threading.Condition()

    def start(self):
        read, write = os.pipe()
        with open(write, "wb") as self.log:
            threading.Thread(target=self.gather, args=(read,),
                             daemon=True).start()
            try:
                return super().start()
            finally:
                self.log = None

    def gather(self, read):
        with open(read, encoding="utf-8", errors="replace") as log:
            for line in log:
                with self.changed:
                    self.lines.append(line)
                    self.changed.notify_all()

    def errors(self):
        with self.changed:
            return "".join(self.lines)

    def wait_for(self, pattern, since=0):
        """The first line from since on that has the pattern; its number."""
        def find():
            for number, line in enumerate(self.lines[since:], since):
                if re.search(pattern, line):
                    return number + 1
            return None

        with self.changed:
            number = self.changed.wait_for(find, WAIT_S)
        assert number, f"no {pattern!r} in:\n{self.errors()}"
        return number

    def end(self):
        """Waits for the end; the exit status."""
        return self.process.wait(WAIT_S)


def let_pass(folder):
    """The CA's users, which are others than root, pass through folders."""
    while os.geteuid() == 0 and not folder.stat().st_mode & 1:
        folder.chmod(0o755)
        folder = folder.parent


@pytest.fixture
def dev_ca(tmp_path, challenges, resolver):
    let_pass(tmp_path)
    ca = Watched(["dev", "--listen", f"{net.HOST}:0", "--management",
                  f"{net.HOST}:0", "--dir", str(tmp_path / "ca"),
                  "--http-port", str(challenges.port),
                  "--resolver", resolver.address],
                 {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0",
                  "PEBBLE_AUTHZREUSE": "0"}, str(tmp_path / "ca"), keep=True)
    with ca.start():
        yield ca


@pytest.fixture
def real_ca(tmp_path):
    directory = str(tmp_path / "ca")
    let_pass(tmp_path)
    done = signetd.init(directory, "--name", "localhost", "--listen",
                        f"{net.HOST}:{net.free_port()}")
    assert done.returncode == 0, done.stderr
    ca = Watched(["run", "-c", f"{directory}/signetd.conf"],
                 directory=directory, keep=True)
    with ca:
        yield ca


def configure(ca, **values):
    """Sets keys of the configuration file."""
    path = pathlib.Path(ca.directory, "signetd.conf")
    text = path.read_text()
    for key, value in values.items():
        text = re.sub(rf"^{key}\s*=.*\n", "", text, flags=re.M)
        text += f'{key} = "{value}"\n'
    path.write_text(text)


def meta(client):
    answer = client.http.request("GET", client.directory_url)
    assert answer.status == 200
    return answer.json["meta"]


def wait_gone(pids):
    """Until none of them runs; pids may be gone already."""
    deadline = time.monotonic() + WAIT_S
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            fd = os.pidfd_open(pid)
            left = max(deadline - time.monotonic(), 0)
            gone = select.select([fd], [], [], left)[0]
            os.close(fd)
            assert gone, f"process {pid} still runs"


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_process_comes_back(dev_ca, challenges, role):
    client = dev_ca.client()
    pid, = dev_ca.pids(role)
    os.kill(pid, signal.SIGKILL)
    at = dev_ca.wait_for(rf"process-died role={role} index=0 pid={pid} "
                         r"signal=SIGKILL")
    dev_ca.wait_for(rf"process-ready role={role} index=0", at)
    assert dev_ca.pids(role) != [pid]
    assert len(dev_ca.pids()) == len(ROLES)
    client.obtain(challenges, f"{role}.example.test")


def test_all_killed_come_back(dev_ca, challenges):
    client = dev_ca.client()
    for pid in dev_ca.pids():
        os.kill(pid, signal.SIGKILL)
    for role in ROLES:
        dev_ca.wait_for(f"process-ready role={role} ")
    client.obtain(challenges, "all.example.test")


def test_restarts_slow_down(dev_ca):
    """A process that keeps dying does not keep the machine busy."""
    began = time.monotonic()
    at = 0
    for _ in range(6):
        pid, = dev_ca.pids("signer")
        os.kill(pid, signal.SIGKILL)
        at = dev_ca.wait_for(r"process-ready role=signer", at)
    # 10 + 20 + 40 + 80 + 160 + 320 ms of pauses.
    assert time.monotonic() - began > 0.6


def test_masters_death_ends_all(real_ca):
    real_ca.start()
    children = real_ca.pids()
    assert len(children) == 5  # two web processes
    real_ca.process.kill()
    real_ca.process.wait()
    wait_gone(children)
    real_ca.start()
    real_ca.client()


def test_masters_death_leaves_the_directory_to_the_next(real_ca):
    """Also when the old processes take their time."""
    real_ca.start()
    children = real_ca.pids()
    core, = real_ca.pids("core")
    os.kill(core, signal.SIGSTOP)
    real_ca.process.kill()
    real_ca.process.wait()
    timer = threading.Timer(0.3, os.kill, (core, signal.SIGCONT))
    timer.start()
    real_ca.start()
    wait_gone(children)
    timer.join()
    real_ca.client()


def test_a_directory_has_one_ca(real_ca):
    real_ca.start()
    done = subprocess.run([signetd.program(), *real_ca.arguments],
                          capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 1
    assert "another signetd runs in" in done.stderr
    real_ca.client()


def test_reload_changes_all_and_drops_no_connection(real_ca):
    real_ca.start()
    clients = [acme.Client(real_ca.url, real_ca.cafile) for _ in range(8)]
    connections = [client.http.connection for client in clients]
    processes = sorted(real_ca.pids())
    assert all("website" not in meta(client) for client in clients)
    configure(real_ca, website="https://ca.example/about")
    real_ca.signal(signal.SIGHUP)
    real_ca.wait_for("master reloaded")
    for client, connection in zip(clients, connections):
        assert meta(client)["website"] == "https://ca.example/about"
        assert client.http.connection is connection
        client.close()
    assert sorted(real_ca.pids()) == processes


@pytest.mark.parametrize("key, value, complaint", [
    ("website", "not a URL", r"config-error line=\d+ key=website"),
    ("hold_time", "1 fortnight", r"config-error line=\d+ key=hold_time"),
    ("uid_base", "70000", r"reload-refused .*uid_base"),
    ("no_such_key", "1", r"config-error line=\d+ key=no_such_key"),
    ("tls_certificate", "/nowhere.pem", r"config-error .*tls_certificate"),
])
def test_reload_is_all_or_nothing(real_ca, key, value, complaint):
    real_ca.start()
    client = acme.Client(real_ca.url, real_ca.cafile)
    configure(real_ca, caa_identity="new.example")
    configure(real_ca, **{key: value})
    real_ca.signal(signal.SIGHUP)
    real_ca.wait_for(complaint)
    real_ca.wait_for("reload-refused")
    assert "caaIdentities" not in meta(client)
    assert "reloaded" not in real_ca.errors()


def test_reload_without_a_process_is_abandoned(real_ca):
    """One that has not agreed yet dies: no other changes."""
    real_ca.start()
    web = real_ca.pids("web")
    os.kill(web[1], signal.SIGSTOP)
    configure(real_ca, website="https://ca.example/about")
    real_ca.signal(signal.SIGHUP)
    # The other one is ready to change by then or not: no matter.
    os.kill(web[1], signal.SIGKILL)
    at = real_ca.wait_for(r"process-died role=web")
    at = real_ca.wait_for(r"process-ready role=web", at)
    if "reload-refused" in real_ca.errors():
        client = acme.Client(real_ca.url, real_ca.cafile)
        assert "website" not in meta(client)
    real_ca.signal(signal.SIGHUP)
    real_ca.wait_for("master reloaded")
    for _ in range(8):
        client = acme.Client(real_ca.url, real_ca.cafile)
        assert meta(client)["website"] == "https://ca.example/about"


def test_many_reloads_at_once(real_ca):
    real_ca.start()
    client = acme.Client(real_ca.url, real_ca.cafile)
    for number in range(20):
        configure(real_ca, website=f"https://ca.example/{number}")
        real_ca.signal(signal.SIGHUP)
    deadline = time.monotonic() + WAIT_S
    while meta(client).get("website") != "https://ca.example/19":
        assert time.monotonic() < deadline
    assert len(real_ca.pids()) == 5


def test_stop_finishes_what_was_begun(dev_ca, challenges):
    """A request that waits for validation is answered before the end."""
    client = dev_ca.client()
    order = client.new_order("last.example.test")
    url = order["authorizations"][0]
    challenge = client.challenge(url)
    asked, go_on = threading.Event(), threading.Event()
    text = client.key_authorization(challenge["token"])

    def late(handler):
        asked.set()
        assert go_on.wait(WAIT_S)
        net.reply(handler, 200, text.encode())

    path = "/.well-known/acme-challenge/" + challenge["token"]
    challenges.answers[path] = late
    client.step(challenge["url"], {})
    assert asked.wait(WAIT_S)
    body = jose.jws(client.key, client.header(url), None)
    connection = client.http.connection
    connection.request("POST", urllib.parse.urlsplit(url).path, body,
                       {"Content-Type": acme.JOSE})
    # Answered when the one web process has read what came before, too.
    meta(acme.Client(dev_ca.url, dev_ca.cafile))
    dev_ca.signal(signal.SIGTERM)
    dev_ca.wait_for("master stopping")
    go_on.set()
    answer = connection.getresponse()
    assert answer.status == 200
    assert json.loads(answer.read())["identifier"]["value"] == \
        "last.example.test"
    assert dev_ca.end() == 0


def test_a_second_stop_is_at_once(dev_ca):
    core, = dev_ca.pids("core")
    os.kill(core, signal.SIGSTOP)
    dev_ca.signal(signal.SIGTERM)
    dev_ca.wait_for("master stopping")
    dev_ca.signal(signal.SIGTERM)
    assert dev_ca.end() == 0


def test_nothing_is_restarted_at_a_stop(dev_ca):
    """Whose pause before a restart ends during a stop stays away: nobody
    would tell it to end."""
    at = 0
    for _ in range(6):
        pid, = dev_ca.pids("signer")
        os.kill(pid, signal.SIGKILL)
        at = dev_ca.wait_for("process-ready role=signer", at)
    core, = dev_ca.pids("core")
    os.kill(core, signal.SIGSTOP)
    signer, = dev_ca.pids("signer")
    os.kill(signer, signal.SIGKILL)  # the next one would come after 0.64 s
    at = dev_ca.wait_for("process-died role=signer", at)
    dev_ca.signal(signal.SIGTERM)
    at = dev_ca.wait_for("master stopping", at)
    timer = threading.Timer(1.5, os.kill, (core, signal.SIGCONT))
    timer.start()
    assert dev_ca.end() == 0
    timer.join()
    assert not [line for line in dev_ca.lines[at:] if "role=signer" in line]


def test_interrupt_of_the_terminal(real_ca, monkeypatch):
    """Ctrl-C reaches every process; only master minds."""
    popen = subprocess.Popen
    monkeypatch.setattr(signetd.subprocess, "Popen", lambda *a, **k:
                        popen(*a, **k, start_new_session=True))
    real_ca.start()
    os.killpg(real_ca.process.pid, signal.SIGINT)
    assert real_ca.end() == 0
    real_ca.wait_for("master stopping")
    assert "process-died" not in real_ca.errors()


def test_a_process_that_cannot_start_ends_the_start(real_ca):
    real_ca.start()
    real_ca.stop()
    store = pathlib.Path(real_ca.directory, "store/signet.db")
    store.write_bytes(b"this is not a database" * 1000)
    with pytest.raises(signetd.Failed):
        real_ca.start()
    assert real_ca.process.returncode == 1
    real_ca.wait_for(r"core start-failed ")
    real_ca.wait_for(r"master start-failed role=core")
    real_ca.process = None  # it did not end well, as it should


def test_an_address_in_use_is_named(tmp_path):
    with socket.create_server((net.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [signetd.program(), "dev", "--dir", tmp_path / "ca", "--listen",
             f"{net.HOST}:{port}", "--management", f"{net.HOST}:0"],
            capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 1
    assert f"{net.HOST}:{port}" in done.stderr
    assert "Address already in use" in done.stderr


class Manager:
    """A service manager's side of sd_notify(3)."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(WAIT_S)

    def hear(self):
        return dict(line.split("=") for line in
                    self.socket.recv(4096).decode().splitlines())


def test_a_service_manager_is_told(real_ca, tmp_path):
    manager = Manager(tmp_path / "notify")
    real_ca.environment["NOTIFY_SOCKET"] = str(manager.path)
    real_ca.start()
    assert manager.hear() == {"READY": "1"}
    real_ca.signal(signal.SIGHUP)
    reloading = manager.hear()
    assert reloading.pop("RELOADING") == "1"
    assert int(reloading.pop("MONOTONIC_USEC")) > 0
    assert manager.hear() == {"READY": "1"}
    real_ca.signal(signal.SIGTERM)
    assert manager.hear() == {"STOPPING": "1"}
    assert real_ca.end() == 0


def test_closed_standard_descriptors(real_ca, tmp_path):
    """Nothing of the CA's ends up where others expect to write."""
    manager = Manager(tmp_path / "notify")
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", signetd.program(),
         *real_ca.arguments],
        env={**os.environ, "NOTIFY_SOCKET": str(manager.path)})
    try:
        assert manager.hear() == {"READY": "1"}
        if os.geteuid() == 0:
            for fd in range(3):
                assert os.readlink(f"/proc/{process.pid}/fd/{fd}") == \
                    "/dev/null"
    finally:
        process.terminate()
        assert process.wait(WAIT_S) == 0


@pytest.mark.timing
def test_ready_in_time(own_ca):
    """`signetd dev` is for test suites that start it often."""
    times = []
    while len(times) < 8 and min(times, default=1000) >= 200:
        ca = own_ca()
        times.append(ca.ready_ms)
        ca.stop()
    assert min(times) < 200
