# SPDX-License-Identifier: Apache-2.0
"""What `signet install` gives to systemd: read by systemd's own checker, which
runs nothing."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None,
                                reason="no systemd-analyze")


@pytest.fixture(params=[(), ("--daemon",)], ids=["timer", "daemon"])
def units(request, agent, tmp_path):
    """The files that it prints, in a folder."""
    said = agent.run("install", "--print", *request.param).stdout
    parts = re.split(r"^# /etc/systemd/system/(\S+)\n", said, flags=re.M)
    for name, text in zip(parts[1::2], parts[2::2]):
        (tmp_path / name).write_text(text)
    return {path.name: path for path in tmp_path.iterdir()}


def test_units_are_understood(units):
    assert set(units) in ({"signet-renew.service", "signet-renew.timer"},
                          {"signet.service"})
    done = subprocess.run(["systemd-analyze", "verify", "--man=no",
                           "--recursive-errors=no", *map(str, units.values())],
                          capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "signet-" in line]
    assert done.returncode == 0 and not ours, done.stderr


def test_what_is_written_to_stays_writable(units):
    """Web roots may be in /home, copies in /etc."""
    for name, path in units.items():
        text = pathlib.Path(path).read_text()
        assert not re.search(r"^(ProtectHome|ProtectSystem|ReadOnlyPaths)=",
                             text, re.M), name


def test_what_the_daemon_promises(agent):
    """That it is ready, and that it lives, is told by signet run
    (test_life.py); the options reach it."""
    said = agent.run("install", "--print", "--daemon", "--config",
                     "/etc/other.conf", "--textfile", "/run/x.prom").stdout
    assert said.startswith("# /etc/systemd/system/signet.service\n")
    start, = re.findall(r"^ExecStart=(.*)$", said, re.M)
    assert re.fullmatch(r"/\S+/signet run -q --config /etc/other.conf "
                        r"--dir \S+ --textfile /run/x.prom", start)
    for line in ("Type=notify", "WatchdogSec=15min", "Restart=on-failure",
                 "ExecReload=kill -HUP $MAINPID",
                 "WantedBy=multi-user.target"):
        assert f"\n{line}\n" in said


@pytest.mark.skipif(os.path.exists("/run/systemd/system/"),
                    reason="systemd would be told")
def test_a_daemon_needs_systemd(agent):
    said = agent.run("install", "--daemon", status=1).stderr
    assert "there is no systemd" in said
