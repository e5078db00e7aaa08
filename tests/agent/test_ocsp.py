# SPDX-License-Identifier: Apache-2.0
"""OCSP responses beside certificates: Pebble issues, `openssl ocsp` responds,
and nginx and HAProxy staple what is there."""

import datetime
import pathlib
import re
import sqlite3
import subprocess
import time
import types

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as codec

from kit import hostile_ca, net, ocsp, other_cas, servers

NAME = "ocsp.example"


@pytest.fixture
def responder():
    running = ocsp.Responder()
    yield running
    running.close()


@pytest.fixture
def ca(agent, web, resolver, responder):
    with other_cas.Pebble(resolver, web.port, net.free_port(),
                          ocsp=responder.url) as running:
        trust = pathlib.Path(agent.top, "pebble.pem")
        trust.write_bytes(running.trust)
        issuer = running.fetch("intermediates/0"), \
            running.fetch("intermediate-keys/0")
        responder.issuer(*issuer)
        yield types.SimpleNamespace(url=running.url, cafile=str(trust),
                                    issuer=issuer)


def leaf(agent, name=NAME):
    return x509.load_pem_x509_certificate(agent.live(name).read_bytes())


def response(agent, name=NAME):
    return codec.load_der_ocsp_response(
        agent.live(name, "ocsp.der").read_bytes())


def next_second(old):
    """The times of a response are in seconds."""
    while datetime.datetime.utcnow() < old.this_update + \
            datetime.timedelta(seconds=1):
        time.sleep(0.05)


def let_be_due(agent):
    """The time of the next response has come."""
    with sqlite3.connect(f"{agent.dir}/signet.db") as state:
        state.execute("UPDATE certs SET ocsp_at = 1, due_at = 1")


def test_file(agent, ca, responder):
    """It comes with the certificate, and is made anew at half of its life:
    services are told."""
    log = pathlib.Path(agent.top, "log")
    agent.get(ca, NAME, "--ocsp", "file", "--reload", f"echo >> {log}",
              "--deploy-hook", f"echo hook >> {log}")
    first = response(agent)
    assert first.serial_number == leaf(agent).serial_number
    assert first.certificate_status == codec.OCSPCertStatus.GOOD
    assert agent.live(NAME, "combined.pem.ocsp").read_bytes() == \
        agent.live(NAME, "ocsp.der").read_bytes()
    assert responder.asked == [("GET", first.serial_number)]
    said = agent.certificate(NAME)["ocsp"]
    assert said["status"] == "good" and said["error"] == ""
    half = first.this_update + (first.next_update - first.this_update) / 2
    due = datetime.datetime.strptime(said["next_question"],
                                     "%Y-%m-%dT%H:%M:%SZ")
    assert half <= due <= half + datetime.timedelta(minutes=31)
    assert log.read_text() == "hook\n\n"
    agent.run("renew")
    assert len(responder.asked) == 1  # it was not due
    let_be_due(agent)
    next_second(first)
    agent.run("renew")
    assert response(agent).this_update > first.this_update
    assert log.read_text() == "hook\n\n\n"
    assert "staple       good" in agent.run("status").stdout


@pytest.mark.parametrize("options, there", (
    ([], False), (["--must-staple"], True),
    (["--must-staple", "--ocsp", "no"], False)))
def test_when(agent, ca, options, there):
    agent.get(ca, NAME, *options)
    assert agent.live(NAME, "ocsp.der").exists() == there


def test_must_staple_is_missing(agent):
    """A CA that leaves it out is no reason to have no HTTPS; each run that
    gets such a certificate says so."""
    name = "victim.example"
    with hostile_ca.HostileCa() as lax:
        for command in (lambda: agent.get(lax, name, "--must-staple"),
                        lambda: agent.run("renew", "--force", name)):
            lax.behave()
            assert "must_staple was asked for, and the CA left it out" in \
                command().stderr
            assert agent.live(name).exists()


def test_new_certificate_has_no_old_response(agent, ca, responder):
    agent.get(ca, NAME, "--ocsp", "file")
    responder.down = True
    done = agent.run("renew", "--force", NAME)
    assert "no OCSP response" in done.stderr
    assert not agent.live(NAME, "ocsp.der").exists()
    assert "503" in agent.certificate(NAME)["ocsp"]["error"]
    responder.down, responder.refuse_get = False, True
    agent.run("renew", NAME)
    assert responder.asked[-1] == ("POST", leaf(agent).serial_number)
    assert response(agent).serial_number == leaf(agent).serial_number
    assert agent.certificate(NAME)["ocsp"]["error"] == ""


@pytest.mark.parametrize("reuse", ([], ["--reuse-key"]))
def test_revoked(agent, ca, responder, reuse):
    """That is told, and the next certificate with another key got at once."""
    agent.get(ca, NAME, "--ocsp", "file", *reuse)
    before = leaf(agent)
    responder.revoked[before.serial_number] = "keyCompromise"
    let_be_due(agent)
    done = agent.run("renew")
    assert "was REVOKED by its CA on" in done.stderr
    assert "known to others" in done.stderr
    after = leaf(agent)
    assert after.serial_number != before.serial_number
    assert after.public_key().public_numbers() != \
        before.public_key().public_numbers()
    assert response(agent).serial_number == after.serial_number


