# SPDX-License-Identifier: Apache-2.0
"""Small servers for tests, each on a free port of the loopback."""

import collections
import contextlib
import errno
import fcntl
import http.server
import pathlib
import random
import socket
import socketserver
import struct
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

HOST = "127.0.0.1"
CHALLENGE = "/.well-known/acme-challenge/"
CLAIMS = collections.deque(maxlen=200)  # sockets, of the newest free_port()


def loopback_up():
    """A new network namespace's loopback is down: netdevice(7)."""
    get_flags, set_flags, up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        answer = fcntl.ioctl(sock, get_flags, request)
        flags = struct.unpack_from("16sH", answer)[1]
        if not flags & up:
            fcntl.ioctl(sock, set_flags,
                        struct.pack("16sH14s", b"lo", flags | up, b""))


def is_free(port):
    """Whether nobody listens there."""
    with socket.socket() as sock:
        return sock.connect_ex((HOST, port)) != 0


def choosable():
    """Ports that the kernel gives to nobody who asks for none in particular:
    no client's end sits on one when a server comes to listen there."""
    low, high = map(int, pathlib.Path(
        "/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    return [port for port in range(10000, 65536) if not low <= port <= high]


def take_port(port):
    """Whether it is free and not another's, who will listen there later."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0signet-test-port-{port}")
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as sock:
                sock.bind(("", port))
    except OSError as error:
        claim.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    CLAIMS.append(claim)
    return True


def free_port():
    """A port of the loopback, for UDP and TCP, that is this process's until it
    ends or has taken many more: others who look for one do not get it."""
    ports = choosable()
    for port in random.sample(ports, min(1000, len(ports))):
        if take_port(port):
            return port
    raise AssertionError("no port is free")


class Challenges:
    """Answers http-01 challenges. add() sets a token's answer; answers may
    also be functions of the handler, for redirects and other unkindness."""

    def __init__(self, port=0, host=HOST):
        self.answers = {}
        self.hits = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner.hits.append((self.headers.get("Host"), self.path,
                                   self.headers.get("User-Agent")))
                answer = owner.answers.get(self.path)
                if callable(answer):
                    answer(self)
                elif answer is None:
                    reply(self, 404, b"no such token")
                else:
                    reply(self, 200, answer.encode())

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # the other end may go away as it likes

        self.server = Server((host, port), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05},
                                       daemon=True)
        self.thread.start()

    def add(self, token, answer):
        self.answers[CHALLENGE + token] = answer

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def reply(handler, status, body, **headers):
    """Sends one answer from inside a handler."""
    with contextlib.suppress(OSError):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


class Dns:
    """Answers A with the loopback for every name, and NODATA for the rest,
    but for what records says: (name, type) -> list of rdata texts, "NXDOMAIN",
    "SERVFAIL" or "SILENCE". ports are those that UDP came from."""

    def __init__(self, host=HOST):
        self.host = host
        self.records = {}
        self.questions = []
        self.ports = set()
        owner = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                owner.ports.add(self.client_address[1])
                wire = owner.answer(data)
                if wire is not None:
                    sock.sendto(wire, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self):
                while head := self.rfile.read(2):
                    wire = owner.answer(
                        self.rfile.read(int.from_bytes(head, "big")))
                    if wire is None:
                        return
                    self.wfile.write(len(wire).to_bytes(2, "big") + wire)

        self.port = free_port()
        self.servers = [socketserver.ThreadingUDPServer((host, self.port), Udp),
                        socketserver.ThreadingTCPServer((host, self.port), Tcp)]
        self.threads = []
        for server in self.servers:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever,
                                      kwargs={"poll_interval": 0.05},
                                       daemon=True)
            thread.start()
            self.threads.append(thread)

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def answer(self, wire):
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.questions.append((name, kind))
        reply_ = dns.message.make_response(query, recursion_available=True)
        found = self.records.get((name, kind))
        if found is None:
            found = self.records.get((name, "ANY"))
        if found is None:
            found = [HOST] if kind == "A" else []
        if found == "SILENCE":
            return None
        if found in ("NXDOMAIN", "SERVFAIL"):
            reply_.set_rcode(dns.rcode.from_text(found))
        elif found:
            reply_.answer.append(dns.rrset.from_text_list(
                question.name, 1, "IN", kind, found))
        if not reply_.answer:
            reply_.authority.append(dns.rrset.from_text(
                question.name, 1, "IN", "SOA", ". . 1 1 1 1 1"))
        return reply_.to_wire(max_size=65535)

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        for thread in self.threads:
            thread.join()
