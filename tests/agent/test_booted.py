# SPDX-License-Identifier: Apache-2.0
"""`signet install` on a machine that systemd has booted: the timer renews, the
service lives, is reloaded, killed and watched."""

import fcntl
import os
import shutil
import signal
import time

import pytest

from kit import booted, signet, signetd

STATE = "/var/lib/signet"
MAKE_DUE = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=10) as db:
    db.execute("UPDATE certs SET renew_at = 1, due_at = 1 WHERE site_id = "
               "(SELECT id FROM sites WHERE name = ?)", sys.argv[2:])
"""

pytestmark = pytest.mark.skipif(booted.why_not() is not None,
                                reason=str(booted.why_not()))


class Site:
    """The agent there, its CA and its web root here."""

    def __init__(self, machine, resolver):
        self.machine = machine
        www = machine.path("/srv/www")
        www.mkdir()
        self.web = signet.Web(str(www))
        self.ca = signetd.dev(self.web, resolver)
        shutil.copy(self.ca.cafile, machine.path("/srv/ca.pem"))

    def signet(self, command, *arguments, status=0):
        return self.machine.run(f"{booted.PROGRAMS}/signet", command,
                                *arguments, status=status)

    def get(self, name):
        self.signet("get", "--ca", self.ca.url, "--ca-file", "/srv/ca.pem",
                    "--agree-terms", "--via", "webroot=/srv/www", name)

    def live(self, name):
        return self.machine.path(f"{STATE}/live/{name}/cert.pem")

    def is_due(self, name):
        """And who waits is woken, as by a command that ends."""
        with open(self.machine.path(f"{STATE}/lock"), "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.machine.run("python3", "-c", MAKE_DUE,
                             f"{STATE}/signet.db", name)

    def wait(self, name, old):
        """Until it has another certificate than the old one."""
        deadline = time.monotonic() + signet.RUN_S
        while not (live := self.live(name)).exists() or \
                live.read_bytes() == old:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def renewed(self, name):
        old = self.live(name).read_bytes()
        self.is_due(name)
        self.wait(name, old)

    def said(self):
        log = self.machine.path("/var/log/said")
        return log.read_text() if log.exists() else "nothing was said"

    def close(self):
        self.ca.close()
        self.web.close()


@pytest.fixture
def site(resolver):
    machine = booted.Machine()
    try:
        running = Site(machine, resolver)
        yield running
        running.close()
    finally:
        machine.close()


def test_timer(site):
    """It renews what is due, again and again, until it is uninstalled."""
    machine = site.machine
    site.get("timer.example")
    machine.drop_in("signet-renew.service", "[Service]",
                    "StandardError=append:/var/log/said")
    # All times of a timer are one list, which an empty one clears.
    machine.drop_in("signet-renew.timer", "[Timer]", "OnBootSec=",
                    "OnBootSec=1s", "OnUnitActiveSec=1s",
                    "RandomizedDelaySec=0")
    assert "every ten minutes" in site.signet("install")
    assert machine.show("signet-renew.timer", "UnitFileState") == "enabled"
    site.renewed("timer.example")
    site.renewed("timer.example")
    assert machine.show("signet-renew.service", "Result") == "success"
    site.signet("install", "--uninstall")
    assert machine.show("signet-renew.timer", "ActiveState") == "inactive"
    assert not list(machine.path("/etc/systemd/system").glob("*.timer"))


def test_daemon(site):
    """Ready when it is installed, in the place of the timer; reloaded, killed,
    hung and stopped as systemd does these."""
    machine, unit = site.machine, "signet.service"
    site.get("daemon.example")
    site.signet("install")
    assert machine.show("signet-renew.timer",
                        "NextElapseUSecMonotonic") != "infinity"
    machine.drop_in(unit, "[Service]", "RestartSec=0", "WatchdogSec=2s",
                    "TimeoutAbortSec=1s",
                    "StandardError=append:/var/log/said")
    site.signet("install", "--daemon")
    assert machine.show(unit, "ActiveState") == "active", site.said()
    assert machine.show("signet-renew.timer", "LoadState") == "not-found"
    site.renewed("daemon.example")

    machine.path("/etc/signet.conf").write_text(
        f'ca "here" {{ directory = "{site.ca.url}"\n'
        '  ca_file = "/srv/ca.pem"\n  agree_terms = true }\n'
        'site "more.example" { ca = here\n  via = "webroot=/srv/www" }\n')
    machine.run("systemctl", "reload", unit)
    site.wait("more.example", None)
    assert machine.show(unit, "NRestarts") == "0", site.said()

    for count, how in enumerate((signal.SIGKILL, signal.SIGSTOP), 1):
        main = machine.show(unit, "MainPID")
        machine.run("kill", f"-{int(how)}", main)
        machine.wait(unit, "NRestarts", str(count))
        machine.wait(unit, "ActiveState", "active")
        assert machine.show(unit, "MainPID") != main
    site.renewed("more.example")

    machine.run("systemctl", "stop", unit)
    assert machine.show(unit, "Result") == "success"
    assert not os.path.exists(f"{site.machine.root}/proc/"
                              f"{machine.show(unit, 'MainPID')}/exe")
    site.signet("install", "--uninstall")
    assert machine.show(unit, "LoadState") == "not-found"


def test_a_configuration_and_nothing_else(site):
    """Who writes /etc/signet.conf first has asked for what stands there."""
    machine = site.machine
    machine.path("/etc/signet.conf").write_text(
        f'ca "here" {{ directory = "{site.ca.url}"\n'
        '  ca_file = "/srv/ca.pem"\n  agree_terms = true }\n'
        'site "first.example" { ca = here\n  via = "webroot=/srv/www" }\n')
    said = site.signet("status")
    assert "Those of /etc/signet.conf are taken up by `signet renew`." in said
    site.signet("renew")
    assert site.live("first.example").exists()


def test_what_it_would_not_see(site):
    """PrivateTmp= hides the program or the state: nothing is installed."""
    for option in ("--dir", "--config", "--textfile"):
        for folder in ("/tmp", "/var/tmp"):
            said = site.signet("install", option, f"{folder}/x", status=1)
            assert f"does not see {folder}/x" in said
    assert not list(site.machine.path("/etc/systemd/system").glob("signet*"))
    site.signet("install", "--uninstall", "--dir", "/tmp/x")
