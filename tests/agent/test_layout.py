# SPDX-License-Identifier: Apache-2.0
"""Sites that were taken over from other programs keep their paths."""

import os
import pathlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

NAME = "taken.example"


def certbot(top):
    """What certbot leaves, without its renewal configuration."""
    for folder in ("live", "archive"):
        (top / folder / NAME).mkdir(parents=True)
    for kind in ("cert", "chain", "fullchain", "privkey"):
        (top / "archive" / NAME / f"{kind}3.pem").write_text("old\n")
        (top / "live" / NAME / f"{kind}.pem").symlink_to(
            f"../../archive/{NAME}/{kind}3.pem")
    (top / "live" / NAME / "README").write_text("hello\n")
    return top, top / "live" / NAME / "README"


def dehydrated(top):
    folder = top / "certs" / NAME
    folder.mkdir(parents=True)
    for kind in ("cert", "chain", "fullchain", "privkey"):
        (folder / f"{kind}-1700000000.pem").write_text("old\n")
        (folder / f"{kind}.pem").symlink_to(f"{kind}-1700000000.pem")
    return top / "certs", folder / "privkey-1700000000.pem"


def lego(top):
    folder = top / "certificates"
    folder.mkdir(parents=True)
    for kind in ("crt", "key", "issuer.crt", "json"):
        (folder / f"{NAME}.{kind}").write_text("old\n")
    return folder, folder / f"{NAME}.json"


def acme_sh(top):
    folder = top / f"{NAME}_ecc"
    (folder / "backup").mkdir(parents=True)
    for name in (f"{NAME}.cer", f"{NAME}.key", "ca.cer", "fullchain.cer",
                 f"{NAME}.conf"):
        (folder / name).write_text("old\n")
    return top, folder / f"{NAME}.conf"


LAYOUTS = {
    "certbot": (certbot, NAME, f"live/{NAME}/fullchain.pem",
                f"live/{NAME}/privkey.pem"),
    "dehydrated": (dehydrated, NAME, f"{NAME}/fullchain.pem",
                   f"{NAME}/privkey.pem"),
    "lego": (lego, NAME, f"{NAME}.crt", f"{NAME}.key"),
    "acme.sh": (acme_sh, f"{NAME}_ecc", f"{NAME}_ecc/fullchain.cer",
                f"{NAME}_ecc/{NAME}.key"),
}


def check(folder, chain, key):
    """The serial number; fails for a wrong pair."""
    leaf = x509.load_pem_x509_certificate((folder / chain).read_bytes())
    pair = serialization.load_pem_private_key((folder / key).read_bytes(),
                                              None)
    assert pair.public_key().public_numbers() == \
        leaf.public_key().public_numbers()
    assert (folder / key).stat().st_mode & 0o777 == 0o600
    return leaf.serial_number


@pytest.mark.parametrize("program", LAYOUTS)
def test_layout(agent, web_ca, program):
    make, lineage, chain, key = LAYOUTS[program]
    folder, stays = make(pathlib.Path(agent.top, "foreign"))
    before = stays.read_text()
    agent.configure(
        f'ca "here" {{ directory = "{web_ca.url}"\n'
        f'  ca_file = "{web_ca.cafile}"\n  agree_terms = true }}\n'
        f'site "{NAME}" {{ ca = here via = "webroot={agent.web.root}"\n'
        f'  layout = "{program}:{folder}:{lineage}" }}\n')
    agent.run("renew")
    first = check(folder, chain, key)
    assert agent.certificate(NAME)["live"]
    agent.run("renew", "--force")
    assert check(folder, chain, key) != first
    assert stays.read_text() == before
    assert not agent.live(NAME, "").exists()
    # Nothing of ours is left between theirs.
    assert not [name for _, folders, files in os.walk(folder.parent)
                for name in folders + files if name.endswith(".signet")]


def test_bad_layout(agent):
    agent.configure(f'site "{NAME}" {{ layout = "certbot:etc:x" }}\n')
    assert "PROGRAM:/FOLDER:NAME" in agent.run("renew", status=None).stderr
