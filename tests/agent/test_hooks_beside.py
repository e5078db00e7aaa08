# SPDX-License-Identifier: Apache-2.0
"""One hook, called by the client that it was written for (Debian's) and by
signet: what it was told is the same, in the same order."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography import x509

CLIENT_S = 120
# What differs from one call to another by its nature. A token of base64url may
# begin and end with a hyphen, which is no word's (\b).
B64 = r"[A-Za-z0-9_-]"
RANDOM = [(re.compile(rf"{B64}{{43}}\.{B64}{{43}}"), "KEYAUTH"),
          (re.compile(rf"(?<!{B64}){B64}{{43}}(?!{B64})"), "TOKEN"),
          (re.compile(r"\b1\d{9}\b"), "TIME"),
          (re.compile(rf"(?<!{B64}){B64}{{22,}}(?=\"?$)"), "TOKEN")]


def run(program, *words, status=0, **env):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([program, *map(str, words)], capture_output=True,
                          text=True, timeout=CLIENT_S,
                          stdin=subprocess.DEVNULL,
                          env={**os.environ, **env})
    assert status in (None, done.returncode), done.stdout + done.stderr
    return done


class Hook:
    """A script that writes down arguments and the environment's variables
    that begin as named, then does what body says."""

    def __init__(self, folder, name, starts, body=""):
        self.path, self.log = folder / name, folder / f"{name}.log"
        recorder = folder / f"{name}.py"
        recorder.write_text(f"""import json, os, sys
print(json.dumps([sys.argv[1:], {{name: value
      for name, value in os.environ.items()
      if name.startswith({tuple(starts)!r})}}, sys.stdin.read(),
      sorted(os.listdir("/proc/self/fd"))]))
""")
        self.path.write_text(f"""#!/bin/sh
