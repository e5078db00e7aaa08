# SPDX-License-Identifier: Apache-2.0
"""Apache's mod_md: obtains while the server runs, and takes a new certificate
into use at a graceful restart. Its renewal is forced by a renew window as long
as the certificate's life."""

import os
import pathlib
import signal
import subprocess
import time

from kit import net

NAMES = ["md.example.test", "www.md.example.test"]
CONFIG = """
ServerRoot "{base}"
ServerName {name}
PidFile "{base}/apache.pid"
DefaultRuntimeDir "{base}"
ErrorLog "{base}/error.log"
LogLevel warn md:debug
Mutex file:{base} default
{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule md_module {modules}/mod_md.so
Listen 127.0.0.1:{http}
Listen 127.0.0.1:{https}
SSLSessionCache "shmcb:{base}/ssl(65536)"
MDStoreDir "{base}/md"
MDCertificateAuthority {url}
MDCACertificateFile "{cafile}"
MDCertificateAgreement accepted
MDContactEmail admin@example.com
MDCAChallenges http-01
MDPortMap 80:{http} 443:{https}
MDRequireHttps off
MDRenewMode always
MDRenewWindow {window}
MDRetryDelay 5s
MDomain {names}
<VirtualHost 127.0.0.1:{http}>
  ServerName {name}
  ServerAlias {alias}
</VirtualHost>
<VirtualHost 127.0.0.1:{https}>
  ServerName {name}
  ServerAlias {alias}
  SSLEngine on
</VirtualHost>
"""


class Apache:
    def __init__(self, site, window):
        self.site = site
        self.port = net.free_port()
        self.base = site.folder / "apache"
        self.base.mkdir(exist_ok=True)
        # Started as root, Apache serves as another user and wants to be told.
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        file = site.write("apache/apache.conf", CONFIG.format(
            base=self.base, name=NAMES[0], alias=NAMES[1],
            names=" ".join(NAMES), user=user, modules="/usr/lib/apache2/modules",
            http=site.http_port, https=self.port, url=site.url,
            cafile=site.cafile, window=window))
        self.process = subprocess.Popen(
            ["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", file],
            stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
            stdout=open(self.base / "out.log", "w"))

    def wait(self, stage, before=None):
        """Until a chain other than before stands in the store's stage."""
        file = self.base / "md" / stage / NAMES[0] / "pubcert.pem"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if file.is_file() and file.stat().st_size > 0:
                text = file.read_text()
                if text.count("BEGIN") > 1 and text != before:
                    return file
            assert self.process.poll() is None, self.errors()
            time.sleep(0.05)
        raise AssertionError(self.errors())

    def graceful(self):
        self.process.send_signal(signal.SIGUSR1)

    def errors(self):
        return "".join((self.base / name).read_text()[-6000:]
                       for name in ("out.log", "error.log")
                       if (self.base / name).is_file())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


class TestModMd:
    def test_registers_and_obtains(self, site):
        with Apache(site, "33%") as apache:
            apache.wait("staging")
            # All of an order's files stand in staging when job.json says so.
            self.wait_finished(apache)
            apache.graceful()
            site.got(apache.wait("domains"), *NAMES)
            site.run("curl", "--silent", "--show-error", "--output",
                     "/dev/null", "--cacert", site.root, "--resolve",
                     f"{NAMES[1]}:{apache.port}:127.0.0.1", "--retry", "20",
                     "--retry-all-errors", "--retry-delay", "1",
                     f"https://{NAMES[1]}:{apache.port}/")

    def test_renews(self, site):
        old = pathlib.Path(site.path("apache/md/domains", NAMES[0],
                                     "pubcert.pem")).read_text()
        with Apache(site, "3650d") as apache:
            apache.wait("staging", old)
            self.wait_finished(apache)
            apache.graceful()
            site.got(apache.wait("domains", old), *NAMES)

    def wait_finished(self, apache):
        job = apache.base / "md/staging" / NAMES[0] / "job.json"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if job.is_file() and '"finished": true' in job.read_text():
                return
            time.sleep(0.05)
        raise AssertionError(apache.errors())
