# SPDX-License-Identifier: Apache-2.0
"""dehydrated: a shell script with curl; webroot."""

NAMES = ["dehydrated.example.test", "www.dehydrated.example.test"]
CONFIG = """
CA={url}
CHALLENGETYPE=http-01
BASEDIR={base}
WELLKNOWN={webroot}/.well-known/acme-challenge
CURL_OPTS="--cacert {cafile}"
KEY_ALGO={algo}
"""


class TestDehydrated:
    def dehydrated(self, site, *words, algo="secp384r1"):
        (site.webroot / ".well-known/acme-challenge").mkdir(
            parents=True, exist_ok=True)
        config = site.write("config", CONFIG.format(
            url=site.url, base=site.path(), webroot=site.webroot,
            cafile=site.cafile, algo=algo))
        return site.run("/usr/bin/dehydrated", *words, "--config", config)

    def cron(self, site, *words, **more):
        names = " ".join(NAMES)
        self.dehydrated(site, "--cron", "--domain", names, *words, **more)
        site.got(site.path("certs", NAMES[0], "fullchain.pem"), *NAMES)

    def test_registers(self, site):
        self.dehydrated(site, "--register", "--accept-terms")

    def test_obtains(self, site):
        site.serve_webroot()
        self.cron(site)

    def test_renews(self, site):
        self.cron(site, "--force")

    def test_obtains_for_an_rsa_key(self, site):
        self.cron(site, "--force", algo="rsa")
