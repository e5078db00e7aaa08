# SPDX-License-Identifier: Apache-2.0
"""Runs signet, the agent, in a folder of its own, with a web root that
validators see."""

import contextlib
import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

from kit import signetd

RUN_S = 60  # sanitized, on a busy machine


def program():
    """$SIGNET, or the one beside signetd."""
    beside = pathlib.Path(signetd.program()).parent / "signet"
    return os.environ.get("SIGNET", str(beside))


def children(pid):
    """The pids of a process's children, by the names that they have."""
    found = {}
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                with contextlib.suppress(OSError):
                    name = pathlib.Path(f"/proc/{child}/comm").read_text()
                    found[name.strip()] = int(child)
    return found


class Web:
    """A web server that shows a folder, and counts what it was asked."""

    def __init__(self, root):
        self.root, self.paths = root, []
        owner = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                owner.paths.append(self.path)
                super().do_GET()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=root))
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05},
                                       daemon=True)
        self.thread.start()

    def empty(self):
        """As at the beginning: who is killed leaves challenges behind."""
        with os.scandir(self.root) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Agent:
    """signet with its own --dir, and no configuration unless it is given."""

    def __init__(self, web):
        self.web = web
        self.top = tempfile.mkdtemp(prefix="signet-agent-")
        os.chmod(self.top, 0o755)
        self.dir = os.path.join(self.top, "state")
        self.config = None

    def arguments(self, command, *arguments):
        more = ["--dir", self.dir]
        if self.config is not None:
            more += ["-c", self.config]
        return [program(), command, *more, *arguments]

    def run(self, command, *arguments, status=0, env=None):
        """The finished process, whose exit status must be the given one
        (None: any)."""
        done = subprocess.run(self.arguments(command, *arguments),
                              capture_output=True, text=True, timeout=RUN_S,
                              stdin=subprocess.DEVNULL,
                              env={**os.environ, **(env or {})})
        said = done.stdout + done.stderr
        assert not signetd.REPORTS.search(said), said
        assert status in (None, done.returncode), said
        return done

    def start(self, command, *arguments, env=None):
        return subprocess.Popen(self.arguments(command, *arguments),
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True,
                                stdin=subprocess.DEVNULL,
                                env={**os.environ, **(env or {})})

    def get(self, ca, *arguments, status=0, via=None, **more):
        """`signet get` from a running CA by the web root."""
        return self.run("get", "--ca", ca.url, "--ca-file", ca.cafile,
                        "--agree-terms", "--via",
                        via or f"webroot={self.web.root}", *arguments,
                        status=status, **more)

    def status(self, status=None):
        """What `signet status --json` says of each site, by name."""
        said = json.loads(self.run("status", "--json", status=status).stdout)
        assert said["version"] == 1
        return {site["name"]: site for site in said["sites"]}

    def certificate(self, site):
        return self.status()[site]["certificates"][0]

    def live(self, site, name="cert.pem"):
        return pathlib.Path(self.dir, "live", site, name)

    def configure(self, text):
        """Writes signet.conf."""
        self.config = os.path.join(self.top, "signet.conf")
        pathlib.Path(self.config).write_text(text)

    def close(self):
        shutil.rmtree(self.top)
