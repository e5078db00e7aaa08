# SPDX-License-Identifier: Apache-2.0
"""A process in somebody else's hand: net, which reads what strangers say."""

import pathlib
import shutil
import subprocess

import pytest

from kit import hostile_ca, signet

JUDGE_LINK = 3  # AGENT_LINK_FD
REFUSED = (102, 103)  # of account and certkey, of files
FORGER = """#!/usr/bin/python3
import os, struct
text = b"forged by net"
payload = struct.pack(">HH", 2, len(text)) + text
while True:
    for id in range(1, 9):
        for kind in %r:
            os.write(%d, struct.pack(">IHQ", len(payload), kind, id) + payload)
"""

# rpc/judge_net.h, as a net that does what it likes: `heard` is called with
# each question, and says.
ROGUE = """#!/usr/bin/python3
import os, socket, struct
judge = socket.socket(fileno=%d)
ORDER, REVOKE, SIGNED = 7, 11, 15
RESULT, OFFER, CLEAN, PROGRESS, SIGN, ACCOUNT = range(100, 106)
ORDERED, FAILED, WAITING = 2, 5, 9

def text(s):
    return struct.pack(">H", len(s)) + s.encode()

def say(kind, id, payload=b""):
    judge.sendall(struct.pack(">IHQ", len(payload), kind, id) + payload)

def progress(id, step, url=""):
    say(PROGRESS, id, bytes([step]) + text(url) + struct.pack(">BBq", 0, 0, 0)
        + text(""))

def exactly(count):
    data = b""
    while len(data) < count:
        more = judge.recv(count - len(data))
        if not more:
            raise SystemExit
        data += more
    return data

%s

while True:
    size, kind, id = struct.unpack(">IHQ", exactly(14))
    exactly(size)
    try:
        heard(kind, id)
    except OSError:
        raise SystemExit
"""
ENDLESS_ORDERS = """
def heard(kind, id):
    n = 0
    while kind == ORDER:
        n += 1
        progress(id, ORDERED, "https://ca.example/order/%d" % n)
"""
ENDLESS_OFFERS = """
def heard(kind, id):
    while kind == ORDER:
        say(OFFER, id, struct.pack(">H", 0))
        say(CLEAN, id)
"""
ENDLESS_TALK = """
def heard(kind, id):
    while kind == ORDER:
        progress(id, WAITING)
"""
ENDLESS_ACCOUNTS = """
def heard(kind, id):
    while kind == ORDER:
        say(ACCOUNT, 0, struct.pack(">I", 1) + text("https://ca.example/1")
            + struct.pack(">BH", 1, 0))
"""
ENDLESS_SIGNATURES = """
def heard(kind, id):
    while kind == REVOKE:
        say(SIGN, id, bytes([5]) + text("%s/revoke") + text("abc") + text("")
            + struct.pack(">I", 0))
"""
LATE_SIGNATURE = """
seen = []
def heard(kind, id):
    if kind not in (REVOKE, SIGNED) or (kind == SIGNED and id == seen[0]):
        return
    if kind == REVOKE:
        seen.append(id)
        say(SIGN, id, bytes([5]) + text("%s/revoke") + text("abc") + text("") + struct.pack(">I", 0))
    if kind == SIGNED or id == seen[0]:
        say(RESULT, id, bytes([1]))
"""


def run_rogue(agent, folder, script, *arguments):
    """signet with a net that is script."""
    shutil.copy(pathlib.Path(signet.program()), folder)
    net = folder / "signet-net"
    net.write_text(script)
    net.chmod(0o755)
    return subprocess.run(
        [folder / "signet", arguments[0], "--dir", agent.dir, *arguments[1:]],
        text=True, capture_output=True, timeout=signet.RUN_S,
        stdin=subprocess.DEVNULL)


def get_rogue(agent, ca, folder, script):
    return run_rogue(
        agent, folder, script, "get", "--ca", ca.url, "--ca-file", ca.cafile,
        "--agree-terms", "--via", f"webroot={agent.web.root}",
        "rogue.example")


@pytest.mark.parametrize("script, said", (
    (ENDLESS_ORDERS, "no end to what it wants for one certificate"),
    (ENDLESS_OFFERS, "no end to what it wants for one certificate"),
    (ENDLESS_TALK, "no end to what it says of one question"),
    (ENDLESS_ACCOUNTS, "again and again that the account"),
), ids=("orders", "offers", "talk", "accounts"))
def test_net_comes_to_an_end(agent, web_ca, tmp_path, script, said):
    """Nothing that it says makes judge remember, do or listen for ever."""
    done = get_rogue(agent, web_ca, tmp_path, ROGUE % (JUDGE_LINK, script))
    assert done.returncode == 1
    assert said in done.stderr


def test_net_does_not_wait_for_signatures(agent, web_ca, tmp_path):
    """It says that a revocation is over while certkey still signs for it:
    that answer finds nobody."""
    agent.get(web_ca, "late.example")
    agent.get(web_ca, "later.example")
    done = run_rogue(
        agent, tmp_path, ROGUE % (
            JUDGE_LINK, LATE_SIGNATURE % web_ca.url.rsplit("/", 1)[0]),
        "revoke", "--by-key", "late.example", "later.example")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("revoked;") == 2


def test_certkey_signs_for_the_ca_alone(agent, web_ca, tmp_path):
    """A net that wants a revocation signed for somebody else is refused."""
    agent.get(web_ca, "late.example")
    done = run_rogue(agent, tmp_path, ROGUE % (
        JUDGE_LINK, ENDLESS_SIGNATURES % "https://ca.example"),
        "revoke", "--by-key", "late.example")
    assert done.returncode == 1
    assert "a signature for https://ca.example/revoke" in done.stderr
    done = run_rogue(agent, tmp_path, ROGUE % (
        JUDGE_LINK, ENDLESS_SIGNATURES % web_ca.url.rsplit("/", 1)[0]),
        "revoke", "--by-key", "late.example")
    assert done.returncode == 1
    assert "no end to what it wants" in done.stderr


def test_net_answers_for_nobody_else(agent, web_ca, tmp_path):
    """Its link is not that of certkey, whose request for certification would
    be another key's, nor that of files or account."""
    done = get_rogue(agent, web_ca, tmp_path, FORGER % (REFUSED, JUDGE_LINK))
    assert done.returncode == 1
    assert "forged" not in done.stderr
    # The numbers that it tries may be those of questions to itself, too.
    assert ("the net process is not to be trusted: it answers what was asked "
            "of another" in done.stderr or
            "net's message to judge (type 102) is not of its form"
            in done.stderr)


def test_another_account_is_told(agent):
    """DNS records name the account: whoever says that it is another one,
    does not get there unseen."""
    left = [1]

    def forget(handler, answer):
        if left:
            left.pop()
            answer.status = 400
            answer.headers["Content-Type"] = "application/problem+json"
            answer.body = {"type": "urn:ietf:params:acme:error:"
                           "accountDoesNotExist", "detail": "who?"}
        return answer

    def other(handler, answer):
        answer.headers["Location"] = ca.top + "/account/2"
        return answer

    with hostile_ca.HostileCa() as ca:
        ca.behave()
        said = agent.get(ca, "victim.example").stderr
        assert "another one" not in said
        ca.behave()
        ca.lies.update(order=forget, account=other)
        said = agent.run("renew", "--force").stderr
        assert f"is another one now: {ca.top}/account/2" in said
        assert f"{ca.top}/account/1" in said
        ca.behave()
        assert "another one" not in agent.run("renew", "--force").stderr
