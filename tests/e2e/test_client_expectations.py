# SPDX-License-Identifier: Apache-2.0
"""What unmodified ACME clients need beyond or within RFC 8555, found by
bending a server's answers under sixteen of them. One test a row; the clients
that fail without it are named."""

import re
import threading

import pytest

from kit import acme, jose, net


@pytest.fixture
def order(client):
    return client.new_order("expect.example.test")


def valid_order(client, challenges, name="expect.example.test"):
    order = client.new_order(name)
    client.authorize(order, challenges)
    return order


def test_head_new_nonce(client):
    """certbot, lego, dehydrated, npm, ruby, acme.sh, x/crypto, ..."""
    answer = client.http.request("HEAD", client.directory["newNonce"])
    assert answer.status in (200, 204)
    assert answer.header("Replay-Nonce")
    assert "no-store" in answer.header("Cache-Control")


def test_get_new_nonce(client):
    """acme-tiny, uacme only GET."""
    answer = client.http.request("GET", client.directory["newNonce"])
    assert answer.status in (200, 204)
    assert answer.header("Replay-Nonce")


def test_link_up_on_challenge_responses(client, order):
    """certbot, python-acme, lego."""
    authz_url = order["authorizations"][0]
    challenge = client.challenge(authz_url)
    answer = client.post(challenge["url"], {})
    assert answer.status == 200
    assert answer.links("up") == [authz_url]
    assert client.post(challenge["url"]).links("up") == [authz_url]


def test_location_on_new_account_for_an_existing_account(ca):
    """dehydrated, uacme, lacme."""
    client = ca.client()
    answer = client.register()
    assert answer.status == 200
    assert answer.header("Location") == client.kid


def test_location_on_finalize_responses(client, challenges):
    """x/crypto/acme and so all autocert users, acmetool, ruby."""
    order = valid_order(client, challenges)
    answer = client.finalize(order, acme.csr(jose.new_key(),
                                             ["expect.example.test"]))
    assert answer.header("Location") == order["location"]


def test_json_content_type(client, challenges):
    """uacme, ruby, acme.sh, acmetool, caddy, mod_md, lacme, p1."""
    for answer in every_answer(client, challenges):
        if answer.body:
            assert answer.header("Content-Type") in (
                "application/json", "application/problem+json",
                "application/pem-certificate-chain")


def test_no_charset_and_no_text_plain(client, challenges):
    """p1, of ejabberd."""
    for answer in every_answer(client, challenges):
        assert ";" not in (answer.header("Content-Type") or "")
    head = client.http.request("HEAD", client.directory["newNonce"])
    assert not (head.header("Content-Type") or "").startswith("text/plain")


def test_no_escaped_slash_in_json(client, challenges):
    """uacme."""
    for answer in every_answer(client, challenges):
        assert b"\\/" not in answer.body


def test_no_escaped_ascii_in_json(client, challenges):
    """uacme, dehydrated, acme.sh."""
    for answer in every_answer(client, challenges):
        for code in re.findall(rb"\\u([0-9a-fA-F]{4})", answer.body):
            assert int(code, 16) >= 0x80 or int(code, 16) < 0x20


def test_no_status_invalid_nested_in_an_order(client, challenges):
    """acme.sh greps the text."""
    order = client.new_order("bad1.example.test", "bad2.example.test")
    challenge = client.challenge(order["authorizations"][0])
    challenges.add(challenge["token"], "not the key authorization")
    client.step(challenge["url"], {})
    client.poll(order["authorizations"][0], ("invalid",))
    answer = client.step(order["location"])
    assert answer.json["status"] == "invalid"
    assert answer.body.count(b'"invalid"') == 1


def test_two_certificates_in_the_chain(client, challenges):
    """certbot, mod_md."""
    assert len(client.obtain(challenges, "chain.example.test")) >= 2


def test_the_words_of_bad_nonce(client):
    """acme.sh matches the words, not the type."""
    answer = client.post(client.directory["newOrder"], {}, nonce="AAAA")
    assert answer.status == 400
    assert answer.problem == "badNonce"
    assert "JWS has an invalid anti-replay nonce" in answer.json["detail"]


def test_nonces_live_long_and_everywhere(own_ca):
    """dehydrated 0.7, lacme, ruby 2.0.9 never retry: a nonce is good over
    another connection, another web process and a restart of one."""
    import os
    import signal
    ca = own_ca()
    client = ca.client()
    nonces = [client.http.request("HEAD", client.directory["newNonce"])
              .header("Replay-Nonce") for _ in range(50)]
    for role in ("web", "core"):
        for pid in ca.pids(role):
            os.kill(pid, signal.SIGKILL)
    client.http.close()
    wait_serving(client)
    for nonce in nonces:
        client.nonces = [nonce]
        answer = client.post(client.kid, {})
        assert answer.status == 200, answer


