# SPDX-License-Identifier: Apache-2.0
"""`signetd init`, `check` and `dev` as a person at a shell meets them."""

import datetime
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import time
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kit import net, signetd

NOBODY = 65534
UID_BASE = 64200
CORE, SIGNER = UID_BASE + 3, UID_BASE + 5
ROOT = os.geteuid() == 0

# What init makes: path, mode, owner if root made it.
TREE = {
    ".": (0o755, 0),
    "root.pem": (0o644, 0),
    "signetd.conf": (0o644, 0),
    "ca": (0o755, 0),
    "ca/intermediate.pem": (0o644, 0),
    "ca/api-ca.pem": (0o644, 0),
    "keys": (0o700, 0),
    "keys/root.key": (0o400, 0),
    "keys/intermediate.key": (0o400, SIGNER),
    "keys/api-ca.key": (0o400, 0),
    "keys/perspective-local.key": (0o400, SIGNER),
    "api": (0o755, 0),
    "api/api.pem": (0o644, 0),
    "api/api.key": (0o400, 0),
    "store": (0o700, CORE),
    "journal": (0o700, SIGNER),
    "run": (0o700, 0),
}


def run(*arguments, program=None, user=None, **environment):
    return subprocess.run(
        [program or signetd.program(), *map(str, arguments)],
        capture_output=True, text=True, timeout=60,
        stdin=subprocess.DEVNULL, user=user, group=user,
        extra_groups=[] if user is not None else None,
        env={**os.environ, **environment})


@pytest.fixture
def folder():
    # Not tmp_path: other users must be able to pass.
    path = pathlib.Path(tempfile.mkdtemp(prefix="signet-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def made(folder):
    """A CA as init makes it."""
    listen = f"127.0.0.1:{net.free_port()}"
    done = run("init", folder / "ca", "--name", "acme.example.com",
               "--listen", listen)
    assert done.returncode == 0, done.stderr
    return folder / "ca"


def edit(ca, old, new):
    """Replaces text in the configuration; gives the line of the first
    change."""
    file = ca / "signetd.conf"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return text[:text.index(old)].count("\n") + 1


def tree(top):
    found = {}
    for at, _, files in os.walk(top):
        for path in [pathlib.Path(at), *(pathlib.Path(at, f) for f in files)]:
            st = path.lstat()
            found[str(path.relative_to(top))] = (
                stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid)
    return found


def test_init_makes_a_tree(folder):
    os.umask(0o022)
    done = run("init", folder / "ca", "--name", "acme.example.com")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for word in ("root.key", "signetd run -c", "root.pem"):
        assert word in done.stdout
    if ROOT:
        expected = {k: (mode, uid, uid) for k, (mode, uid) in TREE.items()}
    else:
        ids = os.geteuid(), os.getegid()
        expected = {k: (mode, *ids) for k, (mode, _) in TREE.items()}
    assert tree(folder / "ca") == expected
    assert os.listdir(folder) == ["ca"]


@pytest.mark.skipif(not ROOT, reason="needs root to become another user")
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_init_as_ordinary_user(folder, umask):
    program = folder / "signetd"
    shutil.copy(signetd.program(), program)
    program.chmod(0o755)
    home = folder / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    before = os.umask(umask)
    try:
        done = run("init", home / "ca", program=program, user=NOBODY)
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert tree(home / "ca") == {
        k: (mode, NOBODY, NOBODY) for k, (mode, _) in TREE.items()}
    done = run("check", "-c", home / "ca/signetd.conf", program=program,
               user=NOBODY)
    assert done.returncode == 0, done.stderr


def test_init_certificates(made):
    def load(path):
        return x509.load_pem_x509_certificate((made / path).read_bytes())

    root, issuer = load("root.pem"), load("ca/intermediate.pem")
    api_ca, leaf = load("ca/api-ca.pem"), load("api/api.pem")
    for above, below in ((root, root), (root, issuer), (root, api_ca),
                         (api_ca, leaf)):
        assert below.issuer == above.subject
    for path, cert in (("keys/root.key", root),
                       ("keys/intermediate.key", issuer),
                       ("keys/api-ca.key", api_ca), ("api/api.key", leaf)):
        key = load_pem_private_key((made / path).read_bytes(), None)
        assert key.public_key().public_numbers() == \
            cert.public_key().public_numbers()
    names = leaf.extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["acme.example.com"]
    assert (made / "api/api.pem").read_text().count("BEGIN CERT") == 2
    openssl = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", made / "root.pem",
         "-untrusted", made / "ca/api-ca.pem", made / "api/api.pem"],
        capture_output=True, text=True)
    assert openssl.returncode == 0, openssl.stderr
    assert len((made / "keys/perspective-local.key").read_bytes()) == 32


