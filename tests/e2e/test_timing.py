# SPDX-License-Identifier: Apache-2.0
"""Promises about time and memory; they need a release build."""

import statistics

import pytest

from kit import signetd

pytestmark = pytest.mark.timing

READY_MS = 200
IDLE_PSS_KIB = 40 * 1024


def test_dev_is_ready_soon(challenges, resolver):
    times = []
    for _ in range(11):
        with signetd.dev(challenges, resolver) as ca:
            times.append(ca.ready_ms)
    print("ready ms:", [round(t) for t in times])
    assert statistics.median(times) < READY_MS


def test_idle_memory(real_ca, port80):
    """Proportional set size of all processes, at first and after work."""
    assert real_ca.pss_kib() < IDLE_PSS_KIB
    client = real_ca.client()
    for i in range(50):
        client.obtain(port80, f"memory{i}.example.test")
    print("idle PSS KiB:", real_ca.pss_kib())
    assert real_ca.pss_kib() < IDLE_PSS_KIB


def test_dev_memory(ca):
    assert ca.pss_kib() < IDLE_PSS_KIB
