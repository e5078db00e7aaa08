# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment of a loop of issuances: of each process, and of all
at once. What was acknowledged is never lost. SIGNET_KILL_ROUNDS kills each;
SIGNET_KILL_SEED replays their moments as far as a kernel lets them."""

import os
import random
import signal
import threading
import time

import pytest

from kit import acme, jose, signetd

ROUNDS = int(os.environ.get("SIGNET_KILL_ROUNDS", "6"))
SEED = int(os.environ.get("SIGNET_KILL_SEED", str(random.randrange(1 << 32))))
ROLES = ["web", "core", "validator", "signer"]
VALIDATE_TRIES_MAX = 4  # core.h


class Issuer(threading.Thread):
    """Obtains certificates one after the other, whatever happens to the CA,
    and notes what the CA acknowledged."""

    def __init__(self, ca, challenges, number):
        super().__init__(daemon=True)
        self.ca, self.challenges, self.number = ca, challenges, number
        self.stop = threading.Event()
        self.key = jose.new_key()
        self.csr_key = jose.new_key()
        self.kid = None
        self.orders = []        # URLs
        self.certificates = {}  # URL -> PEM, or None when not downloaded
        self.failures = []      # what no crash excuses
        self.client = None

    def run(self):
        while not self.stop.is_set():
            try:
                self.one()
            except (OSError, TimeoutError):
                self.reset()
            except acme.Problem as problem:
                # Away or busy is fine, and so is a nonce of another boot.
                if problem.answer.status not in (500, 503) and \
                        problem.answer.problem != "badNonce":
                    self.failures.append(problem)
                self.reset()
            except Exception as error:  # noqa: BLE001, said by the test
                self.failures.append(error)
                self.reset()

    def reset(self):
        if self.client is not None:
            self.client.close()
        self.client = None
        time.sleep(0.01)

    def one(self):
        if self.client is None:
            self.client = acme.Client(self.ca.url, self.ca.cafile, self.key)
            self.client.register()
            if self.kid not in (None, self.client.kid):
                raise AssertionError("the account was forgotten")
            self.kid = self.client.kid
        client = self.client
        name = f"k{self.number}-{len(self.orders)}.example.test"
        order = client.new_order(name)
        self.orders.append(order["location"])
        for authz in client.authorize(order, self.challenges):
            if authz["status"] != "valid":
                raise AssertionError(authz)
        done = client.finalize(order, acme.csr(self.csr_key, [name])).json
        if done["status"] != "valid":
            done = client.poll(order["location"], ("valid", "invalid"))
        if done["status"] != "valid":
            raise AssertionError(done)
        self.certificates[done["certificate"]] = None
        self.certificates[done["certificate"]] = client.download(
            done["certificate"])

    def check(self):
        """With the CA whole again, all that it acknowledged is there."""
        assert not self.failures, self.failures
        with acme.Client(self.ca.url, self.ca.cafile, self.key) as client:
            answer = client.register(onlyReturnExisting=True)
            assert answer.header("Location") == self.kid
            for url in self.orders:
                assert client.step(url).json["status"] in (
                    "pending", "ready", "processing", "valid")
            serials = set()
            for url, pem in self.certificates.items():
                now = client.download(url)
                assert pem in (None, now)
                serials.add(acme.parse_chain(now)[0].serial_number)
            assert len(serials) == len(self.certificates)


def wait_alive(ca):
    """Until one more certificate can be had."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with acme.Client(ca.url, ca.cafile) as client:
                client.register()
                return
        except (OSError, acme.Problem):
            time.sleep(0.02)
    raise AssertionError("the CA did not come back\n" + ca.errors()[-3000:])


def wait_progress(ca, threads):
    """Until each of them got one more certificate: what it had asked for when
    this began is over."""
    before = [len(t.certificates) for t in threads]
    deadline = time.monotonic() + 60
    while any(len(t.certificates) <= n for t, n in zip(threads, before)):
        assert time.monotonic() < deadline, "nothing is issued any more\n" + \
            str([t.failures for t in threads]) + ca.errors()[-3000:]
        time.sleep(0.02)


def issuers(ca, challenges, count=3):
    return [Issuer(ca, challenges, i) for i in range(count)]


def finish(ca, threads):
    wait_alive(ca)
    wait_progress(ca, threads)
    for thread in threads:
        thread.stop.set()
    for thread in threads:
        thread.join()
        thread.check()


@pytest.mark.parametrize("role", ROLES)
def test_kill_one(real_ca, port80, role):
    dice = random.Random(f"{SEED} {role}")
    print("seed", SEED)
    threads = issuers(real_ca, port80)
    for thread in threads:
        thread.start()
    for i in range(ROUNDS):
        # A validation that ends its validator is not tried for ever.
        if role == "validator" and i % (VALIDATE_TRIES_MAX - 1) == 0:
            wait_progress(real_ca, threads)
        time.sleep(dice.uniform(0.02, 0.3))
        for pid in real_ca.pids(role):
            os.kill(pid, signal.SIGKILL)
        wait_alive(real_ca)
    finish(real_ca, threads)


def test_kill_all(real_folder, port80):
    """As kill -9 of the whole tree, master too, and a start on what is
    there."""
    dice = random.Random(f"{SEED} all")
    print("seed", SEED)
    ca = signetd.run(real_folder)
    threads = issuers(ca, port80)
    for thread in threads:
        thread.start()
    for _ in range(ROUNDS):
        time.sleep(dice.uniform(0.05, 0.5))
        ca.kill_all()
        ca.process.stdout.close()
        ca.start()
    try:
        finish(ca, threads)
    finally:
        ca.close()


def test_kill_master(real_folder, port80):
    """Children do not outlive their master, and the next one starts on the
    same addresses at once."""
    ca = signetd.run(real_folder)
    client = ca.client()
    client.obtain(port80, "first.example.test")
    children = ca.pids()
    os.kill(ca.process.pid, signal.SIGKILL)
    ca.process.wait()
    ca.process.stdout.close()
    deadline = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{pid}") for pid in children):
        assert time.monotonic() < deadline, "children outlive their master"
        time.sleep(0.01)
    ca.start()
    try:
        client.http.close()
        client.obtain(port80, "second.example.test")
    finally:
        ca.close()