def test_led_astray(agent, ca, responder):
    """A certificate names whom we ask, so a CA that the administrator has not
    said is his own could lead us into this host or the network around it."""
    public = {"SSL_CERT_FILE": ca.cafile}
    agent.run("get", "--ca", ca.url, "--agree-terms", "--via",
              f"webroot={agent.web.root}", NAME, "--ocsp", "file", env=public)
    assert "is not asked" in agent.certificate(NAME)["ocsp"]["error"]
    let_be_due(agent)
    agent.run("renew", env=public)
    assert "is not asked" in agent.certificate(NAME)["ocsp"]["error"]
    assert responder.asked == []
    assert not agent.live(NAME, "ocsp.der").exists()
    agent.get(ca, NAME, "--ocsp", "file")
    let_be_due(agent)
    agent.run("renew")
    assert responder.asked != []
    assert agent.live(NAME, "ocsp.der").exists()


def test_unknown(agent, ca, responder):
    agent.get(ca, NAME, "--ocsp", "file")
    kept = agent.live(NAME, "ocsp.der").read_bytes()
    responder.unknown.add(leaf(agent).serial_number)
    let_be_due(agent)
    agent.run("renew")
    assert agent.live(NAME, "ocsp.der").read_bytes() == kept
    assert "does not know" in agent.certificate(NAME)["ocsp"]["error"]


def certify(issuer, purposes):
    """(certificate, key) of somebody that the issuer has certified."""
    authority = x509.load_pem_x509_certificate(issuer[0].encode())
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.utcnow()
    made = x509.CertificateBuilder().subject_name(x509.Name([
        x509.NameAttribute(x509.NameOID.COMMON_NAME, "responder")])
    ).issuer_name(authority.subject).public_key(
        key.public_key()).serial_number(7).not_valid_before(
            now - datetime.timedelta(hours=1)).not_valid_after(
                now + datetime.timedelta(days=1)).add_extension(
                    x509.ExtendedKeyUsage(purposes), False).sign(
                        serialization.load_pem_private_key(
                            issuer[1].encode(), None), hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode(), \
        other_cas.pem_key(key).decode()


@pytest.mark.parametrize("purpose, good", (
    (x509.ExtendedKeyUsageOID.OCSP_SIGNING, True),
    (x509.ExtendedKeyUsageOID.SERVER_AUTH, False)))
def test_delegated(agent, ca, responder, purpose, good):
    """RFC 6960 4.2.2.2: who may sign in the issuer's stead."""
    responder.issuer(*ca.issuer, signer=certify(ca.issuer, [purpose]))
    agent.get(ca, NAME, "--ocsp", "file")
    assert agent.live(NAME, "ocsp.der").exists() == good
    if not good:
        assert "signed neither by" in agent.certificate(NAME)["ocsp"]["error"]


def stapled(port):
    """thisUpdate and serial that a client is shown in the handshake."""
    said = subprocess.run(
        ["openssl", "s_client", "-connect", f"{net.HOST}:{port}",
         "-servername", NAME, "-status"], input="", text=True,
        capture_output=True, timeout=20, check=False).stdout
    found = re.search(r"Serial Number: (\w+)\n.*?Cert Status: good\n"
                      r" *This Update: (.*)\n", said, re.S)
    assert found, said
    return found[2], int(found[1], 16)


def check_server(agent, port):
    """It staples, with the certificate and after each new response."""
    first = stapled(port)
    assert first[1] == leaf(agent).serial_number
    let_be_due(agent)
    next_second(response(agent))
    agent.run("renew")
    second = stapled(port)
    assert second[1] == first[1] and second[0] != first[0]
    agent.run("renew", "--force", NAME)
    assert stapled(port)[1] == leaf(agent).serial_number != first[1]


NGINX = """
server {
	listen 127.0.0.1:PORT;
	listen 127.0.0.1:TLS ssl default_server;
	server_name ocsp.example;
	ssl_certificate OLD.crt;
	ssl_certificate_key OLD.key;
	ssl_stapling off;
}
"""


def test_nginx(agent, ca, responder):
    with servers.Nginx(site=NGINX) as server:
        server.start()
        agent.get(ca, NAME, "--ocsp", "file", "--install",
                  f"nginx={server.file}")
        check_server(agent, server.tls)
        # A renewal without one does no harm, nor does the end of it all.
        responder.down = True
        assert "no OCSP response" in agent.run("renew", "--force",
                                               NAME).stderr
        assert servers.served(server.tls, NAME) == leaf(agent)
        responder.down = False
        agent.run("renew", NAME)
        assert stapled(server.tls)[1] == leaf(agent).serial_number
        agent.get(ca, NAME, "--ocsp", "no")
        assert not agent.live(NAME, "ocsp.der").exists()
        assert not any(b"ocsp*.conf" in text
                       for text in server.files().values())


@pytest.mark.parametrize("names", ([NAME], ["other.example"]))
def test_haproxy(agent, ca, names):
    """What is loaded already, and what is added."""
    with servers.Haproxy() as server:
        old = servers.self_signed(server.top / "run", "old", *names)
        (server.top / "certs/old.pem").write_bytes(
            pathlib.Path(old + ".pem").read_bytes())
        server.start()
        agent.get(ca, NAME, "--ocsp", "file", "--install",
                  f"haproxy={server.socket}")
        check_server(agent, server.tls)
        # Also after a restart.
        server.process.terminate()
        server.process.wait()
        server.start()
        assert stapled(server.tls)[1] == leaf(agent).serial_number
