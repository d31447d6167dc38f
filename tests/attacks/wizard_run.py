"""The whole wizard on a real terminal, by keys alone, one step after the other."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from tests.tui_terminal import Terminal

ENTER, UP, F2 = "\r", "\x1b[A", "\x1bOQ"
Put = Callable[[Terminal, str], None]
STEPS = ("select", "passphrase", "derivation", "review", "generate", "kit", "proof", "place")


def by_keys(terminal: Terminal, text: str) -> None:
    """Type as a person does: one key, one read."""
    for key in text:
        terminal.child.send(key)
        terminal.read(0.02)


def by_paste(terminal: Terminal, text: str) -> None:
    """As a terminal pastes, from a password manager."""
    terminal.send(f"\x1b[200~{text}\x1b[201~")


def by_keys_shown(terminal: Terminal, text: str) -> None:
    """Typed, and looked at for a moment."""
    by_keys(terminal, text)
    terminal.send(F2)
    terminal.until(text)
    terminal.send(F2)


def take_to(
    terminal: Terminal, step: str, passphrase: str, *, put: Put = by_keys, start: str = "select"
) -> None:
    """From the page ``start`` to ``step``; "end" is where all is in place."""
    for name, seen, leave in _WAY[STEPS.index(start) :]:
        terminal.until(seen, 60)
        if name == step:
            return
        leave(terminal, passphrase, put)
    terminal.until("encrypted and in place", 60)


def _press_until(terminal: Terminal, text: str) -> None:
    """Enter chooses first, and then goes on; while the machine is measured it only waits."""
    end = time.monotonic() + 240
    while text not in terminal.text:
        assert time.monotonic() < end, terminal.text
        terminal.send(ENTER)
        terminal.read(0.4)


def _choose(terminal: Terminal, _passphrase: str, _put: Put) -> None:
    terminal.send(ENTER)


def _set_passphrase(terminal: Terminal, passphrase: str, put: Put) -> None:
    put(terminal, passphrase)
    terminal.send(ENTER)
    put(terminal, passphrase)
    terminal.until("the same")
    terminal.send(ENTER)


def _derive(terminal: Terminal, _passphrase: str, _put: Put) -> None:
    terminal.until("opened all day long")
    terminal.send(UP)
    terminal.until("● interactive")
    _press_until(terminal, "Step 4 of 5")


def _encrypt(terminal: Terminal, _passphrase: str, _put: Put) -> None:
    _press_until(terminal, "Encrypting a copy")


def _to_kit(terminal: Terminal, _passphrase: str, _put: Put) -> None:
    terminal.until("nothing has", 60)
    terminal.send(ENTER)


def _look(terminal: Terminal, _passphrase: str, _put: Put) -> None:
    terminal.send(ENTER)
    terminal.until("33")
    terminal.read(0.3)
    found = re.findall(r"\b([0-9]{1,2})\.? +([a-z]{4,8})\b", terminal.text)
    terminal.words = {int(number): word for number, word in found}
    terminal.send(ENTER)
    terminal.until("Next: prove it")
    terminal.send(ENTER)


def _prove(terminal: Terminal, _passphrase: str, _put: Put) -> None:
    for number in re.findall(r"[Ww]ord +([0-9]{1,2})\b", terminal.text):
        by_keys(terminal, terminal.words[int(number)])
        terminal.send(ENTER)


def _place(terminal: Terminal, _passphrase: str, _put: Put) -> None:
    terminal.send(ENTER)


_WAY = (
    ("select", "not encrypted", _choose),
    ("passphrase", "Once more", _set_passphrase),
    ("derivation", "Step 3 of 5", _derive),
    ("review", "Step 4 of 5", _encrypt),
    ("generate", "Encrypting a copy", _to_kit),
    ("kit", "Step 5 of 5", _look),
    ("proof", "Enter these words", _prove),
    ("place", "Put it in place", _place),
)
