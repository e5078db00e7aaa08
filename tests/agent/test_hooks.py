# SPDX-License-Identifier: Apache-2.0
"""Hooks that were written for other ACME clients run unchanged: what each is
called with is written down and compared with what its client documents."""

import http.server
import json
import os
import pathlib
import re
import subprocess
import threading

import pytest

from kit import bind, other_cas

KEY = bind.keygen("hooks")
TOKEN = re.compile(r"[A-Za-z0-9_-]{22,128}")
DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")


@pytest.fixture(scope="module")
def servers():
    if not os.path.exists(bind.NAMED):
        pytest.skip("BIND is not installed")
    running = bind.Bind({"hooks.test": ""}, [KEY])
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture(scope="module")
def pebble(servers):
    with other_cas.Pebble(servers, 1, 1) as running:
        running.cafile = str(running.folder / "cert.pem")
        yield running


class Hook:
    """A script that writes down how it was called, then does what it is to
    do."""

    def __init__(self, folder, body, name="hook"):
        self.path, self.log = folder / name, folder / f"{name}.log"
        self.path.write_text(f"""#!/bin/sh
python3 -c 'import json, os, sys
print(json.dumps([sys.argv[1:], dict(os.environ), os.listdir("/proc/self/fd")]
      ))' "$@" >> {self.log}
{body}
""")
        self.path.chmod(0o755)

    def calls(self):
        return [json.loads(line) for line in
                self.log.read_text().splitlines()]


def nsupdate(servers, folder, name, value, verb):
    """Shell words that do what verb says in the variable that it names."""
    key = folder / "tsig.key"
    key.write_text(KEY)
    return f"""case "{verb}" in
present|add|begin|deploy_challenge|auth) what="add {name} 60" ;;
cleanup|rm|done|failed|clean_challenge) what="del {name}" ;;
*) exit 0 ;;
esac
printf 'server 127.0.0.1 {servers.port}\\nupdate %s TXT %s\\nsend\\n' \\
    "$what" "{value}" | nsupdate -k {key}
"""


def left(servers, name):
    return servers.primary.ask(f"_acme-challenge.{name}", "TXT")[1]


def test_certbot_http(agent, web, web_ca, tmp_path):
    well_known = f"{web.root}/.well-known/acme-challenge"
    auth = Hook(tmp_path, f"""mkdir -p {well_known}
echo noise >&2
printf %s "$CERTBOT_VALIDATION" > {well_known}/$CERTBOT_TOKEN
echo " said $CERTBOT_DOMAIN "
exit 3""", "auth")  # its status is ignored
    cleanup = Hook(tmp_path, f"rm {well_known}/$CERTBOT_TOKEN", "cleanup")
    agent.get(web_ca, "a.hooks.example", "b.hooks.example",
              via=f"certbot-http={auth.path};; {cleanup.path} x")
    calls = auth.calls()
    assert [call[0] for call in calls] == [[], []]
    assert [call[1]["CERTBOT_REMAINING_CHALLENGES"] for call in calls] == \
        ["1", "0"]
    for _, env, _ in calls:
        assert env["CERTBOT_DOMAIN"] == env["CERTBOT_IDENTIFIER"]
        assert TOKEN.fullmatch(env["CERTBOT_TOKEN"])
        assert env["CERTBOT_VALIDATION"].startswith(
            env["CERTBOT_TOKEN"] + ".")
        assert env["CERTBOT_ALL_DOMAINS"] == env["CERTBOT_ALL_IDENTIFIERS"] \
            == "a.hooks.example,b.hooks.example"
        assert "CERTBOT_AUTH_OUTPUT" not in env
    assert [(call[0], call[1]["CERTBOT_DOMAIN"], call[1][
        "CERTBOT_AUTH_OUTPUT"]) for call in cleanup.calls()] == [
            (["x"], name, f"said {name}") for name in
            ("a.hooks.example", "b.hooks.example")]
    assert not list(pathlib.Path(well_known).iterdir())


def test_certbot_dns(agent, pebble, servers, tmp_path):
    name = "_acme-challenge.$CERTBOT_DOMAIN"
    words = [nsupdate(servers, tmp_path, name, "$CERTBOT_VALIDATION", verb)
             for verb in ("auth", "cleanup")]
    auth, cleanup = Hook(tmp_path, words[0], "auth"), Hook(
        tmp_path, words[1], "cleanup")
    agent.get(pebble, "*.certbot.hooks.test",
              via=f"certbot-dns={auth.path};;{cleanup.path}",
              env={"CERTBOT_TOKEN": "of somebody else"})
    env = auth.calls()[0][1]
    assert env["CERTBOT_DOMAIN"] == "certbot.hooks.test"
    assert DIGEST.fullmatch(env["CERTBOT_VALIDATION"])
    assert "CERTBOT_TOKEN" not in env
    assert not left(servers, "certbot.hooks.test")


