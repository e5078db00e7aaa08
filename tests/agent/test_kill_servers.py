# SPDX-License-Identifier: Apache-2.0
"""signet is killed, with all that it started, at steps of what it does with a
web server: each file that is written, each test of the configuration, each
reload, each look at what is served, each command to HAProxy. Whenever that is,
the server goes on as it was, its configuration is good, and the next run
finishes. KILL_ALL=1 stops at every step instead of at some of each kind."""

import contextlib
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from kit import inotify, servers, signet, signetd

NAME, OTHER = "a.example.test", "other.example.test"
KILLS = 14   # of one operation, unless all are asked for
NEVER = 10**9

pytestmark = pytest.mark.skipif(signetd.sanitized(), reason="takes minutes")

NGINX_PLAIN = f"""
server {{
	listen 127.0.0.1:PORT;
	server_name {NAME} {OTHER};
	root TOP/www;
}}
"""
NGINX_TLS = f"""
server {{
	listen 127.0.0.1:TLS ssl default_server;
	server_name {OTHER};
	ssl_certificate OLD.crt;
	ssl_certificate_key OLD.key;
	root TOP/www;
}}
"""
APACHE_TLS = f"""
<VirtualHost 127.0.0.1:TLS>
	ServerName {OTHER}
	DocumentRoot TOP/www
	SSLEngine on
	SSLCertificateFile OLD.crt
	SSLCertificateKeyFile OLD.key
</VirtualHost>
"""
APACHE_PLAIN = f"""
<VirtualHost 127.0.0.1:PORT>
	ServerName {NAME}
	ServerAlias {OTHER}
	DocumentRoot TOP/www
	<Directory TOP/www>
		Require all granted
	</Directory>
</VirtualHost>
"""


