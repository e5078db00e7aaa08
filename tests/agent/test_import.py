# SPDX-License-Identifier: Apache-2.0
"""signet takes over what Debian's certbot, dehydrated and lego, and a folder
like that of acme.sh, hold: same accounts, same certificates, same places."""

import base64
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kit import signet, signetd

def other(program, *words, **env):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([program, *words], capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL,
                          env={**os.environ, **env})
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def matches(cert, key):
    public = x509.load_pem_x509_certificate(cert.read_bytes()).public_key()
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    return private.public_key().public_numbers() == public.public_numbers()


def accounts(agent):
    return re.findall(r"account\s+(\S+)", agent.run("account", "show").stdout)


def adopts_and_renews(agent, ca, site, program, folder, cert, key, *words):
    """Nothing is issued by the import; then a renewal, in place. Gives what
    the import said."""
    before = cert.read_bytes(), key.read_bytes()
    done = agent.run("import", program, "--ca", ca.url, "--ca-file",
                     ca.cafile, *words, folder)
    assert f"{site}: taken over in " in done.stdout
    assert (cert.read_bytes(), key.read_bytes()) == before
    assert agent.run("renew").stdout == ""
    assert (cert.read_bytes(), key.read_bytes()) == before
    assert os.listdir(os.path.join(agent.dir, "live")) == []
    # Once more: all is known.
    again = agent.run("import", program, "--ca", ca.url, "--ca-file",
                      ca.cafile, folder)
    assert f"{site}: taken over before" in again.stdout
    assert f"signet import: {site}: there is" not in again.stderr
    assert "account" in again.stdout
    return done


def renews(agent, ca, site, cert, key, via=None):
    before, kids = cert.read_bytes(), accounts(agent)
    agent.run("get", "--force", "--ca", ca.url, *(
        ["--via", via] if via else []), site)
    assert cert.read_bytes() != before
    assert matches(cert, key)
    assert accounts(agent) == kids
    assert os.listdir(os.path.join(agent.dir, "live")) == []


def certbot(ca, folder, *words):
    return other("certbot", *words, "--non-interactive", "--server", ca.url,
                 "--config-dir", folder / "etc", "--work-dir",
                 folder / "work", "--logs-dir", folder / "log",
                 REQUESTS_CA_BUNDLE=ca.cafile)


def test_certbot(agent, web, web_ca, tmp_path):
    etc, log = tmp_path / "etc", tmp_path / "deployed"
    hooks = etc / "renewal-hooks/deploy"
    certbot(web_ca, tmp_path, "certonly", "--agree-tos", "-m",
            "admin@example.com", "--no-eff-email", "--webroot", "-w",
            web.root, "-d", "certbot.import.example", "-d",
            "www.certbot.import.example", "--deploy-hook",
            f"echo $RENEWED_LINEAGE $RENEWED_DOMAINS >> {log}")
    log.unlink()
    (hooks / "10-more").write_text(f"#!/bin/sh\necho more >> {log}\n")
    (hooks / "10-more").chmod(0o755)
    (hooks / "20-not").write_text("#!/bin/sh\nexit 1\n")
    live = etc / "live/certbot.import.example"
    kid = json.loads(next(etc.glob("accounts/**/regr.json")).read_text())[
        "uri"]
    done = adopts_and_renews(agent, web_ca, "certbot.import.example",
                             "certbot", etc, live / "cert.pem",
                             live / "privkey.pem")
    assert f"account {kid}: taken over" in done.stdout
    assert "certbot.timer" in done.stdout
    assert accounts(agent) == [kid]
    # What certbot has deployed is deployed.
    assert not log.exists()
    renews(agent, web_ca, "certbot.import.example", live / "cert.pem",
           live / "privkey.pem")
    assert os.readlink(live / "cert.pem").endswith("/cert2.pem")
    assert (etc / "archive/certbot.import.example/cert1.pem").exists()
    lines = log.read_text().splitlines()
    assert sorted(lines)[1] == "more"
    path, *names = sorted(lines)[0].split()
    assert pathlib.Path(path).samefile(live)
    assert set(names) == {"certbot.import.example",
                          "www.certbot.import.example"}
    # It goes on with its folder when we have left it.
    done = agent.run("import", "certbot", "--undo", etc)
    assert "certbot.import.example: forgotten" in done.stdout
    assert f"account {kid}: forgotten" in done.stdout
    assert agent.status() == {} and accounts(agent) == []
    assert not list(pathlib.Path(agent.dir, "accounts").iterdir())
    assert os.readlink(live / "cert.pem").endswith("/cert2.pem")
    certbot(web_ca, tmp_path, "renew", "--force-renewal",
            "--no-random-sleep-on-renew")
    assert os.readlink(live / "cert.pem").endswith("/cert3.pem")
    assert matches(live / "cert.pem", live / "privkey.pem")
    assert "certbot.import.example" in certbot(
        web_ca, tmp_path, "certificates").stdout


