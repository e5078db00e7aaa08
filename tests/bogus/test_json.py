# SPDX-License-Identifier: Apache-2.0
"""Hostile JSON in every place where JSON is read: body, header, payload."""

import json

import pytest

from kit import jose

from bogus.test_jws import members, processes_live, raw, refused  # noqa: F401

DEEP = 100000

HOSTILE = {
    "empty": b"", "space": b" ", "null": b"null", "true": b"true",
    "number": b"5", "string": b'"x"', "array": b"[]", "two": b"{}{}",
    "cut": b'{"a":', "open string": b'{"a":"', "trailing comma": b'{"a":1,}',
    "trailing text": b"{} x", "comment": b"{/**/}", "single quotes": b"{'a':1}",
    "bare word": b"{a:1}", "NaN": b'{"a":NaN}', "infinity": b'{"a":1e999999}',
    "leading zero": b'{"a":01}', "hex": b'{"a":0x1}',
    "deep arrays": b"[" * DEEP, "deep objects": b'{"a":' * DEEP,
    "closed deep": b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}",
    "NUL": b'{"a\0":1}', "escaped NUL": b'{"a\\u0000b":1}',
    "raw control": b'{"a":"\x01"}', "lone surrogate": b'{"a":"\\ud800"}',
    "overlong UTF-8": b'{"a":"\xc0\xaf"}', "bad UTF-8": b'{"a":"\xff"}',
    "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}', "BOM": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"), "twice": b'{"a":1,"a":2}',
    "huge number": b'{"a":' + b"9" * 5000 + b"}",
    "many members": b"{" + b",".join(b'"m%d":0' % i for i in range(9000))
                    + b"}",
    "long key": b'{"' + b"k" * 60000 + b'":1}',
}
# As a payload these are JSON objects, which may have members that we do not
# know: RFC 8555 7.
HARMLESS = {"many members", "long key", "closed deep", "huge number",
            "infinity"}


@pytest.mark.parametrize("name", HOSTILE)
def test_body(client, name):
    refused(client.send(client.kid, HOSTILE[name]))


@pytest.mark.parametrize("name", HOSTILE)
def test_header(client, name):
    refused(client.send(client.kid, raw(client, HOSTILE[name])),
            "malformed", "badNonce", "badSignatureAlgorithm")


@pytest.mark.parametrize("name", HOSTILE)
def test_header_with_the_good_members_too(client, name):
    text = json.dumps(members(client)).encode()[:-1]
    refused(client.send(client.kid, raw(
        client, text + b', "z": ' + HOSTILE[name] + b"}"))) \
        if name not in ("null", "true", "number", "string", "array") else None


@pytest.mark.parametrize("name", [n for n in HOSTILE if n not in HARMLESS])
def test_payload(client, name):
    order = client.directory["newOrder"]
    refused(client.post(order, HOSTILE[name]))


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_strange_payload(client, name):
    answer = client.post(client.directory["newOrder"], HOSTILE[name])
    refused(answer)


def test_payload_of_text_not_json(client):
    for payload in (jose.b64(b"{}").encode(), b"csr=abc", b"<xml/>",
                    b"\x30\x82\x01\x00"):
        refused(client.post(client.directory["newOrder"], payload))


def test_body_of_one_mib(client):
    for body in (b"x" * (1 << 20), b'{"payload":"' + b"A" * (1 << 20) + b'"}',
                 b"[" * (1 << 20)):
        answer = client.send(client.kid, body)
        assert answer.status == 413, answer
        assert answer.problem == "malformed"


def test_many_identifiers(client):
    idents = [{"type": "dns", "value": f"i{i}.example.test"}
              for i in range(2000)]
    refused(client.post(client.directory["newOrder"],
                        {"identifiers": idents}))


def test_many_contacts(client):
    contact = [f"mailto:a{i}@example.com" for i in range(2000)]
    refused(client.post(client.kid, {"contact": contact}), "malformed",
            "invalidContact")
