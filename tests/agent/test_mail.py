# SPDX-License-Identifier: Apache-2.0
"""--verify of servers that begin TLS in a protocol of their own: Postfix,
Dovecot and vsftpd as Debian has them."""

import os

import pytest

from kit import mail
from kit.net import HOST

SITE = "mail.example"

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="mail servers want to be root")


def step(agent, name):
    return next(each for each in agent.certificate(SITE)["deployment"]
                if each["step"] == f"verify {name}")


@pytest.fixture
def live(agent, web_ca):
    """The folder of a certificate that servers begin with."""
    agent.get(web_ca, SITE, "--key", "rsa2048")
    return agent.live(SITE, "")


def test_postfix_and_dovecot(agent, live, web_ca):
    """They show the new certificate after their reload, Dovecot not without."""
    with mail.Postfix(live) as postfix, mail.Dovecot(live) as dovecot:
        where = [f"smtp:{HOST}:{postfix.smtp}", f"imap:{HOST}:{dovecot.imap}",
                 f"pop3:{HOST}:{dovecot.pop3}"]
        agent.get(web_ca, SITE, "--verify", where[1])
        assert step(agent, where[1])["done"]
        said = agent.run("renew", "--force", SITE, status=1).stderr
        assert "serves another certificate for mail.example" in said
        assert not step(agent, where[1])["done"]
        agent.get(web_ca, SITE, "--reload", postfix.reload,
                  "--reload", dovecot.reload,
                  *(word for each in where for word in ("--verify", each)))
        agent.run("renew", "--force", SITE)
        assert all(step(agent, each)["done"] for each in where)


def test_vsftpd(agent, live, web_ca):
    with mail.Vsftpd(live) as server:
        agent.get(web_ca, SITE, "--verify", f"ftp:{HOST}:{server.ftp}")
        assert step(agent, f"ftp:{HOST}:{server.ftp}")["done"]


@pytest.mark.parametrize("value", ("smtp:mail", "http:mail:25", ":25",
                                   "mail:0", "mail:x", "smtp:/x:25"))
def test_no_such_place(agent, value):
    done = agent.run("get", "--verify", value, SITE, status=2)
    assert "smtp:mail.example.com:25" in done.stderr