def test_certbot_was_told_whom_to_trust(agent, web, web_ca, tmp_path):
    """By a variable, which is in no file of its: that is missed at once, and
    not by the first renewal."""
    certbot(web_ca, tmp_path, "certonly", "--agree-tos", "-m",
            "admin@example.com", "--no-eff-email", "--webroot", "-w",
            web.root, "-d", "trust.import.example")
    done = agent.run("import", "certbot", tmp_path / "etc")
    assert "trust.import.example: taken over in " in done.stdout
    assert f"signet import: {web_ca.url}: " in done.stderr
    assert "certificate" in done.stderr
    assert "the same command with --ca-file PEM" in done.stderr
    # What it says is done, and helps.
    done = agent.run("import", "certbot", "--ca-file", web_ca.cafile,
                     tmp_path / "etc")
    assert "trusted by --ca-file now" in done.stdout and done.stderr == ""
    agent.run("renew", "--force", "trust.import.example")
    agent.run("import", "certbot", "--undo", tmp_path / "etc")
    done = agent.run("import", "certbot", "--ca-file", web_ca.cafile,
                     tmp_path / "etc")
    assert done.stderr == ""


def test_an_account_key_that_others_can_read(agent, web, web_ca):
    top = pathlib.Path(agent.top)
    certbot(web_ca, top, "certonly", "--agree-tos", "-m",
            "admin@example.com", "--no-eff-email", "--webroot", "-w",
            web.root, "-d", "open.import.example")
    key = next((top / "etc").glob("accounts/**/private_key.json"))
    words = ["import", "certbot", "--ca-file", web_ca.cafile, top / "etc"]
    key.chmod(0o644)
    for folder in list(key.parents)[:list(key.parents).index(top)]:
        folder.chmod(0o755)
    said = agent.run(*words).stderr
    assert f"`chmod 600 {key}`" in said
    assert f"`signet account rollover --ca {web_ca.url}`" in said
    ours, = pathlib.Path(agent.dir, "accounts").iterdir()
    assert ours.stat().st_mode & 0o777 == 0o400
    # Where nobody else comes to the folder, its mode does not matter.
    for mode, folder in ((0o600, 0o755), (0o644, 0o700)):
        agent.run("import", "certbot", "--undo", top / "etc")
        key.chmod(mode)
        key.parent.chmod(folder)
        assert agent.run(*words).stderr == ""


def test_certbot_manual_hooks(agent, web, web_ca, tmp_path):
    known = f"{web.root}/.well-known/acme-challenge"
    auth, cleanup = tmp_path / "auth", tmp_path / "cleanup"
    auth.write_text(f"#!/bin/sh\nmkdir -p {known}\nprintf %s "
                    f'"$CERTBOT_VALIDATION" > {known}/$CERTBOT_TOKEN\n')
    cleanup.write_text(f"#!/bin/sh\nrm {known}/$CERTBOT_TOKEN\n")
    auth.chmod(0o755)
    cleanup.chmod(0o755)
    certbot(web_ca, tmp_path, "certonly", "--agree-tos",
            "--register-unsafely-without-email", "--manual",
            "--manual-auth-hook", auth, "--manual-cleanup-hook", cleanup,
            "-d", "manual.import.example", "--key-type", "rsa",
            "--reuse-key", "--pre-hook", f"echo pre >> {tmp_path}/run",
            "--post-hook", f"echo post >> {tmp_path}/run")
    (tmp_path / "run").unlink()
    live = tmp_path / "etc/live/manual.import.example"
    key = (live / "privkey.pem").read_bytes()
    adopts_and_renews(agent, web_ca, "manual.import.example", "certbot",
                      tmp_path / "etc", live / "cert.pem",
                      live / "privkey.pem")
    assert not (tmp_path / "run").exists()
    renews(agent, web_ca, "manual.import.example", live / "cert.pem",
           live / "privkey.pem")
    assert (tmp_path / "run").read_text() == "pre\npost\n"
    public = [serialization.load_pem_private_key(text, None).public_key(
        ).public_numbers() for text in (key, (live / "privkey.pem"
                                              ).read_bytes())]
    assert public[0] == public[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_takes_no_account_of_others(agent, web_ca, tmp_path):
    """Who can write to a key has the account."""
    host = web_ca.url.split("/")[2].replace(":", "_")
    folder = tmp_path / "accounts" / host / "a@example.com"
    (folder / "keys").mkdir(parents=True)
    (tmp_path / "certificates").mkdir()
    (folder / "account.json").write_text(json.dumps(
        {"email": "a@example.com", "registration": {"uri": "https://a/1"}}))
    key = folder / "keys/a@example.com.key"
    key.write_bytes(ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption()))
    os.chown(key, 65534, 65534)
    words = ("import", "lego", tmp_path, "--ca", web_ca.url)
    done = agent.run(*words, status=None)
    assert "belongs to the user with id 65534" in done.stderr
    assert "taken over" not in done.stdout
    os.chown(key, 0, 0)
    assert "account https://a/1: taken over" in \
        agent.run(*words, status=None).stdout


