"""The command line as a person uses it: a real terminal, typed answers, and what is left on it."""

from __future__ import annotations

import io
import os
import re
import signal
import sqlite3
import subprocess
import sys
import termios
import time

import pexpect
import pytest

from tests.databases import files_but_log
from wizard import engine

PASSPHRASE = "correct horse bättery staple 77"
CHEAP = ["--memory", "19MiB", "--passes", "2", "--lanes", "1"]
TO_ALTERNATE = "\x1b[?1049h"
FROM_ALTERNATE = "\x1b[?1049l"


class Session:
    """One run of the program on a terminal of its own."""

    def __init__(
        self, directory, *arguments, rows=80, term="xterm-256color", program=("-m", "wizard")
    ):
        kept = {name: os.environ[name] for name in ("PATH", "HOME")}
        self.child = pexpect.spawn(
            sys.executable,
            [*program, *arguments],
            cwd=str(directory),
            env={**kept, "TERM": term, "LC_ALL": "C.UTF-8"},
            dimensions=(rows, 100),
            encoding="utf-8",
            timeout=30,
        )
        self.log = io.StringIO()
        self.child.logfile_read = self.log

    def see(self, text):
        self.child.expect_exact(text)

    def type(self, line):
        """Type a line as soon as the program has switched the echo off or asked with it on."""
        self.child.sendline(line)

    def type_unseen(self, question, line):
        self.see(question)
        assert self.child.waitnoecho(timeout=10)
        self.child.sendline(line)

    def end(self):
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert PASSPHRASE not in self.log.getvalue()
        return self.child.exitstatus

    @property
    def text(self):
        return self.log.getvalue()

    @property
    def visible(self):
        """What stays in the terminal's history: all but the alternate screen."""
        pattern = f"{re.escape(TO_ALTERNATE)}.*?{re.escape(FROM_ALTERNATE)}"
        return re.sub(pattern, "", self.text, flags=re.DOTALL)

    @property
    def words(self):
        """The words of the kit by number, as last shown."""
        shown = self.text[self.text.rindex("== RECOVERY WORDS") :]
        found = re.findall(
            r"\b([0-9]{1,2})\. +([a-z]{4,8})\b", shown[: shown.index("== RECOVERY SLOT")]
        )
        return {int(number): word for number, word in found}


@pytest.fixture
def plaintext(tmp_path):
    path = tmp_path / "node.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE item(name TEXT)")
    connection.execute("INSERT INTO item VALUES ('one')")
    connection.commit()
    connection.close()
    return path


@pytest.fixture
def protected(plaintext):
    engine.initialize(
        plaintext, PASSPHRASE, recovery=None, params=engine.KdfParams(19 * 1024, 2, 1)
    )
    return plaintext


def names(directory):
    """Without the audit log, which keeps every attempt that began."""
    return set(files_but_log(directory))


def answer(session, words):
    """Answer the three questions with ``words`` by number."""
    for _ in range(3):
        session.child.expect(r"Word ([0-9]+): ")
        session.type(words[int(session.child.match[1])])


# Init -----------------------------------------------------------------------------------------


