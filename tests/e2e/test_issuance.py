# SPDX-License-Identifier: Apache-2.0
"""What is issued, for every kind of key."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from kit import acme, jose


def names_of(certificate):
    return certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)


def verify_chain(chain, cafile):
    """Signatures from the leaf up to the root."""
    root = x509.load_pem_x509_certificate(open(cafile, "rb").read())
    for child, parent in zip(chain, [*chain[1:], root]):
        parent.public_key().verify(
            child.signature, child.tbs_certificate_bytes,
            ec.ECDSA(child.signature_hash_algorithm))
        assert child.issuer == parent.subject


@pytest.mark.parametrize("alg", jose.ALGS)
def test_account_keys(ca, challenges, alg):
    client = ca.client(jose.new_key(alg))
    chain = client.obtain(challenges, f"{alg.lower()}.example.test")
    assert len(chain) >= 2
    verify_chain(chain, ca.cafile)
    assert names_of(chain[0]) == [f"{alg.lower()}.example.test"]


def test_account_key_of_4096_bits(ca, challenges):
    client = ca.client(jose.new_key("RS256", 4096))
    client.obtain(challenges, "rsa4096.example.test")


CERTIFICATE_KEYS = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA-3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA-4096": lambda: rsa.generate_private_key(65537, 4096),
}


@pytest.mark.parametrize("kind", CERTIFICATE_KEYS)
def test_certificate_keys(ca, client, challenges, kind):
    key = CERTIFICATE_KEYS[kind]()
    leaf, *rest = client.obtain(challenges, "key.example.test", key=key)
    assert leaf.public_key().public_numbers() == \
        key.public_key().public_numbers()
    verify_chain([leaf, *rest], ca.cafile)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature
    assert not usage.value.key_cert_sign


def test_the_certificate(ca, client, challenges):
    """RFC 5280 and BR 7.1.2.7."""
    leaf = client.obtain(challenges, "shape.example.test")[0]
    assert leaf.version == x509.Version.v3
    assert 64 <= leaf.serial_number.bit_length() <= 159
    assert leaf.subject.rdns == [] or not leaf.subject.get_attributes_for_oid(
        x509.NameOID.ORGANIZATION_NAME)
    get = leaf.extensions.get_extension_for_oid
    assert list(get(ExtensionOID.EXTENDED_KEY_USAGE).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH]
    san = get(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    assert san.critical == (leaf.subject.rdns == [])
    assert get(ExtensionOID.AUTHORITY_KEY_IDENTIFIER)
    try:
        assert get(ExtensionOID.BASIC_CONSTRAINTS).value.ca is False
    except x509.ExtensionNotFound:
        pass
    now = datetime.datetime.utcnow()
    assert leaf.not_valid_before <= now < leaf.not_valid_after
    assert leaf.not_valid_after - now <= datetime.timedelta(days=90)


@pytest.mark.parametrize("days", [1, 90])
def test_a_client_chooses_the_end(client, challenges, days):
    """RFC 8555 7.4; cert-manager asks for its whole duration from now on."""
    end = datetime.datetime.utcnow().replace(microsecond=0) + \
        datetime.timedelta(days=days)
    order = client.new_order("end.example.test",
                             notAfter=end.isoformat() + "Z")
    client.authorize(order, challenges)
    done = client.finalize(order, acme.csr(jose.new_key(),
                                           ["end.example.test"])).json
    leaf = acme.parse_chain(client.download(done["certificate"]))[0]
    assert leaf.not_valid_after == end
    assert end - leaf.not_valid_before < datetime.timedelta(days=90)


def test_many_names(client, challenges):
    names = [f"n{i}.example.test" for i in range(20)]
    leaf = client.obtain(challenges, *names)[0]
    assert sorted(names_of(leaf)) == sorted(names)


def test_names_are_canonical(client, challenges):
    """RFC 4343: case does not matter, and what is issued is lower case."""
    order = client.new_order("MiXed.Example.TEST")
    assert order["identifiers"] == [
        {"type": "dns", "value": "mixed.example.test"}]
    client.authorize(order, challenges)
    key = jose.new_key()
    done = client.finalize(order, acme.csr(key, ["mixed.EXAMPLE.test"])).json
    assert done["status"] == "valid"


def test_a_name_twice_is_one(client):
    order = client.new_order("twice.example.test", "TWICE.example.test")
    assert len(order["identifiers"]) == len(order["authorizations"]) == 1


def test_common_name_of_the_csr_is_taken_only_if_proven(client, challenges):
    order = client.new_order("cn.example.test")
    client.authorize(order, challenges)
    bad = acme.csr(jose.new_key(), ["cn.example.test"], cn="other.example")
    with pytest.raises(acme.Problem) as raised:
        client.finalize(order, bad)
    assert raised.value.answer.problem == "badCSR"


def test_csr_extensions_are_not_copied(client, challenges):
    order = client.new_order("extensions.example.test")
    client.authorize(order, challenges)
    wanted = [x509.BasicConstraints(ca=True, path_length=None),
              x509.KeyUsage(True, False, False, False, False, True, True,
                            False, False)]
    request = acme.csr(jose.new_key(), ["extensions.example.test"],
                       extra=wanted)
    answer = client.post(order["finalize"], {"csr": jose.b64(request)})
    if answer.status < 400:
        done = client.poll(order["location"], ("valid", "invalid"))
        leaf = acme.parse_chain(client.download(done["certificate"]))[0]
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        assert not usage.key_cert_sign
    else:
        assert answer.problem == "badCSR"


def test_orders_of_an_account_are_listed(ca, challenges):
    """RFC 8555 7.1.2.1."""
    client = ca.client()
    orders = [client.new_order(f"list{i}.example.test")["location"]
              for i in range(5)]
    account = client.step(client.kid, {}).json
    listed = client.step(account["orders"]).json["orders"]
    assert sorted(listed) == sorted(orders)


def test_valid_authorizations_are_reused(own_ca, challenges):
    """By the program's own rule, which PEBBLE_AUTHZREUSE would override."""
    ca = own_ca(environment={"PEBBLE_AUTHZREUSE": ""})
    client = ca.client()
    client.obtain(challenges, "reuse.example.test")
    order = client.new_order("reuse.example.test")
    assert order["status"] == "ready"


def test_another_account_reuses_nothing(own_ca, challenges):
    ca = own_ca(environment={"PEBBLE_AUTHZREUSE": "100"})
    ca.client().obtain(challenges, "mine.example.test")
    order = ca.client().new_order("mine.example.test")
    assert order["status"] == "pending"
