# SPDX-License-Identifier: Apache-2.0
"""What bash and zsh offer after `signet` is what the program has."""

import re
import subprocess

import pytest

from kit import signet, signetd

COMPLETION = signetd.TOP / "packaging/completion"
BASH = """
source {script}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_signet 2> /dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# Its words for what to offer print it, which works without a terminal.
ZSH = """
compadd() {{
	while [[ $1 = -* ]]; do
		case $1 in
		--) shift; break ;;
		-S) shift ;;
		esac
		shift
	done
	print -rl -- $@
}}
_describe() {{ print -rl -- ${{${{(P)2}}%%:*}} }}
words=("$@") CURRENT=$#
source {script}
"""


def says(*arguments):
    return subprocess.run([signet.program(), *arguments], text=True,
                          capture_output=True, check=True).stdout


def commands():
    return re.findall(r"^  ([a-z-]+) +\S", says("--help"), re.M)


def options(command):
    return set(re.findall(r"(?:^|[ ,])(--?[a-z][a-z-]*)",
                          says(command, "--help"), re.M))


def bash(*words):
    """What is offered for the last word."""
    done = subprocess.run(
        ["bash", "--norc", "-c",
         BASH.format(script=COMPLETION / "signet.bash"), "bash",
         signet.program(), *words], text=True, capture_output=True)
    assert done.stderr == ""
    return {word for word in done.stdout.split("\n") if word}


def zsh(*words):
    """The same. It leaves to zsh what begins like the last word."""
    done = subprocess.run(
        ["zsh", "-fc", ZSH.format(script=COMPLETION / "_signet"), "zsh",
         signet.program(), *words], text=True, capture_output=True)
    assert done.stderr == ""
    return {word for word in done.stdout.split("\n") if word}


def test_bash_commands():
    assert bash("") == {*commands(), "--help", "--version"}
    assert bash("sta") == {"status"}


@pytest.mark.parametrize("command", commands())
def test_bash_options(command):
    more = options("get") if command in ("nginx", "apache", "haproxy") \
        else set()
    assert bash(command, "-") == options(command) | more


def test_bash_sites(agent, web_ca):
    agent.get(web_ca, "complete.example")
    for command in ("renew", "status", "revoke", "remove"):
        assert bash(command, "--dir", agent.dir, "") == {"complete.example"}


@pytest.mark.parametrize("option, command", [
    ("--key", "get"), ("--reason", "revoke")])
def test_bash_values(option, command):
    """What is offered is what the help names."""
    offered = bash(command, option, "")
    assert offered
    words = set(re.findall(r"\w+", says(command, "--help")))
    assert offered <= words


def test_bash_values_are_taken(agent):
    """Each way to prove control and each CA that is offered exists."""
    done = agent.run("get", "--ca", "nobody", "--via", "standalone",
                     "a.example", status=None)
    named = set(re.findall(r"[\w-]+", done.stderr))
    assert bash("get", "--ca", "") <= named
    for via in bash("get", "--via", ""):
        done = agent.run("get", "--via", via, "--ca", "nobody", "a.example",
                         status=None)
        assert "no way" not in done.stderr


def test_zsh(agent, web_ca):
    assert zsh("") == {*commands(), "--help", "--version"}
    for command in commands():
        assert zsh(command, "-") == bash(command, "-")
    for words in (("get", "--key", ""), ("get", "--ca", ""),
                  ("get", "--via", ""), ("get", "--install", ""),
                  ("revoke", "--reason", ""), ("account", ""),
                  ("import", "")):
        assert zsh(*words) == bash(*words)
    agent.get(web_ca, "zsh.example")
    assert zsh("renew", "--dir", agent.dir, "") == {"zsh.example"}
