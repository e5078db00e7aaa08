# SPDX-License-Identifier: Apache-2.0
"""signet check: what stands in the way of a certificate, in words."""

import json
import pathlib
import shutil
import socket
import subprocess

import pytest

from kit import net, signet, signetd
from kit.net import HOST, free_port

RUN_S = 60


@pytest.fixture
def names():
    server = net.Dns()
    yield server
    server.close()


@pytest.fixture
def check(web_ca, names, web):
    """A function that looks at names by the web root, and gives the findings
    of the first as (topic, level, subject): (text, remedy)."""

    def run(*arguments, status=0, via=None, port=None):
        done = subprocess.run(
            [signet.program(), "check", "--json", "--ca", web_ca.url,
             "--ca-file", web_ca.cafile, "--resolver", names.address,
             "--http-port", str(port or web.port), "--via",
             via or f"webroot={web.root}", *arguments],
            capture_output=True, text=True, timeout=RUN_S,
            stdin=subprocess.DEVNULL)
        assert done.returncode == status, done.stdout + done.stderr
        said = json.loads(done.stdout)
        assert said["version"] == 1
        assert said["names"][0]["good"] == (status == 0)
        return {(f["topic"], f["level"], f["subject"]):
                (f["text"], f["remedy"])
                for f in said["names"][0]["findings"]}

    return run


def test_all_is_well(check, web):
    found = check("well.example")
    text, _ = found["http", "good", HOST]
    assert text.startswith("our challenge was fetched there")
    assert ("clock", "good", "") in found
    assert not any(level == "problem" for _, level, _ in found)
    assert ("dns", "warning", HOST) in found  # no public address


def test_each_family_is_tried(check, names):
    """Nobody listens on ::1, though the name points there, too."""
    names.records["both.example", "AAAA"] = ["::1"]
    found = check("both.example", status=1)
    assert ("http", "good", HOST) in found
    text, remedy = found["http", "problem", "::1"]
    assert "nothing answers on port" in text
    assert "AAAA" in remedy


def test_no_such_name(check, names):
    names.records["none.example", "ANY"] = "NXDOMAIN"
    found = check("none.example", status=1)
    assert found["dns", "problem", "none.example"][0] == (
        "the name has no address")


def test_name_servers_fail(check, names):
    names.records["fails.example", "ANY"] = "SERVFAIL"
    found = check("fails.example", status=1)
    assert ("dns", "problem", "fails.example") in found


@pytest.fixture(scope="module")
def named_ca():
    """One that says what it calls itself."""
    folder = signetd.make(more='caa_identity = "ca.example"\n')
    with signetd.run(folder) as running:
        yield running
    signetd.remove(folder)


@pytest.mark.parametrize("records, level", (
    (['0 issue "ca.example"'], "good"),
    (['0 issue "other.example"'], "problem"),
    (['0 issue ";"'], "problem"),
    (None, "good"),
    ("SERVFAIL", "problem")))
def test_caa(check, names, named_ca, records, level):
    """Found at the parent: RFC 8659 3."""
    if records is not None:
        names.records["caa.example", "CAA"] = records
    found = check("www.caa.example", "--ca", named_ca.url, "--ca-file",
                  named_ca.cafile, status=int(level == "problem"))
    _, remedy = found["caa", level, "www.caa.example"]
    assert (remedy == "") == (level == "good")


def test_all_sites(agent, web_ca, names, web):
    """Without a name: each site of the state and of signet.conf, by its own
    way and CA; a name of a site is looked at as its site has it."""
    agent.configure(f"""
ca "ours" {{
	directory = "{web_ca.url}"
	ca_file = "{web_ca.cafile}"
}}
site "good.example" {{
	ca = "ours"
	via = "webroot={web.root}"
	names = {{ "good.example", "www.good.example" }}
}}
site "none.example" {{ ca = "ours" via = "webroot={web.root}" }}
""")
    names.records["none.example", "ANY"] = "NXDOMAIN"
    more = ("--json", "--resolver", names.address, "--http-port",
            str(web.port))
    done = agent.run("check", *more, status=1)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [[name["name"] for name in site["names"]] for site in said] == [
        ["good.example", "www.good.example"], ["none.example"]]
    assert [site["via"] for site in said] == [f"webroot={web.root}"] * 2
    assert all(name["good"] for name in said[0]["names"])
    assert not said[1]["names"][0]["good"]
    done = agent.run("check", *more, "www.good.example")
    assert json.loads(done.stdout)["via"] == f"webroot={web.root}"


def test_no_sites(agent):
    assert "give the names" in agent.run("check", status=2).stderr


def test_another_web_root(check, tmp_path):
    """A folder that nobody shows: the answer is another's."""
    found = check("elsewhere.example", via=f"webroot={tmp_path}", status=1)
    assert "HTTP status 404" in found["http", "problem", HOST][0]
    assert list(tmp_path.iterdir()) == []


