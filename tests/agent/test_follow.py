# SPDX-License-Identifier: Apache-2.0
"""What somebody changes by hand in a web server after `signet nginx` or
`signet apache`: `signet renew` sees it."""

import os
import pathlib
import time

import pytest

from kit import servers, signet, signetd

SITE = {
    "nginx": """
server {
	listen 127.0.0.1:PORT;
	server_name a.example.test MORE;
	root TOP/www;
	LINE
}
""",
    "apache": """
<VirtualHost 127.0.0.1:PORT>
	ServerName a.example.test
	ServerAlias MORE
	DocumentRoot TOP/www
	LINE
	<Directory TOP/www>
		Require all granted
	</Directory>
</VirtualHost>
""",
}
OTHER = {
    "nginx": """
server {
	listen 127.0.0.1:TLS ssl default_server;
	server_name other.example.test;
	ssl_certificate OLD.crt;
	ssl_certificate_key OLD.key;
	return 404;
}
""",
    "apache": """
<VirtualHost 127.0.0.1:TLS>
	ServerName other.example.test
	SSLEngine on
	SSLCertificateFile OLD.crt
	SSLCertificateKeyFile OLD.key
	DocumentRoot TOP
</VirtualHost>
""",
}
LINE = {"nginx": "add_header X-New yes;",
        "apache": "Redirect 403 /private"}
KINDS = {"nginx": servers.Nginx, "apache": servers.Apache}


class World:
    """A server with one site, a CA, and an agent that has installed it."""

    def __init__(self, kind, resolver, server=None):
        self.kind = kind
        # What Apache reads first, is the default.
        self.server = server or KINDS[kind](
            **{"0": OTHER[kind], "a": self.text()})
        self.server.start()
        self.ca = signetd.dev(resolver=resolver, options=[
            "--http-port", str(self.server.port)])
        self.agent = signet.Agent(None)

    @staticmethod
    def site(kind, more="www.a.example.test", line=""):
        return SITE[kind].replace("MORE", more).replace("LINE", line)

    def text(self, more="www.a.example.test", line=""):
        return self.site(self.kind, more, line)

    def install(self, *options):
        return self.agent.run(
            self.kind, "--server", self.server.file, "--ca", self.ca.url,
            "--ca-file", self.ca.cafile, "--agree-terms", *options)

    def ours(self):
        """The file for the site, which must be there."""
        files = [path for path in self.server.top.rglob("*signet-a.example*")]
        assert len(files) == 1
        return files[0]

    def settle(self):
        """Until there is nothing left to be seen: what changed in the tick
        of the clock in which the server was asked, is looked at again."""
        for _ in range(50):
            if self.agent.run("renew", "-v").stderr == "" and self.quiet():
                return
            time.sleep(0.01)
        raise AssertionError("it asks the server each time")

    def quiet(self):
        """Does a run ask nothing of the server?"""
        seen = [path for path in pathlib.Path(self.agent.dir,
                "changes").glob("*.seen")]
        before = [path.stat().st_ino for path in seen]
        self.agent.run("renew")
        return len(seen) == 1 and before == [p.stat().st_ino for p in seen]

    def names(self):
        return {name.value for name in servers.served(
            self.server.tls, "a.example.test").extensions
            .get_extension_for_oid(servers.x509.SubjectAlternativeName.oid)
            .value}

    def close(self):
        self.agent.close()
        self.ca.close()
        self.server.close()


@pytest.fixture(params=sorted(KINDS))
def world(request, resolver):
    made = World(request.param, resolver)
    yield made
    made.close()


def test_names_that_are_added(world):
    world.install()
    world.settle()
    assert world.names() == {"a.example.test", "www.a.example.test"}
    world.server.site("a", world.text("www.a.example.test new.example.test"))
    world.server.reload()
    world.agent.run("renew")
    assert world.names() == {"a.example.test", "www.a.example.test",
                             "new.example.test"}
    assert servers.fetch(world.server.tls, "new.example.test",
                         cafile=world.ca.cafile) == (200, "the page")


def test_names_that_went_stay_until_it_is_said(world):
    world.install()
    world.settle()
    world.server.site("a", world.text("new.example.test"))
    world.server.reload()
    done = world.agent.run("renew", status=1)
    assert "has www.a.example.test" in done.stderr
    world.install()
    assert world.names() == {"a.example.test", "new.example.test"}
    world.settle()