def test_names_of_files_steer_no_terminal(agent, tmp_path):
    live = tmp_path / "certificates"
    live.mkdir()
    (live / "\x1b]0;title\x07.crt").write_text("none")
    done = agent.run("import", "lego", tmp_path, status=1)
    assert "title" in done.stderr
    assert "\x1b" not in done.stderr and "\x07" not in done.stderr


def test_dehydrated(agent, web, web_ca, tmp_path):
    known = pathlib.Path(web.root, ".well-known/acme-challenge")
    known.mkdir(parents=True, exist_ok=True)
    (tmp_path / "config").write_text(
        f'CA="{web_ca.url}"\nBASEDIR="{tmp_path}"\nWELLKNOWN="{known}"\n'
        f'CURL_OPTS="--cacert {web_ca.cafile}"\nKEY_ALGO=prime256v1\n')
    (tmp_path / "domains.txt").write_text(
        "dehydrated.import.example www.dehydrated.import.example\n")
    words = ("--config", tmp_path / "config")
    other("dehydrated", "--register", "--accept-terms", *words)
    other("dehydrated", "--cron", *words)
    live = tmp_path / "certs/dehydrated.import.example"
    done = adopts_and_renews(agent, web_ca, "dehydrated.import.example",
                             "dehydrated", tmp_path, live / "cert.pem",
                             live / "privkey.pem")
    assert re.search("account https://.*: taken over", done.stdout)
    renews(agent, web_ca, "dehydrated.import.example", live / "cert.pem",
           live / "privkey.pem")
    assert (live / "cert.pem").is_symlink()


@pytest.mark.skipif(signetd.sanitized(), reason="sanitizers map terabytes")
def test_large_files(agent, tmp_path):
    """What is asked of a file for each certificate is not kept for each."""
    pad = "# padding\n" * 20000
    names = [f"n{i}.large.example" for i in range(1500)]
    (tmp_path / "config").write_text(pad)
    (tmp_path / "domains.txt").write_text(pad + "\n".join(names) + "\n")
    for name in names:
        (tmp_path / "certs" / name).mkdir(parents=True)
        (tmp_path / "certs" / name / "fullchain.pem").touch()
    done = subprocess.run(
        ["prlimit", f"--as={256 << 20}",
         *agent.arguments("import", "dehydrated", tmp_path)], text=True,
        capture_output=True, timeout=signet.RUN_S, stdin=subprocess.DEVNULL)
    assert "there is no certificate of dehydrated" in done.stderr
    assert done.returncode == 1


def test_lego(agent, web, web_ca, tmp_path):
    other("lego", "--server", web_ca.url, "--path", tmp_path, "--accept-tos",
          "--email", "admin@example.com", "--domains", "lego.import.example",
          "--http", "--http.webroot", web.root, "run",
          LEGO_CA_CERTIFICATES=web_ca.cafile)
    live = tmp_path / "certificates"
    # Whose it is nobody says: no other CA is asked for its names.
    done = agent.run("import", "lego", tmp_path, status=None)
    assert "the certificate is not taken: it is from" in done.stderr
    assert "write --ca URL" in done.stderr and agent.status() == {}
    adopts_and_renews(agent, web_ca, "lego.import.example", "lego",
                      tmp_path, live / "lego.import.example.crt",
                      live / "lego.import.example.key",
                      "--via", f"webroot={web.root}")
    agent.run("import", "lego", "--undo", tmp_path)
    done = adopts_and_renews(agent, web_ca, "lego.import.example", "lego",
                             tmp_path, live / "lego.import.example.crt",
                             live / "lego.import.example.key")
    assert "does not write down how control is proven" in done.stderr
    renews(agent, web_ca, "lego.import.example",
           live / "lego.import.example.crt",
           live / "lego.import.example.key", via=f"webroot={web.root}")


