"""The whole wizard over a real SSH login, in the terminals and locales that people have.

Ordinarily one of them; all with `DATAFOLD_TERMINALS=full`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.databases import make_plain
from tests.programs import needs
from tests.terminals.login import Login, logging_in
from tests.terminals.ssh_server import SshServer
from tests.terminals.walking import PASSPHRASE, Walker
from wizard import engine

pytestmark = [needs("sshd", "ssh", "ssh-keygen", "tmux"), pytest.mark.timeout(1200)]

FULL = os.environ.get("DATAFOLD_TERMINALS") == "full"
TERMS = ("xterm-256color", "tmux-256color", "screen", "linux", "vt100")
UTF8, NO_LOCALE = {"LANG": "C.UTF-8"}, {"LANG": "C"}
WINDOWS = {
    "usual": (80, 24, UTF8),
    "LANG=C": (80, 24, NO_LOCALE),
    "NO_COLOR": (80, 24, {**UTF8, "NO_COLOR": "1"}),
    "40x15": (40, 15, UTF8),
    "dragged": (80, 24, UTF8),
}
ALWAYS = (("vt100", "40x15"),)
CASES = [(term, window) for term in TERMS for window in WINDOWS] if FULL else ALWAYS


@pytest.mark.parametrize(("term", "window"), CASES)
def test_a_database_is_protected_by_keys_alone(
    ssh_server: SshServer, tmp_path: Path, term: str, window: str
) -> None:
    columns, rows, variables = WINDOWS[window]
    with logging_in(ssh_server, tmp_path, columns=columns, rows=rows) as login:
        path = make_plain(login.home / "node.db", rows=50)
        typed = login.start(term=term, **variables)
        walker = Walker(login.window, drags=window == "dragged")
        walker.walk()
        assert login.ended() == 0
        plain = "LANG=C" in window or term in {"linux", "vt100"}
        assert_usable(walker, plain=plain, coloured=window != "NO_COLOR")
        assert_opens(path, walker)
        assert_nothing_stays(login, walker, typed)


def assert_usable(walker: Walker, *, plain: bool, coloured: bool) -> None:
    """Every page was drawn whole, in the characters and colours that the terminal has."""
    for name, page in walker.pages.items():
        assert page.isascii() is plain, f"{name}:\n{page}"
        # What a terminal shows of a sequence or a byte that it does not know.
        assert not re.search(r"\ufffd|\x1b|\[\?|;[0-9]+m", page), f"{name}:\n{page}"
    assert walker.coloured is coloured
    assert not walker.unmarked


def assert_opens(path: Path, walker: Walker) -> None:
    """The passphrase opens it, and so does what was read off the window."""
    phrase = " ".join(walker.words[number] for number in sorted(walker.words))
    for key in ({"passphrase": PASSPHRASE}, {"recovery": [phrase]}):
        with engine.unlock(path, **key) as database:
            rows = database.connection.execute("SELECT count(*) FROM customers").get
            assert rows == 50


def assert_nothing_stays(login: Login, walker: Walker, typed: str) -> None:
    """No secret in what the terminal keeps, and none on its way to a clipboard."""
    history = login.window.history
    # "python" is one of the words that a kit may have.
    words = set(walker.words.values()) - set(re.findall(r"[a-z]{4,}", typed))
    assert not words & set(re.findall(r"[a-z]{4,}", history))
    assert PASSPHRASE not in history
    assert not login.window.clipboard
    assert not login.window.on_alternate_screen


@pytest.mark.parametrize(
    ("size", "arguments", "variables"),
    [
        ((39, 15), (), {}),
        ((80, 11), (), {}),
        ((80, 24), ("--plain",), NO_LOCALE),
        ((80, 24), (), {"ACCESSIBLE": "1"}),
        ((80, 24), (), {"TERM": "dumb"}),
    ],
)
def test_where_a_screen_is_of_no_use_the_same_is_asked_in_lines(
    ssh_server: SshServer,
    tmp_path: Path,
    size: tuple[int, int],
    arguments: tuple[str, ...],
    variables: dict[str, str],
) -> None:
    term = variables.get("TERM", "xterm-256color")
    told = {name: value for name, value in variables.items() if name != "TERM"}
    with logging_in(ssh_server, tmp_path, columns=size[0], rows=size[1]) as login:
        make_plain(login.home / "node.db", rows=3)
        login.start(*arguments, term=term, **told)
        login.window.until("Step 1 of 5", "datafold-wizard init")
        assert not login.window.on_alternate_screen
        login.window.press("C-c")
        assert login.ended() in {130, 2}, login.window.history
