# SPDX-License-Identifier: Apache-2.0
"""Between a client and a CA: HTTPS in, HTTPS out, and in between a function
that may change each answer, as other CAs give theirs. The CA makes its URLs
from the Host that it is asked under, so all requests come this way."""

import http.client
import http.server
import json
import ssl
import tempfile
import threading
import urllib.parse

from cryptography import x509

from kit import jose, other_cas
from kit.net import HOST


class Answer:
    """One answer, and what it is to."""

    def __init__(self, method, path, asked, response):
        self.method, self.path, self.asked = method, path, asked
        self.status = response.status
        self.headers = [(k, v) for k, v in response.getheaders()
                        if k.lower() not in ("content-length", "connection",
                                             "transfer-encoding")]
        self.body = response.read()
        self.chunked = False
        self.close = False

    def get(self, name):
        return next((v for k, v in self.headers
                     if k.lower() == name.lower()), None)

    def drop(self, name):
        self.headers = [(k, v) for k, v in self.headers
                        if k.lower() != name.lower()]

    def set(self, name, value):
        self.drop(name)
        self.headers.append((name, value))

    @property
    def json(self):
        """The body, if it is an object; else None."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    @json.setter
    def json(self, value):
        self.body = json.dumps(value).encode()

    def problem(self, status, kind, detail="because", **headers):
        self.status = status
        self.json = {"type": "urn:ietf:params:acme:error:" + kind,
                     "detail": detail, "status": status}
        self.set("Content-Type", "application/problem+json")
        for name, value in headers.items():
            self.set(name.replace("_", "-"), value)

    @property
    def payload(self):
        """What the client said, without its signature."""
        if self.method != "POST":
            return None
        text = jose.unb64(json.loads(self.asked)["payload"])
        return json.loads(text) if text else ""


class FaultProxy:
    """change(answer) may change it. before(method, path) may answer a request
    that the CA does not see, with (status, headers, body)."""

    def __init__(self, ca, change=lambda answer: None,
                 before=lambda method, path: None):
        place = urllib.parse.urlsplit(ca.url)
        self.change, self.before = change, before
        self.seen = []
        owner = self
        upstream = ssl.create_default_context(cafile=ca.cafile)
        upstream.check_hostname = False

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def serve(self):
                size = int(self.headers.get("Content-Length") or 0)
                asked = self.rfile.read(size)
                owner.seen.append((self.command, self.path))
                early = owner.before(self.command, self.path)
                if early is not None:
                    self.reply(*early)
                    return
                link = http.client.HTTPSConnection(
                    place.hostname, place.port, context=upstream, timeout=60)
                link.request(self.command, self.path, asked,
                             dict(self.headers.items()))
                answer = Answer(self.command, self.path, asked,
                                link.getresponse())
                link.close()
                owner.change(answer)
                self.close_connection = answer.close
                self.reply(answer.status, answer.headers, answer.body,
                           answer.chunked)

            def reply(self, status, headers, body, chunked=False):
                self.send_response_only(status)
                for name, value in headers:
                    self.send_header(name, value)
                if chunked and self.command != "HEAD":
                    self.send_header("transfer-encoding", "chunked")
                    self.end_headers()
                    for i in range(0, len(body), 7):
                        part = body[i:i + 7]
                        self.wfile.write(b"%x;x=y\r\n%s\r\n" %
                                         (len(part), part))
                    self.wfile.write(b"0\r\nTrailer: x\r\n\r\n")
                    return
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = serve

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the other end may go away as it likes

        self.server = Server((HOST, 0), Handler)
        self.trust, key = other_cas.self_signed(
            [x509.IPAddress(other_cas.ipaddress.ip_address(HOST))])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            file.write(self.trust + key)
            file.flush()
            context.load_cert_chain(file.name)
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True,
            do_handshake_on_connect=False)
        self.url = f"https://{HOST}:{self.server.server_address[1]}" + \
            place.path
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05},
                                       daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
