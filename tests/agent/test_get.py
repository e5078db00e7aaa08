# SPDX-License-Identifier: Apache-2.0
"""signet get, renew and status against our own CA."""

import os
import pathlib
import re
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CLOSED = "https://127.0.0.1:1/dir"  # nobody listens there
CLOSED_PROXY = "http://127.0.0.1:1"
NAMES = {"privkey.pem", "cert.pem", "chain.pem", "fullchain.pem",
         "combined.pem"}


def read(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def numbers(key):
    return key.public_numbers()


def names_of(certificate):
    san = certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value
    return set(san.get_values_for_type(x509.DNSName))


def test_first_certificate(agent, web_ca):
    done = agent.get(web_ca, "www.first.example", "first.example")
    assert "www.first.example: certificate of " in done.stdout
    assert done.stderr == ""
    assert set(os.listdir(agent.live("www.first.example", ""))) == NAMES
    leaf = read(agent.live("www.first.example"))
    assert names_of(leaf) == {"www.first.example", "first.example"}
    key = serialization.load_pem_private_key(
        agent.live("www.first.example", "privkey.pem").read_bytes(), None)
    assert numbers(key.public_key()) == numbers(leaf.public_key())
    # What proved control is gone, and so are the folders made for it.
    assert not os.path.exists(os.path.join(agent.web.root, ".well-known"))


def test_secrets_are_private(agent, web_ca):
    agent.get(web_ca, "modes.example")
    private = [agent.live("modes.example", "privkey.pem"),
               agent.live("modes.example", "combined.pem"),
               pathlib.Path(agent.dir, "signet.db"),
               *pathlib.Path(agent.dir, "accounts").iterdir()]
    for path in private:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_again_does_nothing(agent, web_ca):
    agent.get(web_ca, "again.example")
    before = agent.live("again.example").read_bytes()
    done = agent.run("get", "again.example")
    assert "there is a certificate until" in done.stdout
    assert agent.run("renew").stdout == ""
    assert agent.live("again.example").read_bytes() == before


def test_renew_force(agent, web_ca):
    agent.get(web_ca, "force.example")
    before = read(agent.live("force.example"))
    key = agent.live("force.example", "privkey.pem").read_bytes()
    agent.run("renew", "--force", "force.example")
    after = read(agent.live("force.example"))
    assert before.serial_number != after.serial_number
    assert agent.live("force.example", "privkey.pem").read_bytes() != key
    archived = pathlib.Path(agent.dir, "archive", "force.example", "1")
    assert read(archived / "cert.pem") == before


def test_reuse_key(agent, web_ca):
    agent.get(web_ca, "reuse.example", "--reuse-key")
    key = agent.live("reuse.example", "privkey.pem").read_bytes()
    agent.run("renew", "--force", "reuse.example")
    assert agent.live("reuse.example", "privkey.pem").read_bytes() == key


def test_more_names_make_a_new_certificate(agent, web_ca):
    agent.get(web_ca, "more.example")
    agent.run("get", "more.example", "www.more.example")
    assert names_of(read(agent.live("more.example"))) == {
        "more.example", "www.more.example"}
    # And fewer, by the site's name alone, mean the site as it is.
    agent.run("get", "more.example")
    assert len(agent.status()["more.example"]["names"]) == 2


def test_another_key_makes_a_new_certificate(agent, web_ca):
    agent.get(web_ca, "other.example")
    agent.run("get", "other.example", "--key", "rsa2048")
    kind, = agent.status()["other.example"]["certificates"]
    assert kind["key_type"] == "rsa2048"
    assert read(agent.live("other.example")).public_key().key_size == 2048
    before = agent.live("other.example").read_bytes()
    assert "there is a certificate" in agent.run(
        "get", "other.example", "--key", "rsa2048").stdout
    assert agent.live("other.example").read_bytes() == before
    # What was the only one becomes the second.
    agent.run("get", "other.example", "--key", "ec256", "--key", "rsa2048")
    sizes = [read(pathlib.Path(each["path"], "cert.pem")).public_key().key_size
             for each in agent.status()["other.example"]["certificates"]]
    assert sorted(sizes) == [256, 2048]


def test_another_ca_counts_from_the_renewal_on(agent, web_ca, new_ca):
    agent.get(web_ca, "moved.example")
    said = agent.run("get", "moved.example").stdout
    assert "there is a certificate" in said and "until then" not in said
    ca = new_ca()
    assert f"until then it is of {web_ca.url}\n" in agent.get(
        ca, "moved.example").stdout
    agent.run("renew", "--force", "moved.example")
    assert agent.certificate("moved.example")["ca"] == ca.url


def test_a_reload_that_fails_without_a_word(agent, web_ca):
    done = agent.get(web_ca, "silent.example", "--reload", "false", status=1)
    assert "it ended with status 1: it said nothing" in done.stderr


def test_an_account_whose_key_is_gone(agent, web_ca):
    """As after a backup without the folder accounts."""
    agent.get(web_ca, "lost.example")
    before = agent.run("account", "show").stdout
    for key in pathlib.Path(agent.dir, "accounts").iterdir():
        key.unlink()
    done = agent.run("renew", "--force", "lost.example")
    assert "another account is made" in done.stderr
    after = agent.run("account", "show").stdout
    assert "acme/account/" in after and after != before
    assert agent.run("renew", "--force", "lost.example").stderr == ""


def test_what_failed_is_said_to_be_remembered(agent, new_ca):
    """A name that was mistyped would be tried for ever."""
    ca = new_ca()
    elsewhere = os.path.join(agent.top, "elsewhere")
    os.mkdir(elsewhere)
    done = agent.get(ca, "typo.example", "www.typo.example",
                     via=f"webroot={elsewhere}", status=1)
    assert "`signet remove typo.example` forgets it" in done.stderr
    # One reason for both names is told once, and who said what.
    assert "compound" not in done.stderr
    assert "(incorrectResponse)" in done.stderr
    status = agent.run("status", status=1).stdout
    assert f"proven by    webroot={elsewhere}\n" in status
    assert f"asked at     {ca.url}\n" in status
    site = agent.status()["typo.example"]
    assert site["via"] == [f"webroot={elsewhere}"] and site["cas"] == [ca.url]
    agent.run("remove", "typo.example")
    assert agent.status() == {}


def test_two_keys(agent, web_ca):
    agent.get(web_ca, "two.example", "--key", "ec384", "--key", "rsa2048")
    kinds = {c["key_type"]: c for c in
             agent.status()["two.example"]["certificates"]}
    assert set(kinds) == {"ec384", "rsa2048"}
    for kind, size in (("ec384", 384), ("rsa2048", 2048)):
        leaf = read(pathlib.Path(kinds[kind]["path"], "cert.pem"))
        assert leaf.public_key().key_size == size


def test_csr(agent, web_ca):
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "csr.example")])
    ).add_extension(x509.SubjectAlternativeName(
        [x509.DNSName("csr.example")]), False).sign(key, hashes.SHA256())
    path = pathlib.Path(agent.top, "request.pem")
    path.write_bytes(request.public_bytes(serialization.Encoding.PEM))
    agent.get(web_ca, "--csr", str(path), "--name", "csr.example")
    leaf = read(agent.live("csr.example"))
    assert numbers(leaf.public_key()) == numbers(key.public_key())
    assert not agent.live("csr.example", "privkey.pem").exists()