@pytest.mark.parametrize("where", ("plain", "it's; touch pwned #"))
def test_acme_sh(agent, web, web_ca, tmp_path, where):
    """A folder like the one that acme.sh makes, from a certificate of ours.
    Its name is in commands for the shell, and is none itself."""
    name = "acmesh.import.example"
    tmp_path /= where
    tmp_path.mkdir()
    ran, reloaded = (shlex.quote(str(tmp_path / name))
                     for name in ("ran", "reloaded"))
    folder = tmp_path / f"{name}_ecc"
    folder.mkdir()
    agent.get(web_ca, name)
    for ours, theirs in (("privkey", f"{name}.key"), ("cert", f"{name}.cer"),
                         ("chain", "ca.cer"), ("fullchain",
                                               "fullchain.cer")):
        shutil.copy(agent.live(name, f"{ours}.pem"), folder / theirs)
    (kid,) = accounts(agent)
    ca = tmp_path / "ca" / web_ca.url.removeprefix("https://")
    ca.mkdir(parents=True)
    shutil.copy(next(pathlib.Path(agent.dir, "accounts").iterdir()),
                ca / "account.key")
    (ca / "ca.conf").write_text(f"ACCOUNT_URL='{kid}'\n"
                                "CA_EMAIL='admin@example.com'\n")

    def hook(kind):
        return base64.b64encode(f"echo {kind} $(pwd) $CERT_KEY_PATH >> "
                                f"{ran}".encode()).decode()

    reload = base64.b64encode(f"touch {reloaded}".encode()).decode()
    (folder / f"{name}.conf").write_text(f"""Le_Domain='{name}'
Le_Alt='no'
Le_Webroot='{web.root}'
Le_API='{web_ca.url}'
Le_Keylength='ec-256'
Le_RealKeyPath='{tmp_path}/served.key'
Le_RealFullChainPath='{tmp_path}/served.pem'
Le_PreHook='__ACME_BASE64__START_{hook("pre")}__ACME_BASE64__END_'
Le_PostHook='__ACME_BASE64__START_{hook("post")}__ACME_BASE64__END_'
Le_RenewHook='__ACME_BASE64__START_{hook("renew")}__ACME_BASE64__END_'
Le_DeployHook='test,'
Le_ReloadCmd='__ACME_BASE64__START_{reload}__ACME_BASE64__END_'
""")
    (tmp_path / "served.key").write_text("old")
    (tmp_path / "served.key").chmod(0o640)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/test.sh").write_text(
        f'test_deploy() {{ echo "deploy $1 $5" >> {ran}; }}\n')
    shutil.rmtree(agent.dir)
    cert, key = folder / f"{name}.cer", folder / f"{name}.key"
    adopts_and_renews(agent, web_ca, name, "acme.sh", tmp_path, cert, key)
    assert accounts(agent) == [kid]
    renews(agent, web_ca, name, cert, key)
    assert (tmp_path / "reloaded").exists()
    assert (tmp_path / "ran").read_text().splitlines() == [
        f"pre {folder}", f"renew {folder} {key}",
        f"deploy {name} {folder}/fullchain.cer", f"post {folder}"]
    # Where acme.sh had installed them, they are current.
    assert (tmp_path / "served.key").read_bytes() == key.read_bytes()
    assert (tmp_path / "served.key").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "served.pem").read_bytes() == (
        folder / "fullchain.cer").read_bytes()


def two_trusts(path, *cas):
    with open(path, "w") as out:
        for each in cas:
            out.write(pathlib.Path(each.cafile).read_text())
    return str(path)


