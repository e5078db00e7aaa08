# SPDX-License-Identifier: Apache-2.0
"""When certificates are renewed: what the CA says about it (RFC 9773), what
is said in its order, and what Prometheus is told."""

import base64
import contextlib
import datetime
import json
import os
import pathlib
import signal
import sqlite3
import time

import pytest
from cryptography import x509

from kit import hostile_ca, signet
from kit.hostile_ca import Answer

HOUR_S = 3600
EXPLANATION = "https://ca.example/why"


def stamp(at):
    return datetime.datetime.fromtimestamp(
        at, datetime.timezone.utc).isoformat()


def at(text):
    return datetime.datetime.fromisoformat(
        text.replace("Z", "+00:00")).timestamp()


class RenewalCa(hostile_ca.HostileCa):
    """An honest one that has renewal information."""

    def __init__(self):
        super().__init__()
        self.window = None      # (start, end) in seconds
        self.retry_after = "7200"
        self.orders = []        # (when, what was asked for)
        self.asked_about = []
        self.lies["other"] = self.renewal_info

    def do_directory(self, payload):
        answer = super().do_directory(payload)
        answer.body["renewalInfo"] = self.top + "/renewal"
        return answer

    def do_order(self, payload):
        self.orders.append((time.time(), json.loads(payload)))
        return super().do_order(payload)

    def renewal_info(self, handler, answer):
        if not handler.path.startswith("/renewal/"):
            return answer
        self.asked_about.append(handler.path.removeprefix("/renewal/"))
        start, end = self.window
        return Answer(200, {"suggestedWindow": {
            "start": stamp(start), "end": stamp(end)},
            "explanationURL": EXPLANATION}, **{
                "Retry-After": self.retry_after})


@pytest.fixture
def ca():
    with RenewalCa() as running:
        yield running


def update(agent, text, *values):
    with contextlib.closing(sqlite3.connect(
            os.path.join(agent.dir, "signet.db"))) as db, db:
        db.execute("UPDATE certs SET " + text, values)


def let_it_ask(agent):
    """The CA is asked in the next run."""
    update(agent, "ari_check_at = 1, due_at = 1")


