# SPDX-License-Identifier: Apache-2.0
"""Debian's nginx, Apache and HAProxy as ordinary processes on free ports, each
in a folder of its own, and what they serve."""

import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

from cryptography import x509

from kit import net

WAIT_S = 20


def self_signed(folder, name, *names):
    """NAME.key, NAME.crt and NAME.pem, which is both."""
    base = pathlib.Path(folder, name)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
         "/CN=" + name, "-keyout", f"{base}.key", "-out", f"{base}.crt",
         "-addext", "subjectAltName=" + ",".join(
             "DNS:" + each for each in names or (name,))],
        check=True, stderr=subprocess.DEVNULL)
    pathlib.Path(f"{base}.pem").write_text(
        pathlib.Path(f"{base}.key").read_text() +
        pathlib.Path(f"{base}.crt").read_text())
    return str(base)


def served(port, name, host=net.HOST):
    """The leaf that is served for a name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host, port), 10) as sock:
        with context.wrap_socket(sock, server_hostname=name) as tls:
            return x509.load_der_x509_certificate(tls.getpeercert(True))


def issuer(port, name, host=net.HOST):
    return served(port, name, host).issuer.rfc4514_string()


def fetch(port, name, path="/", host=net.HOST, cafile=None):
    """Status and body; over TLS, verified, if cafile is given."""
    sock = socket.create_connection((host, port), 10)
    if cafile is not None:
        context = ssl.create_default_context(cafile=cafile)
        sock = context.wrap_socket(sock, server_hostname=name)
    with sock:
        sock.sendall(f"GET {path} HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
        answer = b""
        while part := sock.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


class Server:
    """Files in top, and the process that reads them."""

    def __init__(self, port=None):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="signet-server-"))
        self.top.chmod(0o755)
        self.port, self.tls = port or net.free_port(), net.free_port()
        self.process = None

    def write(self, name, text):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def files(self):
        """All of the configuration, to be compared."""
        return {str(path.relative_to(self.top)): path.read_bytes()
                for path in sorted(self.top.rglob("*"))
                if path.is_file() and not path.is_relative_to(
                    self.top / "run")}

    def launch(self, *argv, environment=None):
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
            stdout=open(self.top / "run/out.log", "a"),
            env={**os.environ, **(environment or {})})
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.errors()
            try:
                socket.create_connection((net.HOST, self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError(self.errors())

    def errors(self):
        return "".join(path.read_text()[-4000:]
                       for path in (self.top / "run").glob("*.log"))

    def close(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(WAIT_S)
        shutil.rmtree(self.top, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Nginx(Server):
    """conf.d/*.conf, then sites/*, as Debian has them."""
    NAME = "nginx"

    def __init__(self, port=None, **sites):
        super().__init__(port)
        for folder in ("run", "conf.d", "sites", "www"):
            (self.top / folder).mkdir()
        (self.top / "www/index.html").write_text("the page")
        self.old = self_signed(self.top / "run", "old")
        self.file = self.write("nginx.conf", f"""
pid {self.top}/run/pid;
error_log {self.top}/run/error.log;
worker_processes 2;
events {{ }}
http {{
	access_log off;
	client_body_temp_path {self.top}/run/1;
	proxy_temp_path {self.top}/run/2;
	fastcgi_temp_path {self.top}/run/3;
	uwsgi_temp_path {self.top}/run/4;
	scgi_temp_path {self.top}/run/5;
	include {self.top}/conf.d/*.conf;
	include sites/*;
}}
""")
        for name, text in sites.items():
            self.site(name, text)

    def site(self, name, text):
        """PORT, TLS, OLD and TOP stand for what they are."""
        for word in ("PORT", "TLS", "OLD", "TOP"):
            text = text.replace(word, str(getattr(self, word.lower())))
        self.write("sites/" + name, text)

    def start(self):
        return self.launch("nginx", "-c", self.file, "-g", "daemon off;")

    def reload(self):
        subprocess.run(["nginx", "-c", self.file, "-s", "reload"],
                       check=True, capture_output=True)


class Apache(Server):
    """conf-enabled/*.conf, then sites-enabled/*.conf, as Debian has them."""
    NAME = "apache"
    MODULES = "/usr/lib/apache2/modules"

    def __init__(self, modules=("ssl", "socache_shmcb", "rewrite"),
                 port=None, **sites):
        super().__init__(port)
        for folder in ("run", "conf-enabled", "sites-enabled", "www"):
            (self.top / folder).mkdir()
        (self.top / "www/index.html").write_text("the page")
        self.old = self_signed(self.top / "run", "old")
        # Started as root, Apache serves as another user and wants to be told.
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        load = "".join(
            f"LoadModule {name}_module {self.MODULES}/mod_{name}.so\n"
            for name in ("mpm_event", "authz_core", "alias", "dir", *modules))
        self.file = self.write("apache.conf", f"""
ServerRoot "{self.top}"
ServerName main.example.test
PidFile "{self.top}/run/pid"
DefaultRuntimeDir "{self.top}/run"
ErrorLog "{self.top}/run/error.log"
Mutex file:{self.top}/run default
{user}
{load}
Listen 127.0.0.1:{self.port}
<IfModule ssl_module>
Listen 127.0.0.1:{self.tls}
</IfModule>
IncludeOptional conf-enabled/*.conf
IncludeOptional sites-enabled/*.conf
""")
        for name, text in sites.items():
            self.site(name, text)

    def site(self, name, text):
        for word in ("PORT", "TLS", "OLD", "TOP"):
            text = text.replace(word, str(getattr(self, word.lower())))
        self.write(f"sites-enabled/{name}.conf", text)

    def start(self):
        return self.launch("/usr/sbin/apache2", "-D", "FOREGROUND", "-f",
                           self.file)

    def reload(self):
        subprocess.run(["apachectl", "-f", self.file, "-k", "graceful"],
                       check=True, capture_output=True)


class Haproxy(Server):
    NAME = "haproxy"

    def __init__(self, certificates="certs/", rule=True, port=None):
        super().__init__(port)
        for folder in ("run", "certs"):
            (self.top / folder).mkdir()
        self.write("signet.map", "")
        self.socket = str(self.top / "run/socket")
        answer = f"%[path,map({self.top}/signet.map)]"
        rule = ("http-request return status 200 content-type text/plain "
                f'lf-string "{answer}" if {{ path,map({self.top}/signet.map) '
                "-m found }" if rule else "")
        self.file = self.write("haproxy.cfg", f"""
global
	stats socket {self.socket} level admin
defaults
	mode http
	timeout connect 5s
	timeout client 5s
	timeout server 5s
frontend plain
	bind 127.0.0.1:{self.port}
	{rule}
	http-request return status 404
frontend tls
	bind 127.0.0.1:{self.tls} ssl crt {self.top}/{certificates}
	http-request return status 200 content-type text/plain string page
""")

    def start(self):
        return self.launch("haproxy", "-f", self.file, "-db")