def renew_at_their_own(agent, sites):
    """sites: name -> (CA, account's URL)"""
    assert set(accounts(agent)) == {kid for _, kid in sites.values()}
    agent.run("renew", "--force", *sites)
    for name, (ca, _) in sites.items():
        assert agent.certificate(name)["ca"] == ca.url
        assert agent.certificate(name)["error"] is None
    # Each account is still known at its own CA, and no other was made.
    said = agent.run("account", "show").stdout
    assert dict(re.findall(r"^(https\S+)\n  account\s+(\S+)", said, re.M)) == \
        {ca.url: kid for ca, kid in sites.values()}


def test_certbot_with_two_cas(agent, web, web_ca, new_ca, tmp_path):
    """Each certificate goes on at the CA that it is from, with the account
    there."""
    second, etc, sites = new_ca(), tmp_path / "etc", {}
    for name, ca in (("one.two.example", web_ca), ("two.two.example", second)):
        certbot(ca, tmp_path, "certonly", "--agree-tos", "-m",
                "admin@example.com", "--no-eff-email", "--webroot", "-w",
                web.root, "-d", name)
        known = {json.loads(each.read_text())["uri"]
                 for each in etc.glob("accounts/**/regr.json")}
        (kid,) = known - {kid for _, kid in sites.values()}
        sites[name] = ca, kid
    done = agent.run("import", "certbot", "--ca-file", two_trusts(
        tmp_path / "trust.pem", web_ca, second), etc)
    for name, (_, kid) in sites.items():
        assert f"{name}: taken over in " in done.stdout
        assert f"account {kid}: taken over" in done.stdout
    renew_at_their_own(agent, sites)
    agent.run("import", "certbot", "--undo", etc)
    assert agent.status() == {} and accounts(agent) == []


def test_acme_sh_with_two_cas(agent, web, web_ca, new_ca, tmp_path):
    """A folder like the one that acme.sh makes, with a folder of each CA."""
    second, sites = new_ca(), {}
    keys = pathlib.Path(agent.dir, "accounts")
    for name, ca in (("one.sh.example", web_ca), ("two.sh.example", second)):
        before = set(keys.iterdir()) if keys.exists() else set()
        agent.get(ca, name)
        (key,) = set(keys.iterdir()) - before
        (kid,) = set(accounts(agent)) - {kid for _, kid in sites.values()}
        sites[name] = ca, kid
        folder = tmp_path / f"{name}_ecc"
        folder.mkdir()
        for ours, theirs in (("privkey", f"{name}.key"),
                             ("cert", f"{name}.cer"), ("chain", "ca.cer"),
                             ("fullchain", "fullchain.cer")):
            shutil.copy(agent.live(name, f"{ours}.pem"), folder / theirs)
        (folder / f"{name}.conf").write_text(
            f"Le_Domain='{name}'\nLe_Alt='no'\nLe_Webroot='{web.root}'\n"
            f"Le_API='{ca.url}'\nLe_Keylength='ec-256'\n")
        account = tmp_path / "ca" / ca.url.removeprefix("https://")
        account.mkdir(parents=True)
        shutil.copy(key, account / "account.key")
        (account / "ca.conf").write_text(f"ACCOUNT_URL='{kid}'\n")
    shutil.rmtree(agent.dir)
    done = agent.run("import", "acme.sh", "--ca-file", two_trusts(
        tmp_path / "trust.pem", web_ca, second), tmp_path)
    assert all(f"{name}: taken over in " in done.stdout for name in sites)
    renew_at_their_own(agent, sites)


@pytest.mark.parametrize("words,text", [
    ((), "say whose"), (("caddy",), "say whose"),
])
def test_wrong_words(agent, words, text):
    assert text in agent.run("import", *words, status=2).stderr


def test_nothing_there(agent, tmp_path):
    done = agent.run("import", "certbot", tmp_path / "no", status=1)
    assert "there is no folder" in done.stderr
    done = agent.run("import", "certbot", tmp_path, status=1)
    assert "where certbot keeps" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_takes_no_commands_of_others(agent, tmp_path):
    """Hooks in the folder of an ordinary user would be run by root."""
    renewal = tmp_path / "renewal"
    renewal.mkdir()
    conf = renewal / "x.example.conf"
    conf.write_text("renew_hook = touch /root/x\n")
    os.chown(conf, 65534, 65534)
    done = agent.run("import", "certbot", tmp_path, status=1)
    assert "x.example: " in done.stderr
    assert "who could make root run anything" in done.stderr
    os.chown(tmp_path, 65534, 65534)
    done = agent.run("import", "certbot", tmp_path, status=1)
    assert "belongs to the user with id 65534" in done.stderr