def test_init_makes_a_passphrase_shows_it_once_and_has_it_typed(plaintext, tmp_path):
    session = Session(tmp_path, "init", "node.db", "--generate", "--no-recovery", *CHEAP)
    session.see("6 random words of the EFF's long list: 77.5 bits.")
    session.see("[Enter: hide it, and type it again] ")
    made = re.findall(r"^  ((?:[a-z-]+ ){5}[a-z-]+)\r?$", session.text, re.MULTILINE)[0]
    session.type("")
    session.type_unseen("The passphrase: ", "something else")
    session.see("That was not the same. Look again.")
    session.see("[Enter: hide it, and type it again] ")
    session.type("")
    session.type_unseen("The passphrase: ", made)
    session.see("Protected, and proved to open.")
    assert session.end() == 0
    assert made not in session.visible
    with engine.unlock(plaintext, made) as database:
        assert database.connection.execute("SELECT name FROM item").get == "one"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--generate", "--passphrase", "stdin"), "but not both"),
        (("--generate", "--recovery-out", "kit.txt"), "no terminal to show the generated"),
    ],
)
def test_a_passphrase_is_made_only_where_it_can_be_seen(plaintext, arguments, said):
    before = files_but_log(plaintext.parent)
    done = subprocess.run(
        [sys.executable, "-m", "wizard", "init", "node.db", *arguments],
        cwd=plaintext.parent,
        input=PASSPHRASE,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert files_but_log(plaintext.parent) == before


def test_init_from_the_first_question_to_the_proof(plaintext, tmp_path):
    session = Session(tmp_path, "init", "node.db", *CHEAP)
    session.type_unseen("New passphrase: ", PASSPHRASE)
    session.type_unseen("The same again: ", PASSPHRASE)
    session.see(TO_ALTERNATE)
    session.see("[Enter: it is on paper, b: back, q: QR code of the slot] ")
    words = session.words
    assert sorted(words) == list(range(1, 34))
    assert plaintext.read_bytes().startswith(b"SQLite format 3")
    session.type("")
    wrong = {number: "academic" if word != "academic" else "acid" for number, word in words.items()}
    answer(session, wrong)
    session.see("Not what stands on the sheet: word ")
    session.see("Word ")
    session.type("?")
    session.see("[Enter: it is on paper, b: back, q: QR code of the slot] ")
    session.type("")
    answer(session, words)
    session.see(FROM_ALTERNATE)
    session.see("Protected, and proved to open.")
    assert session.end() == 0
    assert names(tmp_path) == {"node.db", "node.db.crypto.json", *kept_originals(tmp_path)}
    assert words[1] + " " not in session.visible
    assert "RECOVERY WORDS" not in session.visible
    with engine.unlock(plaintext, recovery=[" ".join(words[n] for n in sorted(words))]) as database:
        assert database.connection.execute("SELECT name FROM item").get == "one"


def kept_originals(directory):
    return {name for name in names(directory) if "plaintext" in name}


def test_a_small_terminal_shows_the_kit_page_by_page(plaintext, tmp_path):
    session = Session(tmp_path, "init", "node.db", *CHEAP, rows=24)
    session.type_unseen("New passphrase: ", PASSPHRASE)
    session.type_unseen("The same again: ", PASSPHRASE)
    pages = 1
    while True:
        found = session.child.expect_exact(
            ["[Enter: next page, b: back] ", "[Enter: it is on paper"]
        )
        if found == 1:
            break
        session.type("b" if pages == 2 else "")
        pages += 1
    assert pages > 3
    shown = session.text.split("\x1b[2J\x1b[H")[1:]
    assert all(page.count("\r\n") <= 24 for page in shown)
    session.type("")
    session.see("Word ")
    session.child.sendintr()
    assert session.end() == 130
    assert names(tmp_path) == {"node.db"}
    assert session.text.rindex(FROM_ALTERNATE) > session.text.rindex(TO_ALTERNATE)
    assert "Cancelled. Nothing was changed." in session.visible


def test_the_qr_code_is_shown_whole_or_not_at_all(tmp_path):
    for rows, seen in ((80, "\u2580"), (30, "this terminal has 100 and 30")):
        session = Session(tmp_path, "init", "new.db", *CHEAP, rows=rows)
        session.type_unseen("New passphrase: ", PASSPHRASE)
        session.type_unseen("The same again: ", PASSPHRASE)
        while session.child.expect_exact(["[Enter: next page", "q: QR code of the slot] "]) == 0:
            session.type("")
        session.type("q")
        session.see(seen)
        session.see("[Enter: back to the sheet] ")
        session.child.sendintr()
        assert session.end() == 130
        assert names(tmp_path) == set()


def test_a_killed_init_is_undone_by_the_next(plaintext, tmp_path):
    session = Session(tmp_path, "init", "node.db", *CHEAP)
    session.type_unseen("New passphrase: ", PASSPHRASE)
    session.type_unseen("The same again: ", PASSPHRASE)
    session.see("it is on paper")
    session.child.kill(signal.SIGKILL)
    session.child.expect(pexpect.EOF)
    session.child.close()
    again = Session(tmp_path, "status", "node.db")
    assert again.end() == 16
    assert "did not finish" in again.text
    again = Session(tmp_path, "init", "node.db", "--no-recovery", *CHEAP)
    again.type_unseen("New passphrase: ", PASSPHRASE)
    again.type_unseen("The same again: ", PASSPHRASE)
    again.see("Protected, and proved to open.")
    assert again.end() == 0
    assert names(tmp_path) == {"node.db", "node.db.crypto.json", *kept_originals(tmp_path)}


def test_several_sheets_are_shown_and_asked_for(tmp_path):
    session = Session(tmp_path, "init", "new.db", "--recovery-shares", "2of2", *CHEAP)
    session.type_unseen("New passphrase: ", PASSPHRASE)
    session.type_unseen("The same again: ", PASSPHRASE)
    sheets = {}
    for number, after in (
        (1, "[Enter: next sheet, b: back, q: QR code of the slot] "),
        (2, "[Enter: it is on paper, b: back, q: QR code of the slot] "),
    ):
        session.see(after)
        sheets[number] = session.words
        session.type("")
    assert sheets[1] != sheets[2]
    asked = set()
    question = r"Sheet ([0-9]), word ([0-9]+): "
    while session.child.expect([question, "Protected, and proved to open."]) == 0:
        sheet, position = (int(part) for part in session.child.match.groups())
        asked.add(sheet)
        session.type(sheets[sheet][position])
    assert session.end() == 0
    assert asked == {1, 2}


def test_mismatches_and_weak_passphrases_are_asked_again(tmp_path):
    session = Session(tmp_path, "init", "new.db", "--no-recovery", *CHEAP)
    session.type_unseen("New passphrase: ", PASSPHRASE)
    session.type_unseen("The same again: ", PASSPHRASE + "!")
    session.see("not the same. Choose again.")
    session.type_unseen("New passphrase: ", "password")
    session.see("score is 0 of 4")
    session.type_unseen("New passphrase: ", PASSPHRASE)
    session.type_unseen("The same again: ", PASSPHRASE)
    session.see("Protected, and proved to open.")
    assert session.end() == 0


def test_what_may_go_wrong_at_the_next_typing_is_said_and_refuses_nothing(tmp_path):
    session = Session(tmp_path, "init", "new.db", "--no-recovery", *CHEAP)
    typed = " VERMILION TUGBOAT 93 "
    session.type_unseen("New passphrase: ", typed)
    session.see("Note: All letters are capitals. Is Caps Lock on?")
    session.see("Note: It begins with a blank, which is part of it.")
    session.see("Note: It ends with a blank, which is part of it.")
    session.type_unseen("The same again: ", typed)
    session.see("Protected, and proved to open.")
    assert session.end() == 0


@pytest.mark.parametrize(("typed", "code"), [("", 17), ("password", 18), ("tab\there" * 4, 17)])
def test_three_times_is_enough(tmp_path, typed, code):
    session = Session(tmp_path, "init", "new.db", "--no-recovery", *CHEAP)
    for _ in range(3):
        session.type_unseen("New passphrase: ", typed)
    assert session.end() == code
    assert names(tmp_path) == set()


def test_a_typed_nul_is_refused_not_cut(tmp_path):
    session = Session(tmp_path, "init", "new.db", "--no-recovery", *CHEAP)
    session.type_unseen("New passphrase: ", PASSPHRASE + "\x00rest")
    session.see("control character")
    session.child.sendintr()
    assert session.end() == 130


def test_what_is_typed_keeps_its_spaces(tmp_path):
    session = Session(tmp_path, "init", "new.db", "--no-recovery", *CHEAP)
    session.type_unseen("New passphrase: ", f" {PASSPHRASE} ")
    session.type_unseen("The same again: ", f" {PASSPHRASE} ")
    assert session.end() == 0
    with engine.unlock(tmp_path / "new.db", f" {PASSPHRASE} "):
        pass
    with pytest.raises(engine.WrongPassphrase):
        engine.unlock(tmp_path / "new.db", PASSPHRASE)


def test_a_line_that_the_terminal_would_cut_is_refused(tmp_path):
    session = Session(tmp_path, "init", "new.db", "--no-recovery", *CHEAP)
    session.type_unseen("New passphrase: ", "x" * 4094)
    session.see("longer than")
    session.child.sendintr()
    assert session.end() == 130


def test_the_drivers_editing_keys_work_unseen(tmp_path):
    session = Session(tmp_path, "init", "new.db", "--no-recovery", *CHEAP)
    session.type_unseen("New passphrase: ", f"all wrong\x15{PASSPHRASE}X\x7f")
    session.type_unseen("The same again: ", PASSPHRASE)
    assert session.end() == 0


SMALL_MACHINE = """
import sys
from wizard.engine import memory
memory.machine_limit = lambda: memory.MemoryLimit(
    available_kib=30720, unattended_kib=15360, limited_by="cgroup limit", total_kib=30720
)
from wizard.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize(("answer", "code"), [("", 20), ("n", 20), ("y", 0)])
def test_more_memory_than_runs_without_asking_is_asked_for(tmp_path, answer, code):
    small = ("-c", SMALL_MACHINE)
    session = Session(tmp_path, "init", "new.db", "--no-recovery", *CHEAP, program=small)
    session.type_unseen("New passphrase: ", PASSPHRASE)
    session.type_unseen("The same again: ", PASSPHRASE)
    session.see("half of the cgroup limit")
    session.see("Go on? [y/N] ")
    session.type(answer)
    assert session.end() == code
    assert bool(names(tmp_path)) == (code == 0)


def test_more_memory_for_unlocking_is_asked_for_before_the_passphrase(protected, tmp_path):
    session = Session(tmp_path, "verify", "node.db", program=("-c", SMALL_MACHINE))
    session.see("Go on? [y/N] ")
    session.type("y")
    session.type_unseen("Passphrase for node.db", PASSPHRASE)
    session.see("Verified")
    assert session.end() == 0


def test_a_terminal_that_only_prints_does_not_get_the_kit(plaintext, tmp_path):
    session = Session(tmp_path, "init", "node.db", *CHEAP, term="dumb")
    session.see("--recovery-out FILE")
    assert session.end() == 2


# Unlocking ------------------------------------------------------------------------------------


def test_a_wrong_passphrase_is_asked_again_with_the_fingerprint(protected, tmp_path):
    fingerprint = engine.inspect(protected).metadata.public_key.fingerprint
    question = f"Passphrase for node.db (fingerprint {fingerprint}): "
    session = Session(tmp_path, "verify", "node.db")
    session.type_unseen(question, "wrong")
    session.see(f"The passphrase is wrong. The database's fingerprint is {fingerprint}. Try again.")
    session.type_unseen(question, "")
    session.see("empty. Try again.")
    session.type_unseen(question, PASSPHRASE)
    session.see("Verified: the passphrase opens it")
    assert session.end() == 0


def test_three_wrong_passphrases_end_it(protected, tmp_path):
    session = Session(tmp_path, "verify", "node.db")
    for _ in range(3):
        session.type_unseen("Passphrase for node.db", "wrong")
    assert session.end() == 3
    assert session.text.count("The passphrase is wrong.") == 3


def test_the_recovery_words_are_typed_on_a_screen_that_is_wiped(plaintext, tmp_path):
    kits = []

    def confirm(kit):
        kits.extend(kit.sheets)
        return [sheet.text() for sheet in kit.sheets]

    params = engine.KdfParams(19 * 1024, 2, 1)
    engine.initialize(plaintext, PASSPHRASE, params=params, confirm_kit=confirm)
    words = list(kits[0].words)
    session = Session(tmp_path, "verify", "node.db", "--recovery", "-")
    session.see("Recovery sheet 1: type its words.")
    session.type(f"{words[0][:4]} {words[1].upper()} acx")
    session.see("Word 3: no word of the list begins so.")
    erase = "\x7f\x7f\x7f"
    session.type(erase + " ".join(words[2:]))
    session.see("All 33 words fit together.")
    session.type("")
    session.see("Verified: the recovery kit opens it")
    assert session.end() == 0
    assert words[0] not in session.visible.split()


def test_the_slot_lines_are_asked_for_when_the_sidecar_is_gone(plaintext, tmp_path):
    kits = []

    def confirm(kit):
        kits.extend(kit.sheets)
        return [sheet.text() for sheet in kit.sheets]

    params = engine.KdfParams(19 * 1024, 2, 1)
    engine.initialize(plaintext, PASSPHRASE, params=params, confirm_kit=confirm)
    (tmp_path / "node.db.crypto.json").unlink()
    session = Session(tmp_path, "verify", "node.db", "--recovery", "-")
    session.see("type its words")
    session.type(" ".join(kits[0].words))
    session.see("All 33 words fit together.")
    session.type("")
    for line in (*kits[0].slot.to_lines(), ""):
        session.see("> ")
        session.type(line)
    session.see("Verified: the recovery kit opens it")
    assert session.end() == 0


def test_the_interactive_shell_keeps_no_history(protected, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    session = Session(tmp_path, "shell", "node.db")
    session.type_unseen("Passphrase for node.db", PASSPHRASE)
    session.see("sqlite> ")
    session.type("SELECT 'found ' || name FROM item;")
    session.see("found one")
    session.type(".quit")
    assert session.end() == 0
    assert names(home) == set()
    assert not os.path.isfile(os.devnull)  # noqa: PTH113 - a device, as before


# What is left on the terminal -----------------------------------------------------------------


def echo_is_on(session):
    return bool(termios.tcgetattr(session.child.child_fd)[3] & termios.ECHO)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_at_the_question_leaves_the_terminal_as_it_was(protected, tmp_path, number, code):
    session = Session(tmp_path, "verify", "node.db")
    session.see("Passphrase for node.db")
    assert session.child.waitnoecho(timeout=10)
    session.child.kill(number)
    session.child.expect(pexpect.EOF)
    assert echo_is_on(session)
    session.child.close()
    assert session.child.exitstatus == code
    assert "Traceback" not in session.text


def test_the_end_of_input_cancels(protected, tmp_path):
    session = Session(tmp_path, "verify", "node.db")
    session.see("Passphrase for node.db")
    assert session.child.waitnoecho(timeout=10)
    session.child.sendeof()
    assert session.end() == 130


def test_a_passphrase_typed_after_a_stop_is_not_echoed(protected, tmp_path):
    session = Session(tmp_path, "verify", "node.db")
    session.see("Passphrase for node.db")
    assert session.child.waitnoecho(timeout=10)
    session.child.kill(signal.SIGSTOP)
    loud = termios.tcgetattr(session.child.child_fd)
    loud[3] |= termios.ECHO  # as a shell does when it takes the terminal back
    termios.tcsetattr(session.child.child_fd, termios.TCSANOW, loud)
    session.child.kill(signal.SIGCONT)
    assert session.child.waitnoecho(timeout=10)
    time.sleep(0.2)
    session.type(PASSPHRASE)
    session.see("Verified")
    assert session.end() == 0


def test_what_is_typed_too_early_is_not_taken_for_a_passphrase(protected, tmp_path):
    session = Session(tmp_path, "verify", "node.db")
    session.type("rm -r important")
    session.type_unseen("Passphrase for node.db", PASSPHRASE)
    session.see("Verified")
    assert session.end() == 0


def test_progress_is_one_line_that_is_gone_afterwards(plaintext, tmp_path):
    session = Session(tmp_path, "init", "node.db", "--no-recovery", *CHEAP)
    session.type_unseen("New passphrase: ", PASSPHRASE)
    session.type_unseen("The same again: ", PASSPHRASE)
    session.see("Protected, and proved to open.")
    assert session.end() == 0
    before = session.text[: session.text.index("Protected, and")]
    assert "\r\x1b[K" in before
    assert before.endswith("\r\x1b[K")
