# SPDX-License-Identifier: Apache-2.0
"""What `signet install` gives to systemd: read by systemd's own checker, which
runs nothing."""

import pathlib
import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None,
                                reason="no systemd-analyze")


@pytest.fixture
def units(agent, tmp_path):
    """The files that it prints, in a folder."""
    said = agent.run("install", "--print").stdout
    parts = re.split(r"^# /etc/systemd/system/(\S+)\n", said, flags=re.M)
    for name, text in zip(parts[1::2], parts[2::2]):
        (tmp_path / name).write_text(text)
    return {path.name: path for path in tmp_path.iterdir()}


def test_units_are_understood(units):
    assert set(units) == {"signet-renew.service", "signet-renew.timer"}
    done = subprocess.run(["systemd-analyze", "verify", "--man=no",
                           "--recursive-errors=no", *map(str, units.values())],
                          capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "signet-" in line]
    assert done.returncode == 0 and not ours, done.stderr


def test_what_is_written_to_stays_writable(units):
    """Web roots may be in /home, copies in /etc."""
    text = pathlib.Path(units["signet-renew.service"]).read_text()
    assert not re.search(r"^(ProtectHome|ProtectSystem|ReadOnlyPaths)=", text,
                         re.M)
