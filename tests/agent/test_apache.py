# SPDX-License-Identifier: Apache-2.0
"""Through Debian's Apache: asked by apachectl -t -D DUMP_VHOSTS, changed by
files of our own."""

import os

import pytest

from kit import net, servers

PLAIN = """
# a brace { in a comment, a quote " and a tag <VirtualHost>
<VirtualHost 127.0.0.1:PORT>
	ServerName a.example.test
	ServerAlias www.a.example.test *.w.example.test
	DocumentRoot TOP/www
	<Directory TOP/www>
		Require all granted
	</Directory>
</VirtualHost>
"""
SECOND = """
<VirtualHost 127.0.0.1:PORT>
	ServerName b.example.test
	DocumentRoot TOP/www
	<Directory TOP/www>
		Require all granted
	</Directory>
</VirtualHost>
"""
TLS = """
<VirtualHost 127.0.0.1:TLS>
	ServerName other.example.test
	SSLEngine on
	SSLCertificateFile OLD.crt
	SSLCertificateKeyFile OLD.key
</VirtualHost>
"""
BOTH = """
<VirtualHost 127.0.0.1:PORT>
	ServerName r.example.test
	RewriteEngine On
	Redirect permanent / https://r.example.test/
</VirtualHost>
<VirtualHost 127.0.0.1:TLS>
	ServerName r.example.test
	DocumentRoot TOP/www
	<Directory TOP/www>
		Require all granted
	</Directory>
	SSLEngine on
	SSLCertificateFile OLD.crt
	SSLCertificateKeyFile OLD.key
</VirtualHost>
"""


@pytest.fixture
def serve(beside):
    return lambda **more: beside(servers.Apache(**more))


def new(server, name):
    return "Signet dev" in servers.issuer(server.tls, name)


def install(server, ca, agent, *names, status=0):
    return agent.get(ca, "--install", "apache=" + server.file, *names,
                     via="apache=" + server.file, status=status)


def test_all_sites(serve):
    server, ca, agent = serve(a_tls=TLS, b=PLAIN, c=SECOND)
    before = server.files()
    done = agent.run("apache", "--server", server.file, "--ca", ca.url,
                     "--ca-file", ca.cafile, "--agree-terms")
    assert "wildcard" in done.stderr
    for name in ("a.example.test", "www.a.example.test", "b.example.test"):
        assert servers.fetch(server.tls, name, cafile=ca.cafile) == \
            (200, "the page\n") or servers.fetch(
                server.tls, name, cafile=ca.cafile)[0] == 200
    assert new(server, "other.example.test")
    after = server.files()
    assert all(after[name] == text for name, text in before.items())
    assert all("-signet-" in name for name in set(after) - set(before))


def test_renewal_only_reloads(serve):
    server, ca, agent = serve(a_tls=TLS, b=PLAIN)
    install(server, ca, agent, "a.example.test")
    before = server.files()
    first = servers.served(server.tls, "a.example.test")
    agent.run("get", "--force", "a.example.test")
    assert server.files() == before
    assert servers.served(server.tls, "a.example.test") != first


def test_removed(serve):
    server, ca, agent = serve(a_tls=TLS, b=PLAIN)
    before = server.files()
    install(server, ca, agent, "a.example.test")
    agent.run("remove", "a.example.test")
    assert server.files() == before
    assert not new(server, "a.example.test")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may have port 443")
def test_one_of_two_removed_where_there_was_no_tls(serve):
    """Either file of ours makes Apache listen."""
    server, ca, agent = serve(modules=("rewrite",), b=PLAIN, c=SECOND)
    before = server.files()
    install(server, ca, agent, "a.example.test")
    install(server, ca, agent, "b.example.test")
    agent.run("remove", "a.example.test")
    assert "Signet dev" in servers.issuer(443, "b.example.test")
    agent.run("remove", "b.example.test")
    assert server.files() == before


@pytest.mark.parametrize("hosts", [
    {"b": PLAIN, "c": SECOND}, {"b": PLAIN + SECOND}])
def test_sites_without_tls_in_any_order(serve, hosts):
    """Nobody but us is at 443: what is done first may not shut out the rest."""
    server, ca, agent = serve(modules=("rewrite",), **hosts)
    install(server, ca, agent, "b.example.test")
    install(server, ca, agent, "a.example.test")
    for name in ("a.example.test", "b.example.test"):
        assert servers.fetch(443, name, cafile=ca.cafile)[0] == 200


def test_redirects_and_another_certificate(serve):
    server, ca, agent = serve(a_tls=TLS, r=BOTH)
    before = server.files()
    install(server, ca, agent, "r.example.test")
    assert servers.fetch(server.tls, "r.example.test",
                         cafile=ca.cafile)[0] == 200
    assert servers.fetch(server.port, "r.example.test")[0] == 301
    assert not new(server, "unknown.example.test")
    assert set(server.files()) - set(before) == {
        "sites-enabled/r-signet-r.example.test.conf"}


def test_redirect_without_the_line(serve):
    server, ca, agent = serve(r=BOTH.replace("	RewriteEngine On\n", ""))
    before = server.files()
    done = agent.get(ca, "r.example.test", via="apache=" + server.file,
                     status=1)
    assert "RewriteEngine On" in done.stderr
    assert server.files() == before


def test_broken_before_us(serve):
    server, ca, agent = serve(a_tls=TLS, b=PLAIN)
    server.site("broken", "NoSuchDirective on")
    before = server.files()
    done = install(server, ca, agent, "a.example.test", status=1)
    assert "not right as it is" in done.stderr
    assert server.files() == before


def test_no_host_has_the_name(serve):
    server, ca, agent = serve(a_tls=TLS, b=PLAIN)
    before = server.files()
    done = install(server, ca, agent, "nobody.example.test", status=1)
    assert "no virtual host of Apache has nobody.example.test" in done.stderr
    assert server.files() == before


def test_refuses_to_change_the_default(serve):
    server, ca, agent = serve(z=TLS + BOTH)
    before = server.files()
    done = install(server, ca, agent, "r.example.test", status=1)
    assert "unknown names" in done.stderr
    assert server.files() == before
    assert not new(server, "r.example.test")


def test_reload_fails(serve):
    """Our files go again; the old certificate is served."""
    server, ca, agent = serve(a_tls=TLS, b=PLAIN)
    agent.get(ca, "other.example.test", via="apache=" + server.file)
    before = server.files()
    pid = (server.top / "run/pid").read_text()
    (server.top / "run/pid").write_text("nonsense\n")
    agent.run("get", "--install", "apache=" + server.file,
              "other.example.test", status=1)
    (server.top / "run/pid").write_text(pid)
    assert server.files() == before
    assert not new(server, "other.example.test")


def test_one_that_was_stopped_stays_so(serve):
    """`apachectl -k graceful` starts it; that is not for us to do."""
    server, ca, agent = serve(a_tls=TLS, b=PLAIN)
    install(server, ca, agent, "a.example.test")
    server.process.terminate()
    server.process.wait()
    before = server.files()
    done = agent.run("renew", "--deploy", "a.example.test", status=1)
    assert "Apache does not run" in done.stderr
    assert "taken back" not in done.stderr
    assert server.files() == before
    assert net.is_free(server.port)
    server.start()
    agent.run("renew", "--deploy", "a.example.test")
