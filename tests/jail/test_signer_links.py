# SPDX-License-Identifier: Apache-2.0
"""The signer's program has none of the others' code (docs/decisions/0001)."""

import pathlib
import re
import subprocess

import pytest

from kit import signetd

SIGNER = pathlib.Path(signetd.program()).parent / "signetd-signer"
LIBRARIES = {"libc", "libcrypto", "libjansson", "libevent_core", "libseccomp"}
# The seams at which a program gets out. Descriptors come from its master.
OUTSIDE = re.compile(
    r"socket|bind|connect|listen|accept4?|getaddrinfo|gethostby\w+|res_\w+|"
    r"exec\w*|fork|vfork|clone|posix_spawn\w*|system|popen|dlopen|"
    r"SSL_\w+|curl_\w+|ub_\w+|sqlite3_\w+|idn2_\w+|evhttp_\w+|cfg_\w+|"
    r"OSSL_HTTP_\w+")

pytestmark = pytest.mark.skipif(
    signetd.sanitized(), reason="sanitizers bring their own libraries")


def output(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True,
                          text=True).stdout


def test_needs_only_its_libraries():
    needed = re.findall(r"NEEDED.*\[(\w+)", output("readelf", "-d", SIGNER))
    assert set(needed) <= LIBRARIES


def test_loads_only_its_libraries():
    loaded = re.findall(r"^\s*(lib\w+)\S* =>", output("ldd", SIGNER), re.M)
    # What the dynamic linker names by its full path has no arrow.
    assert set(loaded) <= LIBRARIES


def test_calls_nothing_that_leads_outside():
    names = output("nm", "-D", "--undefined-only", SIGNER).split()
    assert not [name for name in names
                if OUTSIDE.fullmatch(name.partition("@")[0])]


def test_has_none_of_the_others_code():
    names = output("nm", "--defined-only", SIGNER)
    assert not re.findall(
        r" [tT] ((?:http|dns|url|web|core|store|sqlite|validator|dev)_\w+)",
        names)
