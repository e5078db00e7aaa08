# SPDX-License-Identifier: Apache-2.0
"""Through Debian's nginx: asked by nginx -T, changed by files of our own."""

import pathlib

import pytest

from kit import servers

PLAIN = """
# a brace { in a comment, and a quote "
server {
	listen 127.0.0.1:PORT;
	server_name a.example.test www.a.example.test;
	root TOP/www;
}
"""
SECOND = """
server {
	listen 127.0.0.1:PORT;
	server_name b.example.test;
	root TOP/www;
	location = /quoted { return 200 "} server { #"; }
}
"""
TLS = """
server {
	listen 127.0.0.1:TLS ssl default_server;
	server_name other.example.test;
	ssl_certificate OLD.crt;
	ssl_certificate_key OLD.key;
	return 404;
}
"""
BOTH = """
server {
	listen 127.0.0.1:PORT;
	server_name a.example.test;
	return 301 https://a.example.test$request_uri;
}
server {
	listen 127.0.0.1:TLS ssl;
	server_name a.example.test;
	ssl_certificate OLD.crt;
	ssl_certificate_key OLD.key;
	root TOP/www;
}
"""


@pytest.fixture
def serve(beside):
    """A function that starts nginx with sites, a CA, and our agent."""
    return lambda run=True, **sites: beside(servers.Nginx(**sites), run)


def every(server, ca, agent, *options, status=0, env=None):
    """signet nginx"""
    return agent.run("nginx", "--server", server.file, "--ca", ca.url,
                     "--ca-file", ca.cafile, "--agree-terms", *options,
                     status=status, env=env)


def new(server, name):
    return "Signet dev" in servers.issuer(server.tls, name)


def test_first_certificates_of_two_sites(serve):
    server, ca, agent = serve(a=PLAIN, b=SECOND, tls=TLS)
    before = server.files()
    every(server, ca, agent)
    for name in ("a.example.test", "www.a.example.test", "b.example.test"):
        assert servers.fetch(server.tls, name, cafile=ca.cafile) == \
            (200, "the page")
    assert new(server, "other.example.test")
    # Unknown names are answered by whom they were.
    assert not new(server, "unknown.example.test")
    # The administrator's files are as they were; ours are one a site.
    after = server.files()
    assert all(after[name] == text for name, text in before.items())
    assert set(after) - set(before) == {
        "conf.d/00-signet-other.example.test.conf",
        "sites/zz-signet-a.example.test", "sites/zz-signet-b.example.test"}


@pytest.mark.parametrize("wrong, says", [
    (["--colour"], "signet nginx: unrecognized option '--colour'"),
    (["--key", "ec255"], "signet nginx: --key:"),
    (["--key-file", "x"], "`signet nginx --help`"),
    (["--ca", "nobody"], "signet nginx: there is no CA called"),
    (["--dry-run"], "signet nginx: a.example.test: "),
])
def test_errors_name_the_command_that_was_run(serve, wrong, says):
    """Also those of signet get, which does the work."""
    done = every(*serve(a=PLAIN), *wrong, status=None)
    assert done.returncode != 0
    assert says in done.stderr and "signet get:" not in done.stderr


def test_dry_run_before_and_after_the_first_certificate(serve):
    """Before it there is nothing that nginx could be shown, and that is no
    failure."""
    server, ca, agent = serve(a=PLAIN)
    before = server.files()
    done = every(server, ca, agent, "--staging", ca.url, "--dry-run")
    assert "went well" in done.stdout
    assert "not rehearsed, as it takes a certificate that is live: " \
        "install nginx" in done.stdout
    assert server.files() == before and agent.status() == {}
    every(server, ca, agent, "--staging", ca.url)
    before = server.files()
    done = every(server, ca, agent, "--dry-run")
    assert "not rehearsed" not in done.stdout
    assert server.files() == before


def test_names_are_the_servers(serve):
    """One on the command line would be put into each site's certificate."""
    server, ca, agent = serve(a=PLAIN, b=SECOND)
    done = every(server, ca, agent, "b.example.test", status=2)
    assert "`signet get b.example.test --via nginx --install nginx`" in \
        done.stderr
    assert agent.status() == {}


