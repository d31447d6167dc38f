"""The line is cut in the middle of each step; a new login finds what there is, and the way on.

Ordinarily two cuts; with `DATAFOLD_TERMINALS=full` each step is cut in each manner, and after a
kill, which may leave something behind, the work is ended.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.databases import files_but_log, make_plain
from tests.programs import needs
from tests.terminals.login import Login, gone, logging_in
from tests.terminals.ssh_server import SshServer
from tests.terminals.walking import PASSPHRASE, Walker
from wizard import engine

pytestmark = [needs("sshd", "ssh", "ssh-keygen", "tmux"), pytest.mark.timeout(1200)]

FULL = os.environ.get("DATAFOLD_TERMINALS") == "full"
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
COMMITTED = ("copies", "done")
HOW = ("client", "server", "kill")
ALWAYS = (("passphrase", "client"), ("kit", "kill"))
CASES = [(step, how) for step in STEPS for how in HOW] if FULL else ALWAYS


@pytest.mark.parametrize(("step", "how"), CASES)
def test_a_new_login_finds_the_way_on(
    ssh_server: SshServer, tmp_path: Path, step: str, how: str
) -> None:
    with logging_in(ssh_server, tmp_path) as login:
        path = make_plain(login.home / "node.db", rows=50)
        before = path.read_bytes()
        login.start(LANG="C.UTF-8")
        Walker(login.window).walk(until=step)
        processes = login.processes()
        assert len(processes) >= 2
        _cut(login, how)
        assert gone(processes), "a process was left behind"
        state = engine.inspect(path).state
        if step in COMMITTED:
            assert state is engine.State.PROTECTED
            _finds_protected(login, path)
            return
        assert path.read_bytes() == before
        if state is engine.State.INTERRUPTED:
            assert how == "kill", "only a killed process leaves anything"
        else:
            assert state is engine.State.PLAINTEXT
            # Nobody holds a lock that a killed process took; the next one takes the file away.
            lock = {".node.db.datafold-lock"} if how == "kill" else set()
            assert set(files_but_log(login.home)) - lock == {"node.db"}
        _goes_on(
            login,
            path,
            interrupted=state is engine.State.INTERRUPTED,
            ended=FULL and how == "kill",
        )


def _cut(login: Login, how: str) -> None:
    {"client": login.cut_client, "server": login.cut_server, "kill": login.kill_wizard}[how]()


def _goes_on(login: Login, path: Path, *, interrupted: bool, ended: bool) -> None:
    """The wizard says what it found, undoes it where there is something, and goes on."""
    login.window.reopen()
    login.start(LANG="C.UTF-8")
    walker = Walker(login.window)
    if interrupted:
        login.window.until("An initialization of node.db did not finish.")
        login.window.until("The plaintext database is as it was.")
        walker.press("Undo and continue")
        login.window.until("had not finished; its 2 staged files were removed")
    if not ended:
        walker.walk(until="passphrase")
        return
    walker.walk()
    assert login.ended() == 0
    with engine.unlock(path, PASSPHRASE) as database:
        assert database.connection.execute("SELECT count(*) FROM customers").get == 50


def _finds_protected(login: Login, path: Path) -> None:
    login.window.reopen()
    login.start(str(path), LANG="C.UTF-8")
    login.window.until("Already protected. Fingerprint")
    login.window.press("Enter")
    login.window.until("Still open")
    login.window.press("C-c")
    login.window.until("Quit the wizard?")
    login.window.press("Escape")
    login.window.until("What to do ]")
    login.window.press("Enter")
    login.window.until("What brings you to node.db?", "Finish the backup checklist")