def wait_serving(client):
    """Until a killed process is back: the connection is refused or the
    answer is 503 till then."""
    for _ in range(1000):
        try:
            if client.post(client.kid, {}).status == 200:
                return
        except OSError:
            client.http.close()
    raise AssertionError("the CA did not come back")


def test_fresh_nonce_in_the_bad_nonce_error(client):
    """uacme."""
    answer = client.post(client.directory["newOrder"], {}, nonce="AAAA")
    fresh = answer.header("Replay-Nonce")
    assert fresh and fresh != "AAAA"
    client.nonces = [fresh]
    assert client.post(client.kid, {}).status == 200


def test_new_order_queues_rather_than_refuses(ca, challenges):
    """npm, x/crypto and mod_md alone retry all of 500, 503 and 429: many
    orders at once are all taken."""
    import concurrent.futures

    def order(number):
        with acme.Client(ca.url, ca.cafile) as client:
            client.register()
            return [client.post(client.directory["newOrder"], {
                "identifiers": [{"type": "dns", "value":
                                 f"q{number}-{i}.example.test"}]}).status
                    for i in range(5)]

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        for statuses in pool.map(order, range(40)):
            assert statuses == [201] * 5


def test_respond_to_a_challenge_again(client, challenges):
    """@root/acme polls that way; Boulder answers so."""
    order = client.new_order("again.example.test")
    challenge = client.challenge(order["authorizations"][0])
    challenges.add(challenge["token"],
                   client.key_authorization(challenge["token"]))
    client.step(challenge["url"], {})
    client.poll(order["authorizations"][0], ("valid",))
    answer = client.post(challenge["url"], {})
    assert answer.status == 200
    assert answer.json["status"] == "valid"
    assert answer.json["url"] == challenge["url"]


def test_finalize_is_synchronous(client, challenges):
    """@root/acme posts the CSR again while it is processing."""
    order = valid_order(client, challenges)
    csr = acme.csr(jose.new_key(), ["expect.example.test"])
    answer = client.finalize(order, csr)
    assert answer.json["status"] == "valid"
    again = client.post(order["finalize"], {"csr": jose.b64(csr)})
    assert again.status in (200, 403), again
    if again.status == 200:
        assert again.json["certificate"] == answer.json["certificate"]
    else:
        assert again.problem == "orderNotReady"


def test_terms_of_service_are_advertised(real_folder):
    """x/crypto, acmetool and mod_md do not agree otherwise; p1 rejects
    data: URLs."""
    from kit import signetd
    with open(real_folder + "/signetd.conf", "a") as config:
        config.write('terms_of_service = "https://ca.example/terms"\n')
    with signetd.run(real_folder) as ca:
        client = ca.client(register=False)
        assert client.directory["meta"]["termsOfService"] == \
            "https://ca.example/terms"
        answer = client.post(client.directory["newAccount"], {})
        assert answer.problem == "userActionRequired"
        assert client.register().status == 201


def test_no_terms_no_agreement(real_ca):
    """What is not demanded need not be agreed to."""
    client = real_ca.client(register=False)
    assert "termsOfService" not in client.directory["meta"]
    assert client.register(termsOfServiceAgreed=False).status == 201


def test_no_contact_needed(ca):
    """dehydrated, acme-tiny register without one."""
    client = ca.client(register=False)
    assert client.register().status == 201


def test_unknown_and_zero_members_in_payloads(client):
    """caddy."""
    answer = client.post(client.directory["newOrder"], {
        "status": "", "expires": "0001-01-01T00:00:00Z",
        "identifiers": [{"type": "dns", "value": "zero.example.test"}],
        "authorizations": None, "finalize": "", "certificate": "",
        "notBefore": "0001-01-01T00:00:00Z",
        "notAfter": "0001-01-01T00:00:00Z"})
    assert answer.status == 201, answer


def test_extra_jws_header_members(client):
    """ruby sends typ."""
    assert client.post(client.kid, {}, typ="JWT").status == 200


def test_type_of_only_return_existing_misses(ca):
    """acmetool, uacme ask first, then create."""
    client = ca.client(register=False)
    answer = client.post(client.directory["newAccount"],
                         {"onlyReturnExisting": True})
    assert answer.status == 400
    assert answer.problem == "accountDoesNotExist"