def test_many_sites_at_once(serve):
    """All are being got before the first is installed."""
    names = [f"s{i}.example.test" for i in range(6)]
    server, ca, agent = serve(tls=TLS, **{
        f"s{i}": SECOND.replace("b.example.test", name)
        for i, name in enumerate(names)})
    said = every(server, ca, agent, "-v").stderr.splitlines()
    first = min(i for i, line in enumerate(said)
                if f": install nginx={server.file}" in line)
    begun = {line.split(":")[0] for line in said[:first]}
    assert {*names, "other.example.test"} <= begun
    assert all(new(server, name) for name in names)


def test_renewal_only_reloads(serve):
    server, ca, agent = serve(a=PLAIN, tls=TLS)
    agent.get(ca, "--install", "nginx=" + server.file, "a.example.test",
              via="nginx=" + server.file)
    before, first = server.files(), servers.served(server.tls,
                                                   "a.example.test")
    agent.run("get", "--force", "a.example.test")
    assert server.files() == before
    assert servers.served(server.tls, "a.example.test") != first


def test_two_types_of_key(serve):
    server, ca, agent = serve(a=PLAIN, o=TLS)
    agent.get(ca, "--install", "nginx=" + server.file, "--key", "ec256",
              "--key", "rsa2048", "a.example.test",
              via="nginx=" + server.file)
    file = server.top / "sites/zz-signet-a.example.test"
    assert file.read_text().count("ssl_certificate_key") == 2
    assert new(server, "a.example.test")


def test_removed(serve):
    server, ca, agent = serve(a=PLAIN, o=TLS)
    before = server.files()
    every(server, ca, agent)
    agent.run("remove", "a.example.test")
    agent.run("remove", "other.example.test")
    assert server.files() == before
    server.reload()


def test_redirects_and_another_certificate(serve):
    server, ca, agent = serve(a=TLS, b=BOTH)
    agent.get(ca, "--install", "nginx=" + server.file, "a.example.test",
              via="nginx=" + server.file)
    assert servers.fetch(server.tls, "a.example.test",
                         cafile=ca.cafile) == (200, "the page")
    assert servers.fetch(server.port, "a.example.test")[0] == 301
    assert not new(server, "unknown.example.test")


def test_broken_before_us(serve):
    server, ca, agent = serve(a=PLAIN, tls=TLS)
    server.site("broken", "server { listen")
    before = server.files()
    done = every(server, ca, agent, status=1)
    assert "not right as it is" in done.stderr
    assert server.files() == before


def test_no_block_has_the_name(serve):
    server, ca, agent = serve(a=PLAIN, tls=TLS)
    before = server.files()
    done = agent.get(ca, "--install", "nginx=" + server.file,
                     "nobody.example.test", via="nginx=" + server.file,
                     status=1)
    assert "no server block of nginx has nobody.example.test" in done.stderr
    assert server.files() == before


def test_what_nobody_here_can_prove_is_not_the_cas_word(serve):
    """Of several names as of one; and each is told once."""
    server, ca, agent = serve(a=PLAIN)
    text = pathlib.Path(server.file).read_text()
    text = text.replace(f"include {server.top}/conf.d/*.conf;", "")
    server.write("nginx.conf", text.replace("sites/*", "sites/a"))
    done = agent.get(ca, "a.example.test", "www.a.example.test",
                     via="nginx=" + server.file, status=1)
    assert "what to do: mend that, or choose another --via" in done.stderr
    assert done.stderr.count("includes no folder") == 1
    assert "a.example.test, www.a.example.test: " in done.stderr
    assert "warning: " not in done.stderr and "compound" not in done.stderr


