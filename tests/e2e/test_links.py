# SPDX-License-Identifier: Apache-2.0
"""Links between processes that fail while both of the processes live."""

import ctypes
import os
import re
import socket
import time

import pytest

from kit import acme

WAIT_S = 20
CONTROL_FD = 3
LIBC = ctypes.CDLL(None, use_errno=True)
SYS_PIDFD_GETFD = 438

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root reaches the sockets of others")


def find_link(ca, role):
    """The socket of a process's link to core, as this test's own, or None."""
    pid, = ca.pids(role)
    pidfd = os.pidfd_open(pid)
    try:
        for entry in sorted(os.listdir(f"/proc/{pid}/fd"), key=int,
                            reverse=True):
            name = os.readlink(f"/proc/{pid}/fd/{entry}")
            if int(entry) == CONTROL_FD or not name.startswith("socket:"):
                continue
            fd = LIBC.syscall(SYS_PIDFD_GETFD, pidfd, int(entry), 0)
            assert fd >= 0, os.strerror(ctypes.get_errno())
            taken = socket.socket(fileno=fd)
            if taken.family == socket.AF_UNIX and \
                    peer_pid(taken) == ca.process.pid:
                return taken
            taken.close()
    finally:
        os.close(pidfd)
    return None


def link_of(ca, role):
    """A process is ready before its link comes."""
    deadline = time.monotonic() + WAIT_S
    while (found := find_link(ca, role)) is None:
        assert time.monotonic() < deadline, f"{role} has no link"
        time.sleep(0.01)
    return found


def peer_pid(taken):
    """Who made the pair: libraries make some of their own."""
    data = taken.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(data[:4], "little")


def cut(ca, role, how=socket.SHUT_RDWR):
    """Shuts the link down, and waits until there is another."""
    pattern = rf"link-renewed .*\b{role} "
    count = len(re.findall(pattern, ca.errors()))
    with link_of(ca, role) as taken:
        taken.shutdown(how)
    deadline = time.monotonic() + WAIT_S
    while len(re.findall(pattern, ca.errors())) == count:
        assert time.monotonic() < deadline, ca.errors()
        time.sleep(0.01)


def obtain(ca, challenges, name):
    """Also while core is away from web for a moment."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            return ca.client().obtain(challenges, name)
        except acme.Problem as problem:
            assert problem.answer.status in (500, 503), problem
            assert time.monotonic() < deadline


@pytest.mark.parametrize("role", ["web", "validator", "signer", "dev"])
@pytest.mark.parametrize("how", [socket.SHUT_RDWR, socket.SHUT_RD,
                                 socket.SHUT_WR])
def test_a_lost_link_is_made_anew(own_ca, challenges, role, how):
    ca = own_ca()
    before = sorted(ca.pids())
    cut(ca, role, how)
    assert len(obtain(ca, challenges, "lost.example.test")) == 2
    assert sorted(ca.pids()) == before
    assert "process-died" not in ca.errors()


def test_again_and_again(own_ca, challenges):
    ca = own_ca()
    for number in range(5):
        cut(ca, "signer")
        assert len(obtain(ca, challenges, f"lost{number}.example.test")) == 2
    assert "process-died" not in ca.errors()


def test_a_death_is_no_lost_link(own_ca, challenges):
    ca = own_ca()
    pid, = ca.pids("signer")
    os.kill(pid, 9)
    assert len(obtain(ca, challenges, "died.example.test")) == 2
    assert "link-renewed" not in ca.errors()
