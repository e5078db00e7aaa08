# SPDX-License-Identifier: Apache-2.0
"""`signetd dev` where a Pebble is expected."""

import json
import os
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from kit import acme, jose, signetd
from kit.net import HOST, free_port


@pytest.fixture
def management(ca):
    http = acme.Http(ca.management, ca.cafile)
    yield lambda path: http.request("GET", path)
    http.close()


def test_root_is_written_to_dir(ca):
    pem = open(os.path.join(ca.directory, "root.pem"), "rb").read()
    assert x509.load_pem_x509_certificate(pem)
    assert [name for name in os.listdir(ca.directory)
            if name.endswith(".pem")] == ["root.pem"]


def test_roots_and_intermediates(ca, management, client, challenges):
    root = x509.load_pem_x509_certificate(management("/roots/0").body)
    assert open(ca.cafile, "rb").read() == management("/roots/0").body
    middle = x509.load_pem_x509_certificate(
        management("/intermediates/0").body)
    assert middle.issuer == root.subject
    leaf = client.obtain(challenges, "chain.example.test")[0]
    assert leaf.issuer == middle.subject


@pytest.mark.parametrize("kind", ["root", "intermediate"])
def test_keys(management, kind):
    certificate = x509.load_pem_x509_certificate(
        management(f"/{kind}s/0").body)
    key = serialization.load_pem_private_key(
        management(f"/{kind}-keys/0").body, None)
    assert key.public_key().public_numbers() == \
        certificate.public_key().public_numbers()


def test_status_by_serial(management, client, challenges):
    leaf = client.obtain(challenges, "status.example.test")[0]
    answer = management(f"/cert-status-by-serial/{leaf.serial_number:x}")
    assert answer.status == 200
    assert answer.json["Status"] == "Valid"
    assert int(answer.json["Serial"], 16) == leaf.serial_number
    assert x509.load_pem_x509_certificate(
        answer.json["Certificate"].encode()) == leaf


def test_nothing_there(management):
    for path in ("/roots/1", "/nowhere", "/cert-status-by-serial/12345",
                 "/intermediates/99"):
        assert management(path).status == 404
    assert management("/cert-status-by-serial/xyz").status in (400, 404)


def test_always_valid(own_ca):
    ca = own_ca(environment={"PEBBLE_VA_ALWAYS_VALID": "1"})
    client = ca.client()
    order = client.new_order("nobody.example.test")
    challenge = client.challenge(order["authorizations"][0])
    client.step(challenge["url"], {})
    assert client.poll(order["authorizations"][0], ("valid", "invalid"))[
        "status"] == "valid"
    done = client.finalize(order, acme.csr(jose.new_key(),
                                           ["nobody.example.test"]))
    assert done.json["status"] == "valid"


def test_nonce_reject(own_ca):
    ca = own_ca(environment={"PEBBLE_WFE_NONCEREJECT": "50"})
    client = ca.client(register=False)
    client.register()
    answers = [client.post(client.kid, {}).problem for _ in range(100)]
    assert 20 < answers.count("badNonce") < 80


def test_nonce_reject_all(own_ca):
    ca = own_ca(environment={"PEBBLE_WFE_NONCEREJECT": "100"})
    client = ca.client(register=False)
    answer = client.post(client.directory["newAccount"], {})
    assert answer.problem == "badNonce"


def test_authz_reuse(own_ca, challenges):
    ca = own_ca(environment={"PEBBLE_AUTHZREUSE": "100"})
    client = ca.client()
    client.obtain(challenges, "again.example.test")
    assert client.new_order("again.example.test")["status"] == "ready"


def test_no_authz_reuse(client, challenges):
    client.obtain(challenges, "never.example.test")
    assert client.new_order("never.example.test")["status"] == "pending"


def test_sleep(own_ca, challenges):
    """Without PEBBLE_VA_NOSLEEP, PEBBLE_VA_SLEEPTIME pauses validation, and
    the pause delays only its own."""
    ca = own_ca(environment={"PEBBLE_VA_NOSLEEP": "",
                             "PEBBLE_VA_SLEEPTIME": "1"})
    client = ca.client()
    began = time.monotonic()
    for i in range(10):
        client.obtain(challenges, f"sleep{i}.example.test")
    assert time.monotonic() - began < 30


def test_terms_must_be_agreed_to(ca):
    """As Pebble's; and every client must be able to (a data: URL is none)."""
    client = ca.client(register=False)
    assert client.directory["meta"]["termsOfService"].startswith("https://")
    answer = client.post(client.directory["newAccount"], {})
    assert answer.problem == "userActionRequired"
    assert client.register().status == 201


