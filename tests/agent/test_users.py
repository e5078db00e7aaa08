# SPDX-License-Identifier: Apache-2.0
"""Whose what is: started as root, and without root."""

import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

import pytest

from kit import signet

NOBODY = 65534
UID_BASE = 64300  # agent_proc.h
ACCOUNT = UID_BASE + 3

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def owner_and_mode(path):
    found = path.stat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def test_files_belong_to_whom_the_site_says(agent, web_ca):
    """A mail server reads its key without being root."""
    copies = pathlib.Path(agent.top, "copies")
    copies.mkdir()
    agent.get(web_ca, "mail.example", "--owner", "nobody", "--group",
              "nogroup", "--mode", "0640", "--copy", str(copies))
    for folder in (agent.live("mail.example", ""), copies):
        assert owner_and_mode(folder / "privkey.pem") == \
            (NOBODY, NOBODY, 0o640)
        assert owner_and_mode(folder / "combined.pem") == \
            (NOBODY, NOBODY, 0o640)
        assert owner_and_mode(folder / "fullchain.pem") == \
            (NOBODY, NOBODY, 0o644)
    # The way there is open to all who may read the files.
    for folder in (agent.live("mail.example", ""), agent.live("", ""),
                   pathlib.Path(agent.dir)):
        assert stat.S_IMODE(folder.stat().st_mode) & 0o055 == 0o055


def test_account_keys_are_their_process(agent, web_ca):
    agent.get(web_ca, "owner.example")
    accounts = pathlib.Path(agent.dir, "accounts")
    assert owner_and_mode(accounts) == (ACCOUNT, ACCOUNT, 0o700)
    assert [owner_and_mode(key) for key in accounts.iterdir()] == \
        [(ACCOUNT, ACCOUNT, 0o400)]


@pytest.fixture
def programs():
    """signet where an ordinary user can run it."""
    beside = pathlib.Path(signet.program()).parent
    top = pathlib.Path(tempfile.mkdtemp(prefix="signet-users-"))
    top.chmod(0o755)
    for name in ("signet", "signet-net"):
        shutil.copy(beside / name, top)
    yield top
    shutil.rmtree(top)


def as_nobody(programs, arguments):
    done = subprocess.run([programs / "signet", *arguments],
                          capture_output=True, text=True,
                          timeout=signet.RUN_S, stdin=subprocess.DEVNULL,
                          user=NOBODY, group=NOBODY, extra_groups=[])
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_without_root(agent, web_ca, programs):
    """All of it, by a user that may do nothing else; then root, to whom it
    is given, goes on with what that user made."""
    home, www = programs / "home", programs / "www"
    for folder in (home, www):
        folder.mkdir()
        os.chown(folder, NOBODY, NOBODY)
    root = home / "root.pem"
    shutil.copy(web_ca.cafile, root)
    os.chmod(root, 0o644)
    agent.dir = str(home / "state")
    shared = pathlib.Path(agent.web.root, ".well-known")
    shared.symlink_to(www / ".well-known")
    as_nobody(programs, ["get", "--dir", agent.dir, "--ca", web_ca.url,
                         "--ca-file", str(root), "--agree-terms",
                         "--via", f"webroot={www}", "user.example"])
    live = agent.live("user.example", "privkey.pem")
    first = live.read_bytes()
    assert owner_and_mode(live) == (NOBODY, NOBODY, 0o600)
    as_nobody(programs, ["renew", "--force", "--dir", agent.dir])
    second = live.read_bytes()
    assert second != first
    # There could be hooks in it: root does not run another user's.
    said = agent.run("renew", "--force", status=1).stderr
    assert f"belongs to the user with id {NOBODY}" in said
    assert "run signet as that user" in said
    assert live.read_bytes() == second
    for path in (home, *home.rglob("*")):
        os.lchown(path, 0, 0)
    agent.run("renew", "--force")
    assert live.read_bytes() != second


@pytest.fixture
def theirs(tmp_path):
    """A function that makes a program which another user may change; it
    writes down that it ran."""
    def make(name, body=""):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho {name} >> {tmp_path}/ran\n{body}\n")
        path.chmod(0o755)
        os.chown(path, NOBODY, NOBODY)
        return path

    make.ran = tmp_path / "ran"
    return make


def test_root_runs_nobody_elses_hooks(agent, web_ca, theirs):
    """Neither by a shell nor as the words of another client's hook; what
    can go on does, and all of it is said."""
    deploy = theirs("deploy")
    said = agent.get(
        web_ca, "hooks.users.example", "--pre-hook", f"X=1 {theirs('pre')} a",
        "--post-hook", f"true && '{theirs('post')}'", "--deploy-hook",
        f"sh {deploy}", status=1).stderr
    assert agent.live("hooks.users.example").exists()
    for name in ("pre", "post", "deploy"):
        assert f"/{name} belongs to the user with id {NOBODY}" in said
    assert not theirs.ran.exists()
    os.chown(deploy, 0, 0)
    agent.run("renew", "--force", status=None)
    assert theirs.ran.read_text() == "deploy\n"


def test_root_runs_nobody_elses_challenge_hooks(agent, web_ca, theirs):
    for via in (f"certbot-http=true; {theirs('auth')}",
                f"uacme={theirs('uacme')}",
                f"dehydrated-http={theirs('dehydrated')}"):
        said = agent.get(web_ca, "via.users.example", via=via,
                         status=1).stderr
        assert f"belongs to the user with id {NOBODY}" in said, via
    assert not theirs.ran.exists()


def test_root_searches_no_folder_of_others(agent, web_ca, theirs):
    """A name without a path is none of a program that others put there."""
    folder = theirs("bin/uname").parent
    os.chown(folder, NOBODY, NOBODY)
    agent.get(web_ca, "path.users.example", "--pre-hook", "uname",
              env={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert not theirs.ran.exists()
