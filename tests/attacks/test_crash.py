"""Errors of our own and signals: no secret, no locals, a terminal in order, nothing half-written."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.api_server import configure, init, serving
from tests.attacks import FULL
from tests.databases import files_but_log, make_plain
from tests.engine_talk import Talk
from tests.test_tui_terminal import STEPS, assert_restored, at_step
from wizard import engine

ROOT = Path(__file__).parents[2]
MARKER = "velvet Quokka ferment 8841 drizzle"
SENTINEL = "sentinel of nine lanterns"
BREAKS = f"""
import importlib, os, sys
place = os.environ.get("BREAK_AT")
if place:
    module, _, name = place.partition(":")
    owner = importlib.import_module(module)
    *outer, last = name.split(".")
    for each in outer:
        owner = getattr(owner, each)
    def broken(*arguments, **options):
        held = {SENTINEL!r}
        raise ZeroDivisionError(held)
    setattr(owner, last, broken)
"""
# A stage each, from the first look at the target to the last entry of the log.
STAGES = (
    "wizard.engine.inspection:look",
    "wizard.engine.passphrase:_taken",
    "wizard.engine.passphrase:_rated",
    "wizard.engine.kdf:_derive",
    "wizard.engine.sodium:key_pair",
    "wizard.engine.sodium:seal",
    "wizard.engine.conversion:PlaintextSource.encrypt_into",
    "wizard.engine.conversion:PlaintextSource.verify",
    "wizard.engine.staging:Staging._prove",
    "wizard.engine.kit_proof:KitProof.rehearse",
    "wizard.engine.pending:publish",
    "wizard.engine.conversion:PlaintextSource.replace",
    "wizard.engine.audit:Audited.done",
)


@pytest.fixture
def broken(tmp_path):
    """An environment in which one function of this program raises, with a secret in its frame."""
    directory = tmp_path / "breaks"
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(BREAKS)
    return {"PYTHONPATH": f"{directory}{os.pathsep}{ROOT}"}


def assert_says_little(text):
    assert SENTINEL not in text
    assert MARKER not in text
    assert "Traceback" not in text
    assert "held =" not in text


@pytest.mark.parametrize("stage", STAGES)
def test_an_error_of_our_own_is_one_sentence_on_the_command_line(tmp_path, broken, stage):
    home = tmp_path / "home"
    home.mkdir()
    path = make_plain(home / "node.db", rows=2)
    (home / "secret").write_text(MARKER)
    (home / "secret").chmod(0o600)
    before = files_but_log(home)
    done = subprocess.run(
        [sys.executable, "-m", "wizard", "init", "node.db", "--passphrase", "file:secret",
         "--recovery-out", str(tmp_path / "kit.txt"), "--memory", "19MiB", "--passes", "2",
         "--lanes", "1"],
        cwd=home,
        env={**os.environ, **broken, "BREAK_AT": stage},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert_says_little(done.stdout + done.stderr)
    protected = engine.inspect(path).state is engine.State.PROTECTED
    assert done.returncode == 1, done.stderr
    assert "Something that should not happen did (ZeroDivisionError at " in done.stderr
    if protected:
        engine.unlock(path, MARKER).close()
    else:
        assert files_but_log(home) == before


def test_an_error_of_our_own_is_a_problem_document_over_http(tmp_path, broken):
    make_plain(tmp_path / "orders.db", rows=2)
    config = configure(tmp_path, "orders")
    stage = "wizard.engine.staging:Staging._prove"
    with serving(config, **broken, BREAK_AT=stage) as server:
        with server.client(server.told["bootstrap_token"]) as client:
            answer = init(client, "orders", passphrase=MARKER)
        assert answer.status_code == 500
        assert answer.json()["code"] == "internal"
        assert_says_little(answer.text + server.log)


@pytest.mark.parametrize(
    "stage", ["wizard.engine.kdf:_derive", "wizard.engine.staging:Staging._prove"]
)
def test_an_error_of_our_own_in_the_wizards_engine_is_an_answer(
    tmp_path, broken, monkeypatch, capfd, stage
):
    path = make_plain(tmp_path / "node.db", rows=2)
    for name, value in {**broken, "BREAK_AT": stage}.items():
        monkeypatch.setenv(name, value)

    async def prepare():
        async with Talk() as talk:
            await talk.choose(MARKER)
            try:
                await talk.prepare(path)
            except Exception as error:  # noqa: BLE001 - an error of the client's
                return f"{error.error_class} {error.message} {error.hint}"
        raise AssertionError("prepared")

    said = asyncio.run(prepare())
    assert "ZeroDivisionError at" in said
    assert_says_little(said + "".join(capfd.readouterr()))


def state_of(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("step", STEPS if FULL else STEPS[:2])
def test_suspending_gives_the_terminal_back_and_coming_back_takes_it_again(tmp_path, step):
    with at_step(tmp_path, step) as terminal:
        before = terminal.text
        terminal.kill(signal.SIGTSTP)
        end = time.monotonic() + 10
        while state_of(terminal.child.pid) != "T":
            assert time.monotonic() < end, "it did not stop"
            terminal.read(0.05)
        terminal.read(0.2)
        assert_restored(terminal)
        terminal.screen.reset()  # what stood there is gone
        terminal.kill(signal.SIGCONT)
        terminal.until(before.splitlines()[0].split("  ")[-1].strip())
        terminal.kill(signal.SIGTERM)
        assert terminal.ended() == 128 + signal.SIGTERM
        assert_restored(terminal)
        assert (tmp_path / "closed").exists()


@pytest.mark.parametrize("step", STEPS if FULL else STEPS[:2])
def test_an_interrupt_from_outside_ends_every_step_in_order(tmp_path, step):
    with at_step(tmp_path, step) as terminal:
        terminal.kill(signal.SIGINT)
        assert terminal.ended() == 128 + signal.SIGINT
        assert_restored(terminal)
        assert (tmp_path / "closed").exists(), "the engine was told to undo and wipe"
        assert b"Traceback" not in terminal.written