def test_dehydrated(agent, pebble, servers, tmp_path):
    hook = Hook(tmp_path, nsupdate(servers, tmp_path, "_acme-challenge.$2",
                                   "$4", "$1"))
    agent.get(pebble, "dehydrated.hooks.test", "*.dehydrated.hooks.test",
              via=f"dehydrated-dns={hook.path}")
    calls = [call for call in hook.calls() if "challenge" in call[0][0]]
    assert [call[0][:2] for call in calls] == [
        ["deploy_challenge", "dehydrated.hooks.test"]] * 2 + [
            ["clean_challenge", "dehydrated.hooks.test"]] * 2
    for argv, env, _ in calls:
        assert TOKEN.fullmatch(argv[2]) and DIGEST.fullmatch(argv[3])
        assert env["CHALLENGETYPE"] == "dns-01"
        assert {"WELLKNOWN", "BASEDIR", "CERTDIR", "ALPNCERTDIR", "CONFIG",
                "COMMAND"} <= set(env)
    assert not left(servers, "dehydrated.hooks.test")


def test_uacme(agent, web, web_ca, tmp_path):
    """What it declines is tried in another way."""
    well_known = f"{web.root}/.well-known/acme-challenge"
    hook = Hook(tmp_path, f"""mkdir -p {well_known}
case "$1 $2" in
"begin http-01") printf %s "$5" > {well_known}/$4 ;;
"done http-01") rm {well_known}/$4 ;;
*) exit 1 ;;
esac""")
    agent.get(web_ca, "uacme.hooks.example", via=f"uacme={hook.path}")
    begin, done = hook.calls()[-2:]
    assert begin[0][:3] == ["begin", "http-01", "uacme.hooks.example"]
    assert done[0] == ["done", *begin[0][1:]]
    for argv, env, _ in (begin, done):
        assert [env[f"UACME_{name}"] for name in
                ("METHOD", "TYPE", "IDENT", "TOKEN", "AUTH")] == argv
        assert env["UACME_CONFDIR"] == agent.dir


def test_lego_exec(agent, pebble, servers, tmp_path):
    hook = Hook(tmp_path, nsupdate(servers, tmp_path, "$2", "$3", "$1"))
    agent.get(pebble, "lego.hooks.test", via=f"lego-exec={hook.path}")
    present, cleanup = [call[0] for call in hook.calls()]
    assert present[:2] == ["present", "_acme-challenge.lego.hooks.test."]
    assert DIGEST.fullmatch(present[2])
    assert cleanup == ["cleanup", *present[1:]]
    assert not left(servers, "lego.hooks.test")


def test_lego_exec_raw(agent, pebble, tmp_path):
    """It is told what lego tells; nothing is published, so the CA says no."""
    hook = Hook(tmp_path, "exit 0")
    agent.get(pebble, "raw.hooks.test", via=f"lego-exec-raw={hook.path}",
              status=1)
    present, cleanup = [call[0] for call in hook.calls()]
    assert present[:3] == ["present", "--", "raw.hooks.test"]
    assert TOKEN.fullmatch(present[3])
    assert present[4].startswith(present[3] + ".")
    assert cleanup == ["cleanup", *present[1:]]


def lego(servers, pebble, folder, name, provider, **env):
    """Debian's, which need not succeed: its hook is of interest."""
    if not os.path.exists("/usr/bin/lego"):
        pytest.skip("lego is not installed")
    subprocess.run(
        ["/usr/bin/lego", "--server", pebble.url, "--path", folder / "lego",
         "--accept-tos", "--email", "admin@example.com", "--dns", provider,
         "--dns.disable-cp", "--dns.resolvers", f"127.0.0.1:{servers.port}",
         "--domains", name, "run"], capture_output=True, timeout=120,
        stdin=subprocess.DEVNULL, env={
            **os.environ, "LEGO_CA_CERTIFICATES": pebble.cafile,
            "LEGO_CA_SERVER_NAME": "127.0.0.1", **env})


def plain(calls):
    """Without what is random."""
    return [[DIGEST.sub("VALUE", word) for word in call] for call in calls]


