# SPDX-License-Identifier: Apache-2.0
"""signet-net against our own CA: all that judge can ask of it."""

import contextlib
import pathlib
import select
import socket
import subprocess
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from kit import agent_net, jose
from kit.net import HOST, free_port


@pytest.fixture
def trust(ca):
    return pathlib.Path(ca.cafile).read_bytes()


@pytest.fixture
def net(ca, trust, challenges):
    with agent_net.Net() as running:
        running.ca(ca.url, trust)
        agent_net.solve_http(running, challenges)
        yield running


def leaf(chain):
    return x509.load_pem_x509_certificate(chain["pem"])


def names(certificate):
    san = certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value
    return sorted(san.get_values_for_type(x509.DNSName))


def test_directory(net):
    found = net.must(net.ask(agent_net.OPEN), "directory")
    assert found["key_change"] is False
    assert found["eab"] is False


def test_certificate(net, challenges):
    cleaned = []
    net.on_clean = cleaned.append
    op = net.order(["b.example.test", "a.example.test"])
    chain = net.must(op, "chain")
    assert names(leaf(chain)) == ["a.example.test", "b.example.test"]
    assert chain["preferred"]
    assert cleaned == [op]
    assert net.accounts[0]["created"]
    assert net.steps(op)[:2] == ["account", "ordered"]
    assert net.steps(op)[-1] == "downloading"


def test_order_is_resumed_by_url(net):
    key = ec.generate_private_key(ec.SECP256R1())
    first = net.must(net.order(["resume.example.test"], key=key), "chain")
    again = net.must(net.order(["resume.example.test"], key=key,
                               resume=first["order"]), "chain")
    assert again["pem"] == first["pem"]
    other = net.must(net.order(["other.example.test"],
                               resume=first["order"]), "chain")
    assert other["order"] != first["order"]


def test_many_orders_side_by_side(net):
    ops = [net.order([f"n{i}.example.test"]) for i in range(10)]
    for i, op in enumerate(ops):
        assert names(leaf(net.must(op, "chain"))) == [f"n{i}.example.test"]


def test_wrong_answer_is_told_with_the_name(net, challenges):
    def offer(op, offers):
        for one in offers:
            token = one["challenges"]["http-01"]["token"]
            challenges.add(token, "nonsense")
            net.solved(op, one["authz"], "http-01")
    net.on_offer = offer
    cleaned = []
    net.on_clean = cleaned.append
    op = net.order(["wrong.example.test"])
    problem = net.must(op, "problem")
    assert problem["cause"] == "refused"
    assert problem["detail"].startswith("wrong.example.test, http-01: ")
    assert problem["subs"][0]["ident"] == ("dns", "wrong.example.test")
    assert problem["subs"][0]["method"] == "http-01"
    assert cleaned == [op]


def test_declined_ends_the_order(net):
    net.on_offer = lambda op, offers: net.declined(
        op, offers[0]["authz"], "port 80 is taken")
    problem = net.must(net.order(["declined.example.test"]), "problem")
    assert problem["cause"] == "declined"
    assert problem["detail"] == "declined.example.test: port 80 is taken"


def test_method_that_is_not_permitted_is_said(net):
    problem = net.must(net.order(["dns.example.test"], methods=1 << 3),
                       "problem")
    assert "http-01" in problem["detail"]


def test_cancel(net):
    net.on_offer = lambda op, offers: net.ask(agent_net.CANCEL, op=op)
    problem = net.must(net.order(["cancel.example.test"]), "problem")
    assert problem["cause"] == "cancelled"


def test_account(net):
    only = agent_net.REGISTER
    problem = net.must(net.ask(only, b"\1"), "problem")
    assert problem["type"] == "accountDoesNotExist"
    made = net.must(net.ask(only, b"\0"), "account")
    assert made["kid"] == net.must(net.ask(only, b"\1"), "account")["kid"]
    updated = net.must(net.ask(agent_net.UPDATE, agent_net.registration(
        contacts=["mailto:a@example.org"])), "account")
    assert updated["contacts"] == ["mailto:a@example.org"]


def test_terms_that_nobody_agreed_to(net, ca, trust):
    net.ca(ca.url, trust, number=2, terms_agreed=False)
    net.key = jose.new_key()
    problem = net.must(net.order(["terms.example.test"], ca=2), "problem")
    assert (problem["cause"], problem["type"]) == ("setup",
                                                   "userActionRequired")
    assert problem["terms"] in problem["detail"]