def test_orders_per_page(own_ca):
    ca = own_ca(environment={"PEBBLE_WFE_ORDERS_PER_PAGE": "2"})
    client = ca.client()
    names = {f"page{i}.example.test" for i in range(5)}
    urls = {client.new_order(name)["location"] for name in names}
    seen, pages = set(), 0
    target = client.step(client.kid, {}).json["orders"]
    while target:
        answer = client.step(target)
        assert len(answer.json["orders"]) <= 2
        seen.update(answer.json["orders"])
        pages += 1
        target = next(iter(answer.links("next")), None)
    assert seen == urls and pages == 3


def test_switches_that_are_not_there(own_ca):
    with pytest.raises(signetd.Failed, match="PEBBLE_CHAIN_LENGTH.*unset it"):
        own_ca(environment={"PEBBLE_CHAIN_LENGTH": "2"})


def test_certificate_of_its_own(own_ca, ca, challenges):
    """A suite may trust one root for the API, another for certificates, as
    with Pebble; who else may read that key is the suite's affair."""
    files = {"--tls-certificate": f"{ca.directory}/api/api.pem",
             "--tls-key": f"{ca.directory}/api/api.key"}
    mine = own_ca(options=sum(files.items(), ()))
    with acme.Client(mine.url, ca.cafile) as client:
        client.register()
        assert len(client.obtain(challenges, "mine.example.test")) == 2
    for option, path in files.items():
        with pytest.raises(signetd.Failed, match="go together"):
            own_ca(options=(option, path))


def test_default_ports(challenges):
    """The addresses that client authors' suites already have. tests/run gives
    us a network where they are free."""
    with signetd.Signetd(
            ["dev"], {"PEBBLE_VA_NOSLEEP": "1"}, cafile="-").start() as ca:
        assert ca.url == "https://127.0.0.1:14000/dir"
        insecure = ssl.create_default_context()
        insecure.check_hostname = False
        insecure.verify_mode = ssl.CERT_NONE
        http = acme.Http("https://127.0.0.1:15000", None)
        http.tls = insecure
        assert http.request("GET", "/roots/0").status == 200
        http.close()


def test_dir_is_made_anew(tmp_path, challenges, resolver):
    folder = tmp_path / "dev"
    folder.mkdir()
    tmp_path.chmod(0o755)
    roots = []
    for _ in range(2):
        with signetd.dev(challenges, resolver, directory=str(folder)) as ca:
            roots.append(open(ca.cafile).read())
    assert roots[0] != roots[1]


def test_dir_of_others_is_left_alone(tmp_path):
    """Nothing is removed that `signetd dev` did not make."""
    (tmp_path / "precious").write_text("x")
    with pytest.raises(signetd.Failed, match="not empty"):
        signetd.dev(directory=str(tmp_path))
    assert (tmp_path / "precious").read_text() == "x"


def test_temporary_folder_goes_away(tmp_path):
    ca = signetd.Signetd(
        ["dev", "--listen", f"{HOST}:0", "--management",
         f"{HOST}:{free_port()}"], {"TMPDIR": str(tmp_path)}, cafile="-")
    tmp_path.chmod(0o755)
    ca.start()
    assert len(os.listdir(tmp_path)) == 1
    ca.close()
    assert os.listdir(tmp_path) == []


def test_the_api_certificate_chains_to_the_root(ca):
    """Without switching verification off, by any of its names."""
    for name in ("127.0.0.1", "localhost"):
        http = acme.Http(ca.url.replace("127.0.0.1", name), ca.cafile)
        assert http.request("GET", "/dir").status == 200
        http.close()


def test_urls_follow_the_host_header(ca):
    http = acme.Http(ca.url, ca.cafile)
    answer = http.once("GET", "/dir", None, {"Host": "pebble:14000"})
    assert answer.json["newNonce"].startswith("https://pebble:14000/")
    http.close()


def test_directory_advertises_what_works(client):
    """Whatever is not built is absent: RFC 8555 7.1.1."""
    members = {k for k in client.directory if k != "meta"}
    assert {"newNonce", "newAccount", "newOrder"} <= members
    for member in members - {"newNonce", "newAccount", "newOrder"}:
        answer = client.post(client.directory[member], {})
        assert answer.status != 404, member
    assert "externalAccountRequired" not in client.directory.get("meta", {}) \
        or client.directory["meta"]["externalAccountRequired"] is False
    json.dumps(client.directory)