def test_names_are_not_followed_unasked(world):
    for more in (("--follow-names", "false"), ()):
        if more:
            world.install(*more)
        else:
            via = f"{world.kind}={world.server.file}"
            world.agent.get(world.ca, "--install", via, "--name", "single",
                            "a.example.test", via=via)
        world.server.site("a", world.text("www.a.example.test "
                                          "new.example.test"))
        world.server.reload()
        world.agent.run("renew")
        world.settle()
        assert "new.example.test" not in world.names()
        world.agent.run("remove", "a.example.test" if more else "single")
        world.server.site("a", world.text())


def test_files_of_ours_that_were_removed(world):
    world.install()
    world.settle()
    leaf = servers.served(world.server.tls, "a.example.test")
    world.ours().unlink()
    world.server.reload()
    world.agent.run("renew")
    world.ours()
    # The same certificate: nothing was asked of the CA.
    assert servers.served(world.server.tls, "a.example.test") == leaf
    world.settle()


def test_files_of_ours_that_were_removed_without_a_reload(world):
    world.install()
    world.settle()
    text = world.ours().read_text()
    world.ours().unlink()
    world.agent.run("renew")
    assert world.ours().read_text() == text
    assert "Signet dev" in servers.issuer(world.server.tls, "a.example.test")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may have port 443")
def test_the_file_because_of_which_apache_listens(resolver, request):
    """It is removed, and Apache still listens: not because of anybody
    else."""
    server = servers.Apache(modules=("rewrite",), a=World.site("apache"))
    # The port of TLS, where there was none before: 443 in a network of our
    # own.
    server.tls = 443
    world = World("apache", resolver, server)
    request.addfinalizer(world.close)
    world.install()
    world.settle()
    world.ours().unlink()
    world.agent.run("renew")
    assert "Listen 443" in world.ours().read_text()
    assert "Signet dev" in servers.issuer(443, "a.example.test")


def test_what_was_copied_follows(world):
    world.install()
    world.settle()
    world.server.site("a", world.text(line=LINE[world.kind]))
    assert LINE[world.kind] not in world.ours().read_text()
    world.agent.run("renew")
    assert LINE[world.kind] in world.ours().read_text()
    world.settle()
    # A file that does not concern us is looked at, and that is all.
    before = world.ours().stat().st_mtime_ns
    world.server.site("z", "# nothing\n")
    assert not world.quiet()
    world.settle()
    assert world.ours().stat().st_mtime_ns == before


def test_a_site_that_went_is_told_once(world):
    world.install()
    world.settle()
    world.server.site("a", "# nothing\n")
    world.server.reload()
    said = world.agent.run("renew").stderr
    assert "a.example.test" in said and "signet remove" in said
    world.settle()


def test_a_broken_configuration_is_told_and_asked_again(world):
    world.install()
    world.settle()
    world.server.site("z", "broken {")
    assert "not right as it is" in world.agent.run("renew").stderr
    assert world.agent.run("renew").stderr == ""
    world.server.site("z", "# nothing\n")
    world.server.site("a", world.text(line=LINE[world.kind]))
    world.agent.run("renew")
    assert LINE[world.kind] in world.ours().read_text()


def test_a_run_that_waits_sees_it(world):
    world.install()
    world.settle()
    world.ours().unlink()
    world.server.reload()
    process = world.agent.start("run", "-v")
    try:
        for line in process.stderr:
            if "install" in line:
                break
    finally:
        process.terminate()
        process.communicate()
    # It has ended what it was at, or left it to the next.
    world.agent.run("renew")
    world.ours()


def test_many_files_are_cheap_to_look_at(world, request):
    """10,000 files of a server, of which none was changed."""
    if world.kind != "nginx":
        pytest.skip("the same for all")
    for i in range(10_000):
        (world.server.top / "sites" / f"n{i}").write_text("# nothing\n")
    world.install()
    world.settle()
    seen = list(pathlib.Path(world.agent.dir, "changes").glob("*.seen"))
    assert seen[0].read_text().count("\n") > 10_000
    before = os.times()
    world.agent.run("renew")
    after = os.times()
    took = sum(after[2:4]) - sum(before[2:4])
    if not signetd.sanitized():
        assert took < 0.1
