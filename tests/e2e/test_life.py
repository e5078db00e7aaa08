# SPDX-License-Identifier: Apache-2.0
"""A real CA's life: init, run, reload, stop, start again; and its own
processes' deaths."""

import hashlib
import json
import os
import pathlib
import re
import signal
import stat
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kit import acme, jose, net, signetd

ROLES = ["web", "core", "validator", "signer"]


def wait_for(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def wait_log(ca, text, count=1):
    wait_for(lambda: ca.errors().count(text) >= count,
             f"the log never said {text!r}")


def test_init_makes_a_ca(real_folder):
    root = x509.load_pem_x509_certificate(
        pathlib.Path(real_folder, "root.pem").read_bytes())
    middle = x509.load_pem_x509_certificate(
        pathlib.Path(real_folder, "ca/intermediate.pem").read_bytes())
    root.public_key().verify(middle.signature, middle.tbs_certificate_bytes,
                             ec.ECDSA(middle.signature_hash_algorithm))
    assert isinstance(middle.public_key().curve, ec.SECP256R1)
    text = pathlib.Path(real_folder, "signetd.conf").read_text()
    assert len(text.splitlines()) < 40 and text.startswith("#")


def test_keys_are_private(real_folder):
    for folder, _, files in os.walk(real_folder):
        for name in files:
            path = os.path.join(folder, name)
            if b"PRIVATE KEY" in pathlib.Path(path).read_bytes() or \
                    path.endswith(".key"):
                mode = stat.S_IMODE(os.stat(path).st_mode)
                assert mode & 0o077 == 0, f"{path} {mode:o}"


def test_init_overwrites_nothing(real_folder):
    before = pathlib.Path(real_folder, "root.pem").read_text()
    done = signetd.init(real_folder, "--listen", "127.0.0.1:14000")
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert pathlib.Path(real_folder, "root.pem").read_text() == before


def test_issues(real_ca, port80):
    chain = real_ca.client().obtain(port80, "real.example.test")
    assert len(chain) == 2


def test_nothing_is_lost_over_a_restart(real_folder, port80):
    key = jose.new_key()
    with signetd.run(real_folder) as ca:
        client = ca.client(key, contact=["mailto:a@example.com"])
        kid, nonce = client.kid, client.nonce()
        order = client.new_order("stay.example.test")
        client.authorize(order, port80)
        open_order = client.new_order("open.example.test")
        certificate = client.finalize(order, acme.csr(
            jose.new_key(), ["stay.example.test"])).json["certificate"]
        pem = client.download(certificate)
    with signetd.run(real_folder) as ca:
        client = ca.client(key, register=False)
        answer = client.post(client.directory["newAccount"],
                             {"onlyReturnExisting": True}, nonce=nonce)
        assert answer.status == 200
        assert answer.header("Location") == kid
        assert answer.json["contact"] == ["mailto:a@example.com"]
        client.kid = kid
        assert client.step(order["location"]).json["status"] == "valid"
        assert client.download(certificate) == pem
        assert client.step(open_order["location"]).json["status"] == "pending"
        client.authorize(open_order, port80)
        done = client.finalize(open_order, acme.csr(jose.new_key(),
                                                    ["open.example.test"]))
        assert done.json["status"] == "valid"


@pytest.mark.parametrize("role", ROLES)
def test_a_child_that_dies_is_named_and_restarted(real_ca, port80, role):
    client = real_ca.client()
    client.obtain(port80, f"before-{role}.example.test")
    victim = real_ca.pids(role)[0]
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: victim not in real_ca.pids(role) and
             len(real_ca.pids()) >= 5, "it was not restarted")
    text = real_ca.errors()
    assert "process-died" in text and f"role={role}" in text
    wait_log(real_ca, f"process-ready role={role}")
    retry(lambda: client.obtain(port80, f"after-{role}.example.test"), client)


