"""The plain wizard for databases that are protected already: each choice, by what one types."""

from __future__ import annotations

import pytest

import wizard
from tests.databases import PASSPHRASE, make_plain
from tests.test_initialization import protect
from tests.test_plain import Talk, words_of
from tests.tui_terminal import Terminal
from wizard.engine import State, WrongPassphrase, inspect

NEW = "nine copper kettles hum softly"


@pytest.fixture
def node(tmp_path):
    """A protected database, with its sheet beside its directory."""
    directory = tmp_path / "data"
    directory.mkdir()
    make_plain(directory / "node.db", rows=5)
    protect(directory / "node.db", tmp_path, original="remove")
    return directory / "node.db"


def opens(path, passphrase, **how):
    with wizard.unlock(path, passphrase, readonly=True, **how) as database:
        return database.connection.execute("SELECT count(*) FROM customers").get == 5


def plain(tmp_path, *arguments):
    return Terminal(tmp_path, "--plain", *arguments, size=(100, 70))


def new_passphrase(talk, passphrase=NEW):
    talk.after("New passphrase", passphrase)
    talk.after("The same again", passphrase)


def test_a_leaked_passphrase_is_changed_and_the_data_key_rotated(tmp_path, node):
    with plain(tmp_path, str(node)) as terminal:
        talk = Talk(terminal)
        talk.after("What brings you here", "leaked")
        talk.after("Passphrase for node.db", PASSPHRASE)
        new_passphrase(talk)
        talk.after("Rotate the data key now", "y")
        talk.after("Passphrase for node.db", NEW)
        talk.after("What brings you here", "", seconds=120)
        assert terminal.ended(30) == 0
        assert "A file that was copied before still opens" in " ".join(talk.said.split())
    assert opens(node, NEW)
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, PASSPHRASE)
    metadata = inspect(node).metadata
    assert (metadata.generation, metadata.data_key.retired_slots) == (3, 0)


def test_a_wrong_passphrase_three_times_is_told_and_the_questions_go_on(tmp_path, node):
    with plain(tmp_path, str(node)) as terminal:
        talk = Talk(terminal)
        talk.after("What brings you here", "rotate")
        for _ in range(3):
            talk.after("Passphrase for node.db", "not this one")
        talk.after("What brings you here", "")
        assert terminal.ended(30) == 3
    assert opens(node, PASSPHRASE)


def test_operators_come_get_their_right_name_and_leave(tmp_path, node):
    with plain(tmp_path, str(node)) as terminal:
        talk = Talk(terminal)
        talk.after("What brings you here", "left")
        assert "has no operators" in _until(talk, "has no operators")
        talk.after("What brings you here", "add")
        talk.after("Name of the operator", "ada")
        talk.after("Passphrase for node.db", PASSPHRASE)
        new_passphrase(talk)
        talk.after("What brings you here", "rename", seconds=120)
        talk.after("Which operator", "ada")
        talk.after("The right name", "Ada")
        talk.after("Passphrase for node.db", PASSPHRASE)
        talk.after("What brings you here", "b", seconds=120)
        talk.after("What brings you here", "end")
        assert terminal.ended(30) == 0
    assert opens(node, NEW, operator="Ada")
    with plain(tmp_path, str(node)) as terminal:
        talk = Talk(terminal)
        talk.after("What brings you here", "left")
        talk.after("Which operator", "1")
        talk.after("Passphrase for node.db", PASSPHRASE)
        talk.after("Rotate the data key now", "n")
        talk.after("What brings you here", "")
        assert terminal.ended(30) == 0
    assert inspect(node).metadata.operator_slots == ()


def test_a_forgotten_passphrase_is_set_anew_with_the_kit(tmp_path, node):
    words = words_of((tmp_path / "sheet-1.txt").read_text())
    with plain(tmp_path, str(node)) as terminal:
        talk = Talk(terminal)
        talk.after("What brings you here", "forgot")
        for number in range(1, 34):
            talk.after(f"{number}. _", words[str(number)][:4])
        talk.after("All 33 words fit together", "")
        new_passphrase(talk)
        _prove_new_kit(talk)
        talk.after("What brings you here", "", seconds=120)
        assert terminal.ended(30) == 0
    assert opens(node, NEW)
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, PASSPHRASE)


def test_a_lost_sidecar_is_brought_back_from_its_copy(tmp_path, node):
    saved = tmp_path / "saved.json"
    node.with_name("node.db.crypto.json").rename(saved)
    assert inspect(node).state is State.DAMAGED
    with plain(tmp_path, str(node)) as terminal:
        talk = Talk(terminal)
        talk.after("What brings you here", "sidecar")
        talk.after("The saved sidecar", str(saved))
        talk.after("What brings you here", "")
        assert terminal.ended(30) == 0
    assert opens(node, PASSPHRASE)


def _until(talk, text, seconds=30):
    talk.terminal.until(text, seconds)
    return talk.said


def _prove_new_kit(talk):
    """Go through the pages of the new sheet and answer from what they showed."""
    terminal = talk.terminal
    start = talk._read
    for _ in range(60):
        terminal.read(0.3)
        if b"Answer from your paper copy" in terminal.written[start:]:
            break
        if terminal.written[start:].rstrip().endswith(b"]"):
            terminal.child.send("\r")
    known = words_of(terminal.written[start:].decode(errors="replace"))
    talk._read = start + terminal.written[start:].index(b"Answer from your paper copy")
    for _ in range(3):
        end = 0
        while (
            b":" not in terminal.written[(at := terminal.written.find(b"Word ", talk._read)) :][:9]
            or at < 0
        ):
            terminal.read(0.1)
            end += 1
            assert end < 200, talk.said
        number = terminal.written[at:].split()[1].rstrip(b":").decode()
        talk._read = at + 5
        terminal.child.send(known[number] + "\r")
