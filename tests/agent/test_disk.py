# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, and one that is read-only, under the folder of state:
what is live stays, it is said what is wrong, and the next run goes on."""

import os
import subprocess

import pytest

from kit import signet

NAME = "disk.example"
# In a mount namespace of its own; $1 is the folder, what follows is signet's
# command line.
SCRIPT = """
set -e
folder=$1; shift
mount --make-rprivate /
mount -t tmpfs -o size=4m,mode=755 tmpfs "$folder"
get() { "$@" 2>&1 && echo "status 0" || echo "status $?"; }
"""


def apart():
    return subprocess.run(["unshare", "--mount", "mount", "--make-rprivate",
                           "/"], capture_output=True,
                          check=False).returncode == 0


pytestmark = pytest.mark.skipif(not apart(), reason="no mount namespaces")


def script(agent, ca, text):
    """What each part of text says, between lines of dashes."""
    os.makedirs(agent.dir, exist_ok=True)
    command = agent.arguments("get", "--ca", ca.url, "--ca-file", ca.cafile,
                              "--agree-terms", "--via",
                              f"webroot={agent.web.root}", NAME)
    done = subprocess.run(["unshare", "--mount", "sh", "-c", SCRIPT + text,
                           "sh", agent.dir, *command], capture_output=True,
                          text=True, timeout=3 * signet.RUN_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split("----\n")


def test_full(agent, web_ca):
    """With no room for anything, and then with room for a little more each
    time until it is enough."""
    before, full, *some, after = script(agent, web_ca, """
        get "$@"; sum=$(sha256sum "$folder"/live/*/*.pem)
        echo ----
        dd if=/dev/zero of="$folder/fill" bs=4k 2>/dev/null || true
        get "$@" --force
        [ "$sum" = "$(sha256sum "$folder"/live/*/*.pem)" ]
        for kib in 8 16 32 64; do
            echo ----
            truncate -s -${kib}K "$folder/fill"
            get "$@" --force
            for f in cert.pem privkey.pem; do
                [ -s "$folder/live/disk.example/$f" ]
            done
            openssl x509 -in "$folder/live/disk.example/cert.pem" -noout \
                -pubkey > "$folder/../a"
            openssl pkey -in "$folder/live/disk.example/privkey.pem" \
                -pubout > "$folder/../b"
            cmp "$folder/../a" "$folder/../b"
        done
        rm "$folder/fill"
        echo ----
        get "$@" --force
        """)
    assert "status 0" in before
    for said in (full, *some):
        assert "status 0" in said or "No space left" in said or \
            "full" in said, said
    assert "status 1" in full
    assert "certificate of" in after and "status 0" in after


def test_read_only(agent, web_ca):
    before, read_only, after = script(agent, web_ca, """
        get "$@"; sum=$(sha256sum "$folder"/live/*/*.pem)
        echo ----
        mount -o remount,ro "$folder"
        get "$@" --force
        [ "$sum" = "$(sha256sum "$folder"/live/*/*.pem)" ]
        mount -o remount,rw "$folder"
        echo ----
        get "$@" --force
        """)
    assert "status 0" in before
    assert "status 1" in read_only
    assert "read-only" in read_only.lower()
    assert "certificate of" in after and "status 0" in after
