# SPDX-License-Identifier: Apache-2.0
"""--verify: deployment is done when the service shows the new certificate."""

import contextlib
import socket
import ssl
import threading

import pytest

from kit import net


class Service:
    """Serves what was live when it was told to reload, as services do."""

    def __init__(self, agent, name, port=0):
        self.agent, self.name, self.context = agent, name, None
        self.sock = socket.create_server((net.HOST, port))
        self.port = self.sock.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def reload(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            self.agent.live(self.name, "fullchain.pem"),
            self.agent.live(self.name, "privkey.pem"))
        self.context = context

    def serve(self):
        while True:
            try:
                peer, _ = self.sock.accept()
            except OSError:
                return
            if self.context is None:
                with contextlib.suppress(FileNotFoundError):
                    self.reload()
            with contextlib.suppress(OSError):
                self.context.wrap_socket(peer, server_side=True).close()

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join()


@pytest.fixture
def service(agent):
    running = Service(agent, "verify.example")
    yield running
    running.close()


def test_verify(agent, web_ca, service):
    step = f"verify {net.HOST}:{service.port}"
    agent.get(web_ca, "verify.example", "--verify",
              f"{net.HOST}:{service.port}", "--verify-wait", "1")
    done = agent.certificate("verify.example")["deployment"][0]
    assert (done["step"], done["done"]) == (step, True)
    # It goes on with the old one: that is told, and tried again.
    said = agent.run("renew", "--force", "verify.example", status=1).stderr
    assert "serves another certificate for" in said
    assert not agent.certificate("verify.example")["deployment"][0]["done"]
    service.reload()
    agent.run("renew", "verify.example")
    assert agent.certificate("verify.example")["deployment"][0]["done"]
