"""The wizard on a real pseudo-terminal: bytes, cursor, signals, crashes, strange environments."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.databases import make_plain
from tests.tui_fakes import FINGERPRINT
from tests.tui_matrix import some
from tests.tui_program import SENTINEL
from tests.tui_terminal import Terminal

STEPS = (
    "select",
    "passphrase",
    "derivation",
    "review",
    "generate",
    "kit",
    "proof",
    "place",
    "copies",
    "done",
)
# Each step once in an ordinary run, in one of the three ways to end; all of them in a full one.
CRASHES = some(STEPS, "select", "passphrase", "generate", "proof")
SIGTERMS = some(STEPS, "derivation", "kit", "copies")
HANGUPS = some(STEPS, "review", "place", "done")
TAB, F1, F4, DOWN, UP, ENTER, CTRL_K = "\t", "\x1bOP", "\x1bOS", "\x1b[B", "\x1b[A", "\r", "\x0b"
RESTORED = (b"\x1b[?1049l", b"\x1b[?25h")


def at_step(directory: Path, step: str, *switches: str, **variables: str) -> Terminal:
    """The screen process over fixed values, taken to `step`."""
    terminal = Terminal(
        directory, step, *switches, command=("-m", "tests.tui_program"), **variables
    )
    end = time.monotonic() + 60
    while not (directory / "arrived").exists():
        assert time.monotonic() < end, terminal.text
        terminal.read(0.05)
    terminal.rest()
    return terminal


def assert_restored(terminal: Terminal) -> None:
    tail = bytes(terminal.written)
    for sequence in RESTORED:
        assert sequence in tail[tail.rindex(b"\x1b[?1049h") :]


@pytest.fixture
def passphrase_page(tmp_path: Path):
    make_plain(tmp_path / "node.db", rows=3)
    with Terminal(tmp_path) as terminal:
        terminal.until("not encrypted")
        terminal.send(ENTER)
        terminal.until("Once more")
        yield terminal


# Bytes ---------------------------------------------------------------------------------------


def test_a_key_costs_at_most_300_bytes_and_waiting_none(passphrase_page: Terminal) -> None:
    terminal = passphrase_page
    phrase = "correct horse 7"
    costs = {key: terminal.send(key) for key in [*phrase, "\x7f", "ü"]}
    assert max(costs.values()) <= 300, costs
    terminal.rest(2.0)  # what the engine process still measures comes late
    assert terminal.read(1.0) == 0
    assert terminal.send(TAB) <= 300
    assert b"correct" not in terminal.written


@pytest.mark.parametrize("step", CRASHES)
def test_every_step_is_quiet_shows_its_focus_and_dies_in_one_line(
    tmp_path: Path, step: str
) -> None:
    with at_step(tmp_path, step) as terminal:
        assert terminal.read(0.6) == 0, "idle"
        seen = set()
        for _move in range(6):
            assert terminal.send(TAB) <= 1500
            cursor = terminal.screen.cursor
            assert not cursor.hidden
            assert terminal.screen.display[cursor.y].strip(), "the cursor is on a text"
            seen.add((cursor.x, cursor.y))
        assert len(seen) > 1 or step == "done"

        before = len(terminal.written)
        terminal.send(CTRL_K)
        assert terminal.ended() == 1
        assert_restored(terminal)
        last = bytes(terminal.written[before:]).rpartition(b"\x1b[?1006l")[2].decode()
        words = last.strip().splitlines()
        assert len(words) == 1
        assert words[0].startswith("datafold-wizard: ")
        assert "ZeroDivisionError at " in words[0], "the id of the error"
        assert SENTINEL.encode() not in terminal.written
        assert b"Traceback" not in terminal.written


# The cursor ----------------------------------------------------------------------------------


def test_the_cursor_of_the_terminal_follows_the_focus(tmp_path: Path) -> None:
    with at_step(tmp_path, "select") as terminal:

        def line() -> str:
            cursor = terminal.screen.cursor
            return terminal.screen.display[cursor.y][cursor.x :]

        assert line().startswith("● /srv/datafold/node.db")
        terminal.send(DOWN)
        assert line().startswith("● /srv/data… old node (2023).db")
        terminal.send(UP)
        terminal.send(TAB)
        assert line().startswith("Next ]")
        terminal.send(F1)
        assert "Close ]" in line()
        terminal.send(ENTER)
        assert line().startswith("Next ]")
        terminal.send("\x03")
        assert line().startswith("Keep going ]"), "the harmless answer has the focus"


def test_the_cursor_of_the_terminal_is_the_caret_of_a_field(tmp_path: Path) -> None:
    with at_step(tmp_path, "passphrase") as terminal:
        start = terminal.screen.cursor.x
        for count, key in enumerate("quiet", 1):
            terminal.send(key)
            assert terminal.screen.cursor.x == start + count
        terminal.send("\x7f")
        assert terminal.screen.cursor.x == start + 4


# The end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", SIGTERMS)
def test_sigterm_at_every_step_restores_the_terminal(tmp_path: Path, step: str) -> None:
    with at_step(tmp_path, step) as terminal:
        terminal.kill(signal.SIGTERM)
        assert terminal.ended() == 128 + signal.SIGTERM
        assert_restored(terminal)
        assert (tmp_path / "closed").exists(), "the engine was told to undo and wipe"


@pytest.mark.parametrize("step", HANGUPS)
def test_a_terminal_that_closes_ends_every_step(tmp_path: Path, step: str) -> None:
    with at_step(tmp_path, step) as terminal:
        process = terminal.child.ptyproc
        process.fileobj.close()
        process.closed = terminal.child.closed = True
        end = time.monotonic() + 8
        while process.isalive():
            assert time.monotonic() < end, "it spins"
            time.sleep(0.05)
        assert process.exitstatus == 128 + signal.SIGHUP
        assert (tmp_path / "closed").exists(), "the engine was told to undo and wipe"


def test_sighup_ends_the_engine_process_too_and_leaves_the_directory(
    passphrase_page: Terminal, tmp_path: Path
) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    for key in "quiet":
        passphrase_page.send(key)
    (child,) = (
        Path(f"/proc/{passphrase_page.child.pid}/task/{passphrase_page.child.pid}/children")
        .read_text()
        .split()
    )
    passphrase_page.kill(signal.SIGHUP)
    assert passphrase_page.ended() == 128 + signal.SIGHUP
    assert_restored(passphrase_page)
    assert not Path(f"/proc/{child}").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == before


# Environments --------------------------------------------------------------------------------


def test_hostile_variables_log_nothing(tmp_path: Path) -> None:
    hostile = {
        "TEXTUAL": "debug,devtools",
        "TEXTUAL_LOG": str(tmp_path / "log.txt"),
        "TEXTUAL_DEBUG": "1",
        "TEXTUAL_PRESS": "ctrl+q",
        "TEXTUAL_SCREENSHOT": "1",
        "TEXTUAL_SCREENSHOT_LOCATION": str(tmp_path),
        "TEXTUAL_SHOW_RETURN": "1",
    }
    make_plain(tmp_path / "node.db", rows=3)
    before = sorted(path.name for path in tmp_path.iterdir())
    with Terminal(tmp_path, **hostile) as terminal:
        terminal.until("not encrypted")
        terminal.send(ENTER)
        terminal.until("Once more")
        terminal.send("seven quiet lanterns")
        terminal.read(1.5)
        assert sorted(path.name for path in tmp_path.iterdir()) == before
        assert b"\x1b]52" not in terminal.written


def test_copy_keys_carry_no_secret_to_the_terminal(passphrase_page: Terminal) -> None:
    for key in "quiet":
        passphrase_page.send(key)
    for key in ("\x01", "\x18", "\x16", "\x1b[1;2D", "\x1bOQ"):
        passphrase_page.send(key)
    passphrase_page.until("quiet")  # F2 shows it
    passphrase_page.send("\x18")
    assert b"\x1b]52" not in passphrase_page.written


def sent_to_the_clipboard(terminal: Terminal) -> list[str]:
    pattern = rb"\x1b\]52;[a-z]*;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\\\)"
    every = re.findall(pattern, bytes(terminal.written))
    assert len(every) == terminal.written.count(b"\x1b]52")
    return [base64.b64decode(text).decode() for text in every]


def test_the_clipboard_gets_the_public_fingerprint_when_asked_and_nothing_else(
    tmp_path: Path,
) -> None:
    with at_step(tmp_path, "copies") as terminal:
        terminal.send(DOWN)
        terminal.send(ENTER)
        terminal.until("The fingerprint of the database")
        terminal.send(TAB)
        assert not sent_to_the_clipboard(terminal)
        terminal.send(ENTER)
        terminal.until("Sent to your terminal")
        assert sent_to_the_clipboard(terminal) == [FINGERPRINT]


def test_a_byte_that_is_not_utf8_ends_nothing_and_is_not_lost_silently(
    passphrase_page: Terminal,
) -> None:
    passphrase_page.child.send(b"abc\xff\xfe")
    passphrase_page.until("and is missing")
    passphrase_page.send("d")
    passphrase_page.until("••••")
    passphrase_page.send("\r")
    # It would not be the passphrase that was meant.
    passphrase_page.until("and is missing")
    passphrase_page.send("\x15e")
    passphrase_page.until("very weak")
    assert "and is missing" not in passphrase_page.text


@pytest.mark.parametrize(
    ("variables", "plain", "coloured"),
    [
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, False, True),
        ({"LANG": "C"}, True, True),
        ({"TERM": "vt100"}, True, True),
    ],
)
def test_colours_and_characters_are_those_the_environment_allows(
    tmp_path: Path, variables: dict[str, str], plain: bool, coloured: bool
) -> None:
    with at_step(tmp_path, "passphrase", **variables) as terminal:
        assert terminal.text.isascii() is plain
        assert ("+ Select" if plain else "✓ Select") in terminal.text
        codes = {
            code
            for sequence in re.findall(rb"\x1b\[([0-9;]*)m", bytes(terminal.written))
            for code in sequence.split(b";")
        }
        colours = {code for code in codes if re.fullmatch(rb"[34][0-8]|9[0-7]|10[0-7]", code)}
        assert bool(colours) is coloured
        assert b"7" in codes, "the step one is at is told without colour"
        terminal.send(F4)
        assert terminal.text.isascii() is not plain


def test_the_switch_asks_for_ascii(tmp_path: Path) -> None:
    with at_step(tmp_path, "select", "--ascii") as terminal:
        assert terminal.text.isascii()


@pytest.mark.parametrize(
    ("switches", "variables", "on"),
    [
        ((), {}, True),
        ((), {"SSH_CONNECTION": "10.0.0.1 5022 10.0.0.2 22"}, False),
        (("--mouse",), {"SSH_CONNECTION": "10.0.0.1 5022 10.0.0.2 22"}, True),
    ],
)
def test_the_mouse_is_off_over_ssh_unless_asked_for(
    tmp_path: Path, switches: tuple[str, ...], variables: dict[str, str], on: bool
) -> None:
    with at_step(tmp_path, "select", *switches, **variables) as terminal:
        assert (b"\x1b[?1003h" in terminal.written) is on


@pytest.mark.parametrize("arguments", [(), ("my node.db",)])
def test_without_a_terminal_one_sentence_names_init(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wizard", "--ascii", *arguments],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert not done.stdout
    assert done.stderr.count("\n") == 1
    assert (
        f"datafold-wizard init {'PATH' if not arguments else chr(39) + arguments[0] + chr(39)}"
        in done.stderr
    )


def test_over_ssh_without_a_terminal_the_sentence_names_the_option(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wizard"],
        cwd=tmp_path,
        env={**os.environ, "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert "ssh -t" in done.stderr
    assert "datafold-wizard init PATH" in done.stderr


def test_closed_streams_do_not_spin(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m wizard <&- 2>&1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert "datafold-wizard init PATH" in done.stdout


def test_a_dumb_terminal_is_asked_plain_questions(tmp_path: Path) -> None:
    with Terminal(tmp_path, TERM="dumb") as terminal:
        terminal.until("Which database")
        assert b"\x1b" not in terminal.written
        terminal.send("\x03")
        assert terminal.ended() == 130
