# SPDX-License-Identifier: Apache-2.0
"""Caddy: a web server with an ACME client inside, which keeps its certificates
renewed while it runs. Its renewal is forced by a window as long as the
certificate's life."""

import json
import pathlib
import subprocess
import time

from kit import net

NAMES = ["caddy.example.test", "www.caddy.example.test"]


def config(site, https_port, ratio, names):
    issuer = {"module": "acme", "ca": site.url,
              "email": "admin@example.com",
              "trusted_roots_pem_files": [site.cafile],
              "challenges": {"http": {"alternate_port": site.http_port},
                             "tls-alpn": {"disabled": True}}}
    policy = {"subjects": names, "issuers": [issuer]}
    automation = {"policies": [policy]}
    if ratio is not None:
        policy["renewal_window_ratio"] = ratio
    server = {"listen": [f"127.0.0.1:{https_port}"],
              "routes": [{"match": [{"host": names}],
                          "handle": [{"handler": "static_response",
                                      "body": "hello"}]}]}
    return json.dumps({
        "admin": {"disabled": True},
        "storage": {"module": "file_system", "root": site.path("caddy")},
        "apps": {"http": {"http_port": site.http_port,
                          "https_port": https_port,
                          "servers": {"site": server}},
                 "tls": {"certificates": {"automate": names},
                         "automation": automation}}})


def chains(site):
    """What stands in its storage, for each name that has a chain."""
    found = {}
    for name in NAMES:
        for file in pathlib.Path(site.path("caddy")).glob(
                f"certificates/*/{name}/{name}.crt"):
            found[name] = (file, file.read_text())
    return found


class Caddy:
    """A running Caddy; stopped by pid at the end."""

    def __init__(self, site, ratio=None, names=NAMES):
        self.site, self.names = site, names
        self.port = net.free_port()
        file = site.write("caddy.json", config(site, self.port, ratio,
                                               names))
        self.log = open(site.path("caddy.log"), "a")
        self.process = subprocess.Popen(
            ["/usr/bin/caddy", "run", "--config", file],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={"HOME": site.path(), "PATH": "/usr/bin:/bin"})

    def wait(self, before):
        """Until every name has another chain than before. Caddy tries once at
        its start and, should that fail, again after a minute."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            now = chains(self.site)
            if len(now) == len(self.names) and all(
                    text.count("BEGIN") > 1 and
                    text != before.get(name, (None, None))[1]
                    for name, (_, text) in now.items()):
                return now
            assert self.process.poll() is None, "caddy ended"
            time.sleep(0.05)
        log = pathlib.Path(self.site.path("caddy.log")).read_text()
        raise AssertionError(log[-6000:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


class TestCaddy:
    def test_registers_and_obtains(self, site):
        """One name first: for two at once Caddy 2.6 registers two accounts, and
        may store the URL of one with the key of the other."""
        with Caddy(site, names=NAMES[:1]) as caddy:
            caddy.wait({})
        with Caddy(site) as caddy:
            for name, (file, _) in caddy.wait({}).items():
                site.got(file, name)
            site.run("curl", "--silent", "--show-error", "--fail",
                     "--cacert", site.root, "--resolve",
                     f"{NAMES[0]}:{caddy.port}:127.0.0.1",
                     "--retry", "5", "--retry-all-errors",
                     f"https://{NAMES[0]}:{caddy.port}/")

    def test_renews(self, site):
        before = chains(site)
        assert len(before) == len(NAMES)
        with Caddy(site, ratio=0.99999999) as caddy:
            for name, (file, _) in caddy.wait(before).items():
                site.got(file, name)
