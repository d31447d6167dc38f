"""Signals and lost terminals over the real engine process, at every step of the real wizard.

Whatever step it is: the exit code says the signal, the terminal is in order, the engine process
that held the secrets is gone, and the directory is as it was, or whole.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.attacks import FULL
from tests.attacks.scanning import family
from tests.attacks.test_crash import state_of
from tests.attacks.wizard_run import STEPS, take_to
from tests.databases import files_but_log, make_plain
from tests.test_tui_terminal import assert_restored
from tests.tui_terminal import Terminal
from wizard import engine

MARKER = "velvet Quokka ferment 8841 drizzle"
PLACES = (*STEPS, "end")
CLOSED = "the terminal is closed"
ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, CLOSED)
ORDINARY = [("passphrase", CLOSED), ("kit", signal.SIGTERM)]
EVERY = [(step, ending) for step in PLACES for ending in ENDINGS]


def close_terminal(terminal: Terminal) -> None:
    process = terminal.child.ptyproc
    process.fileobj.close()
    process.closed = terminal.child.closed = True


def exit_code(terminal: Terminal) -> int:
    """Wait for the end of a program whose terminal may be gone."""
    process, end = terminal.child.ptyproc, time.monotonic() + 30
    while process.isalive():
        assert time.monotonic() < end, "it spins"
        time.sleep(0.05)
    return 128 + process.signalstatus if process.exitstatus is None else process.exitstatus


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end, "the engine process outlives the screen"
        time.sleep(0.05)


@pytest.mark.parametrize(("step", "ending"), EVERY if FULL else ORDINARY)
def test_no_end_leaves_a_process_or_half_a_database(tmp_path, step, ending):
    home = tmp_path / "home"
    home.mkdir()
    path = make_plain(home / "node.db", rows=3)
    before = files_but_log(home)
    with Terminal(home, str(path), XDG_CONFIG_HOME=str(tmp_path)) as terminal:
        take_to(terminal, step, MARKER)
        _screen, engine_process = family(terminal.child.pid)
        if ending == CLOSED:
            close_terminal(terminal)
            assert exit_code(terminal) == 128 + signal.SIGHUP
        else:
            terminal.kill(ending)
            assert terminal.ended(30) == 128 + ending
            assert_restored(terminal)
        wait_until_gone(engine_process)
        assert b"Traceback" not in terminal.written
        assert MARKER.encode() not in terminal.written
    if step == "end":
        engine.unlock(path, MARKER).close()
    else:
        assert files_but_log(home) == before
        assert engine.inspect(path).state is engine.State.PLAINTEXT


@pytest.mark.skipif(not FULL, reason="one walk through all steps")
def test_at_every_step_it_can_be_suspended_and_goes_on(tmp_path):
    path = make_plain(tmp_path / "node.db", rows=3)
    with Terminal(tmp_path, str(path)) as terminal:
        at = "select"
        for step in PLACES:
            take_to(terminal, step, MARKER, start=at)
            at = step
            terminal.rest()
            title = terminal.text.splitlines()[0].strip()
            suspend(terminal)
            assert_restored(terminal)
            terminal.screen.reset()
            terminal.kill(signal.SIGCONT)
            terminal.until(title)
        terminal.kill(signal.SIGTERM)
        assert terminal.ended(30) == 128 + signal.SIGTERM
    engine.unlock(path, MARKER).close()


def suspend(terminal: Terminal) -> None:
    terminal.kill(signal.SIGTSTP)
    end = time.monotonic() + 10
    while state_of(terminal.child.pid) != "T":
        assert time.monotonic() < end, "it did not stop"
        terminal.read(0.05)
    terminal.read(0.2)
