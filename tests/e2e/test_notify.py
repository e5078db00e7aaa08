# SPDX-License-Identifier: Apache-2.0
"""What a service manager is told (sd_notify(3))."""

import os
import pathlib
import re
import signal
import socket
import tempfile
import time

import pytest

from kit import signetd


class Manager:
    """The socket of a service manager."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(30)

    def hear(self):
        """The next message, as a dictionary."""
        lines = self.socket.recv(4096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def manager():
    with tempfile.TemporaryDirectory(prefix="signet-test-") as folder:
        made = Manager(folder)
        yield made
        made.socket.close()


def start(folder, manager, **environment):
    ca = signetd.run(folder, start=False)
    ca.environment = {"NOTIFY_SOCKET": manager.path, **environment}
    return ca.start()


def hear_reload(ca, manager):
    """RELOADING with the moment, and READY."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    ca.signal(signal.SIGHUP)
    said = manager.hear()
    assert said["RELOADING"] == "1"
    assert int(said["MONOTONIC_USEC"]) >= before
    assert manager.hear() == {"READY": "1"}


def test_watchdog(real_folder, manager):
    """Life signs, if asked for, at half of the interval."""
    with start(real_folder, manager, WATCHDOG_USEC="100000") as ca:
        heard = [manager.hear() for _ in range(10)]
        assert {"READY": "1"} in heard
        assert heard.count({"WATCHDOG": "1"}) == 9
        ca.signal(signal.SIGTERM)
        while manager.hear() != {"STOPPING": "1"}:
            pass


def test_start_reload_stop(real_folder, manager):
    """A reload is announced before the file is looked at, and over when it was
    refused, too."""
    config = pathlib.Path(real_folder, "signetd.conf")
    good = config.read_text()
    with start(real_folder, manager) as ca:
        assert manager.hear() == {"READY": "1"}
        hear_reload(ca, manager)
        config.write_text(good + "nonsense = 1\n")
        hear_reload(ca, manager)
        assert "reload-refused" in ca.errors()
        config.write_text(good + "web_processes = 7\n")
        hear_reload(ca, manager)
        config.write_text(good)
        hear_reload(ca, manager)
        assert len(re.findall(" reloaded\n", ca.errors())) == 2
        ca.signal(signal.SIGTERM)
        assert manager.hear() == {"STOPPING": "1"}
