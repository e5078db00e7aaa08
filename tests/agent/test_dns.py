# SPDX-License-Identifier: Apache-2.0
"""signet proves control by DNS: Debian's BIND as primary and secondary, and
Debian's Pebble, which asks them."""

import os
import pathlib
import time

import pytest

from kit import bind, other_cas

KEY = bind.keygen("acme")
STRONG = bind.keygen("strong.key", "hmac-sha512")
STRANGER = bind.keygen("stranger")

pytestmark = pytest.mark.skipif(not os.path.exists(bind.NAMED),
                                reason="BIND is not installed")

RECORDS = """
_acme-challenge.alias CNAME one.acme
one.acme CNAME alias.target.test.
tree DNAME tree.target.test.
_acme-challenge.loop CNAME loop2
loop2 CNAME _acme-challenge.loop
_acme-challenge.away CNAME away.sub.target.test.
"""


@pytest.fixture(scope="module")
def servers():
    running = bind.Bind({"example.test": RECORDS, "target.test": "",
                         "lags.test": "",
                         "lame.test": "@ NS ns3\nns3 A 127.0.0.3"},
                        [KEY, STRONG], unlinked={"lags.test"})
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture(scope="module")
def pebble(servers):
    with other_cas.Pebble(servers, 1, 1) as running:
        running.cafile = str(running.folder / "cert.pem")
        yield running


@pytest.fixture
def get(agent, servers, pebble):
    """signet get from Pebble by dns, with the key called "acme"."""
    keys = pathlib.Path(agent.dir, "dns")
    keys.mkdir(mode=0o700, parents=True)
    other = KEY.split("secret")[0] + "secret" + bind.keygen("x").split(
        "secret")[1]
    for name, text in (("acme", KEY), ("strong", STRONG),
                       ("stranger", STRANGER), ("forged", other),
                       ("broken", "key acme")):
        (keys / f"{name}.key").write_text(text)
        (keys / f"{name}.key").chmod(0o600)

    def run(*names, key="acme", more="", status=0):
        via = f"dns={key},port={servers.port},resolver={servers.address}"
        return agent.get(pebble, *names, via=via + more, status=status)

    return run


def gone(servers, name):
    return not servers.primary.ask(name, "TXT")[1]


def test_wildcard_and_base(get, agent, servers):
    """Two values at one name; none is left."""
    get("example.test", "*.example.test")
    assert agent.live("example.test").exists()
    assert gone(servers, "_acme-challenge.example.test")


def test_many_names_and_strong_key(get, agent, servers):
    names = [f"n{i}.example.test" for i in range(12)]
    get(*names, key="strong")
    assert agent.live(names[0]).exists()
    assert all(gone(servers, f"_acme-challenge.{name}") for name in names)


def test_delegation(get, agent, servers):
    """CNAME over two steps into another zone, and DNAME."""
    get("alias.example.test", "tree.example.test", "x.tree.example.test")
    assert agent.live("alias.example.test").exists()
    assert gone(servers, "alias.target.test")
    assert gone(servers, "_acme-challenge.x.tree.target.test")


def test_named_server(get, agent, servers):
    get("named.example.test", more=f",server={servers.address}")
    assert agent.live("named.example.test").exists()


def test_lagging_server_is_named(get, agent, servers):
    done = get("www.lags.test", more=",wait=1", status=1)
    assert "ns2.lags.test ([::1]:" in done.stderr
    assert "does not show the record" in done.stderr
    assert "1 of 2 servers have it" in done.stderr
    assert gone(servers, "_acme-challenge.www.lags.test")


def test_dead_server_is_named(get, servers):
    done = get("www.lame.test", more=",wait=1", status=1)
    assert "ns3.lame.test (127.0.0.3:" in done.stderr
    assert "2 of 3 servers have it" in done.stderr


@pytest.mark.parametrize("key,words", [
    ("stranger", 'does not know the key "stranger"'),
    ("forged", 'another secret for the key "acme"'),
    ("broken", "tsig-keygen"),
    ("missing", "there is no file dns/missing.key"),
    ("unsigned", "refuses to change"),
])
def test_wrong_keys(get, servers, key, words):
    done = get("wrong.example.test", key=key, status=1)
    assert words in done.stderr
    assert gone(servers, "_acme-challenge.wrong.example.test")


def test_aliases_in_a_circle(get):
    done = get("loop.example.test", status=1)
    assert "_acme-challenge.loop.example.test" in done.stderr


def test_not_the_primary(get, servers):
    done = get("second.example.test",
               more=f",server=[{bind.SECOND}]:{servers.port}", status=1)
    assert "[::1]" in done.stderr


@pytest.mark.parametrize("via", [
    "dns", "dns=", "dns=../x", "dns=a/b", "dns=a,port=0", "dns=a,what=1",
    "dns=a,wait=9999999",
])
def test_wrong_words(agent, pebble, via):
    done = agent.get(pebble, "www.example.test", via=via, status=2)
    assert "dns=" in done.stderr


def test_persistent_record(agent, web_ca):
    """What `signet persist` shows is what it looks for."""
    agent.get(web_ca, "www.persist.example")
    words = ("persist", "--ca", web_ca.url, "--issuer", "ca.example")
    done = agent.run(*words, "--dns", "resolver=127.0.0.1:1",
                     "*.persist.test", "--until", "2099-01-01T00:00:00Z",
                     status=1)
    assert "the record is not there yet" in done.stderr
    name, record = done.stdout.split("\n", 1)[0].split(" 3600 IN ")
    assert name == "_validation-persist.persist.test."
    assert "; policy=wildcard; persistUntil=4070908800" in record
    ends = record.replace("4070908800", str(int(time.time()) + 86400))
    past = record.replace("4070908800", "1000000000")
    running = bind.Bind({"persist.test": f"_validation-persist {record}",
                         "soon.test": f"_validation-persist {ends}",
                         "past.test": f"_validation-persist {past}"}, [])
    try:
        running.start()
        words += ("--dns", f"resolver={running.address},port={running.port}")
        for asked in ("persist.test", "*.persist.test"):
            done = agent.run(*words, asked)
            assert "at every name server, until 2099-01-01" in done.stdout
        done = agent.run(*words, "soon.test")
        assert "publish one that ends later" in done.stdout
        agent.run(*words, "past.test", status=1)
        agent.run(*words[:4], "other.example", *words[5:], "persist.test",
                  status=1)
    finally:
        running.close()
