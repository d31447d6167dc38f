"""The plain wizard on a real pseudo-terminal, and by answers alone where there is none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pyrage
import pytest
from shamir_mnemonic.wordlist import WORDLIST

import wizard
from tests.databases import make_plain
from tests.tui_terminal import Terminal
from wizard import engine
from wizard.plain import conversation, smaller_machine
from wizard.plain.answers import Answers, read_answers
from wizard.plain.asking import Asker, Refused
from wizard.plain.prefill import prefill
from wizard.refusals import UsageProblem
from wizard.tui.answers.cost import Choice, OtherMachine
from wizard.tui.answers.kit import Plan
from wizard.tui.parameters import Parameters
from wizard.tui.session import WizardSession

PASSPHRASE = "seven quiet lanterns drift north"


@pytest.fixture
def node(tmp_path):
    directory = tmp_path / "data"
    directory.mkdir()
    return make_plain(directory / "node.db", rows=5)


def rows(path, passphrase=PASSPHRASE):
    with wizard.unlock(path, passphrase, readonly=True) as database:
        return database.connection.execute("SELECT count(*) FROM customers").get


class Talk:
    """Reads like a conversation: what is waited for, and what is typed then."""

    def __init__(self, terminal):
        self.terminal = terminal
        self._read = 0

    def after(self, question, answer, seconds=60.0):
        """Type ``answer`` once ``question`` has been asked anew."""
        end = time.monotonic() + seconds
        wanted = question.encode()
        while (found := self.terminal.written.find(wanted, self._read)) < 0:
            assert time.monotonic() < end, f"{question!r} was not asked:\n{self.said}"
            self.terminal.read(0.05)
        self._read = found + len(wanted)
        self.terminal.child.send(answer + (b"\r" if isinstance(answer, bytes) else "\r"))

    def until(self, *texts, seconds=60.0):
        """Wait until one of ``texts`` comes; whether it is the first of them."""
        end = time.monotonic() + seconds
        while True:
            found = [self.terminal.written.find(text.encode(), self._read) for text in texts]
            if max(found) >= 0:
                at = found.index(min(place for place in found if place >= 0))
                self._read = found[at] + len(texts[at])
                return at == 0
            assert time.monotonic() < end, f"{texts} did not come:\n{self.said}"
            self.terminal.read(0.05)

    def asked(self, pattern, seconds=60.0):
        """Wait for what matches, and return its group."""
        end = time.monotonic() + seconds
        while (found := re.search(pattern, self.terminal.written[self._read :])) is None:
            assert time.monotonic() < end, f"{pattern} was not asked:\n{self.said}"
            self.terminal.read(0.05)
        self._read += found.end()
        return found[1].decode()

    @property
    def said(self):
        return self.terminal.written.decode(errors="replace")


def words_of(said):
    """The words of the sheet as a person reads them off the screen."""
    return dict(re.findall(r"\b(\d{1,2})[. ]+([a-z]{4,8})\b", said))


def to_review(talk, *, custom=True):
    talk.after("The passphrase", "type")
    talk.after("New passphrase", PASSPHRASE)
    talk.after("The same again", PASSPHRASE)
    if custom:
        talk.after("How long may unlocking take", "custom")
        talk.after("Memory in MiB", "19")
        talk.after("Passes", "2")
        talk.after("Lanes", "1")
    talk.after("Cipher", "")


def answer_words(talk, known, *, first=""):
    """Answer the three words that are asked for; ``first`` is typed in the place of the first one."""
    for _ in range(4 if first else 3):
        number = talk.asked(rb"Word (\d+): ")
        talk.terminal.child.send((first or known[number][:4]) + "\r")
        first = ""


def prove(talk):
    """Read the sheet off the screen, go on, and answer what is asked."""
    while not talk.until("Answer from your paper copy", "[Enter"):
        talk.terminal.child.send("\r")
    answer_words(talk, words_of(talk.said))


def test_an_existing_database_from_the_first_question_to_a_restart(tmp_path, node):
    out = tmp_path / "elsewhere"
    out.mkdir()
    with Terminal(tmp_path, "--plain", str(node), size=(80, 60)) as terminal:
        talk = Talk(terminal)
        to_review(talk)
        talk.after("Who keeps the recovery kit", "")
        talk.after("The unencrypted original", "remove")
        talk.after("Encrypt now", "y")
        talk.after("The sheet [", "file")
        talk.after("File for the sheet", "/nowhere/kit.txt")
        talk.until("/nowhere: No such file or directory. Choose another name.")
        talk.after("File for the sheet", str(node.with_name("kit.txt")))
        talk.after("Save it there all the same", "n")
        talk.after("The sheet [", "file")
        talk.after("File for the sheet", str(out / "kit.txt"))
        known = words_of((out / "kit.txt").read_text()) if talk.until("Answer from") else {}
        talk.after("Word ", "")  # an empty word is asked for again
        talk.after("Type this word", "zzzz")
        talk.until("No word of any kit begins so")
        answer_words(talk, known, first=WORDLIST[0])
        assert "is not what the kit says" in talk.said
        talk.after("What next [", "sidecar_copied")
        talk.after("Directory or file for the copy", str(out))
        talk.after("What next [", "fingerprint_noted")
        talk.after("The fingerprint [", "noted")
        talk.after("What next [", "")
        assert terminal.ended(30) == 0
        said = talk.said
    assert "Protected, and proved to open." in said
    assert "  with wizard.unlock(" in said
    assert "LoadCredentialEncrypted=node:" in said
    items = engine.checklist_of(engine.inspect(node))
    assert {status.state for status in items.values()} == {"done"}
    assert PASSPHRASE not in said
    assert rows(node) == 5
    assert {each.name for each in out.iterdir()} == {"kit.txt", "node.db.crypto.json"}
    assert (out / "kit.txt").stat().st_mode & 0o777 == 0o600
    sheet = (out / "kit.txt").read_text()
    node.with_name("node.db.crypto.json").unlink()
    with wizard.unlock(node, recovery=[sheet]) as database:
        assert database.opened_with == "recovery"


def test_back_keeps_what_was_answered_and_the_first_question_has_none_before(tmp_path, node):
    with Terminal(tmp_path, "--plain", size=(80, 60)) as terminal:
        talk = Talk(terminal)
        talk.after("Which database", "b")
        talk.after("Which database", "other")
        talk.after("Path", str(node.with_name("nothing here") / "x.db"))
        talk.after("Path", str(node))
        talk.after("The passphrase", "b")
        talk.after("Which database", "other")
        talk.after("Path", str(node))
        talk.after("The passphrase", "?")
        talk.after("The passphrase", "type")
        talk.after("New passphrase", "?")
        talk.after("New passphrase", PASSPHRASE)
        talk.after("The same again", "?")
        talk.after("The same again", "")
        talk.after("New passphrase", "")
        to_review(talk)
        talk.after("Who keeps the recovery kit", "b")
        talk.after("How long may unlocking take", "?")
        talk.after("How long may unlocking take", "b")
        talk.after("The passphrase", "")
        talk.after("How long may unlocking take", "custom")
        talk.after("Memory in MiB", "8")
        talk.after("Passes", "2")
        talk.after("Lanes", "x")
        talk.after("Lanes", "1")
        talk.after("Memory in MiB", "19")
        talk.after("Passes", "2")
        talk.after("Lanes", "1")
        talk.after("Cipher", "chacha20")
        talk.after("Who keeps the recovery kit", "2of3")
        talk.after("Who keeps them", "Ada, Grace")
        talk.after("Who keeps them", "Ada, Grace, Hedy")
        talk.after("The unencrypted original", "")
        talk.after("Encrypt now", "n")
        talk.after("How long may unlocking take", "\x03")
        assert terminal.ended(30) == 130
        said = talk.said
    for sentence in (
        "This is the first question",
        "at least 19456",
        "Type a whole number.",
        "Four words for what was typed",
        "3 holders are needed",
        "Any 2 of 3 sheets",
        "ChaCha20-Poly1305",
        "Each guess at the passphrase costs",
        "shown once and typed to prove your note",
        "a slip would lock you out",
    ):
        assert sentence in said, sentence
    assert " ".join(said.split()).count("Ctrl+U all of them") == 2
    found = [said.index(f"  {name}: ") for name in ("interactive", "balanced", "sensitive")]
    told = said[found[0] : said.index("How long may unlocking take")]
    assert found == sorted(found), "each set is told in its turn"
    assert " ".join(told.split()).count("guessed by a rented GPU for") == 3
    assert {each.name for each in node.parent.iterdir()} == {"node.db"}


def test_the_kit_can_be_written_down_from_the_screen(tmp_path):
    with Terminal(tmp_path, "--plain", str(tmp_path / "new.db"), size=(80, 60)) as terminal:
        talk = Talk(terminal)
        to_review(talk)
        talk.after("Who keeps the recovery kit", "")
        talk.after("Encrypt now", "yes")
        talk.after("The sheet [", "screen")
        prove(talk)
        talk.after("What next [", "finish")
        talk.after("Type the name", "new")
        talk.after("That is not the name", "new.db")
        assert terminal.ended(30) == 0
        assert "Still open: Copy of the sidecar kept elsewhere; Fingerprint noted" in talk.said
        assert b"\x1b[?1049h" in terminal.written
        shown = terminal.written
    alternate = shown[shown.index(b"\x1b[?1049h") : shown.rindex(b"\x1b[?1049l")]
    assert b"RECOVERY WORDS" in alternate
    assert b"RECOVERY WORDS" not in shown.replace(alternate, b"")
    with wizard.unlock(tmp_path / "new.db", PASSPHRASE) as database:
        assert database.connection.execute("SELECT 1").get == 1
    items = engine.checklist_of(engine.inspect(tmp_path / "new.db"))
    assert [items[item].state for item in engine.Item] == [
        *("done", "done", "skipped", "skipped", "done")
    ]


def test_a_line_that_did_not_arrive_whole_is_asked_for_again(tmp_path):
    with Terminal(tmp_path, "--plain") as terminal:
        talk = Talk(terminal)
        talk.after("Which database", "1")
        talk.after("Path of the new database", "fresh\udcff.db".encode(errors="surrogateescape"))
        terminal.until("did not arrive whole")
        talk.after("Path of the new database", "fresh.db")
        talk.after("Step 2 of 5", "\x03")
    assert not list(tmp_path.glob("fresh*"))


def test_a_passphrase_made_here_is_shown_once_and_typed_again(tmp_path):
    with Terminal(tmp_path, "--plain", str(tmp_path / "new.db"), size=(80, 60)) as terminal:
        talk = Talk(terminal)
        talk.after("The passphrase", "make")
        talk.after("[Enter: hide it", "")
        made = re.findall(r"^  ((?:[a-z-]+ ){5}[a-z-]+)\r?$", talk.said, re.MULTILINE)[0]
        talk.after("The passphrase: ", "something else")
        talk.after("[Enter: hide it", "")
        talk.after("The passphrase: ", made)
        talk.after("How long may unlocking take", "\x03")
        assert terminal.ended(30) == 130
        assert "That was not the same" in talk.said
        assert terminal.written.count(made.encode()) == 2


def test_every_wrong_passphrase_has_its_sentence_and_a_way_back(tmp_path):
    with Terminal(tmp_path, "--plain", str(tmp_path / "new.db"), size=(80, 60)) as terminal:
        talk = Talk(terminal)
        talk.after("The passphrase [", "type")
        talk.after("New passphrase: ", "")  # an empty line is the way back
        talk.after("The passphrase [", "type")
        talk.after("New passphrase: ", "password1")
        talk.until("That is too easy to guess.")
        talk.after("New passphrase: ", "SEVEN QUIET LANTERNS DRIFT NORTH ")
        talk.until("Note: ")
        talk.after("The same again: ", PASSPHRASE)
        talk.until("That was not the same; its four words are: ")
        talk.after("The same again: ", "")
        talk.after("New passphrase: ", PASSPHRASE)
        first = talk.asked(rb"Four words for what was typed: ([a-z -]+)\.")
        talk.after("The same again: ", PASSPHRASE)
        talk.after("How long may unlocking take", "b")
        talk.after("The passphrase [", "type")
        talk.after("New passphrase: ", PASSPHRASE)
        assert talk.asked(rb"Four words for what was typed: ([a-z -]+)\.") == first
        talk.after("The same again: ", "\x04")
        assert terminal.ended(30) == 130
        assert "Strength: very weak (0 of 4)" in talk.said
    assert PASSPHRASE not in talk.said
    assert list(tmp_path.glob("new.db*")) == []


COST = "memory-mib = 19\npasses = 2\nlanes = 1\ncipher = 'aegis'\n"


def test_each_sheet_goes_to_its_holder_on_a_terminal_that_can_do_nothing_but_print(tmp_path):
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "grün").mkdir()
    database = tmp_path / "grün" / "new.db"
    (tmp_path / "cost.toml").write_text(COST)
    arguments = ("--plain", "--answers", str(tmp_path / "cost.toml"), str(database))
    plainest = {"TERM": "dumb", "LANG": "C", "LC_ALL": "C"}
    with Terminal(tmp_path, *arguments, size=(80, 60), **plainest) as terminal:
        talk = Talk(terminal)
        talk.after("The passphrase [", "make")
        talk.after("Show them all the same", "n")
        talk.after("The passphrase [", "type")
        talk.after("New passphrase", PASSPHRASE)
        talk.after("The same again", PASSPHRASE)
        talk.after("Who keeps the recovery kit", "2of3")
        talk.after("Who keeps them", "Ada, Grace, Hedy")
        talk.after("Encrypt now", "y")
        talk.after("Sheet 1 of 3, kept by Ada [", "b")
        talk.after("Undo it and go back to the review", "y")
        talk.after("Who keeps the recovery kit", "")
        talk.after("Who keeps them", "")
        talk.after("Encrypt now", "y")
        talk.until("Call Ada to the screen, and nobody else.")
        talk.after("Sheet 1 of 3, kept by Ada [", "file")
        talk.after("File for the sheet", str(tmp_path / "1.txt"))
        talk.after("Sheet 2 of 3, kept by Grace [", "b")
        talk.after("Sheet 1 of 3, kept by Ada [", "")
        talk.after("Sheet 2 of 3, kept by Grace [", "age")
        talk.after("Public key, or the file", "nobody.pub")
        talk.after("Public key, or the file", str(identity.to_public()))
        talk.after("File for the sheet", str(tmp_path / "2.age"))
        talk.after("Sheet 3 of 3, kept by Hedy [", "skip")
        talk.after("word ", "b")
        for holder in ("Ada", "Grace", "Hedy"):
            talk.after(f"kept by {holder} [", "skip")
        talk.after("word ", "skip")
        talk.until("Nobody has seen or saved the words yet")
        talk.after("Type the name new.db", "other.db")
        talk.after("Type the name new.db", "new.db")
        talk.after("What next [", "\x03")  # what was wanted is done, and stays
        assert terminal.ended(30) == 0
        assert "is encrypted and stays so" in " ".join(talk.said.split())
        assert "Nothing was changed" not in talk.said
    assert terminal.written.isascii()
    assert b"\x1b" not in terminal.written
    assert b"gr?n/new.db" in terminal.written
    sealed = (tmp_path / "2.age").read_bytes()
    sheets = [(tmp_path / "1.txt").read_text(), pyrage.decrypt(sealed, [identity]).decode()]
    with wizard.unlock(database, recovery=sheets) as opened:
        assert opened.opened_with == "recovery"
    items = engine.checklist_of(engine.inspect(database))
    assert [items[item].state for item in engine.Item][:2] == ["skipped", "skipped"]


def test_a_benchmark_file_in_a_home_that_is_not_there_is_refused_in_words():
    balanced = Choice("balanced", Parameters(19 * 1024, 2, 1), seconds=1.0)
    talk = conversation.Talk(Asker(), Answers(), session=WizardSession(choices=[balanced]))
    with pytest.raises(Refused, match="no home directory"):
        smaller_machine._read(talk, "~nobody-of-that-name/there.json")


@pytest.mark.parametrize(
    "variables", [{"TERM": "dumb"}, {"ACCESSIBLE": "1"}, {"size": (30, 10)}], ids=str
)
def test_where_a_screen_is_of_no_use_the_questions_are_plain(tmp_path, variables):
    with Terminal(tmp_path, **variables) as terminal:
        terminal.until("Which database")
        assert b"\x1b[?1049h" not in terminal.written
        terminal.child.send("\x04")
        assert terminal.ended() == 130


# Answers from a file ---------------------------------------------------------------------------

SCRIPT = """
database = "{node}"
passphrase-source = "env:SECRET"
memory-mib = 19
passes = 2
lanes = 1
cipher = "aegis"
recovery = "2of3"
holders = ["Ada", "Grace", "Hedy"]
recovery-out = "{out}/kit.txt"
original = "remove"
sidecar-copy = "{out}"
confirm = true
"""


def alone(*arguments, **variables):
    """Run without any terminal, as a service does."""
    return subprocess.run(
        [sys.executable, "-m", "wizard", *map(str, arguments)],
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        start_new_session=True,
    )


def test_answers_alone_do_the_whole_without_a_terminal(tmp_path, node):
    out = tmp_path / "out"
    out.mkdir()
    script = tmp_path / "answers.toml"
    script.write_text(SCRIPT.format(node=node, out=out))
    done = alone("--answers", script, SECRET=PASSPHRASE)
    assert done.returncode == 0, done.stderr
    assert "Fingerprint: " in done.stdout
    assert "Still open: Fingerprint noted\n" in done.stdout
    assert PASSPHRASE not in done.stdout + done.stderr
    assert rows(node) == 5
    sheets = [(out / f"kit.txt-{number}of3").read_text() for number in (3, 1)]
    with wizard.unlock(node, recovery=sheets) as database:
        assert [slot.holders for slot in database.metadata.boxed_slots] == [
            ("Ada", "Grace", "Hedy")
        ]
    assert (out / "node.db.crypto.json").is_file()
    assert {each.name for each in node.parent.iterdir()} == {
        "node.db",
        "node.db.crypto.json",
    } | {each.name for each in node.parent.iterdir() if each.name.endswith(".audit.jsonl")}
    again = alone("--answers", script, SECRET=PASSPHRASE)
    assert again.returncode == 5


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ({"confirm = true": ""}, 2, "the answers do not say: confirm"),
        ({"confirm = true": "confirm = false"}, 130, "Cancelled"),
        ({'passphrase-source = "env:SECRET"': 'passphrase = "secret"'}, 2, "has a secret in it"),
        ({"memory-mib": "memory-mb"}, 2, "Did you mean memory-mib?"),
        ({"memory-mib = 19": "memory-mib = true"}, 2, "is not a whole number"),
        ({"memory-mib = 19": "memory-mib = 8"}, 19, "at least 19456"),
        (
            {"memory-mib = 19": "smaller-memory-mib = 32\nmemory-mib = 64"},
            *(19, "the smaller machine has 32 MiB"),
        ),
        ({"memory-mib = 19": "smaller-memory-mib = 8"}, 2, "19 MiB at least"),
        ({"lanes = 1": "target-time = 'fast'"}, 2, "is not a number"),
        (
            {'cipher = "aegis"': 'cipher = "aegis"\nrecovery-encrypt-to = ["age1x"]'},
            *(2, "is it complete?"),
        ),
        ({"lanes = 1": "lanes = ["}, 2, "is not TOML"),
        ({'cipher = "aegis"': 'cipher = "rot13"'}, 2, "cipher cannot be used"),
        ({'recovery = "2of3"': 'recovery = "3of2"'}, 2, "recovery cannot be used"),
        ({'"Hedy"]': "]"}, 2, "3 holders are needed"),
        ({'original = "remove"': 'original = "shred"'}, 2, "original cannot be used"),
        ({'out}/kit.txt"': 'out}/no/kit.txt"'}, 2, "recovery-out cannot be used"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_answers_that_cannot_be_used_change_nothing(tmp_path, node, changes, code, sentence):
    out = tmp_path / "out"
    out.mkdir()
    text = SCRIPT
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    script = tmp_path / "answers.toml"
    script.write_text(text.format(node=node, out=out))
    before = node.read_bytes()
    done = alone("--answers", script, SECRET=PASSPHRASE)
    assert done.returncode == code, done.stderr
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert node.read_bytes() == before
    assert list(out.iterdir()) == []


def test_a_secret_in_the_answers_is_not_repeated(tmp_path):
    script = tmp_path / "answers.toml"
    script.write_text('passphrase = "hunter2 hunter2"\n')
    with pytest.raises(UsageProblem) as caught:
        read_answers(script)
    assert "hunter2" not in str(caught.value)


def test_answers_are_what_the_screens_propose(tmp_path):
    script = tmp_path / "answers.toml"
    script.write_text(SCRIPT.format(node="/srv/node.db", out="/mnt"))
    session = WizardSession()
    assert prefill(session, str(script)) == "/srv/node.db"
    assert (session.chosen, session.custom_fields) == ("custom", ("19", "2", "1"))
    assert (session.cipher, session.original) == ("aegis", "remove")
    assert session.plan == Plan(2, 3, ("Ada", "Grace", "Hedy"))


def test_a_time_and_a_smaller_machine_are_proposed_by_the_screens_too(tmp_path):
    script = tmp_path / "answers.toml"
    script.write_text("target-time = 2\nsmaller-memory-mib = 512\nsmaller-slower = 2.5\n")
    session = WizardSession()
    prefill(session, str(script))
    assert (session.chosen, session.time_text) == ("time", "2")
    assert session.other == OtherMachine(512 * 1024, 2.5)


def test_no_answer_is_given_where_the_file_says_nothing(tmp_path):
    script = tmp_path / "answers.toml"
    script.write_text("")
    assert read_answers(script) == Answers()
    with pytest.raises(wizard.engine.Unreadable):
        read_answers(Path("/"))


@pytest.mark.parametrize("arguments", [("--answers",), ("node.db", "--answers")])
def test_a_switch_without_its_value_is_named(arguments):
    done = alone(*arguments)
    assert done.returncode == 2
    assert "--answers needs the name of a file" in done.stderr
