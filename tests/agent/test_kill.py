# SPDX-License-Identifier: Apache-2.0
"""signet is killed, with all of its processes, after each change that it
makes to its state: what is live is a pair at any time, and the next run
finishes. (src/agent/files/publish_test.c stops at each step of publishing.)"""

import os
import pathlib
import signal
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from kit import inotify, signet, signetd

FOLDERS = ("", "accounts", "pending", "publish", "live", "archive")
NAME = "kill.example"

pytestmark = pytest.mark.skipif(signetd.sanitized(), reason="takes minutes")


def pair(agent):
    """The serial number of what is live, or None; fails for a wrong pair."""
    # Opened once: the folder is exchanged as a whole.
    try:
        folder = os.open(agent.live(NAME, ""), os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        texts = []
        for name in ("cert.pem", "privkey.pem"):
            fd = os.open(name, os.O_RDONLY, dir_fd=folder)
            with os.fdopen(fd, "rb") as file:
                texts.append(file.read())
    finally:
        os.close(folder)
    leaf = x509.load_pem_x509_certificate(texts[0])
    key = serialization.load_pem_private_key(texts[1], None)
    assert key.public_key().public_numbers() == \
        leaf.public_key().public_numbers()
    return leaf.serial_number


def killed_after(agent, command, changes):
    """Runs signet and kills it after so many changes; False if it ended
    before."""
    for folder in FOLDERS:
        os.makedirs(os.path.join(agent.dir, folder), exist_ok=True)
    watch = inotify.Watch([os.path.join(agent.dir, f) for f in FOLDERS])
    process = subprocess.Popen(command, start_new_session=True,
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    while changes > 0:
        changes -= watch.wait(0.02)
        if changes > 0 and process.poll() is not None:
            break
    alive = process.poll() is None
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(signet.RUN_S)
    watch.close()
    return alive


def check_tidy(agent):
    for folder in ("pending", "publish"):
        assert os.listdir(os.path.join(agent.dir, folder)) == []
    assert os.listdir(os.path.join(agent.dir, "live")) == [NAME]


def get_arguments(agent, ca):
    return ("--ca", ca.url, "--ca-file", ca.cafile, "--agree-terms", "--via",
            f"webroot={agent.web.root}", NAME)


def test_kill_get(agent, web_ca):
    """The first certificate."""
    more = get_arguments(agent, web_ca)
    changes, stopped = 1, True
    while stopped:
        assert changes < 500
        subprocess.run(["rm", "-rf", agent.dir], check=True)
        stopped = killed_after(agent, agent.arguments("get", *more), changes)
        pair(agent)
        agent.run("get", *more)
        assert pair(agent) is not None
        check_tidy(agent)
        changes += 1


def test_kill_renew(agent, web_ca):
    """Another certificate: the old one stays until the new one is there."""
    agent.get(web_ca, NAME)
    changes, stopped = 1, True
    while stopped:
        assert changes < 500
        before = pair(agent)
        stopped = killed_after(agent, agent.arguments("renew", "--force"),
                               changes)
        assert pair(agent) is not None
        agent.run("renew", "--force")
        assert pair(agent) not in (None, before)
        check_tidy(agent)
        changes += 1
    assert len(list(pathlib.Path(agent.dir, "archive", NAME).iterdir())) <= 5
