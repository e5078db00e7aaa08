# SPDX-License-Identifier: Apache-2.0
"""Every role tries every forbidden thing from within its sandbox and fails;
what it needs works. tests/jail/probe.c has the attempts."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from kit import signetd

ROLES = ("master", "web", "core", "validator", "signer", "dev",
         "agent-net", "agent-account", "agent-certkey", "agent-files",
         "agent-dns", "agent-listener", "agent-alpn", "agent-probe")
NOBODY = 65534
USERS = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)

# What root can do without a sandbox on any machine: if these fail, the
# attempts prove nothing.
REAL = {"read a key", "write root.pem", "create beside", "open /proc/PID/mem",
        "mknod", "symlink", "link", "chmod", "chown", "truncate",
        "rename a key", "stop appending", "map the journal",
        "cut the journal", "erase the journal", "chroot", "socket TCP", "socket UDP", "send by UDP", "socket unix",
        "connect", "dial by sendto", "dial by sendmsg", "bind TCP", "bind UDP", "listen", "accept", "exec",
        "memfd and exec", "fork", "thread", "ptrace", "kill",
        "process_vm_readv", "prlimit of another", "setuid(0)", "map code",
        "make code", "shmget", "inotify", "read an account key",
        "read a pending key", "read a live key"}

pytestmark = pytest.mark.skipif(signetd.sanitized(),
                                reason="sanitizers need more calls")


@pytest.fixture
def attempts():
    """A function that runs the probe and gives {name: (outcome, wanted)}."""
    program = pathlib.Path(signetd.program()).parents[1]
    # An ordinary user may not be able to reach the build folder, nor pytest's.
    top = pathlib.Path(tempfile.mkdtemp(prefix="signet-jail-"))
    top.chmod(0o755)
    programs, home = top / "programs", top / "home"
    programs.mkdir()
    home.mkdir()
    for part in ("src/signetd", "tests/jail/jail_probe"):
        shutil.copy(program / part, programs)

    def run(role, user):
        more = {}
        if user == "ordinary" and os.geteuid() == 0:
            os.chown(home, NOBODY, NOBODY)
            more = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        subprocess.run([programs / "signetd", "init", home / "ca"],
                       check=True, stdout=subprocess.DEVNULL, **more)
        done = subprocess.run([programs / "jail_probe", role, home / "ca"],
                              capture_output=True, text=True, timeout=60,
                              **more)
        assert done.returncode in (0, 1), done.stderr
        found = {line[27:]: (line[:16].strip(), line[17:26].strip())
                 for line in done.stdout.splitlines()}
        assert len(found) > 60, done.stdout + done.stderr
        return found, done.returncode

    yield run
    shutil.rmtree(top)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("role", ROLES)
def test_role_is_jailed(attempts, role, user):
    found, status = attempts(role, user)
    wrong = {name: outcome for name, (outcome, wanted) in found.items()
             if (wanted == "allowed" and outcome != "worked") or
             (wanted == "forbidden" and outcome.split()[0] not in
              ("killed", "refused"))}
    assert not wrong
    assert status == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="root can do most")
def test_attempts_are_real(attempts):
    found, _ = attempts("none", "root")
    failed = {name: found[name][0] for name in REAL
              if found[name][0] != "worked"}
    assert not failed
