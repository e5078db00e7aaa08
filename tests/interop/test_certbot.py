# SPDX-License-Identifier: Apache-2.0
"""certbot: RS256 account key; it serves the challenge itself."""

NAMES = ["certbot.example.test", "www.certbot.example.test"]


class TestCertbot:
    def certbot(self, site, *words):
        return site.run(
            "/usr/bin/certbot", *words, "--non-interactive",
            "--server", site.url, "--config-dir", site.path("etc"),
            "--work-dir", site.path("work"), "--logs-dir", site.path("log"),
            REQUESTS_CA_BUNDLE=site.cafile)

    def obtain(self, site, *words):
        names = [word for name in NAMES for word in ("-d", name)]
        self.certbot(site, "certonly", *words, *names)
        site.got(site.path("etc/live", NAMES[0], "fullchain.pem"), *NAMES)

    def test_registers(self, site):
        self.certbot(site, "register", "--agree-tos", "-m",
                     "admin@example.com", "--no-eff-email")
        assert "Account URL" in self.certbot(site, "show_account")

    def test_obtains(self, site):
        self.obtain(site, "--standalone", "--http-01-port", site.http_port)

    def test_renews(self, site):
        self.certbot(site, "renew", "--force-renewal",
                     "--no-random-sleep-on-renew")
        site.got(site.path("etc/live", NAMES[0], "fullchain.pem"), *NAMES)

    def test_obtains_for_an_rsa_key(self, site):
        self.obtain(site, "--standalone", "--http-01-port", site.http_port,
                    "--force-renewal", "--key-type", "rsa", "--cert-name",
                    NAMES[0])

    def test_obtains_with_a_webroot(self, site):
        site.serve_webroot()
        self.obtain(site, "--webroot", "--webroot-path", site.webroot,
                    "--force-renewal")

    def test_unregisters(self, site):
        self.certbot(site, "unregister")