def test_reload_runs_until_it_succeeds(agent, web_ca):
    mark = pathlib.Path(agent.top, "reloaded")
    command = (f'test -e {agent.top}/ready || {{ echo "no service"; exit 3; '
               f'}}; echo "$RENEWED_DOMAINS $RENEWED_LINEAGE" >> {mark}')
    done = agent.get(web_ca, "reload.example", "--reload", command, status=1)
    assert "ended with status 3: no service" in done.stderr
    # The certificate is there all the same, and the step is remembered.
    step = agent.certificate("reload.example")["deployment"][0]
    assert (step["done"], step["tries"]) == (False, 1)
    pathlib.Path(agent.top, "ready").touch()
    agent.run("renew", "reload.example")
    step = agent.certificate("reload.example")["deployment"][0]
    assert (step["done"], step["tries"]) == (True, 2)
    folder = agent.live("reload.example", "").parent / "reload.example"
    assert mark.read_text() == f"reload.example {folder}\n"
    agent.run("renew", "reload.example")
    assert mark.read_text().count("\n") == 1


def test_many_at_once(agent, web_ca):
    """Sites of a configuration file; one reload for all that a round got."""
    mark = pathlib.Path(agent.top, "reloaded")
    sites = [f"site{i}.example" for i in range(8)]
    agent.configure(
        f'ca "here" {{ directory = "{web_ca.url}"\n'
        f'  ca_file = "{web_ca.cafile}"\n  agree_terms = true }}\n'
        f'defaults {{ ca = here\n  via = "webroot={agent.web.root}"\n'
        f'  reload = "echo x >> {mark}" }}\n' +
        "".join(f'site "{name}" {{}}\n' for name in sites))
    agent.run("renew")
    assert all(c["certificates"][0]["live"] for c in agent.status().values())
    assert set(agent.status()) == set(sites)
    assert mark.read_text() == "x\n"
    assert os.listdir(agent.web.root) == []
    # What the file no longer names is forgotten; its files stay.
    text = pathlib.Path(agent.config).read_text()
    agent.configure(text.replace('site "site0.example" {}\n', ""))
    agent.run("renew")
    assert set(agent.status()) == set(sites[1:])
    assert agent.live("site0.example").exists()


