# SPDX-License-Identifier: Apache-2.0
"""Trouble with CAs that lasts, and clocks that are wrong. No test waits: time
passes as what is stored becomes older, and a clock that was wrong is known by
what it has left there."""

import contextlib
import datetime
import fcntl
import os
import sqlite3
import threading

import pytest

from kit import hostile_ca, signet
from kit.hostile_ca import Answer

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS
NEVER = 2**63 - 1
TIMES = {"certs": ("due_at", "retry_at", "error_at", "ari_check_at",
                   "ocsp_at"),
         "failures": ("until_at",), "deployments": ("next_at",)}


class Ca(hostile_ca.HostileCa):
    """An honest one, which may be down."""

    def __init__(self):
        super().__init__()
        self.down = False
        self.lies["any"] = self.refuse

    def refuse(self, handler, answer):
        if not self.down:
            return answer
        return Answer(403, {"type": "urn:ietf:params:acme:error:"
                            "serverInternal", "detail": "not today"},
                      "application/problem+json",
                      **{"Replay-Nonce": answer.headers.get("Replay-Nonce")})

    def orders(self):
        return self.asked.count("order")


@contextlib.contextmanager
def daemon(agent):
    """signet run, which a test that hears nothing from it ends."""
    running = agent.start("run")
    guard = threading.Timer(signet.RUN_S, running.kill)
    guard.start()
    try:
        yield running
    finally:
        guard.cancel()
        running.terminate()
        running.wait()
        running.stdout.close()
        running.stderr.close()


@pytest.fixture
def ca():
    with Ca() as running:
        yield running


@pytest.fixture
def second():
    with Ca() as running:
        yield running


@contextlib.contextmanager
def state(agent):
    with contextlib.closing(sqlite3.connect(
            os.path.join(agent.dir, "signet.db"), timeout=10)) as db, db:
        yield db


def shift(agent, ms):
    """All that is to come, comes so much later."""
    with state(agent) as db:
        for table, columns in TIMES.items():
            for column in columns:
                db.execute(f"UPDATE {table} SET {column} = {column} + ? WHERE "
                           f"{column} NOT IN (0, ?)", (ms, NEVER))
        db.execute("UPDATE meta SET value = CAST(value AS INTEGER) + ? "
                   "WHERE key = 'clock'", (ms,))


def elapse(agent, ms):
    shift(agent, -ms)


