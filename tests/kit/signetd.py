# SPDX-License-Identifier: Apache-2.0
"""Starts signetd from a build folder, watches it, and stops it by pid."""

import contextlib
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

from kit import acme
from kit.net import HOST, free_port

TOP = pathlib.Path(__file__).resolve().parents[2]
READY = re.compile(r"^signetd: ready, ACME directory at (\S+)$")
REPORTS = re.compile(r"ERROR: \w+Sanitizer|runtime error:|Assertion .* failed")
ROLES = ("web", "core", "validator", "signer", "dev")
START_S = 30  # sanitized, on a busy machine
STOP_S = 20


def program():
    """$SIGNETD, or the one that `make` builds."""
    return os.environ.get("SIGNETD", str(TOP / "build/src/signetd"))


def sanitized():
    """Whether timings and memory of this build say nothing."""
    data = pathlib.Path(program()).read_bytes()
    return b"__asan_init" in data


class Failed(Exception):
    """signetd did not become ready; the text is what it said."""


class Signetd:
    """One running CA. Give arguments of `signetd`, without the program."""

    def __init__(self, arguments, environment=None, directory=None,
                 cafile=None, keep=False):
        self.arguments = arguments
        self.environment = environment or {}
        self.directory = directory
        self.cafile = cafile or os.path.join(directory, "root.pem")
        self.keep = keep
        self.process = None
        self.url = None
        self.log = None
        self.ready_ms = None
        self.clients = []

    def start(self):
        if self.log is None:
            self.log = tempfile.TemporaryFile("w+b")
        began = time.monotonic()
        self.process = subprocess.Popen(
            [program(), *self.arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.log,
            env={**os.environ, **self.environment})
        self.url = self.wait_ready(began + START_S)
        self.ready_ms = (time.monotonic() - began) * 1000
        return self

    def wait_ready(self, deadline):
        """Reads standard output up to the line that says ready."""
        out, text = self.process.stdout.fileno(), b""
        while time.monotonic() < deadline:
            if not select.select([out], [], [], 0.5)[0]:
                continue
            part = os.read(out, 4096)
            if not part:
                self.process.wait()
                raise Failed(text.decode() + self.errors())
            text += part
            for line in text.decode().splitlines():
                if match := READY.match(line):
                    return match[1]
        self.process.kill()
        self.process.wait()
        raise Failed(f"not ready in {START_S} s: {text!r}\n{self.errors()}")

    def errors(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def pids(self, role=None):
        """The pids of the children (of one role)."""
        return [pid for pid, name in self.children() if role in (None, name)]

    def children(self):
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            with contextlib.suppress(OSError):
                stat = pathlib.Path("/proc", entry, "stat").read_text()
                state, parent = stat.rpartition(")")[2].split()[:2]
                if int(parent) != self.process.pid or state == "Z":
                    continue
                argv = pathlib.Path("/proc", entry, "cmdline").read_text()
                name = argv.split("\0")[1:2]
                # Before its exec, a child looks like its master.
                if name and name[0] in ROLES:
                    found.append((int(entry), name[0]))
        return found

    def pss_kib(self):
        """Proportional set size of all processes together."""
        total = 0
        for pid in [self.process.pid, *self.pids()]:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
        return total

    def client(self, key=None, register=True, **payload):
        client = acme.Client(self.url, self.cafile, key)
        self.clients.append(client)
        if register:
            client.register(**payload)
        return client

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM, and what the CA said must be free of reports."""
        for client in self.clients:
            client.close()
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError("signetd did not stop at SIGTERM\n" +
                                 self.errors()) from None
        finally:
            self.process.stdout.close()
        text = self.errors()
        assert not REPORTS.search(text), text
        assert status == 0, f"exit status {status}\n{text}"

    def kill_all(self):
        """kill -9 of every process, children first so that none is reborn
        or told."""
        self.process.send_signal(signal.SIGSTOP)
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def close(self):
        try:
            self.stop()
        finally:
            if self.log is not None:
                self.log.close()
            if not self.keep and self.directory is not None:
                shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def several(*args):
    """A function that starts CAs, each as dev does; they end together."""
    started = []

    def start(**more):
        running = dev(*args, **more)
        started.append(running)
        return running

    yield start
    for running in started:
        running.close()


def dev(challenges=None, resolver=None, environment=None, options=(),
        start=True, directory=None):
    """`signetd dev` on its own ports and directory. Unlike Pebble's, its
    validation does not pause and its nonces are good unless a test wants it
    otherwise."""
    keep = directory is not None
    directory = directory or tempfile.mkdtemp(prefix="signet-test-")
    os.chmod(directory, 0o755)
    arguments = ["dev", "--listen", f"{HOST}:0",
                 "--management", f"{HOST}:{free_port()}", "--dir", directory]
    if challenges is not None:
        arguments += ["--http-port", str(challenges.port)]
    if resolver is not None:
        arguments += ["--resolver", resolver.address]
    settings = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0",
                "PEBBLE_AUTHZREUSE": "0", **(environment or {})}
    ca = Signetd([*arguments, *options], settings, directory, keep=keep)
    ca.management = "https://" + arguments[4]
    return ca.start() if start else ca


def init(directory, *options):
    """`signetd init` in directory; gives the finished process."""
    return subprocess.run([program(), "init", directory, *options],
                          capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


def make(resolver=None, more=""):
    """A real CA in a new folder, which the caller removes; for this machine's
    loopback, with more lines of configuration."""
    top = tempfile.mkdtemp(prefix="signet-test-")
    os.chmod(top, 0o755)
    directory = os.path.join(top, "ca")
    done = init(directory, "--listen", f"{HOST}:{free_port()}", "--name",
                HOST)
    assert done.returncode == 0, done.stdout + done.stderr
    with open(os.path.join(directory, "signetd.conf"), "a") as config:
        config.write('validation_allow = { "127.0.0.0/8", "::1/128" }\n')
        if resolver is not None:
            config.write(f'resolver = "{resolver.address}"\n')
        config.write(more)
    return directory


def remove(directory):
    """What make() made."""
    shutil.rmtree(os.path.dirname(directory))


def run(directory, start=True):
    """`signetd run` on the configuration in directory."""
    ca = Signetd(["run", "-c", os.path.join(directory, "signetd.conf")],
                 directory=directory, keep=True)
    return ca.start() if start else ca