python3 {recorder} "$@" >> {self.log}
{body}
""")
        self.path.chmod(0o755)

    def take(self):
        """What was called since it was asked last."""
        calls = [json.loads(line) for line in
                 self.log.read_text().splitlines()] \
            if self.log.exists() else []
        self.log.write_text("")
        return calls


def plain(value):
    if isinstance(value, str):
        for pattern, word in RANDOM:
            value = pattern.sub(word, value)
        return value
    if isinstance(value, dict):
        return {name: plain(text) for name, text in value.items()}
    return [plain(item) for item in value]


def told(calls):
    """Arguments, environment and standard input."""
    return [plain(call[:3]) for call in calls]


def certbot(ca, folder, *words, status=0):
    return run("certbot", *words, "--non-interactive", "--server", ca.url,
               "--config-dir", folder / "etc", "--work-dir", folder / "work",
               "--logs-dir", folder / "log", status=status,
               REQUESTS_CA_BUNDLE=ca.cafile)


def adopt(agent, ca, program, folder, *words):
    return agent.run("import", program, "--ca", ca.url, "--ca-file",
                     ca.cafile, *words, str(folder))


def test_certbot(agent, web, web_ca, tmp_path):
    """Authentication, cleanup, deployment, pre and post, and the folders, of
    two certificates in one run."""
    known = f"{web.root}/.well-known/acme-challenge"
    starts = ["CERTBOT_", "RENEWED_"]
    hooks = {name: Hook(tmp_path, name, starts, body) for name, body in (
        ("auth", f"mkdir -p {known}; printf %s \"$CERTBOT_VALIDATION\" > "
         f"{known}/$CERTBOT_TOKEN; echo ' of the hook '"),
        ("cleanup", f"rm {known}/$CERTBOT_TOKEN"),
        ("deploy", ""), ("pre", ""), ("post", ""))}
    names = ("a.beside.example", "b.beside.example", "c.beside.example")
    for group in (names[:2], names[2:]):
        certbot(web_ca, tmp_path, "certonly", "--agree-tos",
                "--register-unsafely-without-email", "--manual",
                "--manual-auth-hook", hooks["auth"].path,
                "--manual-cleanup-hook", hooks["cleanup"].path,
                "--deploy-hook", hooks["deploy"].path, "--pre-hook",
                hooks["pre"].path, "--post-hook", hooks["post"].path,
                *[word for name in group for word in ("-d", name)])
    order = tmp_path / "order"
    for kind in ("pre", "deploy", "post"):
        for name, body in (("20-b", f"echo {kind} b >> {order}"),
                           ("10-a", f"echo {kind} a >> {order}"),
                           ("30-c~", f"echo {kind} backup >> {order}")):
            path = tmp_path / f"etc/renewal-hooks/{kind}/{name}"
            path.write_text(f"#!/bin/sh\n{body}\n")
            path.chmod(0o755)
    for hook in hooks.values():
        hook.take()
    certbot(web_ca, tmp_path, "renew", "--force-renewal",
            "--no-random-sleep-on-renew")
    theirs = {name: hook.take() for name, hook in hooks.items()}
    their_order = order.read_text().splitlines()
    order.unlink()
    adopt(agent, web_ca, "certbot", tmp_path / "etc")
    assert all(hook.take() == [] for hook in hooks.values())
    agent.run("renew", "--force")
    ours = {name: hook.take() for name, hook in hooks.items()}
    # What it leaves in its own environment from hook to hook, and what later
    # versions than Debian's tell, is left out.
    told_to = {"auth": ("DOMAIN", "TOKEN", "VALIDATION", "ALL_DOMAINS",
                        "REMAINING_CHALLENGES"),
               "cleanup": ("DOMAIN", "TOKEN", "VALIDATION", "ALL_DOMAINS",
                           "REMAINING_CHALLENGES", "AUTH_OUTPUT"),
               "deploy": ("LINEAGE", "DOMAINS")}
    for name, words in told_to.items():
        start = "RENEWED_" if name == "deploy" else "CERTBOT_"
        mine, their = (sorted(
            [call[0], [call[1][start + word] for word in words], call[2]]
            for call in told(calls[name])) for calls in (ours, theirs))
        assert mine == their
    assert len(ours["pre"]) == len(theirs["pre"]) == 1
    assert len(ours["post"]) == len(theirs["post"]) == 1
    # Later versions than Debian's tell these.
    assert set(ours["post"][0][1]["RENEWED_DOMAINS"].split()) == set(names)
    # The folders: in order, none twice.
    mine = order.read_text().splitlines()
    assert mine == their_order == ["pre a", "pre b", *["deploy a",
                                   "deploy b"] * 2, "post a", "post b"]
    assert max(len(call[3]) for calls in ours.values()
               for call in calls) <= 4


def test_certbot_failure(agent, web, web_ca, tmp_path):
    """Post hooks run, and know what failed."""
    pre, post = (Hook(tmp_path, name, ["RENEWED_", "FAILED_"])
                 for name in ("pre", "post"))
    agent.get(web_ca, "fails.beside.example", "--pre-hook", str(pre.path),
              "--post-hook", str(post.path), via="certbot-http=true",
              status=1)
    assert len(pre.take()) == 1
    (call,) = post.take()
    assert call[1] == {"RENEWED_DOMAINS": "",
                       "FAILED_DOMAINS": "fails.beside.example"}
    # While it waits for its next time, nothing is asked, and nothing stopped.
    agent.run("renew", status=None)
    assert pre.take() == post.take() == []


def test_post_hook_of_a_killed_run(agent, web_ca, tmp_path):
    """What a killed run left stopped, the next one starts."""
    ready, done = tmp_path / "ready", tmp_path / "done"
    os.mkfifo(ready)
    process = agent.start(
        "get", "--ca", web_ca.url, "--ca-file", web_ca.cafile,
        "--agree-terms", "--via", f"webroot={agent.web.root}", "--pre-hook",
        f"echo > {ready}; sleep 60", "--post-hook", f"echo >> {done}",
        "killed.beside.example")
    ready.read_text()
    process.kill()
    process.communicate()
    assert not done.exists()
    agent.run("get", "--pre-hook", "true", "killed.beside.example")
    assert done.read_text() == "\n"
    agent.run("renew")
    assert done.read_text() == "\n"


def test_a_run_that_is_stopped_begins_no_other_turn(agent, web_ca, tmp_path):
    """Two sites wait for their hooks, one behind the other. What their runs
    owe is done, and nothing that waited begins."""
    log, fifo = tmp_path / "log", tmp_path / "fifo"
    os.mkfifo(fifo)
    agent.configure(f"""
