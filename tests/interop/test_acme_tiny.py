# SPDX-License-Identifier: Apache-2.0
"""acme-tiny: RS256 account key, RSA certificate key; webroot. Its own check of
the challenge wants port 80 and is off."""

NAMES = ["tiny.example.test", "www.tiny.example.test"]


class TestAcmeTiny:
    def obtain(self, site):
        folder = site.webroot / ".well-known/acme-challenge"
        folder.mkdir(parents=True, exist_ok=True)
        chain = site.run(
            "sh", "-c", 'acme-tiny "$@" 2>> acme-tiny.log', "sh",
            "--account-key", site.path("account.key"),
            "--csr", site.path("site.csr"), "--acme-dir", folder,
            "--directory-url", site.url, "--disable-check",
            "--contact", "mailto:admin@example.com",
            SSL_CERT_FILE=site.cafile)
        site.got(site.write("chain.pem", chain), *NAMES)

    def test_registers_and_obtains(self, site):
        site.serve_webroot()
        site.run("openssl", "genrsa", "-out", site.path("account.key"), "2048")
        site.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes",
                 "-keyout", site.path("site.key"), "-out",
                 site.path("site.csr"), "-subj", "/", "-addext",
                 "subjectAltName=" + ",".join("DNS:" + n for n in NAMES))
        self.obtain(site)

    def test_renews(self, site):
        self.obtain(site)