@pytest.mark.parametrize("mode", ["", "RAW"])
def test_lego_exec_beside(agent, pebble, servers, tmp_path, mode):
    hook, name = Hook(tmp_path, "exit 0"), f"beside{mode}.hooks.test".lower()
    lego(servers, pebble, tmp_path, name, "exec", EXEC_MODE=mode,
         EXEC_PATH=str(hook.path))
    theirs = [call[0] for call in hook.calls()]
    hook.log.unlink()
    agent.get(pebble, name, "--environment", f"EXEC_MODE={mode}",
              "--environment", "EXEC_PROPAGATION_TIMEOUT=1",
              "--environment", "EXEC_POLLING_INTERVAL=1",
              via=f"lego-exec={hook.path}", status=1)
    ours = [call[0] for call in hook.calls()]
    assert plain(ours) == plain(theirs)
    assert len(ours) == 2


@pytest.fixture
def requests():
    """What a server was asked, and its URL."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append([self.path, self.headers["Content-Type"],
                          self.headers["Authorization"], json.loads(body)])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever,
                              kwargs={"poll_interval": 0.05})
    thread.start()
    yield asked, f"http://127.0.0.1:{server.server_address[1]}/x"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("mode", ["", "RAW"])
def test_lego_httpreq_beside(agent, pebble, servers, tmp_path, requests,
                             mode):
    asked, url = requests
    name = f"httpreq{mode}.hooks.test".lower()
    said = {"HTTPREQ_MODE": mode, "HTTPREQ_USERNAME": 'some"body',
            "HTTPREQ_PASSWORD": "with \\ and : in it",
            "HTTPREQ_ENDPOINT": url}
    lego(servers, pebble, tmp_path, name, "httpreq", **said)
    theirs = json.loads(DIGEST.sub("VALUE", json.dumps(asked)))
    asked.clear()
    secrets = tmp_path / "secrets"
    secrets.write_text("".join(f"{key}={value}\n"
                               for key, value in said.items()))
    agent.get(pebble, name, "--environment", str(secrets), "--environment",
              "HTTPREQ_PROPAGATION_TIMEOUT=1", via="lego-httpreq=", status=1)
    assert json.loads(DIGEST.sub("VALUE", json.dumps(asked))) == theirs
    assert len(theirs) == 2 and theirs[0][2].startswith("Basic ")


def test_lego_httpreq(agent, pebble):
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, self.headers["Content-Type"],
                          json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever,
                              kwargs={"poll_interval": 0.05})
    thread.start()
    agent.get(pebble, "req.hooks.test", status=1, via="lego-httpreq="
              f"http://127.0.0.1:{server.server_address[1]}/x")
    server.shutdown()
    thread.join()
    server.server_close()
    assert [path for path, _, _ in asked] == ["/x/present", "/x/cleanup"]
    assert asked[0][1] == "application/json"
    assert asked[0][2] == asked[1][2]
    assert asked[0][2]["fqdn"] == "_acme-challenge.req.hooks.test."
    assert DIGEST.fullmatch(asked[0][2]["value"])


def test_acme_sh(agent, pebble, servers, tmp_path):
    """A script of dnsapi, in a folder like the one that acme.sh makes: with
    its functions, and values that it has kept."""
    (tmp_path / "dnsapi").mkdir()
    (tmp_path / "account.conf").write_text("SAVED_TEST_Token='kept'\n")
    (tmp_path / "acme.sh").write_text("""#!/usr/bin/env sh
_initpath() { ACCOUNT_CONF_PATH="$LE_WORKING_DIR/account.conf"; }
_readaccountconf_mutable() {
  sed -n "s/^SAVED_$1='\\(.*\\)'$/\\1/p" "$ACCOUNT_CONF_PATH"
}
_info() { echo "$@"; }
main() { if [ -z "$1" ]; then echo "usage"; else exit 9; fi; }
main "$@"
""")
    (tmp_path / "dnsapi/dns_test.sh").write_text(f"""#!/usr/bin/env sh
