# SPDX-License-Identifier: Apache-2.0
"""lego: ES256 account key; it serves the challenge itself."""

NAMES = ["lego.example.test", "www.lego.example.test"]


class TestLego:
    def lego(self, site, *words):
        names = [word for name in NAMES for word in ("--domains", name)]
        site.run("/usr/bin/lego", "--server", site.url, "--accept-tos",
                 "--email", "admin@example.com", "--path", site.path("lego"),
                 "--http", "--http.port", f":{site.http_port}", *names, *words,
                 LEGO_CA_CERTIFICATES=site.cafile)
        site.got(site.path("lego/certificates", NAMES[0] + ".crt"), *NAMES)

    def test_registers_and_obtains(self, site):
        self.lego(site, "run")

    def test_renews(self, site):
        self.lego(site, "renew", "--days", "10000", "--no-random-sleep")

    def test_renews_for_the_same_key(self, site):
        self.lego(site, "renew", "--days", "10000", "--no-random-sleep",
                  "--reuse-key")
