# SPDX-License-Identifier: Apache-2.0
"""What goes wrong around a CA: a full disk, a busy port, another signetd in
the same folder, signals that come twice."""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from kit import acme, signetd
from kit.net import HOST, free_port

ROOT = os.geteuid() == 0


@pytest.fixture
def small_disk(tmp_path):
    """A disk of half a megabyte."""
    tmp_path.chmod(0o755)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs",
                           tmp_path], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("cannot mount: " + done.stderr)
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def wait_for(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.mark.skipif(not ROOT, reason="needs root to mount")
def test_no_room_to_start(small_disk):
    """It is said, and nothing crashes."""
    with pytest.raises(signetd.Failed) as failed:
        signetd.Signetd(
            ["dev", "--listen", f"{HOST}:0", "--management", f"{HOST}:0"],
            {"TMPDIR": str(small_disk)}, cafile="-").start()
    assert "No space left on device" in str(failed.value)
    assert "SIGBUS" not in str(failed.value)
    assert os.listdir(small_disk) == []


@pytest.mark.skipif(not ROOT, reason="needs root to mount")
def test_no_room_later(small_disk):
    """Requests are refused, as long as it lasts, with a sentence."""
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    folder = small_disk / "dev"
    folder.mkdir()
    with signetd.dev(directory=str(folder)) as ca:
        with ca.client(register=False) as client:
            with open(small_disk / "fill", "wb", buffering=0) as fill:
                with pytest.raises(OSError):
                    while True:
                        fill.write(bytes(1024))
            with pytest.raises(acme.Problem) as refused:
                client.register()
            answer = refused.value.answer
            assert answer.status == 503
            assert answer.problem == "serverInternal"
            assert "again later" in answer.json["detail"]
            assert answer.header("Retry-After")
            (small_disk / "fill").unlink()
            assert client.register().status == 201


@pytest.mark.parametrize("option", ["--listen", "--management"])
def test_dev_names_the_busy_port(option):
    with socket.socket() as busy:
        busy.bind((HOST, 0))
        busy.listen()
        address = f"{HOST}:{busy.getsockname()[1]}"
        options = {"--listen": f"{HOST}:0", "--management": f"{HOST}:0",
                   option: address}
        with pytest.raises(signetd.Failed) as failed:
            signetd.Signetd(["dev", *sum(options.items(), ())],
                            cafile="-").start()
    assert f"cannot listen at {address} (Address already in use)" in \
        str(failed.value)
    assert "choose another port" in str(failed.value)


def test_a_second_signetd_says_what_it_waits_for(real_ca, real_folder):
    second = signetd.run(real_folder, start=False)
    with pytest.raises(signetd.Failed) as failed:
        second.start()
    text = str(failed.value)
    assert "waiting-for-another-signetd" in text
    assert "another signetd runs in" in text and "stop it first" in text
    assert real_ca.client().kid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_it_waits(real_ca, real_folder, number):
    """At once, in order, and with nothing said to have failed."""
    second = signetd.run(real_folder, start=False)
    with tempfile.TemporaryFile("w+b") as log:
        process = subprocess.Popen([signetd.program(), *second.arguments],
                                   stdin=subprocess.DEVNULL, stderr=log)

        def said():
            log.seek(0)
            return log.read().decode()

        wait_for(lambda: "waiting-for-another-signetd" in said(), "no wait")
        process.send_signal(signal.SIGHUP)
        process.send_signal(number)
        assert process.wait(3) == 0
        assert "notice master stopping" in said()
        assert " error " not in said()
    assert real_ca.client().kid


def test_timeout_stops_it_in_order(tmp_path):
    """timeout(1) signals its child, and then the group that it is in."""
    tmp_path.chmod(0o755)
    with open(tmp_path / "log", "w+b") as log:
        done = subprocess.run(
            ["timeout", "1", signetd.program(), "dev", "--listen",
             f"{HOST}:0", "--management", f"{HOST}:{free_port()}", "--dir",
             tmp_path / "dev"], stderr=log, stdout=log, timeout=60)
        log.seek(0)
        text = log.read().decode()
    assert done.returncode == 124
    if "ready, ACME" in text:
        assert "process-died" not in text
    assert "SIGKILL" not in text


def test_the_second_signal_ends_it(real_folder):
    """At once, and what master itself killed is no error."""
    ca = signetd.run(real_folder)
    validator = ca.pids("validator")[0]
    os.kill(validator, signal.SIGSTOP)
    ca.signal(signal.SIGTERM)
    wait_for(lambda: ca.pids() == [validator], "the others did not end")

    def again():
        # One that comes at once after the first is the first.
        ca.signal(signal.SIGTERM)
        return ca.process.poll() is not None

    wait_for(again, "the second signal did not end it", 5)
    assert ca.process.wait() == 0
    assert " error " not in ca.errors(), ca.errors()
    ca.close()


def test_check_reads_the_blocked_keys(real_folder):
    config = pathlib.Path(real_folder, "signetd.conf")
    listed = pathlib.Path(real_folder, "blocked")
    before = config.read_text()
    config.write_text(before + 'blocked_keys = "blocked"\n')
    line = len(before.splitlines()) + 1
    for text, good in (("# none\n" + "aB" * 32 + " why\n", True),
                       ("ab" * 32 + " why\n", True), ("", True),
                       ("\nab\n", False), (None, False)):
        listed.unlink(missing_ok=True)
        if text is not None:
            listed.write_text(text)
        done = subprocess.run([signetd.program(), "check", "-c", config],
                              capture_output=True, text=True)
        assert done.returncode == (0 if good else 1), done.stderr
        assert good or f":{line}: blocked_keys: " in done.stderr
        assert good or text is None or "line 2 " in done.stderr


def test_check_reads_the_trust_anchor(real_folder):
    config = pathlib.Path(real_folder, "signetd.conf")
    anchor = pathlib.Path(real_folder, "anchor")
    before = config.read_text()
    config.write_text(before + 'trust_anchor = "anchor"\n')
    line = len(before.splitlines()) + 1
    for text, good in ((". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458"
                        "E880409BBC683457104237C7F8EC8D\n", True),
                       ("; . IN DS 20326 8 2\nno DSKEY at all\n", False)):
        anchor.write_text(text)
        done = subprocess.run([signetd.program(), "check", "-c", config],
                              capture_output=True, text=True)
        assert done.returncode == (0 if good else 1), done.stderr
        assert good or f":{line}: trust_anchor: " in done.stderr
