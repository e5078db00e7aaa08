# SPDX-License-Identifier: Apache-2.0
"""A machine that systemd has booted, beside this one: booted.sh says what it
shares with it."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from kit import signet

BOOT_S = 60
PROGRAMS = "/opt"  # where signet is there
NAMED = pathlib.Path("/sys/fs/cgroup/systemd")  # with cgroups(7), version 1


def group():
    """The control group that this process is in, as a folder."""
    top = NAMED if NAMED.is_dir() else pathlib.Path("/sys/fs/cgroup")
    wanted = "name=systemd" if NAMED.is_dir() else ""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == wanted:
            return top / path.lstrip("/")
    return top


def why_not():
    """Why it cannot be done here, or None."""
    if shutil.which("systemctl") is None:
        return "no systemd"
    if os.geteuid() != 0 or not os.access(group() / "cgroup.procs", os.W_OK):
        return "no control group can be made here"
    return None


class Machine:
    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="signet-booted-")
        self.group = group() / os.path.basename(self.top)
        self.group.mkdir()
        programs = pathlib.Path(signet.program()).resolve().parent
        script = pathlib.Path(__file__).with_name("booted.sh")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(f"\0{self.group.name}")
            notify.settimeout(BOOT_S)
            # A group of its own before the namespace of groups is made.
            self.process = subprocess.Popen(
                ["sh", "-c", f"echo $$ > {self.group}/cgroup.procs && exec "
                 "unshare --mount --pid --uts --ipc --cgroup --fork "
                 '--kill-child sh "$@"', "sh", script, self.top, programs],
                stdin=subprocess.DEVNULL,
                env={**os.environ,
                     "NOTIFY_SOCKET": f"@{self.group.name}"})
            try:
                while b"READY=1" not in notify.recv(4096).splitlines():
                    pass
            except TimeoutError:
                self.close()
                raise
        first, = pathlib.Path(f"/proc/{self.process.pid}/task/"
                              f"{self.process.pid}/children"
                              ).read_text().split()
        self.enter = ["nsenter", "-t", first, "-a", "-r", "-w", "--"]
        self.root = f"/proc/{first}/root"

    def path(self, path):
        """A path of it, as this machine sees it."""
        return pathlib.Path(self.root + path)

    def run(self, *command, status=0):
        """What a command on it says."""
        done = subprocess.run([*self.enter, *map(str, command)],
                              capture_output=True, text=True, check=False,
                              timeout=signet.RUN_S,
                              stdin=subprocess.DEVNULL)
        said = done.stdout + done.stderr
        assert done.returncode == status, said
        return said

    def drop_in(self, unit, *lines):
        """What a test needs otherwise in a unit, which is to come."""
        folder = self.path(f"/etc/systemd/system/{unit}.d")
        folder.mkdir(exist_ok=True)
        (folder / "test.conf").write_text("\n".join(lines) + "\n")

    def show(self, unit, name):
        return self.run("systemctl", "show", "-P", name, unit).strip()

    def wait(self, unit, name, value):
        """Until systemd says so. (It tells of changes by D-Bus alone.)"""
        deadline = time.monotonic() + BOOT_S
        while (is_ := self.show(unit, name)) != value:
            assert time.monotonic() < deadline, f"{unit}: {name}={is_}"
            time.sleep(0.05)

    def close(self):
        """With process 1 all others end."""
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + BOOT_S
        folders = sorted(self.group.glob("**/"), reverse=True)
        while folders and time.monotonic() < deadline:
            with contextlib.suppress(OSError):  # some are still ending
                folders[0].rmdir()
                folders.pop(0)
        os.rmdir(self.top)
        assert not folders, folders