ca "dev" {{
	directory = "{web_ca.url}"
	ca_file = "{web_ca.cafile}"
	agree_terms = true
}}
defaults {{
	ca = "dev"
	via = "webroot={agent.web.root}"
	post_hook = "echo post >> {log}"
}}
site "one.stopped.example" {{
	pre_hook = "echo one >> {log}; echo here > {fifo}; exec sleep 60"
}}
site "two.stopped.example" {{
	pre_hook = "echo two >> {log}; echo here > {fifo}; exec sleep 60"
}}
""")
    running = agent.start("renew")
    assert fifo.read_text() == "here\n"
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=CLIENT_S)
    assert running.returncode == 1 and "it was stopped" in err
    first, *rest = log.read_text().split()
    assert first in ("one", "two") and rest == ["post"]


@pytest.fixture
def dehydrated(web, web_ca, tmp_path):
    """A folder of dehydrated with a hook, and a function that runs it."""
    known = pathlib.Path(web.root, ".well-known/acme-challenge")
    known.mkdir(parents=True, exist_ok=True)
    hook = Hook(tmp_path, "hook.sh", [
        "WELLKNOWN", "BASEDIR", "CERTDIR", "ALPNCERTDIR", "CONFIG", "COMMAND",
        "CHALLENGETYPE", "KEY_ALGO", "PRIVATE_KEY_ROLLOVER", "MY_"])

    def start(names, more=""):
        (tmp_path / "config").write_text(
            f'CA="{web_ca.url}"\nBASEDIR="{tmp_path}"\n'
            f'WELLKNOWN="{known}"\nHOOK="${{BASEDIR}}/hook.sh"\n'
            f'CURL_OPTS="--cacert {web_ca.cafile}"\nKEY_ALGO=prime256v1\n'
            f"export MY_TOKEN='of a DNS provider'\n{more}\n")
        (tmp_path / "domains.txt").write_text(names + "\n")
        return run("dehydrated", "--config", tmp_path / "config", "--cron",
                   status=None)

    start("")
    run("dehydrated", "--config", tmp_path / "config", "--register",
        "--accept-terms")
    hook.take()
    start.hook, start.folder = hook, tmp_path
    return start


def without_test_call(calls):
    return [call for call in calls if not call[0][0].startswith("this_hook")]


@pytest.mark.parametrize("chain", ["no", "yes"])
def test_dehydrated(agent, web_ca, dehydrated, chain):
    name = f"{chain}.dehydrated.example"
    done = dehydrated(f"{name} www.{name} > alias-{chain}",
                      f"HOOK_CHAIN={chain}")
    assert done.returncode == 0, done.stdout + done.stderr
    theirs = without_test_call(dehydrated.hook.take())
    adopt(agent, web_ca, "dehydrated", dehydrated.folder)
    assert dehydrated.hook.take() == []
    agent.run("renew", "--force")
    ours = dehydrated.hook.take()
    # Theirs is a new certificate at first, with names that are not in order.
    assert [call[0][0] for call in ours] == [call[0][0] for call in theirs]
    for mine, their in zip(told(ours), told(theirs)):
        for of in (mine, their):
            if of[0][0] == "sync_cert":
                of[0].pop()  # where the request is, of which we keep none
            if of[0][0] == "generate_csr":
                of[0][3] = sorted(of[0][3].split())
        assert mine[0] == their[0] and mine[2] == their[2]
        assert {key: mine[1].get(key) for key in their[1]} == their[1]
        assert mine[1]["MY_TOKEN"] == "of a DNS provider"


def test_dehydrated_not_due(agent, web_ca, dehydrated):
    name = "same.dehydrated.example"
    dehydrated(name)
    dehydrated.hook.take()
    dehydrated(name)
    theirs = [call for call in dehydrated.hook.take()
              if call[0][0] == "unchanged_cert"]
    adopt(agent, web_ca, "dehydrated", dehydrated.folder)
    agent.run("renew", name)
    ours = dehydrated.hook.take()
    assert [call[0] for call in ours if call[0][0] == "unchanged_cert"] == [
        call[0] for call in theirs]


def test_dehydrated_failure(agent, web_ca, dehydrated, tmp_path):
    """invalid_challenge before clean_challenge, request_failure, and the error
    for exit_hook."""
    hook = dehydrated.hook
    (tmp_path / "empty").mkdir()
    done = dehydrated("bad.dehydrated.example",
                      f"WELLKNOWN={tmp_path}/empty")
    assert done.returncode != 0
    theirs = [call[0] for call in without_test_call(hook.take())]
    agent.get(web_ca, "bad.dehydrated.example", status=1,
              via=f"dehydrated-http={hook.path},wellknown={tmp_path}/empty")
    ours = [call[0] for call in hook.take()]
    assert [call[0] for call in ours] == [call[0] for call in theirs]
    mine, their = (next(call for call in calls
                        if call[0] == "invalid_challenge")
                   for calls in (ours, theirs))
    assert mine[1] == their[1] == "bad.dehydrated.example"
    assert '["status"]\t"invalid"' in mine[2]
    assert '["status"]' in their[2] and '"invalid"' in their[2]
    assert len(ours[-1]) == len(theirs[-1]) == 2  # exit_hook ERROR
    assert list((tmp_path / "empty").iterdir()) == []
    # A request that is refused.
    agent.get(web_ca, "not_a_name.dehydrated.example", status=None,
              via=f"dehydrated-http={hook.path}")
    ours = [call[0] for call in hook.take()]
    for call in ours:
        if call[0] == "request_failure":
            assert call[1].isdigit() and json.loads(call[2])["status"] == int(
                call[1])


def test_dehydrated_generates_csr(agent, web_ca, tmp_path):
    """The hook's request is used; its key never comes here."""
    name = "csr.dehydrated.example"
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([])).add_extension(x509.SubjectAlternativeName(
            [x509.DNSName(name)]), False).sign(key, hashes.SHA256())
    (tmp_path / "csr.pem").write_bytes(request.public_bytes(
        serialization.Encoding.PEM))
    hook = Hook(tmp_path, "hook.sh", ["COMMAND"],
                f'[ "$1" = generate_csr ] && cat {tmp_path}/csr.pem; exit 0')
    agent.get(web_ca, name, "--deploy-hook", f"dehydrated:{hook.path}")
    leaf = x509.load_pem_x509_certificate(agent.live(name).read_bytes())
    assert leaf.public_key().public_numbers() == \
        key.public_key().public_numbers()
    assert not agent.live(name, "privkey.pem").exists()