_update() {{
{nsupdate(servers, tmp_path, "$fulldomain", "$txtvalue", "$1")}
}}
dns_test_add() {{
  fulldomain=$1 txtvalue=$2
  TEST_Token="${{TEST_Token:-$(_readaccountconf_mutable TEST_Token)}}"
  _info "adds $fulldomain $TEST_Token" >> {tmp_path}/log
  _update add
}}
dns_test_rm() {{
  fulldomain=$1 txtvalue=$2
  _info "removes $fulldomain" >> {tmp_path}/log
  _update rm
}}
""")
    agent.get(pebble, "acmesh.hooks.test", "*.acmesh.hooks.test",
              via=f"acme.sh=dns_test,{tmp_path}")
    name = "_acme-challenge.acmesh.hooks.test"
    assert (tmp_path / "log").read_text().splitlines() == [
        f"adds {name} kept"] * 2 + [f"removes {name}"] * 2
    assert not left(servers, "acmesh.hooks.test")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("theirs", ["acme.sh", "account.conf",
                                    "dnsapi/dns_test.sh"])
def test_root_sources_nothing_of_others(agent, pebble, tmp_path, theirs):
    """The shell's text is ours, but what it reads is not."""
    (tmp_path / "dnsapi").mkdir()
    (tmp_path / "dnsapi/dns_test.sh").write_text(
        f"dns_test_add() {{ echo > {tmp_path}/ran; }}\n")
    (tmp_path / theirs).touch()
    os.chown(tmp_path / theirs, 65534, 65534)
    done = agent.get(pebble, "theirs.hooks.test",
                     via=f"acme.sh=dns_test,{tmp_path}", status=1)
    assert f"{theirs} belongs to the user with id 65534" in done.stderr
    assert not (tmp_path / "ran").exists()


def test_failing_hook_is_told(agent, pebble, tmp_path):
    hook = Hook(tmp_path, "echo 'no such zone' >&2; exit 4")
    done = agent.get(pebble, "fails.hooks.test",
                     via=f"lego-exec={hook.path}", status=1)
    assert "ended with status 4: no such zone" in done.stderr
    # What was not set up is not taken down.
    assert [call[0][0] for call in hook.calls()] == ["present"]


def test_hooks_get_no_descriptor(agent, web_ca, tmp_path):
    hook = Hook(tmp_path, "exit 1")
    agent.get(web_ca, "fds.hooks.example", via=f"uacme={hook.path}", status=1)
    # Standard ones, and the one that lists them.
    assert set(hook.calls()[0][2]) <= {"0", "1", "2", "3"}


@pytest.mark.parametrize("via", [
    "certbot-dns=", "certbot-http=/nowhere/hook x", "dehydrated-dns=hook.sh",
    "uacme=/nowhere", "lego-exec=", "lego-httpreq=ftp://x",
    "acme.sh=x", "acme.sh=dns_a;b", "acme.sh=dns_a,relative",
])
def test_wrong_words(agent, web_ca, via):
    agent.get(web_ca, "words.hooks.example", via=via, status=2)


def test_deploy_hooks(agent, web_ca, tmp_path):
    """Of dehydrated, lego and acme.sh, each with its own words."""
    name = "deploy.hooks.example"
    dehydrated = Hook(tmp_path, "exit 0", "dehydrated")
    lego = Hook(tmp_path, "exit 0", "lego")
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/test.sh").write_text(
        f'test_deploy() {{ printf "%s\\n" "$@" > {tmp_path}/said; }}\n')
    agent.get(web_ca, name, f"www.{name}",
              "--deploy-hook", f"dehydrated:{dehydrated.path}",
              "--deploy-hook", f"lego:{lego.path}",
              "--deploy-hook", f"acme.sh:test,{tmp_path}")
    key, cert, chain, fullchain = [
        str(agent.live(name, f"{file}.pem")) for file in
        ("privkey", "cert", "chain", "fullchain")]
    assert [argv[0] for argv, _, _ in dehydrated.calls()] == [
        "startup_hook", "generate_csr", "sync_cert", "deploy_cert",
        "exit_hook"]
    argv = dehydrated.calls()[2][0]
    assert argv[1:-1] == [key, cert, fullchain, chain]
    argv = dehydrated.calls()[3][0]
    assert argv[:-1] == ["deploy_cert", name, key, cert, fullchain, chain]
    assert argv[-1].isdigit()
    ((argv, env, _),) = lego.calls()
    assert argv == []
    assert env["LEGO_CERT_DOMAIN"] == env["LEGO_HOOK_CERT_NAME"] == name
    assert env["LEGO_CERT_PATH"] == env["LEGO_HOOK_CERT_PATH"] == fullchain
    assert env["LEGO_CERT_KEY_PATH"] == key
    assert env["LEGO_HOOK_CERT_DOMAINS"] == f"{name},www.{name}"
    assert (tmp_path / "said").read_text().split("\n") == [
        name, key, cert, chain, fullchain, "", ""]