def retry(step, client, seconds=20):
    """While a process is away its clients hear 503 or a closed
    connection."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return step()
        except (OSError, acme.Problem) as error:
            client.http.close()
            if isinstance(error, acme.Problem) and \
                    error.answer.status not in (500, 503):
                raise
            assert time.monotonic() < deadline, error
            time.sleep(0.02)


def test_reload_drops_no_connection(real_ca, real_folder, port80):
    """SIGHUP, and the same TLS connection goes on; new values count."""
    client = real_ca.client()
    client.http.connect()
    sock = client.http.connection.sock
    config = pathlib.Path(real_folder, "signetd.conf")
    config.write_text(config.read_text() +
                      'website = "https://example.com/"\n')
    real_ca.signal(signal.SIGHUP)
    wait_for(lambda: client.http.request("GET", client.directory_url).json
             .get("meta", {}).get("website") == "https://example.com/",
             "the new value never showed")
    assert client.http.connection.sock is sock
    client.obtain(port80, "reload.example.test")
    assert client.http.connection.sock is sock


def test_reload_that_asks_for_more(real_ca, real_folder, port80):
    """What was validated without a look at CAA is validated again when the CA
    has got a CAA identity, and not refused until it expires."""
    client = real_ca.client()
    client.obtain(port80, "unasked.example.test")
    before = client.new_order("unasked.example.test")["authorizations"]
    config = pathlib.Path(real_folder, "signetd.conf")
    config.write_text(config.read_text() +
                      'caa_identity = "ca.example.test"\n')
    real_ca.signal(signal.SIGHUP)
    wait_log(real_ca, "reloaded")
    client.obtain(port80, "unasked.example.test")
    after = client.new_order("unasked.example.test")["authorizations"]
    assert before != after


def test_blocked_keys(real_ca, real_folder, port80):
    """BR 6.1.1.3: a key that is listed is refused from the reload on, for
    a certificate and for an account."""
    def fingerprint(key):
        return hashlib.sha256(key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    client, key = real_ca.client(), jose.new_key("ES256")
    client.obtain(port80, "before.example.test", key=key)
    account = jose.new_key("ES256")
    listed = pathlib.Path(real_folder, "blocked")
    listed.write_text(f"{fingerprint(key)}\n{fingerprint(account)}\n")
    config = pathlib.Path(real_folder, "signetd.conf")
    config.write_text(config.read_text() + 'blocked_keys = "blocked"\n')
    real_ca.signal(signal.SIGHUP)
    wait_log(real_ca, "reloaded")
    with pytest.raises(acme.Problem) as caught:
        client.obtain(port80, "after.example.test", key=key)
    assert caught.value.answer.json["type"].endswith(":badCSR")
    with pytest.raises(acme.Problem) as caught:
        real_ca.client(account)
    assert caught.value.answer.json["type"].endswith(":badPublicKey")
    listed.write_text("")
    real_ca.signal(signal.SIGHUP)
    wait_log(real_ca, "reloaded", 2)
    real_ca.client(account).obtain(port80, "later.example.test", key=key)


def test_reload_is_all_or_nothing(real_ca, real_folder, port80):
    """A file with one good change and one mistake changes nothing."""
    client = real_ca.client()
    config = pathlib.Path(real_folder, "signetd.conf")
    old = config.read_text()
    for mistake in ("nonsense = 1\n", 'hold_time = "soon"\n',
                    'tls_certificate = "/nowhere.pem"\n',
                    "web_processes = 7\n"):
        count = real_ca.errors().count("reload")
        config.write_text(old + 'website = "https://bad.example/"\n' + mistake)
        real_ca.signal(signal.SIGHUP)
        wait_for(lambda: real_ca.errors().count("reload") > count,
                 "nothing was said")
        directory = client.http.request("GET", client.directory_url).json
        assert "website" not in directory.get("meta", {})
    config.write_text(old)
    client.obtain(port80, "still.example.test")


@pytest.mark.parametrize("key, value", [
    ("directory", "/nowhere"),
    ("trust_anchor", "/nowhere.key"),
    ("program", "webpki"),
])
def test_reload_names_a_key_that_needs_a_restart(real_ca, real_folder, key,
                                                 value):
    """That comes first: what else is wrong with the value is no matter."""
    config = pathlib.Path(real_folder, "signetd.conf")
    text = re.sub(rf"^{key}\b.*\n", "", config.read_text(), flags=re.M)
    config.write_text(text + f'{key} = "{value}"\n')
    real_ca.signal(signal.SIGHUP)
    wait_log(real_ca, "reload-refused")
    assert f"{key}: a running CA cannot change it" in real_ca.errors()
    assert "config-error" not in real_ca.errors()
    assert len(real_ca.client().directory) >= 3


def test_reload_while_busy(real_ca, port80):
    """SIGHUP again and again disturbs no issuance."""
    stop = threading.Event()

    def reload():
        while not stop.is_set():
            real_ca.signal(signal.SIGHUP)
            stop.wait(0.05)

    thread = threading.Thread(target=reload)
    thread.start()
    try:
        client = real_ca.client()
        for i in range(20):
            client.obtain(port80, f"busy{i}.example.test")
    finally:
        stop.set()
        thread.join()


def test_stop_finishes_what_was_begun(real_folder, port80):
    """SIGTERM while an answer is held for validation: it is still given."""
    ca = signetd.run(real_folder)
    client = ca.client()
    order = client.new_order("last.example.test")
    url = order["authorizations"][0]
    challenge = client.challenge(url)
    asked, go = threading.Event(), threading.Event()

    def slow(handler):
        asked.set()
        go.wait(20)
        net.reply(handler, 200,
                  client.key_authorization(challenge["token"]).encode())

    port80.add(challenge["token"], slow)
    client.step(challenge["url"], {})
    answers = []
    poll = threading.Thread(target=lambda: answers.append(client.step(url)))
    poll.start()
    assert asked.wait(10)
    ca.signal(signal.SIGTERM)
    wait_log(ca, "stopping")
    go.set()
    poll.join()
    assert answers[0].status == 200
    assert answers[0].json["status"] in ("valid", "pending")
    ca.close()


def test_stop_refuses_new_connections(real_folder):
    ca = signetd.run(real_folder)
    client = ca.client()
    ca.close()
    with pytest.raises(OSError):
        client.http.request("GET", client.directory_url)


def test_two_do_not_run_on_one_folder(real_ca, real_folder):
    second = signetd.run(real_folder, start=False)
    with pytest.raises(signetd.Failed):
        second.start()
    assert real_ca.process.poll() is None


def test_logs_hold_no_secret(real_ca, real_folder, port80):
    client = real_ca.client()
    order = client.new_order("secret.example.test")
    client.authorize(order, port80)
    text = real_ca.errors()
    for name in os.listdir(os.path.join(real_folder, "keys")):
        data = pathlib.Path(real_folder, "keys", name).read_bytes()
        assert data.hex() not in text
        assert "PRIVATE" not in text
    assert json.dumps(jose.jwk(client.key)) not in text


def test_issuance_is_in_the_journal(real_ca, real_folder, port80):
    """Before a certificate is answered, its record is in the file."""
    journal = pathlib.Path(real_folder, "journal/signer.log")
    client = real_ca.client()
    size = journal.stat().st_size
    chain = client.obtain(port80, "journal.example.test")
    data = journal.read_bytes()[size:]
    assert b"journal.example.test" in data
    assert len(chain) == 2