def test_account_update_may_repeat_everything(ca):
    """lacme."""
    client = ca.client(contact=["mailto:one@example.com"])
    answer = client.post(client.kid, {
        "termsOfServiceAgreed": True, "contact": ["mailto:one@example.com"]})
    assert answer.status == 200
    assert answer.json["contact"] == ["mailto:one@example.com"]


def test_no_extra_processing_answer(client, challenges):
    """Each costs uacme and npm 5, 10, 20 s: the first poll of an
    authorization, an order and finalize are held until there is an end."""
    order = client.new_order("held.example.test")
    url = order["authorizations"][0]
    challenge = client.challenge(url)
    challenges.add(challenge["token"],
                   client.key_authorization(challenge["token"]))
    client.step(challenge["url"], {})
    assert client.step(url).json["status"] == "valid"
    assert client.step(order["location"]).json["status"] == "ready"
    done = client.finalize(order, acme.csr(jose.new_key(),
                                           ["held.example.test"]))
    assert done.json["status"] == "valid"


def test_polling_a_challenge_is_held_too(client, challenges):
    """certbot polls the authorization, uacme the challenge."""
    order = client.new_order("held2.example.test")
    challenge = client.challenge(order["authorizations"][0])
    challenges.add(challenge["token"],
                   client.key_authorization(challenge["token"]))
    client.step(challenge["url"], {})
    assert client.step(challenge["url"]).json["status"] == "valid"


def test_challenge_is_pending_until_its_end(client, challenges):
    """rails-letsencrypt, and whoever writes the loop of ruby acme-client's
    documentation, poll while a challenge is pending and fail unless it is
    valid then."""
    order = client.new_order("loop.example.test")
    challenge = client.challenge(order["authorizations"][0])
    go = threading.Event()

    def slow(handler):
        go.wait(20)
        text = client.key_authorization(challenge["token"])
        net.reply(handler, 200, text.encode())

    challenges.add(challenge["token"], slow)
    answer = client.step(challenge["url"], {})
    seen = [answer.json["status"]]
    shown = client.step(order["authorizations"][0]).json["challenges"]
    seen.append(shown[0]["status"])
    go.set()
    while answer.json["status"] == "pending":
        answer = client.step(challenge["url"])
    assert seen == ["pending", "pending"]
    assert answer.json["status"] == "valid"


def test_csr_of_version_2(client, challenges):
    """ruby acme-client, and so gitlab, rails-letsencrypt, ..."""
    order = valid_order(client, challenges)
    request = acme.csr_of_version(jose.new_key(), ["expect.example.test"], 2)
    assert client.finalize(order, request).json["status"] == "valid"


def test_retry_after_while_processing(own_ca, challenges):
    """certbot, acmetool, caddy, mod_md and python-acme obey it."""
    ca = own_ca()
    client = ca.client()
    order = client.new_order("slow.example.test")
    challenge = client.challenge(order["authorizations"][0])
    go = threading.Event()

    def slow(handler):
        go.wait(20)
        answer(handler)

    def answer(handler):
        text = client.key_authorization(challenge["token"])
        net.reply(handler, 200, text.encode())

    challenges.add(challenge["token"], slow)
    client.step(challenge["url"], {})
    polled = client.step(order["authorizations"][0])
    assert polled.json["status"] == "pending"
    assert 0 < int(polled.header("Retry-After")) <= 5
    go.set()
    client.poll(order["authorizations"][0], ("valid",))


def every_answer(client, challenges):
    """One answer of each kind."""
    yield client.http.request("GET", client.directory_url)
    yield client.http.request("GET", client.directory["newNonce"])
    yield client.post(client.kid, {})
    created = client.post(client.directory["newOrder"], {
        "identifiers": [{"type": "dns", "value": "every.example.test"}]})
    yield created
    order = created.json
    url = order["authorizations"][0]
    yield client.post(url)
    challenge = client.challenge(url)
    challenges.add(challenge["token"],
                   client.key_authorization(challenge["token"]))
    yield client.post(challenge["url"], {})
    client.poll(url, ("valid",))
    done = client.post(order["finalize"], {"csr": jose.b64(acme.csr(
        jose.new_key(), ["every.example.test"]))})
    yield done
    yield client.post(done.json["certificate"])
    yield client.post(client.directory["newOrder"], {"identifiers": []})
    yield client.post(client.directory_url + "/nowhere", {})
    yield client.http.request("GET", client.directory["newOrder"])