def test_init_says_how_to_go_on(folder):
    done = run("init", folder / "ca", "--name", "ca.example.com")
    assert done.returncode == 0, done.stderr
    shown = re.sub(r"\s*\\\n\s*", " ", done.stdout)
    assert "signet get www.example.com --ca https://ca.example.com:14000/dir" \
        f" --ca-file {folder}/ca/root.pem" in shown
    assert "validation_allow" in shown


def test_signer_started_by_hand():
    done = run("--help", program=signetd.program() + "-signer")
    assert done.returncode == 1
    assert "this program is started by `signetd run`" in done.stderr


def test_init_never_overwrites(made):
    before = {p: p.read_bytes() for p in made.rglob("*") if p.is_file()}
    done = run("init", made)
    assert done.returncode == 1
    assert str(made) in done.stderr and "not empty" in done.stderr
    assert before == {p: p.read_bytes() for p in made.rglob("*")
                      if p.is_file()}
    assert os.listdir(made.parent) == ["ca"]
    file = made.parent / "file"
    file.write_text("mine")
    done = run("init", file)
    assert done.returncode == 1 and file.read_text() == "mine"


def test_init_takes_an_empty_folder(folder):
    (folder / "ca").mkdir()
    assert run("init", f"{folder}/ca/").returncode == 0
    assert (folder / "ca/root.pem").exists()