@contextlib.contextmanager
def between_runs(agent):
    """Nobody is at work in it; at its end, who waits is woken, as by any
    command that ends."""
    with open(os.path.join(agent.dir, "lock"), "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def retry_ms(agent, name):
    """How long it waits after what failed last."""
    with state(agent) as db:
        retry, failed = db.execute(
            "SELECT retry_at, error_at FROM certs JOIN sites "
            "ON site_id = sites.id WHERE name = ?", (name,)).fetchone()
    return retry - failed


def renew(agent, name):
    with state(agent) as db:
        db.execute("UPDATE certs SET renew_at = 1, due_at = 1 WHERE site_id "
                   "= (SELECT id FROM sites WHERE name = ?)", (name,))


def test_a_ca_that_is_down_for_days(agent, ca):
    """1 min, 10 min, 100 min, then a day; then it is back."""
    ca.down = True
    agent.get(ca, "down.example", status=1)
    waits = (1, 10, 100, 24 * 60, 24 * 60)
    for i, wait in enumerate(waits):
        is_ms = retry_ms(agent, "down.example")
        assert wait * MINUTE_MS <= is_ms <= wait * MINUTE_MS * 1.11
        asked = len(ca.asked)
        elapse(agent, wait * MINUTE_MS - 5000)
        assert agent.run("renew").stderr == ""
        assert len(ca.asked) == asked
        elapse(agent, is_ms)
        if i + 1 < len(waits):
            agent.run("renew", status=1)
            assert len(ca.asked) > asked
    ca.down = False
    agent.run("renew")
    assert agent.certificate("down.example")["error"] is None
    # What failed then, does not count for what fails next.
    ca.down = True
    renew(agent, "down.example")
    agent.run("renew", status=1)
    assert retry_ms(agent, "down.example") < 2 * MINUTE_MS


def test_a_run_goes_to_the_second_ca_and_back(agent, ca, second):
    # What was said of each is remembered.
    agent.get(ca, "first.example")
    agent.get(second, "second.example")
    agent.run("get", "both.example", "--ca", ca.url, "--ca", second.url,
              "--via", f"webroot={agent.web.root}")
    assert agent.certificate("both.example")["ca"] == ca.url
    ca.down = True
    renew(agent, "both.example")
    with daemon(agent) as running:
        assert "certificate of" in running.stdout.readline()
        assert agent.certificate("both.example")["ca"] == second.url
        orders = second.orders()
        # While failures hold the first one back, it is not asked.
        ca.down = False
        asked = len(ca.asked)
        with between_runs(agent):
            renew(agent, "both.example")
        assert "certificate of" in running.stdout.readline()
        assert second.orders() == orders + 1 and ca.orders() == 2
        assert len(ca.asked) == asked
        with between_runs(agent):
            elapse(agent, 2 * MINUTE_MS)
            renew(agent, "both.example")
        assert "certificate of" in running.stdout.readline()
        assert agent.certificate("both.example")["ca"] == ca.url
        assert second.orders() == orders + 1


@pytest.mark.parametrize("days", [365, 2, -1])
def test_a_wrong_clock_orders_nothing(agent, ca, days):
    """Our clock is ahead of the CA's, or behind it: what it issues would not
    be valid here, and would cost an issuance each time."""
    then = datetime.datetime.now(datetime.timezone.utc) - \
        datetime.timedelta(days=days)

    def date(handler, answer):
        handler.date_time_string = lambda *_: then.strftime(
            "%a, %d %b %Y %H:%M:%S GMT")
        return answer

    ca.lies["directory"] = date
    done = agent.get(ca, "clock.example", status=1)
    assert "this machine's clock says" in done.stderr
    assert ca.orders() == 0
    del ca.lies["directory"]
    elapse(agent, 2 * MINUTE_MS)
    agent.run("renew")
    assert ca.orders() == 1


@pytest.mark.parametrize("ahead", [YEAR_MS, 20 * DAY_MS, 2 * DAY_MS])
def test_a_clock_that_is_put_back(agent, ca, ahead):
    """What failed while it was ahead is not put off for as long; and what is
    in order stays so."""
    names = [f"s{i}.example" for i in range(3)]
    for name in names:
        agent.get(ca, name)
    agent.get(ca, "hook.example", "--reload", f"test -e {agent.top}/go",
              status=1)
    ca.down = True
    agent.get(ca, "failed.example", status=1)
    ca.down = False
    orders = ca.orders()
    shift(agent, ahead)
    # The time passes, and the run looks at what has waited for it.
    open(os.path.join(agent.top, "go"), "w").close()
    said = agent.run("renew")
    assert "the clock was put back" in said.stderr
    assert agent.certificate("failed.example")["live"]
    assert agent.certificate("hook.example")["deployment"][0]["done"]
    # One for what had failed, none for what is there.
    assert ca.orders() == orders + 1
    assert agent.run("renew").stderr == ""
    for name in names:
        assert agent.certificate(name)["renewal"]["next_question"] < \
            (datetime.datetime.now(datetime.timezone.utc) +
             datetime.timedelta(days=2)).isoformat()


def test_a_clock_that_is_put_back_a_little(agent, ca):
    """As ntp does: nothing is tried again."""
    ca.down = True
    agent.get(ca, "failed.example", status=1)
    asked = len(ca.asked)
    shift(agent, MINUTE_MS)
    assert agent.run("renew").stderr == ""
    assert len(ca.asked) == asked


def test_a_run_whose_clock_is_put_back(agent, ca):
    """signet run does not sleep until then."""
    ca.down = True
    agent.get(ca, "failed.example", status=1)
    ca.down = False
    shift(agent, YEAR_MS)
    with daemon(agent) as running:
        assert "certificate of" in running.stdout.readline()


def test_a_year_passes_in_the_sleep_of_a_run(agent, web_ca):
    """All has run out: each is got once, and no more."""
    names = [f"y{i}.example" for i in range(3)]
    for name in names:
        agent.get(web_ca, name)
    before = {name: agent.live(name).read_bytes() for name in names}
    with daemon(agent) as running:
        with between_runs(agent):
            with state(agent) as db:
                db.execute("UPDATE certs SET not_before = not_before - ?1, "
                           "not_after = not_after - ?1, "
                           "renew_at = renew_at - ?1", (YEAR_MS,))
            elapse(agent, YEAR_MS)
        got = {running.stdout.readline().split(":")[0] for _ in names}
        assert got == set(names)
        with between_runs(agent):
            after = {name: agent.live(name).read_bytes() for name in names}
    assert all(after[name] != before[name] for name in names)
    assert agent.run("renew").stdout == ""
    assert all(after[name] == agent.live(name).read_bytes()
               for name in names)