def test_dry_run_changes_nothing(agent, web_ca):
    agent.get(web_ca, "dry.example", "--staging", web_ca.url)
    before = agent.live("dry.example").read_bytes()
    status = agent.status()
    done = agent.run("renew", "--dry-run", "dry.example")
    assert "rehearsal" in done.stdout
    assert agent.live("dry.example").read_bytes() == before
    assert agent.status() == status


def test_dry_run_of_a_new_site(agent, web_ca):
    done = agent.get(web_ca, "rehearsed.example", "--staging", web_ca.url,
                     "--dry-run")
    assert "rehearsal" in done.stdout
    assert agent.status() == {}
    assert agent.run("renew").stdout == ""
    # What was learnt of the CA's account is found again.
    agent.get(web_ca, "rehearsed.example")


def test_dry_run_asks_the_stage_alone(agent, web_ca):
    """The CA itself cannot be reached; what was said of it, its terms and its
    roots, holds for where it is rehearsed."""
    done = agent.run("get", "stage.example", "--ca", CLOSED, "--ca-file",
                     web_ca.cafile, "--agree-terms", "--staging", web_ca.url,
                     "--via", f"webroot={agent.web.root}", "--dry-run")
    assert "rehearsal" in done.stdout


def test_an_account_that_is_none_yet(agent):
    """Its key is there before the CA can be asked."""
    agent.run("get", "early.example", "--ca", CLOSED, "--agree-terms",
              "--via", f"webroot={agent.web.root}", status=1)
    said = agent.run("account", "show").stdout
    assert f"{CLOSED}\n  account   none yet: " in said


def test_dry_run_says_what_to_name(agent, web_ca):
    """No CA is asked that nobody has named for it."""
    done = agent.get(web_ca, "unstaged.example", "--dry-run", status=1)
    assert "--staging" in done.stderr and web_ca.url in done.stderr
    agent.get(web_ca, "unstaged.example")
    before = agent.live("unstaged.example").read_bytes()
    asked = len(agent.web.paths)
    done = agent.run("renew", "--dry-run", status=1)
    assert "--staging" in done.stderr
    assert len(agent.web.paths) == asked
    done = agent.run("renew", "--dry-run", "--staging", web_ca.url)
    assert "rehearsal" in done.stdout
    assert agent.live("unstaged.example").read_bytes() == before
    done = agent.run("renew", "--staging", web_ca.url, status=2)
    assert "--staging is for --dry-run" in done.stderr


def test_dry_run_of_a_known_ca_by_its_url(agent):
    """As `signet import certbot` makes its sites. It is asked for by a proxy
    that is not there: nobody leaves this host."""
    done = agent.run("get", "known.example", "--via",
                     f"webroot={agent.web.root}", "--agree-terms", "--dry-run",
                     "--ca", "https://acme-v02.api.letsencrypt.org/directory",
                     status=1, env={"https_proxy": CLOSED_PROXY})
    assert "acme-staging-v02.api.letsencrypt.org" in done.stderr


@pytest.mark.parametrize("arguments, says", [
    (["get"], "give the names"),
    (["get", "*.a.example"], "can only be proven by DNS"),
    (["get", "a..example", "--via", "webroot=/"], "write a name as"),
    (["get", "a_b.example", "--via", "webroot=/"], "the character _;"),
    (["get", "b\u00fccher.example", "--via", "webroot=/"],
     "`idn2 b\u00fccher.example`"),
    (["get", "a.example", "--via", "magic"], "no way \"magic\""),
    (["get", "a.example", "--via", "webroot=www"], "not an absolute path"),
    (["get", "a.example", "--ca", "nobody", "--via", "webroot=/"],
     "no CA called \"nobody\""),
    (["get", "a.example", "--ca-file", "/no/root.pem", "--via", "webroot=/"],
     "ca_file: there is no file /no/root.pem"),
    (["get", "a.example", "--key", "ec255"], "not a type of key"),
    (["get", "--colour"], "signet get: unrecognized option '--colour'"),
    (["get", "--colour"], "`signet get --help`"),
    (["renew", "nobody.example"], "no site nobody.example"),
    (["frobnicate"], "no command"),
])
def test_mistakes(agent, arguments, says):
    agent.run("status")  # there is no state yet: no error
    done = agent.run(*arguments, status=None)
    assert done.returncode in (1, 2)
    assert says in done.stderr.replace("\n", " "), done.stderr


def test_all_mistakes_of_the_configuration_are_told(agent):
    """Each with its line, and not only the first."""
    agent.configure('site "a.example" {\n key = "x"\n mode = "999"\n}\n'
                    'site "b.example" {\n hook_timeout = "0"\n}\n')
    said = agent.run("renew", status=1).stderr
    assert [re.search(r"signet\.conf:(\d): (\w+): ", line).groups()
            for line in said.splitlines()[:-1]] == [
                ("2", "key"), ("3", "mode"), ("6", "hook_timeout")]
    assert "has 3 mistakes" in said.splitlines()[-1]