def test_init_is_all_or_nothing(folder):
    """Killed at any moment, there is no half a CA under its name."""
    target = folder / "ca"
    for _ in range(20):
        process = subprocess.Popen(
            [signetd.program(), "init", target], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        # As soon as it has begun.
        while process.poll() is None and not os.listdir(folder):
            pass
        process.kill()
        process.wait()
        if target.exists():
            done = run("check", "-c", target / "signetd.conf")
            assert done.returncode == 0, done.stderr
        for left in folder.iterdir():
            shutil.rmtree(left)


def test_init_cleans_up_when_told_to_stop(folder):
    target = folder / "ca"
    for _ in range(10):
        process = subprocess.Popen(
            [signetd.program(), "init", target], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not os.listdir(folder):
            pass
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        if process.returncode == 0:
            assert os.listdir(folder) == ["ca"]
            shutil.rmtree(target)
        else:
            assert "told to stop" in errors
            assert os.listdir(folder) == []


@pytest.mark.parametrize("options, says", [
    ((), "name one folder"),
    (("a", "b"), "name one folder"),
    (("a", "--colour"), "signetd init: unrecognized option '--colour'"),
    (("a", "--colour"), "`signetd init --help`"),
    (("nowhere/a",), "folder above nowhere/a"),
    (("..",), "no name of its own"),
    (("a", "--name", "acme_.example"), "--name: DNS name \"acme_.example\""),
    (("a", "--name", "acme example"), "\"acme example\""),
    (("a", "--name", "*.example.com"), "wildcard"),
    (("a", "--name", "acme.example.com,"), "empty label"),
    (("a", "--listen", "localhost:1"), "192.0.2.1:443"),
    (("a", "--listen", "127.0.0.1:0"), "--listen: it needs a port"),
    (("a", "--program", "public"), "private or webpki"),
    (("a", "--organization", ""), "--organization"),
    (("a", "--organization", "x" * 33), "--organization"),
])
def test_init_refuses(folder, monkeypatch, options, says):
    monkeypatch.chdir(folder)
    done = run("init", *options)
    assert done.returncode == (1 if options in (("nowhere/a",), ("..",)) else 2)
    assert done.stdout == "" and says in done.stderr
    assert os.listdir(folder) == []


@pytest.mark.parametrize("options, url, names", [
    (("--name", "a.example,b.example,10.0.0.1", "--listen", "10.0.0.1:443"),
     "https://a.example", ["a.example", "b.example", "10.0.0.1"]),
    (("--name", "2001:db8::1", "--listen", "[2001:db8::1]:8443"),
     "https://[2001:db8::1]:8443", ["2001:db8::1"]),
    (("--listen", "127.0.0.1:999"), "https://localhost:999",
     ["localhost", "127.0.0.1", "::1"]),
])
def test_init_names(folder, options, url, names):
    done = run("init", folder / "ca", *options)
    assert done.returncode == 0, done.stderr
    config = (folder / "ca/signetd.conf").read_text()
    assert f'base_url = "{url}"' in config
    cert = x509.load_pem_x509_certificate(
        (folder / "ca/api/api.pem").read_bytes())
    san = cert.extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value
    assert {str(name.value) for name in san} == set(names)


def test_check_is_content(made):
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "no mistakes" in done.stdout and "root.key" in done.stdout
    (made / "keys/root.key").unlink()
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 0 and "root.key" not in done.stdout


def test_check_names_each_mistake_of_the_file(made):
    file = made / "signetd.conf"
    file.write_text(
        "# A comment\n"
        "base_url = \"http://acme.example.com\"\n"
        "lissten = \"127.0.0.1:1\"\n"
        "\n"
        "certificate_lifetime = \"900 days\"\n"
        "hold_time = 3\n"
        "program = private\n"
        "program = webpki\n")
    done = run("check", "-c", file)
    assert done.returncode == 1 and done.stdout == ""
    lines = done.stderr.splitlines()
    expected = [(2, "base_url", "https"), (3, "lissten", "mean listen?"),
                (5, "certificate_lifetime", "825 days"),
                (6, "hold_time", "unit"), (8, "program", "line 7")]
    assert len(lines) == len(expected)
    for line, (number, key, says) in zip(lines, expected):
        assert line.startswith(f"{file}:{number}: {key}: ")
        assert says in line


def spoil_key(ca):
    path = ca / "keys/intermediate.key"
    path.chmod(0o600)
    other = (ca / "keys/api-ca.key").read_bytes()
    path.write_bytes(other)
    path.chmod(0o400)


def spoil_text(path):
    def spoil(ca):
        (ca / path).chmod(0o600)
        (ca / path).write_text("nothing\n")
        (ca / path).chmod(TREE[path][0])
    return spoil


# What is wrong in the directory, and what check says of it.
DIRECTORY = {
    "no root": (lambda ca: (ca / "root.pem").unlink(),
                "root.pem", "backup"),
    "no issuer": (lambda ca: (ca / "ca/intermediate.pem").unlink(),
                  "intermediate.pem", "backup"),
    "no key": (lambda ca: (ca / "keys/intermediate.key").unlink(),
               "intermediate.key", "backup"),
    "another key": (spoil_key, "intermediate.key", "belong together"),
    "no PEM key": (spoil_text("keys/intermediate.key"), "intermediate.key",
                   "backup"),
    "no PEM root": (spoil_text("root.pem"), "root.pem", "backup"),
    "another root": (lambda ca: shutil.copy(ca / "api/api.pem",
                                            ca / "root.pem"),
                     "does not verify", "belong together"),
    "loose key": (lambda ca: (ca / "keys/intermediate.key").chmod(0o440),
                  "mode 0440", "chmod 0400"),
    "loose keys": (lambda ca: (ca / "keys").chmod(0o755),
                   "mode 0755", "chmod 0700"),
    "root writable": (lambda ca: (ca / "root.pem").chmod(0o666),
                      "mode 0666", "chmod 0644"),
    "no store": (lambda ca: (ca / "store").rmdir(), "/store", "backup"),
    "store is a file": (lambda ca: ((ca / "store").rmdir(),
                                    (ca / "store").write_text("")),
                        "not a folder", "move it away"),
    "short perspective key": (spoil_text("keys/perspective-local.key"),
                              "8 bytes", "/dev/urandom"),
}


@pytest.mark.parametrize("case", DIRECTORY)
def test_check_looks_at_the_directory(made, case):
    spoil, says, remedy = DIRECTORY[case]
    spoil(made)
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if says in line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith(f"{made}/signetd.conf: directory: ")
    assert remedy in lines[0]


@pytest.mark.parametrize("there", [False, True])
def test_check_says_once_that_the_directory_is_wrong(made, folder, there):
    """And never that what is no folder of ours is to be moved away."""
    wrong = folder / "wrong"
    if there:
        wrong.write_text("mine")
    number = edit(made, "# validation_allow", f"directory = {wrong}\n#")
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith(f"{made}/signetd.conf:{number}: directory: ")
    assert "`signetd init` made" in lines[0]


def test_check_looks_at_who_can_change_the_file(made):
    (made / "signetd.conf").chmod(0o664)
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 1
    assert f"chmod go-w {made}/signetd.conf" in done.stderr
    assert run("run", "-c", made / "signetd.conf").returncode == 1


@pytest.mark.skipif(not ROOT, reason="needs root to give files away")
def test_check_looks_at_who_owns_the_file(made):
    os.chown(made / "signetd.conf", NOBODY, NOBODY)
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 1
    assert f"chown 0 {made}/signetd.conf" in done.stderr


@pytest.mark.skipif(not ROOT, reason="needs root to become another user")
def test_check_as_another_user(made, folder):
    """One cause is told once, not for each file."""
    program = folder / "signetd"
    shutil.copy(signetd.program(), program)
    program.chmod(0o755)
    done = run("check", "-c", made / "signetd.conf", program=program,
               user=NOBODY)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines()
             if ": directory: " in line]
    assert len(lines) == 1 and "run signetd as user 0" in lines[0], lines
    assert "backup" not in done.stderr


@pytest.mark.skipif(not ROOT, reason="needs root to give files away")
def test_check_looks_at_owners(made):
    os.chown(made / "store", 0, 0)
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 1
    assert f"chown -R {CORE}:{CORE} {made}/store" in done.stderr


def test_check_looks_at_what_keys_name(made):
    edit(made, "listen = {", "# ")
    first = edit(made, "certificate_lifetime",
                 "tls_key = \"missing.key\"\ntrust_anchor = anchor\n"
                 "listen = {\"192.0.2.1:14000\"}\n#")
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    for number, key, says in ((first, "tls_key", "missing.key"),
                              (first + 1, "trust_anchor", "anchor"),
                              (first + 2, "listen", "this machine")):
        assert any(at.startswith(f"{made}/signetd.conf:{number}: {key}: ") and
                   says in at for at in lines), done.stderr


def test_check_looks_at_busy_ports(made):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        text = f"127.0.0.1:{busy.getsockname()[1]}"
        config = (made / "signetd.conf").read_text()
        (made / "signetd.conf").write_text(
            re.sub(r"127\.0\.0\.1:\d+", text, config))
        done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 1
    assert "listen: cannot listen at " + text in done.stderr
    assert "another port" in done.stderr


def test_check_looks_at_the_tls_certificate(made):
    edit(made, "https://acme.example.com", "https://other.example.com")
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 1
    assert "not for other.example.com" in done.stderr


def test_check_looks_at_the_whole_chain(made):
    """An intermediate that is cut short would be missed by clients only."""
    chain = made / "api/api.pem"
    chain.write_text(chain.read_text()[:-60])
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 1
    assert "tls_certificate: " in done.stderr
    assert "cannot be served" in done.stderr


def test_check_asks_policy(made):
    edit(made, 'program = "private"', "program = webpki")
    edit(made, "90 days", "500 days")
    done = run("check", "-c", made / "signetd.conf")
    assert done.returncode == 1
    assert re.search(r"certificate_lifetime: .*more than the program allows",
                     done.stderr)
    for key in ("caa_identity", "trust_anchor"):
        assert f"{key}: it is not set" in done.stderr


def test_init_for_webpki(folder):
    done = run("init", folder / "ca", "--name", "acme.example.com",
               "--program", "webpki",
               "--listen", f"127.0.0.1:{net.free_port()}")
    assert done.returncode == 0, done.stderr
    warning = r"^warning: this CA cannot issue any certificate yet: .*" \
        r"perspectives \(BR "
    assert re.search(warning, done.stderr)
    config = (folder / "ca/signetd.conf").read_text()
    assert '\ncaa_identity = "acme.example.com"' in config
    done = run("check", "-c", folder / "ca/signetd.conf")
    if os.path.exists("/usr/share/dns/root.key"):
        assert done.returncode == 0, done.stderr
        assert re.search(warning, done.stderr)
    else:
        assert "trust_anchor" in done.stderr


def test_check_without_file(folder):
    done = run("check", "-c", folder / "none")
    assert done.returncode == 1
    assert f"{folder}/none" in done.stderr and "No such file" in done.stderr
    assert run("check").returncode == 2
    assert run("run").returncode == 2
    assert run("run", "-c", folder / "none").returncode == 1


def test_keys_are_documented():
    done = run("check", "--keys")
    assert done.returncode == 0
    text = (signetd.TOP / "docs/config.md").read_text()
    assert done.stdout == text, \
        "run `signetd check --keys > docs/config.md`"


@pytest.mark.parametrize("options, environment, says", [
    (("--colour",), {}, "signetd dev: unrecognized option '--colour'"),
    (("more",), {}, "more"),
    (("--listen", "x"), {}, "--listen"),
    (("--http-port", "0"), {}, "--http-port"),
    (("--tls-port", "70000"), {}, "--tls-port"),
    (("--resolver", "no.such.invalid:53"), {}, "--resolver"),
    ((), {"PEBBLE_WFE_NONCEREJECT": "many"}, "PEBBLE_WFE_NONCEREJECT"),
    ((), {"PEBBLE_WFE_NONCEREJECT": "101"}, "from 0 to 100"),
    ((), {"PEBBLE_VA_SLEEPTIME": "-1"}, "PEBBLE_VA_SLEEPTIME"),
    ((), {"PEBBLE_AUTHZREUSE": "x"}, "PEBBLE_AUTHZREUSE"),
])
def test_dev_refuses(folder, options, environment, says):
    done = run("dev", *options, TMPDIR=str(folder), **environment)
    assert done.returncode == (2 if options else 1)
    assert says in done.stderr
    assert os.listdir(folder) == []


@pytest.fixture
def private(folder):
    """A folder that only we can pass, as a home or tmp_path is."""
    (folder / "private").mkdir(mode=0o700)
    return folder / "private"


def test_dev_in_a_private_folder(private):
    target = private / "dev"
    ca = signetd.Signetd(
        ["dev", "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0",
         "--dir", str(target)], directory=str(target), keep=True)
    for _ in range(2):
        ca.start()
        assert ca.client(register=False).directory["newOrder"]
        first = (target / "root.pem").read_bytes()
        ca.stop()
        ca.clients.clear()
    # Made anew at each start, and left there at the end.
    assert (target / "root.pem").read_bytes() == first
    (target / "root.pem").write_text("old")
    ca.start()
    assert ca.client(register=False).directory["newOrder"]
    ca.close()


def test_dev_cleans_up(folder):
    ca = signetd.Signetd(
        ["dev", "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"],
        {"TMPDIR": str(folder)}, cafile="-")
    ca.start()
    made = list(folder.iterdir())
    assert len(made) == 1 and (made[0] / "root.pem").exists()
    ca.close()
    assert list(folder.iterdir()) == []


def run_as(folder, user=None):
    """init and run by that user, in a folder of its own."""
    for name in ("signetd", "signetd-signer"):
        shutil.copy(pathlib.Path(signetd.program()).with_name(name),
                    folder / name)
        (folder / name).chmod(0o755)
    home = folder / "home"
    home.mkdir(mode=0o700)
    if user is not None:
        os.chown(home, user, user)
    listen = f"127.0.0.1:{net.free_port()}"
    done = run("init", home / "ca", "--listen", listen,
               program=folder / "signetd", user=user)
    assert done.returncode == 0, done.stderr
    return home / "ca"


@pytest.mark.skipif(not ROOT, reason="needs root to become another user")
def test_run_as_ordinary_user(folder):
    ca = run_as(folder, NOBODY)
    process = subprocess.Popen(
        [folder / "signetd", "run", "-c", ca / "signetd.conf"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE, user=NOBODY, group=NOBODY, extra_groups=[])
    line = process.stdout.readline()
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert signetd.READY.match(line.strip()), errors
    assert process.returncode == 0, errors


def leaf_of(ca):
    return x509.load_pem_x509_certificate((ca / "api/api.pem").read_bytes())


def age_leaf(ca):
    """Puts a leaf in place that ended yesterday."""
    now = datetime.datetime.utcnow()
    issuer = x509.load_pem_x509_certificate(
        (ca / "ca/api-ca.pem").read_bytes())
    old = leaf_of(ca)
    key = load_pem_private_key((ca / "keys/api-ca.key").read_bytes(), None)
    san = old.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    cert = (x509.CertificateBuilder()
            .subject_name(x509.Name([])).issuer_name(issuer.subject)
            .public_key(old.public_key()).serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=91))
            .not_valid_after(now - datetime.timedelta(days=1))
            .add_extension(san.value, critical=True)
            .sign(key, hashes.SHA256()))
    (ca / "api/api.pem").write_bytes(
        cert.public_bytes(serialization.Encoding.PEM) +
        issuer.public_bytes(serialization.Encoding.PEM))
    return cert


