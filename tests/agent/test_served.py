# SPDX-License-Identifier: Apache-2.0
"""signet status --served: what is served now, beside what is stored."""

import contextlib
import json
import os
import sqlite3
import ssl

import pytest

from agent.test_verify import Service
from kit import net, servers

NAME = "served.example"


@pytest.fixture
def service(agent):
    running = Service(agent, NAME)
    yield running
    running.close()


def look(agent, status=0):
    """What each place of the first certificate serves."""
    said = agent.run("status", "--served", "--json", status=status).stdout
    return json.loads(said)["sites"][0]["certificates"][0]["served"]


def test_the_same_another_and_nothing(agent, web_ca, service):
    where = f"{net.HOST}:{service.port}"
    agent.get(web_ca, NAME, "--verify", where)
    assert look(agent) == [{
        "where": where, "address": net.HOST, "same": True, "serial": "",
        "not_after": None, "error": ""}]
    assert f"served       {where}" in agent.run("status",
                                                "--served").stdout
    # Without the option nobody looks.
    assert "served" not in agent.certificate(NAME)
    # Someone put another certificate there.
    old = servers.self_signed(agent.top, "other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(old + ".crt", old + ".key")
    service.context = context
    place, = look(agent, status=1)
    assert place["same"] is False
    assert place["serial"] and place["not_after"] > "20"
    said = agent.run("status", "--served", status=1).stdout
    assert f"NOT served   {where}" in said and place["serial"] in said
    assert agent.run("status").returncode == 0
    service.close()
    place, = look(agent, status=1)
    assert place["same"] is None and "cannot connect" in place["error"]
    assert "not seen" in agent.run("status", "--served", status=1).stdout


def test_each_type_of_key_is_asked_for(agent, web_ca, service):
    """The service has one of two: that of the other is not served there."""
    where = f"{net.HOST}:{service.port}"
    agent.get(web_ca, NAME, "--key", "ec256", "--key", "rsa2048")
    agent.run("get", NAME, "--verify", where, "--verify-wait", "1",
              status=None)
    said = json.loads(agent.run("status", "--served", "--json",
                                status=1).stdout)
    seen = {each["key_type"]: each["served"][0]["same"]
            for each in said["sites"][0]["certificates"]}
    assert seen == {"ec256": True, "rsa2048": None}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may have port 443")
def test_port_443_where_nothing_was_said(agent, web_ca):
    """Its own names are where it is looked for; that nothing is there is
    told, and no fault: it may not be for the web."""
    agent.get(web_ca, NAME, "no-such-host.example")
    # A name that everybody's resolver finds here.
    with contextlib.closing(sqlite3.connect(agent.dir + "/signet.db")) as db:
        with db:
            db.execute("UPDATE sites SET options = replace(options, "
                       f"'no-such-host.example', '{net.HOST}')")
    places = look(agent)
    assert {each["where"] for each in places} == {
        f"{NAME}:443", f"{net.HOST}:443"}
    assert all(each["same"] is None and each["error"] for each in places)
    running = Service(agent, NAME, 443)
    try:
        places = {each["where"]: each["same"] for each in look(agent)}
        assert places[f"{net.HOST}:443"] is True
    finally:
        running.close()


def test_a_name_that_does_not_exist(agent, web_ca):
    agent.get(web_ca, NAME, "--verify", "no-such-host.invalid:443",
              status=1)
    place, = look(agent, status=1)
    assert place["address"] == "" and "no-such-host" in place["error"]


def test_names_below_localhost_are_here(agent, web_ca, service):
    """RFC 6761 6.3: whatever the host's own list of names says."""
    where = f"www.signet.LocalHost:{service.port}"
    agent.get(web_ca, NAME, "--verify", where, "--verify-wait", "1")
    assert {each["where"]: each["same"] for each in look(agent)
            if each["address"] == net.HOST} == {where: True}


def test_a_guess_that_finds_nothing_says_what_to_name(agent, web_ca, service):
    """Only the site's own names are guessed, and only guesses are excused."""
    agent.get(web_ca, NAME)
    said = agent.run("status", "--served").stdout
    assert f"not seen     {NAME}:443: this host finds no address of" in said
    assert f"`signet get {NAME} --verify HOST:PORT`" in said
    agent.run("get", NAME, "--verify", f"{net.HOST}:{service.port}")
    assert "if it is served" not in agent.run("status", "--served").stdout


def test_without_a_certificate(agent):
    assert agent.run("status", "--served").returncode == 0
