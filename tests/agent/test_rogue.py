# SPDX-License-Identifier: Apache-2.0
"""A process in somebody else's hand: net, which reads what strangers say."""

import pathlib
import shutil
import subprocess

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


def test_net_answers_for_nobody_else(agent, web_ca, tmp_path):
    """Its link is not that of certkey, whose request for certification would
    be another key's, nor that of files or account."""
    shutil.copy(pathlib.Path(signet.program()), tmp_path)
    net = tmp_path / "signet-net"
    net.write_text(FORGER % (REFUSED, JUDGE_LINK))
    net.chmod(0o755)
    done = subprocess.run(
        [tmp_path / "signet", "get", "--dir", agent.dir, "--ca", web_ca.url,
         "--ca-file", web_ca.cafile, "--agree-terms", "--via",
         f"webroot={agent.web.root}", "rogue.example"], text=True,
        capture_output=True, timeout=signet.RUN_S, stdin=subprocess.DEVNULL)
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
