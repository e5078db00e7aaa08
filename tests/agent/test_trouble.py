# SPDX-License-Identifier: Apache-2.0
"""signet when things go wrong: a CA that refuses or is down, names that
fail, kill -9 at each step, two runs at once."""

import datetime
import os
import pathlib
import re
import signal
import sqlite3
import subprocess

import pytest

from kit import net

STEPS = ["asks", "ordered", "is being validated", "is valid",
         "sends the request", "fetches the certificate", "reload true"]


def at(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def kill_at(agent, step, *arguments):
    """kill -9 of the judge when it says that it has come to a step; gives
    what it had said. Its processes end with it."""
    running = agent.start(*arguments, "-v")
    said = ""
    for line in running.stderr:
        said += line
        if step in line:
            running.send_signal(signal.SIGKILL)
            break
    running.stdout.close()
    running.stderr.close()
    running.wait()
    return said


@pytest.mark.parametrize("step", STEPS)
def test_kill_while_renewing(agent, web_ca, step):
    """What was live stays whole, and the next run finishes the job."""
    name = f"kill{STEPS.index(step)}.example"
    agent.get(web_ca, name, "--reload", "true")
    before = agent.live(name).read_bytes()
    said = kill_at(agent, step, "renew", "--force", name)
    assert step in said
    live = {f: agent.live(name, f).read_bytes()
            for f in os.listdir(agent.live(name, ""))}
    assert len(live) == 5
    assert live["combined.pem"].startswith(live["privkey.pem"])
    assert live["fullchain.pem"].startswith(live["cert.pem"])
    agent.run("renew", "--force", name)
    assert agent.live(name).read_bytes() != before
    certificate = agent.certificate(name)
    assert certificate["live"] and certificate["error"] is None
    assert all(s["done"] for s in certificate["deployment"])


@pytest.mark.parametrize("step", STEPS)
def test_kill_while_getting(agent, web_ca, step):
    name = f"first{STEPS.index(step)}.example"
    kill_at(agent, step, "get", name, "--ca", web_ca.url, "--ca-file",
            web_ca.cafile, "--agree-terms", "--via",
            f"webroot={agent.web.root}", "--reload", "true")
    # Nobody asks for it again: it is due.
    agent.run("renew")
    certificate = agent.certificate(name)
    assert certificate["live"]
    assert [s["done"] for s in certificate["deployment"]] == [True]


def test_the_next_test_has_an_empty_web_root(agent):
    """Though those above leave challenges in it."""
    assert os.listdir(agent.web.root) == []


def test_an_order_is_resumed(agent, web_ca):
    """The same order goes on, so nothing is validated twice."""
    kill_at(agent, "sends the request", "get", "resume.example", "--ca",
            web_ca.url, "--ca-file", web_ca.cafile, "--agree-terms", "--via",
            f"webroot={agent.web.root}")
    validated = len(agent.web.paths)
    agent.run("renew")
    assert agent.certificate("resume.example")["live"]
    assert len(agent.web.paths) == validated


def test_failure_is_remembered(agent, web_ca):
    """1 min, 10 min, ... for each name, over runs; `get` tries at once."""
    elsewhere = os.path.join(agent.top, "elsewhere")
    os.mkdir(elsewhere)
    done = agent.get(web_ca, "fails.example", via=f"webroot={elsewhere}",
                     status=1)
    assert "fails.example" in done.stderr
    assert "what to do: " in done.stderr
    first = agent.status(status=1)["fails.example"]["certificates"][0]
    assert first["error"]["failures"] == 1
    wait = (at(first["renewal"]["not_before_retry"]) -
            at(first["error"]["at"])).total_seconds()
    assert 59 <= wait <= 67
    renewal, = (line for line in agent.run("status", status=1).stdout
                .splitlines() if line.startswith("  renewal "))
    assert re.search(r"Z \(in \d+ seconds\): it failed before", renewal)
    # A timer's run does not try before that.
    asked = len(agent.web.paths)
    assert agent.run("renew").stderr == ""
    assert len(agent.web.paths) == asked
    agent.run("renew", "fails.example", status=1)
    second = agent.status(status=1)["fails.example"]["certificates"][0]
    wait = (at(second["renewal"]["not_before_retry"]) -
            at(second["error"]["at"])).total_seconds()
    assert second["error"]["failures"] == 2
    assert 599 <= wait <= 661
    rows = sqlite3.connect(os.path.join(agent.dir, "signet.db")).execute(
        "SELECT ident, count FROM failures").fetchall()
    assert ("fails.example", 2) in rows
    # Whoever repairs it need not wait.
    agent.get(web_ca, "fails.example")
    assert agent.certificate("fails.example")["error"] is None


def test_failover(agent, web_ca):
    """The second CA in order of preference gives it, with its own account."""
    gone = f"https://127.0.0.1:{net.free_port()}/dir"
    done = agent.run("get", "failover.example", "--ca", gone, "--ca",
                     web_ca.url, "--ca-file", web_ca.cafile, "--agree-terms",
                     "--via", f"webroot={agent.web.root}")
    assert "a CA before it did not" in done.stderr
    certificate = agent.certificate("failover.example")
    assert certificate["ca"] == web_ca.url
    assert len(os.listdir(os.path.join(agent.dir, "accounts"))) == 2


def test_ca_is_back(agent, new_ca):
    """While a CA is down what is live stays; then it goes on by itself."""
    ca = new_ca()
    agent.get(ca, "down.example")
    before = agent.live("down.example").read_bytes()
    ca.signal(signal.SIGSTOP)
    try:
        running = agent.start("renew", "--force", "down.example", "-v")
        for line in running.stderr:
            if "asks" in line:
                break
        assert agent.live("down.example").read_bytes() == before
    finally:
        ca.signal(signal.SIGCONT)
    running.communicate()
    assert running.returncode == 0
    assert agent.live("down.example").read_bytes() != before


def test_terms(agent, web, resolver, new_ca):
    """Terms are agreed to by a person."""
    ca = new_ca()
    done = agent.run("get", "terms.example", "--ca", ca.url, "--ca-file",
                     ca.cafile, "--via", f"webroot={web.root}", status=None)
    if done.returncode != 0:  # a CA without terms asks for nothing
        assert "--agree-terms" in done.stderr


def test_untrusted_ca(agent, web_ca):
    done = agent.run("get", "trust.example", "--ca", web_ca.url,
                     "--agree-terms", "--via", f"webroot={agent.web.root}",
                     status=1)
    assert "--ca-file" in done.stderr
    assert not agent.live("trust.example", "").exists()


def test_two_runs(agent, web_ca):
    """The second run waits for the first, and says so."""
    fifo = os.path.join(agent.top, "go")
    os.mkfifo(fifo)
    agent.get(web_ca, "lock.example", "--reload",
              f"test -e {agent.top}/wait || exit 0; read x < {fifo}")
    pathlib.Path(agent.top, "wait").touch()
    first = agent.start("renew", "--deploy", "lock.example", "-v")
    for line in first.stderr:
        if "reload" in line:
            break
    second = agent.start("renew", "--force", "lock.example", "-v")
    for line in second.stderr:
        if "waiting" in line:
            assert f"signet renew, process {first.pid}" in line
            break
    os.unlink(os.path.join(agent.top, "wait"))
    with open(fifo, "w") as go:
        go.write("x\n")
    for running in (first, second):
        out, err = running.communicate()
        assert running.returncode == 0, out + err


def test_damaged_files_are_repaired(agent, web_ca):
    agent.get(web_ca, "lost.example")
    subprocess.run(["rm", "-r", agent.live("lost.example", "")], check=True)
    agent.run("get", "lost.example")
    assert agent.live("lost.example").exists()