def test_redirects_are_followed_and_shown(check, names, challenges):
    """To a name that has no address."""
    names.records["gone.example", "ANY"] = "NXDOMAIN"

    def away(handler):
        handler.send_response(301)
        handler.send_header("Location", "http://gone.example/")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    class Any(dict):
        def get(self, _path, _default=None):
            return away

    kept, challenges.answers = challenges.answers, Any()
    try:
        found = check("away.example", port=challenges.port, status=1)
    finally:
        challenges.answers = kept
    text, _ = found["http", "problem", HOST]
    assert "-> http://gone.example/" in text
    assert "without an address" in text


def test_standalone(check):
    port = free_port()
    found = check("alone.example", port=port, via=f"standalone={port}")
    assert ("http", "good", HOST) in found


def test_port_is_taken(check, web):
    found = check("taken.example", via=f"standalone={web.port}", status=1)
    text, _ = found["port", "problem", ""]
    assert f"port {web.port} is taken by" in text


def test_ca_is_not_reached(check, web_ca):
    found = check("far.example", "--ca", f"https://{HOST}:{free_port()}/",
                  status=1)
    assert any(topic == "caa" and level == "problem"
               for topic, level, _ in found)


def test_words(web_ca, names, web):
    """The form for people: one line a finding, and what to do."""
    names.records["words.example", "ANY"] = "NXDOMAIN"
    done = subprocess.run(
        [signet.program(), "check", "--offline", "--resolver", names.address,
         "--via", f"webroot={web.root}", "words.example"],
        capture_output=True, text=True, timeout=RUN_S)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[1] == "words.example"
    assert lines[2] == ("  PROBLEM  dns     words.example: the name has no "
                        "address")
    assert lines[3].startswith("           what to do: ")


def test_way_is_chosen(names):
    """By who has port 80: nobody has, in this network of its own."""
    with socket.socket() as sock:
        if sock.connect_ex((HOST, 80)) == 0:
            pytest.skip("port 80 is taken")
    done = subprocess.run(
        [signet.program(), "check", "--offline", "--resolver", names.address,
         "chosen.example"], capture_output=True, text=True, timeout=RUN_S)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(
        "control is proven by standalone (port 80 is free)\n")
    assert f"ok       http    {HOST}: our challenge was fetched" in done.stdout
    done = subprocess.run(
        [signet.program(), "check", "--offline", "*.chosen.example"],
        capture_output=True, text=True, timeout=RUN_S)
    assert done.returncode == 1
    assert "can only be proven by DNS" in done.stderr


FLOOD = """#!/usr/bin/python3
import os, struct
def send(kind, payload):
    try:
        os.write(%(link)d, struct.pack(">IHQ", len(payload), kind, 0) + payload)
    except OSError:
        raise SystemExit
os.read(%(link)d, 14)  # of the question
for _ in range(5000):
    send(100, b"\\1\\1" + 3 * b"\\0\\1x")
send(101, b"")
"""
JUDGE_LINK = 3  # AGENT_LINK_FD


def test_probe_in_other_hands(tmp_path):
    """It cannot fill judge's memory."""
    beside = pathlib.Path(signet.program()).parent
    for name in ("signet", "signet-net"):
        shutil.copy(beside / name, tmp_path)
    probe = tmp_path / "signet-probe"
    probe.write_text(FLOOD % {"link": JUDGE_LINK})
    probe.chmod(0o755)
    done = subprocess.run(
        [tmp_path / "signet", "check", "--offline", "--via",
         f"webroot={tmp_path}", "flood.example"], capture_output=True,
        text=True, timeout=RUN_S, stdin=subprocess.DEVNULL)
    assert done.returncode == 1, done.stdout[:1000]
    assert "probe tells more than 1024 things" in done.stderr


def test_all_sites_in_few_words(agent, web_ca, names, web):
    """What is well in one line, what is wrong once, and nothing else."""
    agent.configure(f"""
ca "ours" {{
	directory = "{web_ca.url}"
	ca_file = "{web_ca.cafile}"
}}
defaults {{ ca = "ours" via = "webroot={web.root}" }}
site "few.example" {{
	names = {{ "a.few.example", "b.few.example", "c.few.example" }}
}}
""")
    names.records["a.few.example", "ANY"] = "NXDOMAIN"
    names.records["c.few.example", "ANY"] = "NXDOMAIN"
    more = ("--resolver", names.address, "--http-port", str(web.port))
    lines = agent.run("check", *more, status=1).stdout.splitlines()
    assert lines[0] == ("few.example: control is proven by "
                        f"webroot={web.root}")
    assert lines[1] == "a.few.example c.few.example"
    assert lines[2] == "  PROBLEM  dns     the name has no address"
    assert lines.count(lines[2]) == 1
    assert not any(line.startswith("  note") for line in lines)
    assert "b.few.example" in "".join(lines[4:])
    # A site may be asked about by its own name, and more is told then.
    told = agent.run("check", *more, "few.example", status=1).stdout
    assert "a.few.example c.few.example\n" in told
    assert "  note     " in told
    said = json.loads(agent.run("check", "--json", *more, "few.example",
                                status=1).stdout)
    assert [name["name"] for name in said["names"]] == [
        "a.few.example", "b.few.example", "c.few.example"]
