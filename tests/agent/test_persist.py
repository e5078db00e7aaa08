# SPDX-License-Identifier: Apache-2.0
"""A record of dns-persist-01 proves control, and its end is told in time."""

import datetime
import sqlite3
import time

import pytest

from kit import bind, hostile_ca

NAME = "persist.test"


class PersistCa(hostile_ca.HostileCa):
    """It offers nothing else, and believes."""

    def challenge(self):
        return {"type": "dns-persist-01", "url": self.top + "/challenge/1",
                "issuer-domain-names": ["ca.example"],
                "status": "valid" if self.validated else "pending"}


@pytest.fixture
def ca():
    with PersistCa() as running:
        yield running


@pytest.fixture
def publish(ca):
    """A function that serves a record with that end, and gives --via."""
    started = []

    def start(until=None):
        record = f"ca.example; accounturi={ca.top}/account/1"
        if until is not None:
            record += f"; persistUntil={until}"
        running = bind.Bind(
            {NAME: f'_validation-persist TXT "{record}"'}, [])
        started.append(running)
        running.start()
        return f"dns-persist=resolver={running.address},port={running.port}"

    yield start
    for running in started:
        running.close()


def test_record_that_ends_soon(agent, ca, publish):
    """It is warned of when it is seen, and by later runs once a week."""
    until = int(time.time()) + 10 * 86400
    done = agent.get(ca, NAME, via=publish(until))
    assert "warning" not in done.stderr
    record = agent.status()[NAME]["records"][0]
    assert record["name"] == NAME
    assert record["until"] == datetime.datetime.utcfromtimestamp(
        until).strftime("%Y-%m-%dT%H:%M:%SZ")
    words = agent.run("status").stdout
    assert f"dns-persist  {NAME} until" in words
    assert "publish a record that ends later" in words
    done = agent.run("renew", NAME)
    assert f"record of {NAME} ends on" in done.stderr
    assert f"signet persist {NAME} --until" in done.stderr
    assert "ends on" not in agent.run("renew", NAME).stderr
    with sqlite3.connect(f"{agent.dir}/signet.db") as state:
        state.execute("UPDATE records SET warned_at = warned_at - 604800001")
    assert "ends on" in agent.run("renew", NAME).stderr


def test_record_without_end(agent, ca, publish):
    agent.get(ca, NAME, via=publish())
    assert agent.status()[NAME]["records"][0]["until"] is None
    assert f"dns-persist  {NAME} without end" in agent.run("status").stdout
    assert "ends" not in agent.run("renew", NAME).stderr


def test_record_of_another_account(agent, ca, publish):
    via = publish()
    ca.do_account = lambda _: hostile_ca.Answer(
        201, {"status": "valid"}, Location=ca.top + "/account/2")
    done = agent.get(ca, NAME, via=via, status=1)
    assert f"signet persist {NAME}" in done.stderr
    assert agent.status(status=1)[NAME]["records"] == []
