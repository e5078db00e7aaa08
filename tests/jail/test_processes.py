# SPDX-License-Identifier: Apache-2.0
"""What the running processes hold: users, privileges, descriptors."""

import collections
import functools
import os
import pathlib
import re
import resource
import subprocess
import time

import pytest

from kit import signetd

UID_BASE = 64200
ROLES = {"web": 2, "core": 3, "validator": 4, "signer": 5, "dev": 6}
# CAP_DAC_OVERRIDE is only `signetd dev`'s without --dir: it removes what its
# processes made.
MASTER_CAPS = {"CAP_DAC_READ_SEARCH": 2, "CAP_KILL": 5, "CAP_SETGID": 6,
               "CAP_SETUID": 7}

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(
    not ROOT, reason="only root sees the descriptors of such processes")


def status(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(\w+):[ \t]*(.*)$", text, re.M))


def descriptors(pid, directory):
    """What each descriptor is, counted; 0 to 2 by name."""
    found = collections.Counter()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        name = os.readlink(entry.path)
        name = re.sub(r":\[.*", "", name).replace(directory + "/", "")
        if int(entry.name) > 2:
            found[name] += 1
        elif int(entry.name) == 0:
            assert name == "/dev/null"
    return dict(found)


# Every process: its control socket, the directory's lock, and its event loop.
COMMON = {"run/lock": 1, "anon_inode": 1, "pipe": 2}
EXPECTED = {
    # Its listening socket and core.
    "web": {"socket": 3},
    # Two web processes would be two more; validator, signer, dev.
    "core": {"socket": 5, "store/signet.db": 1, "store/signet.db-wal": 1,
             "store/signet.db-shm": 1},
    # Core, and the pair with which libcurl wakes itself.
    "validator": {"socket": 4},
    "signer": {"socket": 2, "journal/signer.log": 1},
    "dev": {"socket": 3},
}


def test_every_process_is_confined(ca):
    children = ca.children()
    assert sorted(name for _, name in children) == sorted(ROLES)
    for pid, role in children:
        now = status(pid)
        assert now["NoNewPrivs"] == "1", role
        assert now["Seccomp"] == "2", role
        assert int(now["Seccomp_filters"]) == 2, role
        for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            assert int(now[kind], 16) == 0, (role, kind)
        assert now["Name"] == f"signetd-{role}"[:15]
        assert now["Threads"] == "1", role
        if ROOT:
            uid = str(UID_BASE + ROLES[role])
            assert now["Uid"].split() == [uid] * 4
            assert now["Gid"].split() == [uid] * 4
            assert now["Groups"] == ""


def test_master_is_confined(ca):
    now = status(ca.process.pid)
    assert now["NoNewPrivs"] == "1"
    assert now["Seccomp"] == "2"
    kept = sum(1 << bit for bit in MASTER_CAPS.values()) if ROOT else 0
    for kind in ("CapEff", "CapPrm"):
        assert int(now[kind], 16) == kept
    if ROOT:
        assert int(now["CapBnd"], 16) == kept


@needs_root
def test_processes_hold_what_they_need(own_ca):
    ca = own_ca()
    for pid, role in ca.children():
        wanted = dict(COMMON)
        wanted.update(EXPECTED[role])
        if signetd.sanitized():
            continue
        # A process says that it is ready before it has taken its links.
        deadline = time.monotonic() + 20
        while descriptors(pid, ca.directory) != wanted:
            assert time.monotonic() < deadline, (
                role, descriptors(pid, ca.directory), wanted)
            time.sleep(0.01)


@needs_root
def test_nothing_is_inherited(own_ca, tmp_path, monkeypatch):
    """What whoever starts signetd has open stays out."""
    with open(tmp_path / "secret", "w", encoding="ascii") as secret:
        os.set_inheritable(secret.fileno(), True)
        ca = own_ca(start=False)
        monkeypatch.setattr(signetd.subprocess, "Popen", functools.partial(
            subprocess.Popen, close_fds=False))
        ca.start()
        for pid in [ca.process.pid, *ca.pids()]:
            for entry in os.scandir(f"/proc/{pid}/fd"):
                assert "secret" not in os.readlink(entry.path)


def test_descriptors_are_enough(own_ca):
    """Shells and service managers give 1024 until more is asked for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        ca = own_ca()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for pid in ca.pids():
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text("ascii")
        assert int(re.search(r"Max open files +(\d+)", limits)[1]) == \
            min(hard, 65536)


@needs_root
def test_environment_is_empty(ca):
    if signetd.sanitized():
        pytest.skip("a sanitizer's options are handed on")
    for pid in ca.pids():
        assert pathlib.Path(f"/proc/{pid}/environ").read_bytes() == b""


@needs_root
def test_links_are_those_of_the_table(ca):
    """Sockets come in pairs of consecutive inodes: who holds the other end
    tells who talks to whom."""
    owner = {}
    for pid, role in [(ca.process.pid, "master"), *ca.children()]:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            if match := re.match(r"socket:\[(\d+)", os.readlink(entry.path)):
                owner[int(match[1])] = role
    unix = {}
    for line in os.popen("ss -xpnH").read().splitlines():
        if match := re.search(r"\* (\d+)\s+\* (\d+)", line):
            unix[int(match[1])] = int(match[2])
    if not unix:
        pytest.skip("ss of iproute2 is not installed")
    pairs = {tuple(sorted((owner[a], owner[b]))) for a, b in unix.items()
             if a in owner and b in owner and owner[a] != owner[b]}
    assert pairs == {("core", "web"), ("core", "validator"),
                     ("core", "signer"), ("core", "dev"),
                     *(("master", role) if role > "master" else
                       (role, "master") for role in ROLES)}
