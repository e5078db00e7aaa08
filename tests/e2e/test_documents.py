# SPDX-License-Identifier: Apache-2.0
"""The documents are true as far as a machine can tell: what they name is
there, and what there is they name."""

import re
import subprocess

import pytest

from kit import signet, signetd

TOP = signetd.TOP
MAN = TOP / "packaging/man"
PAGES = sorted(
    page for pattern in ("*.md", "docs/**/*.md", "src/*/*.md", "tests/*.md",
                         "tests/*/*.md", "fuzz/*.md")
    for page in TOP.glob(pattern))
COMMANDS = ["init", "check", "run", "dev"]
OURS = r"(?:src|tests|tools|docs|fuzz|packaging)/[\w./-]+"
# Names that stand for others.
PLACEHOLDER = re.compile(r"\.\.\.|FOLDER|ROLE|\bx(_\w+)?\b")


def says(*arguments):
    return subprocess.run([signetd.program(), *arguments], check=True,
                          capture_output=True, text=True).stdout


def anchor(heading):
    """As the hosts of repositories make them."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def fault(page, target):
    path, _, fragment = target.partition("#")
    file = page.parent / path if path else page
    if not file.exists():
        return f"{target}: there is no such file"
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.M) \
        if fragment else []
    if fragment and fragment not in map(anchor, headings):
        return f"{target}: no heading is called so"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(TOP)))
def test_links(page):
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text())
    assert [f for link in links if (f := fault(page, link))] == []


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.parent.name != "recipes"],
    ids=lambda p: str(p.relative_to(TOP)))
def test_files_named(page):
    """Recipes name files that are yet to be written."""
    named = re.findall(rf"`({OURS})`", page.read_text())
    assert [name for name in named if not PLACEHOLDER.search(name)
            and not (TOP / name).exists()
            and not (TOP / (name + ".h")).exists()] == []


@pytest.mark.parametrize("program, name", (
    (signetd.program, "signetd"), (signet.program, "signet")))
def test_manual_of_the_configuration(program, name):
    keys = subprocess.run([program(), "check", "--keys"], check=True,
                          text=True, capture_output=True).stdout
    page = subprocess.run([TOP / "tools/man-conf"], check=True, text=True,
                          input=keys, capture_output=True).stdout
    assert page == (MAN / f"{name}.conf.5").read_text(), \
        f"{name} check --keys | tools/man-conf > packaging/man/{name}.conf.5"


def test_keys_of_the_agent():
    keys = subprocess.run([signet.program(), "check", "--keys"], check=True,
                          text=True, capture_output=True).stdout
    assert keys == (TOP / "docs/signet-conf.md").read_text(), \
        "signet check --keys > docs/signet-conf.md"


def test_manual_of_the_agent():
    """Its options are those of the commands."""
    made = subprocess.run(
        [TOP / "tools/man-options", "--print", signet.program()], check=True,
        text=True, capture_output=True).stdout
    assert made in (MAN / "signet.1").read_text(), \
        "tools/man-options build/src/signet"


def test_ways_to_prove_control_are_in_the_manual():
    """All that signet names when it is told of one that there is not."""
    said = subprocess.run([signet.program(), "get", "--via", "none", "a.test"],
                          text=True, capture_output=True).stderr
    ways = re.findall(r"(?:of|,) ([a-z][\w.-]*)(?:=|,|$)",
                      said.splitlines()[0])
    page = (MAN / "signet.1").read_text().replace("\\-", "-")
    section = page.split(".Ss How control is proven\n")[1].split("\n.Ss ")[0]
    assert len(ways) > 9
    assert [way for way in ways
            if not re.search(rf"\bCm {re.escape(way)}(?![\w-])", section)] == []


def options(command):
    return set(re.findall(r"--[\w-]+", says(command, "--help")))


def test_commands_are_all():
    """So none is without a manual."""
    assert set(re.findall(r"^  (\w+) ", says("--help"), re.M)) == \
        set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_manual_of_the_program(command):
    page = (MAN / "signetd.8").read_text()
    section = page.split(f".Ss signetd {command}\n")[1]
    section = re.split(r"^\.S[sh] ", section, flags=re.M)[0]
    there = set(re.findall(r"\\-([\w\\-]+)", section))
    there = {"--" + name.replace("\\-", "-") for name in there
             if f"\\-{name} " in section or f"\\-{name}\n" in section}
    assert options(command) <= there | {"--help"}


def test_dev_in_the_readme():
    readme = (TOP / "README.md").read_text()
    missing = {name for name in options("dev") if f"`{name}" not in readme}
    switches = re.findall(r"PEBBLE_\w+", says("dev", "--help"))
    missing |= {name for name in switches if f"`{name}=" not in readme}
    assert switches and not missing


def test_index_of_documents():
    index = (TOP / "docs/README.md").read_text()
    for page in (TOP / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index
    for page in (TOP / "docs/recipes").glob("*.md"):
        assert f"(recipes/{page.name})" in index
