# SPDX-License-Identifier: Apache-2.0
"""The signer's journal as a file of a running CA."""

import os
import pathlib
import subprocess

import pytest

from kit import signetd


@pytest.fixture
def append_only(real_folder):
    """The journal of a CA that ran once, which only grows from now on."""
    with signetd.run(real_folder):
        pass
    journal = pathlib.Path(real_folder, "journal/signer.log")
    if subprocess.run(["chattr", "+a", journal], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("this file system has no append-only files")
    yield journal
    subprocess.run(["chattr", "-a", journal], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes such files")
def test_an_append_only_journal(append_only, real_folder, port80):
    before = append_only.read_bytes()
    with signetd.run(real_folder) as ca:
        ca.client().obtain(port80, "append.example.test")
    with signetd.run(real_folder) as ca:
        ca.client().obtain(port80, "again.example.test")
    after = append_only.read_bytes()
    assert after.startswith(before) and len(after) > len(before)