def test_ca_that_is_not_trusted(net, ca):
    net.ca(ca.url, number=2)
    problem = net.must(net.ask(agent_net.OPEN, ca=2), "problem")
    assert problem["cause"] == "unreachable"
    assert "--ca-file" in problem["detail"]


def test_ca_that_is_not_there(net, trust):
    net.ca(f"https://127.0.0.1:{free_port()}/dir", trust, number=2)
    op = net.ask(agent_net.OPEN, ca=2)
    problem = net.must(op, "problem")
    assert problem["cause"] == "unreachable"
    assert net.steps(op) == ["waiting"] * 3


def test_ca_by_a_name_of_the_hosts_file(net, ca, trust):
    net.ca(ca.url.replace("127.0.0.1", "localhost"), trust, number=2)
    net.must(net.ask(agent_net.OPEN, ca=2), "directory")


def test_ca_by_plain_http_elsewhere(net):
    net.ca("http://ca.example/dir", number=2)
    problem = net.must(net.ask(agent_net.OPEN, ca=2), "problem")
    assert problem["cause"] == "setup"


def test_what_the_ca_does_not_offer_is_said(net):
    problem = net.must(net.order(["profile.example.test"], profile="tiny"),
                       "problem")
    assert problem["type"] == "invalidProfile"
    assert '"tiny"' in problem["detail"]


