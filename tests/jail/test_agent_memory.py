# SPDX-License-Identifier: Apache-2.0
"""What strangers talk to has nothing of judge's memory: listener, alpn and dns
start when judge has read configuration and state, and are executed afresh."""

import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading

import pytest

from kit import hostile_ca, signet

CANARY = "canary-7f3a9b52"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root sees the memory of such processes")


def holds(pid, text):
    """Whether the text is in what the process may write to."""
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end in re.findall(r"^(\w+)-(\w+) rw", maps, re.M):
            start, end = int(start, 16), int(end, 16)
            if end - start > 1 << 30:
                continue  # a sanitizer's shadow
            try:
                memory.seek(start)
                if text.encode() in memory.read(end - start):
                    return True
            except OSError:
                pass
    return False


METHODS = {"signet-listener": "http-01", "signet-alpn": "tls-alpn-01",
           "signet-dns": "dns-01"}


@pytest.fixture
def mute():
    """A resolver's port that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield server.getsockname()[1]


@pytest.mark.parametrize("name,via", [
    ("signet-listener", "standalone"), ("signet-alpn", "tls-alpn"),
    ("signet-dns", "dns=unsigned,resolver=127.0.0.1:{mute}")])
def test_memory(name, via, mute):
    gone = threading.Event()
    with tempfile.TemporaryDirectory() as top, hostile_ca.HostileCa() as ca:
        plain = ca.challenge
        ca.challenge = lambda: {**plain(), "type": METHODS[name]}
        ca.lies["challenge"] = lambda handler, answer: \
            gone.wait(60) and answer
        run = subprocess.Popen(
            [signet.program(), "get", "victim.example", "--dir",
             top + "/state", "--ca", ca.url, "--ca-file", ca.cafile,
             "--agree-terms", "--email", CANARY + "@example.org",
             "--via", via.format(mute=mute)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        try:
            while name not in (found := signet.children(run.pid)):
                assert run.poll() is None, run.stderr.read()
            assert holds(run.pid, CANARY)  # so it can be found at all
            assert not holds(found[name], CANARY)
        finally:
            gone.set()
            run.terminate()
            run.communicate()


def test_daemon_memory():
    """In `signet run` judge may have been through other rounds: what has keys
    is executed afresh, too."""
    gone = threading.Event()
    with tempfile.TemporaryDirectory() as top, hostile_ca.HostileCa() as ca:
        ca.lies["challenge"] = lambda handler, answer: \
            gone.wait(60) and answer
        config = pathlib.Path(top, "signet.conf")
        config.write_text(
            f'ca "here" {{ directory = "{ca.url}"\n ca_file = "{ca.cafile}"\n'
            ' agree_terms = true }\n'
            'site "victim.example" { ca = here\n'
            f' environment = "SECRET={CANARY}"\n via = "standalone" }}\n')
        run = subprocess.Popen(
            [signet.program(), "run", "--dir", top + "/state", "--config",
             config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        try:
            for name in ("account", "certkey", "files"):
                while f"signet-{name}" not in (
                        found := signet.children(run.pid)):
                    assert run.poll() is None, run.stderr.read()
                assert holds(run.pid, CANARY)
                assert not holds(found[f"signet-{name}"], CANARY), name
        finally:
            gone.set()
            run.terminate()
            run.communicate()
