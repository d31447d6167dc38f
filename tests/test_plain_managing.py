"""The plain wizard for databases that are protected already: each choice, by what one types."""

from __future__ import annotations

import pyrage
import pytest

import wizard
from tests.databases import PASSPHRASE
from tests.test_plain import Talk, prove, words_of
from tests.tui_terminal import Terminal
from wizard import engine
from wizard.engine import State, WrongPassphrase, inspect
from wizard.plain.managing import COMMANDS
from wizard.tui.errands import EVERY

NEW = "nine copper kettles hum softly"


@pytest.fixture
def node(protected_node):
    return protected_node


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
        talk.after("The new passphrase", "")
        talk.after("Passphrase for node.db", PASSPHRASE)
        new_passphrase(talk)
        talk.after("Rotate the data key now", "y")
        talk.after("Passphrase for node.db", NEW)
        talk.after("What brings you here", "", seconds=120)
        assert terminal.ended(30) == 0
        assert "that was made before still opens" in " ".join(talk.said.split())
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
        talk.after("What brings you here", "operators")
        talk.after("Operators [", "remove")
        talk.until("has no operators")
        talk.after("What brings you here", "operators")
        talk.after("Operators [", "add")
        talk.after("Name of the operator", "ada")
        talk.after("Passphrase for node.db", PASSPHRASE)
        new_passphrase(talk)
        talk.after("What brings you here", "operators", seconds=120)
        talk.after("Operators [", "rename")
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
        talk.after("What brings you here", "forgotten")
        talk.after("The new passphrase", "type")
        talk.after("The new recovery kit", "screen")
        talk.after("Word 1: ", " ".join(words[str(number)][:4] for number in range(1, 20)))
        talk.after("Word 20: ", "b")
        talk.after("Word 19: ", words["19"])
        talk.after("Word 20: ", "zzzz")
        talk.after("Word 20: ", " ".join(words[str(number)] for number in range(20, 34)))
        new_passphrase(talk)
        prove(talk)
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
        talk.after("What brings you here", "restore-sidecar")
        talk.after("The saved sidecar", str(saved))
        talk.after("What brings you here", "")
        assert terminal.ended(30) == 0
    assert opens(node, PASSPHRASE)


def test_a_new_kit_is_encrypted_and_the_checklist_is_taken_up_another_day(tmp_path, node):
    identity = pyrage.x25519.Identity.generate()
    engine.record_item(inspect(node), engine.Item.FINGERPRINT_NOTED, engine.ItemState.DONE)
    with plain(tmp_path, str(node)) as terminal:
        talk = Talk(terminal)
        talk.after("What brings you here", "renew")
        talk.after("The new recovery kit", "age")
        talk.after("Public key, or the file", "age1x")
        talk.after("Public key, or the file", str(identity.to_public()))
        talk.after("File for the kit", str(node))
        talk.after("File for the kit", str(tmp_path / "kit.age"))
        talk.after("Passphrase for node.db", PASSPHRASE)
        talk.after("What brings you here", "checklist", seconds=120)
        talk.until("The one that was noted is of before a change of keys.")
        talk.after("What next [", "fingerprint_noted")
        talk.after("The fingerprint [", "1")
        talk.after("What next [", "finish")
        talk.after("Type the name node.db", "node.db")
        talk.after("What brings you here", "")
        assert terminal.ended(30) == 0
    sheet = pyrage.decrypt((tmp_path / "kit.age").read_bytes(), [identity]).decode()
    engine.verify(node, recovery=[sheet])
    states = {item: each.state for item, each in engine.checklist_of(inspect(node)).items()}
    assert states[engine.Item.FINGERPRINT_NOTED] == "done"
    assert states[engine.Item.SIDECAR_COPIED] == "skipped"


def test_every_errand_of_the_screens_has_its_command():
    under_operators = {"left", "operator-add", "operator-rename"}
    assert {errand.key for errand in EVERY} - set(COMMANDS) <= under_operators


@pytest.mark.parametrize(("wanted", "code"), [("operators", 0), ("nonsense", 130)])
def test_giving_up_says_what_stays(tmp_path, node, wanted, code):
    with plain(tmp_path, str(node)) as terminal:
        talk = Talk(terminal)
        talk.after("What brings you here", wanted)
        if wanted == "operators":
            talk.after("Operators [", "list")
        talk.after("What brings you here", "\x03")
        assert terminal.ended(30) == code
        assert "What was done before stays as it is." in talk.said
        assert "Nothing was changed" not in talk.said
