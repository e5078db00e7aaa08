# SPDX-License-Identifier: Apache-2.0
"""An OCSP responder: HTTP around `openssl ocsp`, which makes and signs each
answer. All certificates are good unless they are said to be something else."""

import base64
import http.server
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse

from cryptography.x509 import ocsp as codec


class Responder:
    def __init__(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="signet-ocsp-"))
        self.revoked = {}       # serial -> reason
        self.unknown = set()    # serials
        self.asked = []         # (method, serial)
        self.refuse_get = self.down = False
        self.minutes = 600      # from thisUpdate to nextUpdate
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = urllib.parse.unquote(self.path[1:])
                if owner.refuse_get:
                    self.send_error(405)
                else:
                    self.answer(base64.b64decode(path))

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                assert self.headers["Content-Type"] == \
                    "application/ocsp-request"
                self.answer(self.rfile.read(length))

            def answer(self, request):
                if owner.down:
                    self.send_error(503)
                    return
                body = owner.respond(self.command, request)
                self.send_response(200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05},
                                       daemon=True)
        self.thread.start()

    def issuer(self, certificate, key, signer=None):
        """PEM of the issuer; signer: (certificate, key) of whom it has
        certified to sign in its stead."""
        (self.top / "ca.pem").write_text(certificate)
        (self.top / "signer.pem").write_text(
            certificate if signer is None else signer[0])
        (self.top / "signer.key").write_text(
            key if signer is None else signer[1])

    def respond(self, method, request):
        serial = codec.load_der_ocsp_request(request).serial_number
        self.asked.append((method, serial))
        name = f"{serial:x}"
        name = "0" * (len(name) % 2) + name.upper()
        until = time.strftime("%y%m%d%H%M%SZ",
                              time.gmtime(time.time() + 86400))
        line = f"V\t{until}\t\t{name}\tunknown\t/CN=x\n"
        if serial in self.revoked:
            now = time.strftime("%y%m%d%H%M%SZ", time.gmtime())
            line = (f"R\t{until}\t{now},{self.revoked[serial]}\t{name}"
                    "\tunknown\t/CN=x\n")
        (self.top / "index.txt").write_text(
            "" if serial in self.unknown else line)
        (self.top / "request.der").write_bytes(request)
        subprocess.run(
            ["openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem",
             "-rsigner", "signer.pem", "-rkey", "signer.key", "-reqin",
             "request.der", "-respout", "response.der", "-nmin",
             str(self.minutes)], cwd=self.top, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (self.top / "response.der").read_bytes()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        shutil.rmtree(self.top)
