# SPDX-License-Identifier: Apache-2.0
"""Debian's Postfix, Dovecot and vsftpd on free ports, each in a folder of its
own, with the key and certificate of a folder. They want to be root."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from kit.net import HOST, free_port

START_S = 30


def wait_greeting(port):
    """Until somebody greets there."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((HOST, port), 5) as sock:
                if sock.recv(1):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"nobody greets at port {port}")


class Daemon:
    def __init__(self, live):
        """live: the folder with privkey.pem, fullchain.pem, combined.pem."""
        self.live = live
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="signet-mail-"))
        self.top.chmod(0o755)
        self.process = None
        try:
            self.configure()
            self.start()
        except BaseException:
            self.close()
            raise

    def write(self, name, text):
        path = self.top / name
        path.write_text(text)
        return str(path)

    def spawn(self, *command):
        with open(self.top / "out", "ab") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def end(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def close(self):
        self.end()
        shutil.rmtree(self.top, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Postfix(Daemon):
    """smtp is its port."""

    def configure(self):
        self.smtp = free_port()
        for folder in ("queue", "data"):
            (self.top / folder).mkdir()
        shutil.chown(self.top / "data", "postfix")
        self.write("main.cf", f"""
compatibility_level = 3.6
queue_directory = {self.top}/queue
data_directory = {self.top}/data
maillog_file = {self.top}/log
maillog_file_prefixes = {self.top}
myhostname = mail.example
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
mydestination =
smtpd_tls_security_level = may
smtpd_tls_chain_files = {self.live}/combined.pem
""")
        self.write("master.cf", f"""
{HOST}:{self.smtp} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
""")
        self.reload = f"postfix -c {self.top} reload"

    def start(self):
        # It leaves its parent: postfix(1) ends it.
        subprocess.run(["postfix", "-c", self.top, "start"], check=True,
                       capture_output=True, stdin=subprocess.DEVNULL)
        wait_greeting(self.smtp)

    def end(self):
        subprocess.run(["postfix", "-c", self.top, "stop"], check=False,
                       capture_output=True, stdin=subprocess.DEVNULL)


class Dovecot(Daemon):
    """imap and pop3 are its ports. It keeps its certificate until `reload`."""

    def configure(self):
        self.imap, self.pop3 = free_port(), free_port()
        self.config = self.write("dovecot.conf", f"""
base_dir = {self.top}/run
state_dir = {self.top}/state
log_path = {self.top}/log
protocols = imap pop3
listen = {HOST}
ssl = yes
ssl_cert = <{self.live}/fullchain.pem
ssl_key = <{self.live}/privkey.pem
mail_location = maildir:{self.top}/mail
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={self.top}
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {self.pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
""")
        self.reload = f"doveadm -c {self.config} reload"

    def start(self):
        self.spawn("/usr/sbin/dovecot", "-F", "-c", self.config)
        wait_greeting(self.imap)
        wait_greeting(self.pop3)


class Vsftpd(Daemon):
    """ftp is its port."""

    def configure(self):
        self.ftp = free_port()
        (self.top / "empty").mkdir()
        self.config = self.write("vsftpd.conf", f"""
listen=YES
listen_address={HOST}
listen_port={self.ftp}
background=NO
local_enable=YES
anonymous_enable=NO
secure_chroot_dir={self.top}/empty
seccomp_sandbox=NO
ssl_enable=YES
ssl_tlsv1=YES
rsa_cert_file={self.live}/combined.pem
""")

    def start(self):
        self.spawn("/usr/sbin/vsftpd", self.config)
        wait_greeting(self.ftp)