def cert_id(agent, name):
    """RFC 9773 4.1"""
    leaf = x509.load_pem_x509_certificate(agent.live(name).read_bytes())
    key = leaf.extensions.get_extension_for_class(
        x509.AuthorityKeyIdentifier).value.key_identifier
    serial = leaf.serial_number
    return ".".join(
        base64.urlsafe_b64encode(b).decode().rstrip("=") for b in (
            key, serial.to_bytes(serial.bit_length() // 8 + 1, "big")))


def test_window_ahead(agent, ca):
    """A moment in it is chosen, and kept as long as the window holds it."""
    agent.get(ca, "ahead.example")
    ca.window = (time.time() + HOUR_S, time.time() + 2 * HOUR_S)
    let_it_ask(agent)
    agent.run("renew")
    assert ca.asked_about == [cert_id(agent, "ahead.example")]
    assert len(ca.orders) == 1
    first = agent.certificate("ahead.example")["renewal"]
    assert first["reason"] == "ari"
    assert first["explanation"] == EXPLANATION
    assert ca.window[0] - 1 < at(first["at"]) < ca.window[1]
    # Retry-After is remembered: a run before asks nobody.
    assert 7100 < at(first["next_question"]) - time.time() < 7201
    agent.run("renew")
    assert len(ca.asked_about) == 1
    assert EXPLANATION in agent.run("status").stdout
    ca.window = (ca.window[0] - 60, ca.window[1] + 60)
    let_it_ask(agent)
    agent.run("renew")
    assert len(ca.asked_about) == 2
    assert agent.certificate("ahead.example")["renewal"]["at"] == first["at"]


def test_window_past(agent, ca):
    """Renewed at once; the order says what it replaces (RFC 9773 5)."""
    agent.get(ca, "past.example")
    assert "replaces" not in ca.orders[0][1]
    old = cert_id(agent, "past.example")
    ca.window = (time.time() - 2 * HOUR_S, time.time() - HOUR_S)
    let_it_ask(agent)
    assert "certificate of" in agent.run("renew").stdout
    assert [o["replaces"] for _, o in ca.orders[1:]] == [old]
    assert cert_id(agent, "past.example") != old
    # What was said about the old one is not about the new one.
    assert agent.certificate("past.example")["renewal"]["reason"] == \
        "lifetime"


def test_already_replaced(agent, ca):
    """A CA that refuses `replaces` is asked without."""
    agent.get(ca, "twice.example")
    ca.lies["order"] = lambda handler, answer: answer if \
        "replaces" not in ca.orders[-1][1] else Answer(409, {
            "type": "urn:ietf:params:acme:error:alreadyReplaced",
            "detail": "it has a successor"}, "application/problem+json",
            **{"Replay-Nonce": answer.headers["Replay-Nonce"]})
    ca.window = (time.time() - 2 * HOUR_S, time.time() - HOUR_S)
    let_it_ask(agent)
    assert "certificate of" in agent.run("renew").stdout
    assert ["replaces" in o for _, o in ca.orders] == [False, True, False]


def test_daemon_waits_for_the_window(agent, ca):
    agent.get(ca, "wait.example")
    ca.window = (time.time() + 3, time.time() + 4)
    let_it_ask(agent)
    running = agent.start("run")
    assert "wait.example: certificate of" in running.stdout.readline()
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=signet.RUN_S)
    assert ca.orders[1][0] >= ca.window[0]
    assert "replaces" in ca.orders[1][1]


@pytest.mark.parametrize("said", ["404", "nonsense"])
def test_renewal_info_fails(agent, ca, said):
    """What is known stays, and it is asked again later."""
    agent.get(ca, "fails.example")
    before = agent.certificate("fails.example")["renewal"]
    ca.lies["other"] = lambda handler, answer: answer if said == "404" else \
        Answer(200, {"suggestedWindow": {"start": "soon", "end": 7}})
    let_it_ask(agent)
    agent.run("renew")
    after = agent.certificate("fails.example")["renewal"]
    assert (after["at"], after["reason"]) == (before["at"], "lifetime")
    assert at(after["next_question"]) > time.time() + 60
    assert len(ca.orders) == 1


@pytest.mark.parametrize("problem", ["badCSR", "badPublicKey"])
def test_a_refused_key_is_not_sent_again(agent, ca, problem):
    keys = []

    def refuse(handler, answer):
        keys.append(ca.request.public_key().public_numbers())
        ca.finalized = False
        return Answer(400, {
            "type": "urn:ietf:params:acme:error:" + problem,
            "detail": "that key is known"}, "application/problem+json",
            **{"Replay-Nonce": answer.headers["Replay-Nonce"]})

    ca.lies["finalize"] = refuse
    agent.get(ca, "weak.example", status=1)
    agent.run("renew", "weak.example", status=1)
    del ca.lies["finalize"]
    agent.run("renew", "weak.example")
    keys.append(ca.request.public_key().public_numbers())
    assert len(set(keys)) == 3


def metrics(path):
    """name{labels} -> value; each name has its help before it."""
    values, known = {}, set()
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith("#"):
            known.add(line.split()[2])
            continue
        name, value = line.rsplit(" ", 1)
        assert name.split("{")[0] in known
        values[name] = int(value)
    return values


def test_textfile(agent, ca):
    agent.get(ca, "metric.example")
    path = os.path.join(agent.top, "signet.prom")
    agent.run("renew", "--textfile", path)
    said = metrics(path)
    label = '{site="metric.example",key="ec256"}'
    certificate = agent.certificate("metric.example")
    for name, member in (("not_before", certificate["not_before"]),
                         ("not_after", certificate["not_after"]),
                         ("renewal", certificate["renewal"]["at"])):
        assert said[f"signet_certificate_{name}_timestamp_seconds" +
                    label] == int(at(member))
    assert said["signet_certificate_failures" + label] == 0
    assert said["signet_last_run_success"] == 1
    assert abs(said["signet_last_run_timestamp_seconds"] - time.time()) < \
        signet.RUN_S
    ca.lies["order"] = lambda handler, answer: Answer(
        500, b"no", **{"Replay-Nonce": answer.headers["Replay-Nonce"]})
    agent.run("renew", "--force", "--textfile", path, status=1)
    said = metrics(path)
    assert said["signet_certificate_failures" + label] == 1
    assert said["signet_last_run_success"] == 0
    assert os.stat(path).st_mode & 0o777 == 0o644
    assert os.listdir(agent.top).count("signet.prom.new") == 0


def test_textfile_follows_no_link(agent, ca):
    """Its folder may be another user's."""
    agent.get(ca, "link.example")
    victim = pathlib.Path(agent.top, "victim")
    victim.write_text("mine")
    os.symlink(victim, os.path.join(agent.top, "m.prom.new"))
    os.symlink(victim, os.path.join(agent.top, "m.prom"))
    agent.run("renew", "--textfile", os.path.join(agent.top, "m.prom"))
    assert victim.read_text() == "mine"
    assert not os.path.islink(os.path.join(agent.top, "m.prom"))
    done = agent.run("renew", "--textfile",
                     os.path.join(agent.top, "none", "m.prom"), status=1)
    assert "m.prom" in done.stderr
