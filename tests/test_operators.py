"""Operators: their own passphrases open the data, and change nothing about how it is protected."""

import shutil

import pytest

import wizard
from tests.databases import PASSPHRASE, files_but_log
from tests.killing import each_kill, needs_tracing
from tests.test_changing import OPERATOR, count
from tests.test_initialization import CHEAP
from tests.test_passphrase_change import DEARER, NEW, node, opens_with_one_of
from wizard.engine import (
    InvalidInput,
    InvalidPassphrase,
    KeyfileChange,
    NotPermitted,
    ResourceLimit,
    WeakPassphrase,
    WrongPassphrase,
    add_operator,
    change_passphrase,
    inspect,
    memory,
    prepare_recovery,
    remove_operator,
    rename_operator,
    retune,
)
from wizard.engine.sidecar import sidecar_path

__all__ = ["node"]

SECOND = "the second operator's own 8 words"


def add(node, label="Ada", passphrase=OPERATOR, **options):
    return add_operator(node, PASSPHRASE, label, passphrase, **{"params": CHEAP, **options})


def test_an_operator_has_parameters_of_his_own_and_the_master_is_as_before(node):
    done = add(node, params=DEARER)
    (slot,) = done.metadata.operator_slots
    assert (slot.label, slot.params) == ("Ada", DEARER)
    assert (done.metadata.generation, done.metadata.revision) == (1, 2)
    assert count(node, OPERATOR) == ("operator", "Ada", 5)
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)
    assert inspect(node).metadata.operator_slots == (slot,)


def test_a_removed_operator_is_refused_and_stays_counted_until_the_data_key_changes(node):
    add(node)
    add(node, "Grace", SECOND)
    done = remove_operator(node, PASSPHRASE, "Ada")
    assert done.metadata.data_key.retired_slots == 1
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, OPERATOR)
    assert count(node, SECOND) == ("operator", "Grace", 5)
    change_passphrase(node, PASSPHRASE, NEW)
    assert inspect(node).metadata.data_key.retired_slots == 2
    with pytest.raises(InvalidInput):
        remove_operator(node, NEW, "Ada")


def test_renaming_keeps_the_passphrase(node):
    add(node)
    add(node, "Grace", SECOND)
    done = rename_operator(node, PASSPHRASE, "Ada", "Ada Lovelace")
    assert [slot.label for slot in done.metadata.operator_slots] == ["Ada Lovelace", "Grace"]
    assert count(node, OPERATOR) == ("operator", "Ada Lovelace", 5)
    assert done.metadata.data_key.retired_slots == 0


CHANGES = {
    "passphrase": lambda node, own: change_passphrase(node, own, NEW),
    "keyfile": lambda node, own: change_passphrase(node, own, own, new_keyfile=KeyfileChange.DROP),
    "cost": lambda node, own: retune(node, own, params=CHEAP),
    "another operator": lambda node, own: add_operator(node, own, "Eve", SECOND, params=CHEAP),
    "removal": lambda node, own: remove_operator(node, own, "Grace"),
    "his own name": lambda node, own: rename_operator(node, own, "Ada", "root"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_operator_can_change_nothing_and_is_told_so(node, change):
    add(node)
    add(node, "Grace", SECOND)
    before = files_but_log(node.parent)
    with pytest.raises(NotPermitted, match="operator Ada"):
        change(node, OPERATOR)
    with pytest.raises(WrongPassphrase):
        change(node, "nobody's passphrase 5 at all")
    assert files_but_log(node.parent) == before


@pytest.mark.parametrize(
    ("label", "passphrase", "error"),
    [
        ("", OPERATOR, InvalidInput),
        ("a\nb", OPERATOR, InvalidInput),
        ("x" * 65, OPERATOR, InvalidInput),
        ("Ada", OPERATOR, InvalidInput),
        ("Eve", "password1", WeakPassphrase),
        ("Eve", PASSPHRASE, InvalidPassphrase),
        ("Eve", OPERATOR, InvalidPassphrase),
    ],
)
def test_what_no_operator_can_be_is_refused_and_nothing_is_written(node, label, passphrase, error):
    add(node)
    before = files_but_log(node.parent)
    with pytest.raises(error):
        add(node, label, passphrase)
    assert files_but_log(node.parent) == before


def test_the_number_of_operators_is_limited(node, monkeypatch):
    monkeypatch.setattr("wizard.engine.operators.MAXIMUM_OPERATORS", 1)
    add(node)
    with pytest.raises(InvalidInput, match="no more"):
        add(node, "Grace", SECOND)


def test_the_sidecar_of_before_a_removal_is_noticed(node):
    add(node)
    before = sidecar_path(node).read_bytes()
    remove_operator(node, PASSPHRASE, "Ada")
    sidecar_path(node).write_bytes(before)
    with pytest.raises(wizard.engine.RolledBackMetadata):
        wizard.unlock(node, OPERATOR)


VERBS = {
    "add": lambda node: add(node, "Grace", SECOND),
    "remove": lambda node: remove_operator(node, PASSPHRASE, "Ada"),
}


@needs_tracing
@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_killed_anywhere_the_change_is_there_or_it_is_not(node, tmp_path, verb):
    add(node)
    before = inspect(node).metadata
    pristine = tmp_path / "pristine"
    shutil.copytree(node.parent, pristine)
    ends = set()
    for operation in each_kill(lambda: verb(node), node.parent, pristine, sample=12):
        opens_with_one_of(node, PASSPHRASE, why=str(operation))
        ends.add(inspect(node).metadata.operator_slots == before.operator_slots)
    assert ends == {True, False}


def test_the_dear_slot_of_one_keeps_nobody_else_out(node, monkeypatch):
    add(node, params=DEARER)
    add(node, "Grace", SECOND)

    def limited(params):
        if params == DEARER:
            raise ResourceLimit(needed_kib=20480, allowed_kib=19456, limit="memory available")

    monkeypatch.setattr(memory, "check_unattended", limited)
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)
    assert count(node, SECOND) == ("operator", "Grace", 5)
    with pytest.raises(WrongPassphrase, match="not tried on the slot of Ada") as caught:
        wizard.unlock(node, OPERATOR)
    assert caught.value.untried == ("Ada",)
    with pytest.raises(ResourceLimit):
        wizard.unlock(node, OPERATOR, operator="Ada")
    assert count(node, OPERATOR, allow_high_cost=True) == ("operator", "Ada", 5)


def test_no_operators_passphrase_becomes_the_masters(node, tmp_path):
    add(node)
    add(node, "Grace", SECOND)
    before = files_but_log(node.parent)
    with pytest.raises(InvalidPassphrase, match="operator Grace") as caught:
        change_passphrase(node, PASSPHRASE, SECOND)
    assert caught.value.code == "operators"
    sheet = (tmp_path / "sheet-1.txt").read_text()
    with pytest.raises(InvalidPassphrase, match="operator Ada"):
        prepare_recovery(node, [sheet], OPERATOR)
    assert files_but_log(node.parent) == before
