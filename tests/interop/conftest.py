# SPDX-License-Identifier: Apache-2.0
"""A CA, and a folder for each client. Another CA can stand in for ours, to
tell a fault of the harness from one of the server: ACME_DIRECTORY, ACME_CAFILE
(of its TLS certificate), ACME_ROOT (of what it issues) and ACME_HTTP_PORT."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import types

import pytest

from kit import net, signetd


class Site:
    """One client's world: its folder, its webroot and its CA."""

    def __init__(self, folder, ca, http_port):
        self.folder = pathlib.Path(folder)
        self.url, self.cafile = ca.url, ca.cafile
        self.root = getattr(ca, "root", ca.cafile)
        self.http_port = http_port
        self.webroot = self.folder / "webroot"
        self.webroot.mkdir()
        self.web = None
        self.results = []

    def path(self, *parts):
        return str(self.folder.joinpath(*parts))

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def serve_webroot(self):
        """Plain HTTP from the webroot, where a client only puts files."""
        def answer(handler):
            file = self.webroot / handler.path.lstrip("/")
            found = file.is_file()
            net.reply(handler, 200 if found else 404,
                      file.read_bytes() if found else b"")

        class Files(dict):
            def get(self, _path):
                return answer

        self.web = net.Challenges(self.http_port)
        self.web.answers = Files()

    def run(self, *command, timeout=90, trust=False, **environment):
        """Runs a client's command, which must succeed. With trust the system's
        list of CAs is ours alone, for that command alone."""
        command = [str(word) for word in command]
        if trust:
            command = [*trusting(self.cafile), *command]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout,
            stdin=subprocess.DEVNULL, cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder), **environment})
        text = done.stdout + done.stderr
        assert done.returncode == 0, f"{command}\n{text[-6000:]}"
        return text

    def got(self, chain_file, *names):
        """Checks a chain that a client got by other people's verifiers, and
        that it is a new one."""
        chain = pathlib.Path(chain_file).read_text()
        verify(self, chain, names)
        assert chain not in self.results
        self.results.append(chain)

    def close(self):
        if self.web is not None:
            self.web.close()


def trusting(cafile):
    """A prefix for programs that know no CA but those of the system: a mount
    namespace in which the system's list is another one."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = ('mount --bind "$0" "$(readlink -f '
              '/etc/ssl/certs/ca-certificates.crt)" && exec "$@"')
    return ["unshare", *user, "--mount", "sh", "-c", script, cafile]


def verify(site, chain, names):
    """openssl, gnutls and NSS, each by its own program."""
    from kit import acme
    blocks = acme.split_pem(chain)
    assert len(blocks) >= 2, "the chain has no intermediate"
    folder = pathlib.Path(tempfile.mkdtemp(dir=site.folder))
    leaf, chain_file = folder / "leaf.pem", folder / "chain.pem"
    leaf.write_text(blocks[0])
    chain_file.write_text("".join(blocks))
    middle = []
    for i, block in enumerate(blocks[1:]):
        middle.append(folder / f"intermediate{i}.pem")
        middle[-1].write_text(block)

    for name in names:
        site.run("openssl", "verify", "-x509_strict", "-purpose", "sslserver",
                 "-verify_hostname", name, "-CAfile", site.root,
                 "-untrusted", chain_file, leaf)
        site.run("certtool", "--verify", "--verify-hostname", name,
                 "--verify-purpose", "1.3.6.1.5.5.7.3.1",
                 "--load-ca-certificate", site.root, "--infile", chain_file)
    nss = f"sql:{folder}"
    site.run("certutil", "-N", "-d", nss, "--empty-password")
    site.run("certutil", "-A", "-d", nss, "-n", "root", "-t", "CT,,",
             "-i", site.root)
    site.run("certutil", "-A", "-d", nss, "-n", "leaf", "-t", ",,",
             "-i", leaf)
    for i, file in enumerate(middle):
        site.run("certutil", "-A", "-d", nss, "-n", f"intermediate{i}",
                 "-t", ",,", "-i", file)
    site.run("certutil", "-V", "-d", nss, "-n", "leaf", "-u", "V", "-e")
    usage_ssl_server = "1"
    text = site.run("vfychain", "-d", nss, "-u", usage_ssl_server, "-a", leaf,
                    "-a", *middle)
    assert "Chain is good" in text


def another_ca():
    """The CA that the environment names, or None."""
    if "ACME_DIRECTORY" not in os.environ:
        return None
    return types.SimpleNamespace(
        url=os.environ["ACME_DIRECTORY"], cafile=os.environ["ACME_CAFILE"],
        root=os.environ["ACME_ROOT"])


@pytest.fixture(scope="class")
def site(resolver):
    folder = tempfile.mkdtemp(prefix="signet-interop-")
    os.chmod(folder, 0o755)
    ca = another_ca()
    if ca is not None:
        made = Site(folder, ca, int(os.environ["ACME_HTTP_PORT"]))
        yield made
        made.close()
    else:
        port = net.free_port()
        with signetd.dev(resolver=resolver,
                         options=["--http-port", str(port)]) as ca:
            made = Site(folder, ca, port)
            yield made
            made.close()
    shutil.rmtree(folder, ignore_errors=True)