class Run:
    """One signet, killed at a step: with all that it started, or alone."""

    def __init__(self, command, steps, alone=False):
        self.left, self.killed, self.alone = steps, False, alone
        self.process = subprocess.Popen(
            command, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        """All of its session; twice, as one may start another meanwhile."""
        for _ in range(2):
            for entry in filter(str.isdigit, os.listdir("/proc")):
                with contextlib.suppress(OSError):
                    if os.getsid(int(entry)) == self.process.pid:
                        os.kill(int(entry), signal.SIGKILL)

    def step(self, count=1):
        self.left -= count
        if self.left <= 0 and not self.killed and not self.over():
            self.killed = True
            if self.alone:
                self.process.kill()
            else:
                self.kill()

    def over(self):
        return self.process.poll() is not None

    def end(self):
        self.process.wait(signet.RUN_S)
        if not self.alone:
            self.kill()


class Files:
    """Steps are changes of files, and readings of the configuration."""
    FOLDERS = ("run", "conf.d", "sites", "conf-enabled", "sites-enabled")

    def __init__(self, server, agent):
        folders = [server.top / name for name in self.FOLDERS]
        self.watch = inotify.Watch(
            [os.path.join(agent.dir, "changes"),
             *filter(pathlib.Path.is_dir, folders)], [server.file])

    def follow(self, run):
        while self.watch.wait(0):
            pass
        while not run.over():
            if count := self.watch.wait(0.02):
                run.step(count)

    def close(self):
        self.watch.close()


class Middleman:
    """Stands before HAProxy's socket; steps are commands that come and answers
    that go."""

    def __init__(self, target, path):
        self.target, self.run = target, None
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(path)
        self.sock.listen(16)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def follow(self, run):
        self.run = run
        run.process.wait(signet.RUN_S)
        self.run = None

    def step(self):
        if self.run is not None:
            self.run.step()

    def serve(self):
        while True:
            try:
                near, _ = self.sock.accept()
            except OSError:
                return
            with near, socket.socket(socket.AF_UNIX) as far, \
                    contextlib.suppress(OSError):
                far.connect(self.target)
                self.pump(near, far)

    def pump(self, near, far):
        first = True
        while True:
            for sock in select.select([near, far], [], [])[0]:
                part = sock.recv(1 << 20)
                if first or not part:
                    self.step()
                first = False
                if not part:
                    return
                (far if sock is near else near).sendall(part)

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join()


def chatty(server, text, more):
    """Each connection is a line in a file."""
    file = pathlib.Path(server.file)
    assert text in file.read_text()
    file.write_text(file.read_text().replace(text, more))


def nginx():
    server = servers.Nginx(plain=NGINX_PLAIN, tls=NGINX_TLS)
    chatty(server, "error.log;", "error.log info;")
    server.test = ["nginx", "-t", "-c", server.file]
    return server


def apache():
    server = servers.Apache(a_tls=APACHE_TLS, b=APACHE_PLAIN)
    chatty(server, "ErrorLog", "LogLevel info\nErrorLog")
    server.test = ["apachectl", "-t", "-f", server.file]
    return server


def check_good(server):
    """It serves on, with some certificate where it had one."""
    subprocess.run(server.test, check=True, capture_output=True)
    assert servers.issuer(server.tls, OTHER)
    if server.NAME != "haproxy":
        assert servers.fetch(server.port, OTHER)[0] == 200


def check_tidy(agent):
    assert [name for name in os.listdir(os.path.join(agent.dir, "changes"))
            if not name.endswith((".lock", ".argument", ".seen"))
            and ".was." not in name] == []


def killed(server, agent, follow, command, finish, reset=lambda: None,
           kills=KILLS, alone=False):
    """Runs command, killed at one step after the other, then finish."""
    def attempt(steps):
        reset()
        run = Run(agent.arguments(*command), steps, alone)
        follow(run)
        run.end()
        return steps - run.left

    total = attempt(NEVER)
    agent.run(*finish)
    yield
    stride = 1 if "KILL_ALL" in os.environ else max(1, total // kills)
    for step in range(1, total + 1, stride):
        attempt(step)
        check_good(server)
        agent.run(*finish)
        yield
        check_tidy(agent)
        check_good(server)


def renew(server, agent, follow, **how):
    before = servers.served(server.tls, OTHER)
    for _ in killed(server, agent, follow, ["renew", "--force"],
                    ["renew", "--force"], **how):
        now = servers.served(server.tls, OTHER)
        assert now.serial_number != before.serial_number
        before = now


KINDS = (nginx, pytest.param(apache, marks=pytest.mark.longer))


@pytest.mark.parametrize("kind", KINDS)
def test_killed_while_renewing(beside, kind):
    """The site has been installed: challenge, reload, look."""
    server = kind()
    _, ca, agent = beside(server)
    via = f"{server.NAME}={server.file}"
    agent.get(ca, "--install", via, OTHER, via=via)
    files = server.files()
    watch = Files(server, agent)
    renew(server, agent, watch.follow)
    # What judge started goes on without it, while the next run begins.
    renew(server, agent, watch.follow, kills=4, alone=True)
    assert server.files() == files
    watch.close()


@pytest.mark.parametrize("kind", KINDS)
def test_killed_while_installing(beside, kind):
    """The certificate is there; it is installed for the first time."""
    server = kind()
    _, ca, agent = beside(server)
    via = f"{server.NAME}={server.file}"
    agent.get(ca, NAME, OTHER, via=via)
    files = server.files()
    kept = agent.dir + ".kept"
    shutil.copytree(agent.dir, kept)
    watch = Files(server, agent)

    def reset():
        agent.run("remove", NAME)
        assert server.files() == files
        shutil.copytree(kept, agent.dir, dirs_exist_ok=True)

    get = ["get", "--install", via, NAME, OTHER]
    for _ in killed(server, agent, watch.follow, get, get, reset):
        assert "Signet dev" in servers.issuer(server.tls, NAME)
        assert "Signet dev" in servers.issuer(server.tls, OTHER)
        assert set(server.files()) > set(files)
    watch.close()


@pytest.mark.longer
def test_killed_while_haproxy_is_told(beside, tmp_path):
    server = servers.Haproxy()
    server.test = ["haproxy", "-c", "-f", server.file]
    old = servers.self_signed(server.top / "run", "old", OTHER)
    file = server.top / "certs/old.pem"
    file.write_bytes(pathlib.Path(old + ".pem").read_bytes())
    _, ca, agent = beside(server)
    path = str(tmp_path / "socket")
    middle = Middleman(server.socket, path)
    via = f"haproxy={path}"
    agent.get(ca, "--install", via, OTHER, via=via)
    renew(server, agent, middle.follow)
    renew(server, agent, middle.follow, kills=4, alone=True)
    assert file.read_bytes() == agent.live(OTHER, "combined.pem").read_bytes()
    middle.close()
