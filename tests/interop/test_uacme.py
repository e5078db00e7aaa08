# SPDX-License-Identifier: Apache-2.0
"""uacme: its challenges are put into place by a hook. It knows no CAs but the
system's."""

NAMES = ["uacme.example.test", "www.uacme.example.test"]
HOOK = """#!/bin/sh
# METHOD TYPE IDENT TOKEN AUTH
[ "$2" = http-01 ] || exit 1
dir='{webroot}/.well-known/acme-challenge'
mkdir -p "$dir"
case $1 in
begin) printf %s "$5" > "$dir/$4" ;;
done|failed) rm -f "$dir/$4" ;;
esac
"""


class TestUacme:
    def uacme(self, site, *words):
        return site.run("/usr/bin/uacme", "-v", "-a", site.url,
                        "-c", site.path("uacme"), *words, trust=True)

    def issue(self, site, *words, names=NAMES):
        hook = site.write("hook", HOOK.format(webroot=site.webroot), 0o755)
        self.uacme(site, "-h", hook, *words, "issue", *names)
        site.got(site.path("uacme", names[0], "cert.pem"), *names)

    def test_registers(self, site):
        self.uacme(site, "-y", "new", "admin@example.com")

    def test_obtains(self, site):
        site.serve_webroot()
        self.issue(site)

    def test_renews(self, site):
        self.issue(site, "-f")

    def test_obtains_for_an_ec_key(self, site):
        self.issue(site, "-t", "EC", names=["ec.example.test"])

    def test_deactivates_its_account(self, site):
        self.uacme(site, "deactivate")
