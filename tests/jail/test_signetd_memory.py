# SPDX-License-Identifier: Apache-2.0
"""signetd's memory is jemalloc's, as we tell it (docs/decisions/0005)."""

import re
import subprocess

import pytest

from kit import signetd


def test_jemalloc_sees_our_settings():
    """It takes the program's symbol only if the linker exports it."""
    def output(*arguments):
        return subprocess.run([*arguments, signetd.program()], check=True,
                              capture_output=True, text=True).stdout

    if "libjemalloc" not in output("readelf", "-d"):
        pytest.skip("built without jemalloc")
    assert re.search(r" D malloc_conf$", output("nm", "-D"), re.M)
    # It writes about settings that it does not know.
    told = subprocess.run([signetd.program(), "--version"], check=True,
                          capture_output=True, text=True)
    assert told.stderr == ""
