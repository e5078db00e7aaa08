# SPDX-License-Identifier: Apache-2.0
"""Debian's BIND as an ordinary process: a primary on 127.0.0.1 and a secondary
on ::1, on the same free port, that also answer recursive questions about
what they have."""

import pathlib
import select
import shutil
import subprocess
import tempfile
import time

import dns.message
import dns.query
import dns.rcode

from kit.net import HOST, free_port

NAMED = "/usr/sbin/named"
SECOND = "::1"
START_S = 30
READY = b" running\n"

OPTIONS = """
options {{
    directory "{folder}";
    pid-file none;
    session-keyfile "{folder}/session.key";
    listen-on port {port} {{ {v4}; }};
    listen-on-v6 port {port} {{ {v6}; }};
    dnssec-validation no;
    recursion yes;
    notify explicit;
    allow-notify {{ any; }};
    notify-delay 0;
    allow-transfer {{ any; }};
    prefetch 0;
}};
controls {{ }};
"""

ZONE = """$TTL 60
@ SOA ns1 hostmaster 1 3600 600 86400 0
  NS ns1
  NS ns2
ns1 A 127.0.0.1
ns2 AAAA {second}
{records}
"""


class Named:
    def __init__(self, host, port, config):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signet-bind-"))
        self.folder.chmod(0o755)
        self.host, self.port, self.config = host, port, config
        self.process = None

    def start(self):
        path = self.folder / "named.conf"
        v4, v6 = ("none", self.host) if ":" in self.host else (self.host,
                                                               "none")
        path.write_text(OPTIONS.format(folder=self.folder, v4=v4, v6=v6,
                                       port=self.port) + self.config)
        self.process = subprocess.Popen(
            [NAMED, "-g", "-c", str(path), "-n", "1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, bufsize=0)
        # Its words go on; a file takes them once it runs.
        said, deadline = b"", time.monotonic() + START_S
        while READY not in said:
            left = deadline - time.monotonic()
            ready = select.select([self.process.stderr], [], [],
                                  max(left, 0))[0]
            part = self.process.stderr.read(65536) if ready else b""
            if not part:
                self.process.kill()
                self.process.wait()
                raise AssertionError(said.decode(errors="replace"))
            said += part
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr,
                                      stdout=open(self.folder / "log", "wb"))
        self.process.stderr.close()
        return self

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.drain.wait()
        shutil.rmtree(self.folder)

    def ask(self, name, kind):
        """(rcode, texts) of its own answer."""
        answer = dns.query.tcp(dns.message.make_query(name, kind), self.host,
                               port=self.port, timeout=5)
        texts = [item.to_text().strip('"') for rrset in answer.answer
                 for item in rrset if rrset.rdtype ==
                 dns.rdatatype.from_text(kind)]
        return dns.rcode.to_text(answer.rcode()), texts


def keygen(name, algorithm="hmac-sha256"):
    """The text of a key's file."""
    return subprocess.run(["tsig-keygen", "-a", algorithm, name], check=True,
                          capture_output=True, text=True).stdout


class Bind:
    """zones: name -> records; key names in keys may change them all.
    Zones in unlinked are the secondary's own old copy for ever."""

    def __init__(self, zones, keys, unlinked=()):
        port = free_port()
        primary = secondary = "".join(keys)
        names = [key.split('"')[1] for key in keys]
        grants = "".join(f'grant "{name}" zonesub TXT; ' for name in names)
        update = f"update-policy {{ {grants} }};" if keys else ""
        self.primary = Named(HOST, port, "")
        self.secondary = Named(SECOND, port, "")
        for zone, records in zones.items():
            text = ZONE.format(second=SECOND, records=records)
            for named in (self.primary, self.secondary):
                (named.folder / zone).write_text(text)
            primary += f"""zone "{zone}" {{ type primary; file "{zone}";
                {update}
                also-notify {{ {SECOND} port {port}; }}; }};\n"""
            secondary += f"""zone "{zone}" {{ type primary;
                file "{zone}"; }};\n""" if zone in unlinked else \
                f"""zone "{zone}" {{ type secondary;
                primaries port {port} {{ {HOST}; }}; file "{zone}";
                masterfile-format text; }};\n"""
        self.primary.config, self.secondary.config = primary, secondary
        self.port = port
        self.address = f"{HOST}:{port}"

    def start(self):
        self.primary.start()
        self.secondary.start()
        return self

    def close(self):
        self.primary.close()
        self.secondary.close()
