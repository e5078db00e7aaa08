# SPDX-License-Identifier: Apache-2.0
"""signet get without --via: what this machine is fit for."""

import os
import pathlib

import pytest

from kit import servers, signet, signetd
from kit.net import is_free

HTTP, HTTPS = 80, 443

NGINX = """
server {
	listen 127.0.0.1:80;
	server_name a.example.test;
	root TOP/www;
}
"""
APACHE = """
<VirtualHost 127.0.0.1:80>
	ServerName a.example.test
	DocumentRoot TOP/www
	<Directory TOP/www>
		Require all granted
	</Directory>
</VirtualHost>
"""


pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not is_free(HTTP) or not is_free(HTTPS),
    reason="needs root, and ports 80 and 443 for itself")


@pytest.fixture
def start(resolver):
    """A function that starts a server on port 80, a CA, and our agent."""
    started = []

    def begin(kind=None, *, prepare=lambda server: None, **more):
        ca = signetd.dev(resolver=resolver,
                         options=["--http-port", str(HTTP)])
        started.append(ca)
        agent = signet.Agent(None)
        started.append(agent)
        if kind is None:
            return None, ca, agent
        server = kind(port=HTTP, **more)
        started.append(server)
        prepare(server)
        server.start()
        return server, ca, agent

    yield begin
    for each in reversed(started):
        each.close()


def get(ca, agent, *names, status=0):
    return agent.run("get", "--ca", ca.url, "--ca-file", ca.cafile,
                     "--agree-terms", *names, status=status).stderr


def certificates(server):
    old = servers.self_signed(server.top / "run", "old", "old.example.test")
    (server.top / "certs/old.pem").write_bytes(
        pathlib.Path(old + ".pem").read_bytes())


def test_nginx(start):
    server, ca, agent = start(servers.Nginx, a=NGINX)
    before = server.files()
    said = get(ca, agent, "a.example.test")
    assert f"--via nginx={server.file}: nginx has port 80" in said
    assert server.files() == before


def test_apache(start):
    server, ca, agent = start(servers.Apache, a=APACHE)
    before = server.files()
    said = get(ca, agent, "a.example.test")
    assert f"--via apache={server.file}: apache2 has port 80" in said
    assert server.files() == before


def test_haproxy(start):
    server, ca, agent = start(servers.Haproxy, prepare=certificates)
    said = get(ca, agent, "a.example.test")
    assert f"--via haproxy={server.socket}: haproxy has port 80" in said


def test_a_listener_of_its_own(start):
    _, ca, agent = start()
    assert "--via standalone: port 80 is free" in get(ca, agent,
                                                      "a.example.test")


def test_another_way_where_the_server_cannot(start):
    """HAProxy has no rule: a web root, or port 443."""
    _, ca, agent = start(servers.Haproxy, prepare=certificates, rule=False)
    said = get(ca, agent, "a.example.test", status=None)
    assert "--via webroot=" in said or "--via tls-alpn" in said


def test_wildcards_by_the_one_key(start):
    _, ca, agent = start()
    said = get(ca, agent, "*.example.test", status=1)
    assert "can only be proven by DNS" in said
    folder = pathlib.Path(agent.dir, "dns")
    folder.mkdir(exist_ok=True)
    (folder / "main.key").write_text("")
    said = get(ca, agent, "*.example.test", status=1)
    assert f"--via dns=main: there is the key {folder}/main.key" in said
