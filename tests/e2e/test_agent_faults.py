# SPDX-License-Identifier: Apache-2.0
"""What other CAs do, and what goes wrong on the way: signet-net gets its
certificate all the same."""

import json

import pytest

from kit import agent_net, fault_proxy


def once(path, change):
    """change, at the first answer to path."""
    done = []

    def apply(answer):
        if path in answer.path and not done:
            done.append(True)
            change(answer)
    return apply


def each(change):
    """change, at each JSON answer."""
    def apply(answer):
        if answer.json is not None:
            change(answer)
    return apply


def escaped(answer):
    """Slashes and plain characters as they need not be."""
    text = answer.body.decode().replace("/", "\\/")
    answer.body = text.replace("pending", "p\\u0065nding").encode()


def strange_members(answer):
    value = answer.json
    value.update({"unknown": {"status": "invalid"}, "x": None, "y": [1, {}],
                  "error": None, "notBefore": "0001-01-01T00:00:00Z"})
    value.pop("expires", None)
    answer.json = value


def strange_challenges(answer):
    value = answer.json or {}
    if "challenges" in value:
        value["challenges"].insert(0, {"type": "new-01", "token": "/../"})
        value["challenges"].append({"type": "http-99"})
        answer.json = value


def text_in_pem(answer):
    if b"BEGIN CERTIFICATE" in answer.body:
        answer.body = b"subject=x\r\n" + answer.body.replace(b"\n", b"\r\n")


def one_certificate(answer):
    if b"BEGIN CERTIFICATE" in answer.body:
        end = b"-----END CERTIFICATE-----"
        answer.body = answer.body.split(end)[0] + end


def lower_case(answer):
    answer.headers = [(k.lower(), v) for k, v in answer.headers]


def with_charset(answer):
    kind = answer.get("Content-Type")
    if kind:
        answer.set("Content-Type", kind + "; charset=utf-8")


def no_location_but_when_made(answer):
    if answer.status != 201:
        answer.drop("Location")


def relative_location(answer):
    location = answer.get("Location")
    if location:
        answer.set("Location", "/" + location.split("/", 3)[3])


def processing(answer):
    """Finalize that is not done at once, and says so three times."""
    value = answer.json or {}
    if value.get("status") == "valid" and "finalize" in value:
        processing.left -= 1
        if processing.left >= 0:
            value["status"] = "processing"
            del value["certificate"]
            answer.json = value


def stale_nonce(answer):
    answer.problem(400, "badNonce", "old")


def stale_nonce_and_no_other(answer):
    stale_nonce(answer)
    answer.drop("Replay-Nonce")


def not_pending(answer):
    """A second response to a challenge, as some CAs see it."""
    answer.problem(400, "malformed", "the challenge is not pending")


def set_attribute(name, value):
    return lambda answer: setattr(answer, name, value)


FAULTS = {
    "link is absent": lambda a: a.drop("Link"),
    "charset": with_charset,
    "plain text": lambda a: a.set("Content-Type", "text/plain"),
    "headers in lower case": lower_case,
    "location is rare": no_location_but_when_made,
    "location is relative": relative_location,
    "escapes": each(escaped),
    "strange members": each(strange_members),
    "strange challenges": strange_challenges,
    "text in PEM": text_in_pem,
    "one certificate": one_certificate,
    "chunked": set_attribute("chunked", True),
    "connections are closed": set_attribute("close", True),
    "no nonce in answers": lambda a: a.method == "POST" and
    a.drop("Replay-Nonce"),
    "badNonce": once("/new-order", stale_nonce),
    "badNonce without another": once("/finalize", stale_nonce_and_no_other),
    "processing": processing,
    "500": once("/new-order", lambda a: a.problem(500, "serverInternal")),
    "503 and a page": once("/authz/", lambda a: (
        setattr(a, "status", 503), setattr(a, "body", b"<html>"))),
    "429": once("/new-order", lambda a: a.problem(
        429, "rateLimited", Retry_After="1")),
    "Retry-After in words": lambda a: a.set("Retry-After", "soon"),
    "challenge that is not pending": once("/challenge/", not_pending),
    "orderNotReady": once("/finalize", lambda a: a.problem(
        403, "orderNotReady")),
    "account is gone": once("/new-order", lambda a: a.problem(
        400, "accountDoesNotExist")),
}


@pytest.mark.parametrize("name", FAULTS)
def test_certificate_all_the_same(ca, challenges, name):
    processing.left = 3
    with fault_proxy.FaultProxy(ca, FAULTS[name]) as proxy:
        with agent_net.Net() as net:
            agent_net.solve_http(net, challenges)
            net.ca(proxy.url, proxy.trust)
            op = net.order([f"f{abs(hash(name)) % 10**9}.example.test"])
            assert net.must(op, "chain")["pem"].startswith(b"-----BEGIN")


def test_nonces_by_get(ca, challenges):
    """newNonce without HEAD."""
    def before(method, path):
        return (405, [], b"") if method == "HEAD" else None
    with fault_proxy.FaultProxy(ca, before=before) as proxy:
        with agent_net.Net() as net:
            agent_net.solve_http(net, challenges)
            net.ca(proxy.url, proxy.trust)
            net.must(net.order(["get-nonce.example.test"]), "chain")


def test_refusals_are_told(ca, challenges):
    """rejectedIdentifier with subproblems, and the page of a paused account."""
    def change(answer):
        if "/new-order" in answer.path:
            answer.problem(403, "rejectedIdentifier", "not \x1b[1mthese\n")
            value = answer.json
            value["instance"] = "https://ca.example/unpause?x=1"
            value["subproblems"] = [{
                "type": "urn:ietf:params:acme:error:caa", "detail": "CAA",
                "identifier": {"type": "dns", "value": "a.example.test"}}]
            answer.body = json.dumps(value).encode()
    with fault_proxy.FaultProxy(ca, change) as proxy, agent_net.Net() as net:
        agent_net.solve_http(net, challenges)
        net.ca(proxy.url, proxy.trust)
        problem = net.must(net.order(["a.example.test"]), "problem")
        assert problem["type"] == "rejectedIdentifier"
        assert problem["detail"] == "not  [1mthese "
        assert problem["instance"] == "https://ca.example/unpause?x=1"
        assert problem["subs"][0]["ident"] == ("dns", "a.example.test")