class Proxy:
    """Knows CONNECT and nothing else; connects everything to one place."""

    def __init__(self, port):
        self.heads = []
        self.target = port
        self.answer = b"HTTP/1.1 200 Connected\r\nReplay-Nonce: no\r\n\r\n"
        self.socket = socket.create_server((HOST, 0))
        self.place = f"{HOST}:{self.socket.getsockname()[1]}"
        self.url = f"http://{self.place}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                ours, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(ours,),
                             daemon=True).start()

    def connect(self, ours):
        head = b""
        while b"\r\n\r\n" not in head:
            head += ours.recv(4096)
        self.heads.append(head.decode().splitlines()[0])
        self.fields = head.decode().splitlines()[2:-1]
        ours.sendall(self.answer)

    def carry(self, ours):
        self.connect(ours)
        with contextlib.suppress(OSError), ours, \
                socket.create_connection((HOST, self.target)) as theirs:
            ends = {ours: theirs, theirs: ours}
            while True:
                for ready in select.select(list(ends), [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    ends[ready].sendall(data)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def port_of(ca):
    return int(ca.url.split(":")[2].split("/")[0])


@pytest.fixture
def proxy(ca):
    running = Proxy(port_of(ca))
    yield running
    running.close()


def test_proxy_of_the_configuration(net, ca, trust, proxy):
    net.ca(ca.url, trust, number=2, proxy=proxy.url)
    net.must(net.order(["proxy.example.test"], ca=2), "chain")
    place = ca.url.removeprefix("https://").removesuffix("/dir")
    assert proxy.heads == [f"CONNECT {place} HTTP/1.1"]


def test_proxy_of_the_environment(ca, trust, proxy):
    with agent_net.Net({"https_proxy": proxy.url}) as net:
        net.ca(ca.url, trust)
        net.must(net.ask(agent_net.OPEN), "directory")
    assert len(proxy.heads) == 1
    with agent_net.Net({"HTTPS_PROXY": proxy.url,
                        "no_proxy": "a.example,127.0.0.1"}) as net:
        net.ca(ca.url, trust)
        net.must(net.ask(agent_net.OPEN), "directory")
    assert len(proxy.heads) == 1


def test_proxy_knows_names_that_we_do_not(net, ca, trust, proxy):
    """TLS is with the CA all the same, whose certificate is for another."""
    net.ca("https://ca.invalid:14000/dir", trust, number=2, proxy=proxy.url)
    problem = net.must(net.ask(agent_net.OPEN, ca=2), "problem")
    assert "does not prove" in problem["detail"]
    assert proxy.heads == ["CONNECT ca.invalid:14000 HTTP/1.1"]


def test_proxy_that_wants_a_password(net, ca, trust, proxy):
    net.ca(ca.url, trust, number=2, proxy=f"http://u%40:p@{proxy.place}")
    net.must(net.ask(agent_net.OPEN, ca=2), "directory")
    assert "Proxy-Authorization: Basic dUA6cA==" in proxy.fields
    proxy.answer = b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"
    net.ca(ca.url, trust, number=3, proxy=proxy.url)
    problem = net.must(net.ask(agent_net.OPEN, ca=3), "problem")
    assert problem["cause"] == "unreachable"
    assert "response 407" in problem["detail"]


@pytest.mark.parametrize("answer, words", [
    (b"HTTP/1.1 403 No\r\n\r\n", "response 403"),
    (b"SSH-2.0-OpenSSH\r\n\r\n", "CONNECT tunnel failed"),
], ids=["refused", "another protocol"])
def test_proxy_that_does_not_connect(net, ca, trust, proxy, answer, words):
    proxy.answer = answer
    net.ca(ca.url, trust, number=2, proxy=proxy.url)
    problem = net.must(net.ask(agent_net.OPEN, ca=2), "problem")
    assert problem["cause"] == "unreachable"
    assert words in problem["detail"]


def test_connection_is_kept(ca, trust, proxy, challenges):
    with agent_net.Net() as net:
        agent_net.solve_http(net, challenges)
        net.ca(ca.url, trust, proxy=proxy.url)
        for i in range(3):
            net.must(net.order([f"kept{i}.example.test"]), "chain")
    assert len(proxy.heads) == 1


@pytest.fixture
def port53(resolver):
    """The resolver on the port that resolv.conf means."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind((HOST, 53))
    except OSError:
        pytest.skip("port 53 is not ours")

    def serve():
        while True:
            wire, peer = sock.recvfrom(4096)
            if wire == b"end":
                return
            answer = resolver.answer(wire)
            if answer is not None:
                sock.sendto(answer, peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield
    sock.sendto(b"end", sock.getsockname())
    thread.join()
    sock.close()


def test_names_are_asked_for(ca, trust, resolver, port53, tmp_path):
    """From inside the sandbox; which name a certificate is for does not matter
    to where it is."""
    if subprocess.run(["unshare", "--mount", "true"]).returncode != 0:
        pytest.skip("no mount namespace")
    conf = tmp_path / "resolv.conf"
    conf.write_text(f"nameserver {HOST}\n")
    resolver.records["gone.example.test", "ANY"] = "NXDOMAIN"
    port = ca.url.split(":")[2]
    with agent_net.Net(resolv_conf=conf) as net:
        net.ca(f"https://there.example.test:{port}", trust)
        net.ca(f"https://gone.example.test:{port}", trust, number=2)
        there = net.must(net.ask(agent_net.OPEN), "problem")
        assert "there.example.test does not prove" in there["detail"]
        gone = net.must(net.ask(agent_net.OPEN, ca=2), "problem")
        assert gone["detail"] == "there is no host gone.example.test"
    assert ("there.example.test", "AAAA") in resolver.questions


def test_address_after_address(ca, trust, resolver, port53, tmp_path):
    """One that refuses, one that cannot be dialled, and then the CA."""
    if subprocess.run(["unshare", "--mount", "true"]).returncode != 0:
        pytest.skip("no mount namespace")
    conf = tmp_path / "resolv.conf"
    conf.write_text(f"nameserver {HOST}\n")
    resolver.records["many.example.test", "AAAA"] = ["2001:db8::1"]
    resolver.records["many.example.test", "A"] = ["127.0.0.9", HOST]
    with agent_net.Net(resolv_conf=conf) as net:
        net.ca(f"https://many.example.test:{port_of(ca)}", trust)
        problem = net.must(net.ask(agent_net.OPEN), "problem")
        assert "many.example.test does not prove" in problem["detail"]
    resolver.records["many.example.test", "A"] = ["127.0.0.9"]
    with agent_net.Net(resolv_conf=conf) as net:
        net.ca(f"https://many.example.test:{port_of(ca)}", trust)
        problem = net.must(net.ask(agent_net.OPEN), "problem")
        assert "many.example.test cannot be reached" in problem["detail"]


def test_the_systems_trust(ca, trust, tmp_path):
    """A bundle as distributions have it, with our root among many."""
    system = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
    others = system.read_bytes() if system.exists() else b""
    bundle = tmp_path / "bundle.crt"
    bundle.write_bytes(others + b"# a comment\n" + trust)
    with agent_net.Net({"SSL_CERT_FILE": str(bundle)}) as net:
        net.ca(ca.url)
        net.must(net.ask(agent_net.OPEN), "directory")
    bundle.write_bytes(others + trust[:200])
    with agent_net.Net({"SSL_CERT_FILE": str(bundle)}) as net:
        net.ca(ca.url)
        problem = net.must(net.ask(agent_net.OPEN), "problem")
        assert "does not prove" in problem["detail"]