def test_run_renews_its_own_certificate(private):
    """At the start and at SIGHUP, without the root's key."""
    listen = f"127.0.0.1:{net.free_port()}"
    assert run("init", private / "ca", "--listen", listen).returncode == 0
    ca = private / "ca"
    (ca / "keys/root.key").unlink()
    before = leaf_of(ca)
    expired = age_leaf(ca)
    with signetd.run(str(ca)) as running:
        renewed = leaf_of(ca)
        assert renewed.not_valid_after >= before.not_valid_after
        assert renewed.public_key().public_numbers() == \
            before.public_key().public_numbers()
        assert running.client(register=False).directory["newOrder"]
        age_leaf(ca)
        running.signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while "reloaded" not in running.errors():
            assert time.monotonic() < deadline, running.errors()
            time.sleep(0.02)
        assert leaf_of(ca).not_valid_after > expired.not_valid_after
        assert running.client(register=False).directory["newOrder"]


def served(url):
    """The certificate that a server shows now."""
    parts = urllib.parse.urlsplit(url)
    return x509.load_pem_x509_certificate(ssl.get_server_certificate(
        (parts.hostname, parts.port)).encode())


def test_a_reload_changes_all_certificates(own_ca):
    """As a renewal does, that comes once a day (src/master/renew_test.c)."""
    ca = own_ca()
    urls = ca.url, ca.management
    folder = pathlib.Path(ca.directory)
    before = leaf_of(folder)
    assert [served(url) for url in urls] == [before] * 2
    age_leaf(folder)
    ca.signal(signal.SIGHUP)
    deadline = time.monotonic() + 20
    while "master reloaded" not in ca.errors():
        assert time.monotonic() < deadline, ca.errors()
        time.sleep(0.02)
    assert "certificate-renewed" in ca.errors()
    after = leaf_of(folder)
    assert after.serial_number not in (before.serial_number, 1)
    assert [served(url) for url in urls] == [after] * 2


def test_dev_leaves_nothing_however_early_it_ends(folder):
    for _ in range(10):
        process = subprocess.Popen(
            [signetd.program(), "dev", "--listen", "127.0.0.1:0",
             "--management", "127.0.0.1:0"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ,
                                            "TMPDIR": str(folder)})
        # As soon as it has begun.
        while process.poll() is None and not os.listdir(folder):
            pass
        process.terminate()
        assert process.wait(30) == 0
        assert os.listdir(folder) == []


def test_dev_keeps_what_is_not_its_own(folder):
    (folder / "mine").write_text("mine")
    done = run("dev", "--dir", folder)
    assert done.returncode == 1
    assert "not empty" in done.stderr and str(folder) in done.stderr
    assert os.listdir(folder) == ["mine"]