def test_regular_expressions_are_refused_in_words(serve):
    server, ca, agent = serve(
        a=PLAIN, tls=TLS, r="server { listen 127.0.0.1:PORT; server_name "
        '"~^(?<x>.+)\\.r\\.example\\.test$" *.w.example.test _; return 204; }')
    said = every(server, ca, agent, "--list")
    assert "regular expression" in said.stderr
    assert "wildcard" in said.stderr
    assert "a.example.test www.a.example.test" in said.stdout
    done = agent.get(ca, "x.r.example.test", via="nginx=" + server.file,
                     status=1)
    assert "decided by a regular expression" in done.stderr


def test_wildcard_and_default_blocks_answer(serve):
    server, ca, agent = serve(
        w="server { listen 127.0.0.1:PORT default_server; return 444; }\n"
        "server { listen 127.0.0.1:PORT; server_name *.w.example.test; "
        "return 204; }")
    before = server.files()
    agent.get(ca, "x.w.example.test", "nobody.example.test",
              via="nginx=" + server.file)
    assert server.files() == before
    assert servers.fetch(server.port, "x.w.example.test")[0] == 204


def test_default_stays_what_it_was(serve):
    """Ours are read first, and must not answer for unknown names."""
    server, ca, agent = serve(
        a="server { listen 127.0.0.1:PORT; server_name first; return 202; }",
        b=PLAIN)
    agent.get(ca, "a.example.test", via="nginx=" + server.file)
    assert servers.fetch(server.port, "unknown")[0] == 202


def test_refuses_to_become_the_default(serve):
    server, ca, agent = serve(
        a=TLS.replace(" default_server", ""), b=BOTH)
    before = server.files()
    done = agent.get(ca, "--install", "nginx=" + server.file,
                     "a.example.test", via="nginx=" + server.file, status=1)
    assert "ssl_certificate" in done.stderr
    assert server.files() == before


def test_ipv6(serve):
    server, ca, agent = serve(
        a="server { listen [::1]:PORT; listen 127.0.0.1:PORT; server_name "
        "a.example.test; root TOP/www; }", tls=TLS)
    agent.get(ca, "--install", "nginx=" + server.file, "a.example.test",
              via="nginx=" + server.file)
    assert "Signet dev" in servers.issuer(server.tls, "a.example.test",
                                          host="::1")


def test_not_taken_up_is_rolled_back(serve):
    """Another program has the port: nginx -t does not see it, nginx keeps
    what it had."""
    server, ca, agent = serve(a=PLAIN, tls=TLS)
    agent.get(ca, "a.example.test", via="nginx=" + server.file)
    before = server.files()
    (server.top / "run/pid").write_text("999999999\n")
    done = agent.run("get", "--install", "nginx=" + server.file,
                     "a.example.test", status=1)
    assert "nginx" in done.stderr
    assert server.files() == before
    assert not new(server, "a.example.test")
    (server.top / "run/pid").write_text(f"{server.process.pid}\n")
    agent.run("renew", status=None)
    agent.run("get", "--install", "nginx=" + server.file, "a.example.test")
    assert new(server, "a.example.test")


def test_test_fails_with_our_change(serve):
    """nginx refuses our file: too many names for its hash."""
    name = "a" * 60 + "." + "b" * 60 + ".example.test"
    server, ca, agent = serve(
        a="server { listen 127.0.0.1:PORT; server_name short.example.test "
        "*.example.test; root TOP/www; }", tls=TLS)
    before = server.files()
    done = agent.get(ca, name, via="nginx=" + server.file, status=1)
    assert "server_names_hash" in done.stderr
    assert server.files() == before
    assert servers.fetch(server.port, "short.example.test")[0] == 200


def test_one_that_does_not_run(serve):
    """What it says beside that is left out, and all is as it was."""
    server, ca, agent = serve(run=False, a=PLAIN, b=PLAIN, tls=TLS)
    before = server.files()
    done = agent.get(ca, "a.example.test", via="nginx=" + server.file,
                     status=1)
    assert "nginx takes no reload; does it run?" in done.stderr
    assert "conflicting" not in done.stderr and "\\x0a" not in done.stderr
    assert "taken back" not in done.stderr
    assert server.files() == before