def test_startup_hook_is_needed(agent, web_ca, tmp_path):
    hook = Hook(tmp_path, "hook.sh", [], '[ "$1" != startup_hook ]')
    done = agent.get(web_ca, "startup.example", status=1,
                     via=f"dehydrated-http={hook.path}")
    assert "without it no CA is asked" in done.stderr
    assert [call[0][0] for call in hook.take()] == ["startup_hook",
                                                    "exit_hook"]


def test_uacme_failed(agent, web_ca, tmp_path):
    """`begin` accepts, but nothing is there: `failed`, with the same words."""
    hook = Hook(tmp_path, "hook", ["UACME_"],
                '[ "$2" = http-01 ]')
    agent.get(web_ca, "failed.uacme.example", via=f"uacme={hook.path}",
              status=1)
    calls = [call[0] for call in hook.take() if call[0][1] == "http-01"]
    assert [call[0] for call in calls] == ["begin", "failed"]
    assert calls[0][1:] == calls[1][1:]


def test_hook_is_killed_with_its_children(agent, web_ca, tmp_path):
    pids = tmp_path / "pids"
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\nsleep 1000 &\necho $! $$ > {pids}\nwait\n")
    hook.chmod(0o755)
    done = agent.get(web_ca, "slow.beside.example", "--hook-timeout", "1",
                     via=f"uacme={hook}", status=1)
    assert "it was killed after 1 s" in done.stderr
    for pid in pids.read_text().split():
        stat = pathlib.Path(f"/proc/{pid}/stat")
        assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_hook_that_says_too_much(agent, web_ca, tmp_path):
    """Its last words are kept, and no more memory than they take."""
    hook = tmp_path / "hook"
    hook.write_text("#!/bin/sh\nyes | head -c 50000000\n"
                    "yes >&2 | head -c 1; echo 'last words' >&2; exit 1\n"
                    .replace("yes >&2 | head -c 1; ", ""))
    hook.chmod(0o755)
    done = agent.get(web_ca, "loud.beside.example", via=f"uacme={hook}",
                     status=1)
    assert "last words" in done.stderr
    assert len(done.stderr) < 4096


def test_environment(agent, web_ca, tmp_path):
    """What others left is gone; what the site says is there; where it runs
    does not depend on who called."""
    secrets = tmp_path / "secrets"
    secrets.write_text("# of the provider\nexport TOKEN='a b'\nOTHER=c\n")
    secrets.chmod(0o600)
    said = tmp_path / "said"
    agent.get(web_ca, "environment.beside.example", "--environment",
              str(secrets), "--environment", "DIRECT=d", "--reload",
              f"env > {said}; pwd >> {said}; umask >> {said}",
              env={"CERTBOT_DOMAIN": "x", "UACME_TOKEN": "x",
                   "NOTIFY_SOCKET": "/run/x", "BASH_ENV": "/x",
                   "SIGNET_VERB": "x", "KEPT": "yes"})
    lines = said.read_text().splitlines()
    assert {"TOKEN=a b", "OTHER=c", "DIRECT=d", "KEPT=yes"} <= set(lines)
    assert not [line for line in lines if line.startswith(
        ("CERTBOT_", "UACME_", "NOTIFY_", "BASH_ENV", "SIGNET_VERB"))]
    assert lines[-2:] == ["/", "0022"]
    assert "RENEWED_LINEAGE=" in said.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_reads_no_variables_of_others(agent, web_ca, tmp_path):
    secrets, said = tmp_path / "secrets", tmp_path / "said"
    secrets.write_text("PATH=/tmp/evil\n")
    os.chown(secrets, 65534, 65534)
    done = agent.get(web_ca, "others.beside.example", "--environment",
                     str(secrets), "--reload", f"env > {said}")
    assert "who could make root run anything" in done.stderr
    assert "/tmp/evil" not in said.read_text()


def test_copies_in_files(agent, web_ca, tmp_path):
    """What is there keeps its mode."""
    key, chain = tmp_path / "key.pem", tmp_path / "all.pem"
    key.write_text("old")
    key.chmod(0o640)
    agent.get(web_ca, "copies.beside.example", "--copy", f"privkey={key}",
              "--copy", f"fullchain={chain}")
    live = agent.live("copies.beside.example", "").parent / \
        "copies.beside.example"
    assert key.read_text() == (live / "privkey.pem").read_text()
    assert chain.read_text() == (live / "fullchain.pem").read_text()
    assert key.stat().st_mode & 0o777 == 0o640
