"""A change of keys: one new signed document, remembered by the database, ended when it was cut off."""

import os
from dataclasses import replace

import pytest

import wizard
from tests.databases import PASSPHRASE, make_plain
from tests.test_initialization import CHEAP, protect
from wizard.engine import InvalidInput, RolledBackMetadata, State, WrongPassphrase, inspect
from wizard.engine.audit import Audited
from wizard.engine.boxing import BoxKeys
from wizard.engine.changing import changing, publish, remember, revised
from wizard.engine.kdf import derive
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import sign_metadata
from wizard.engine.opening import open_data_key, open_root
from wizard.engine.replacement import with_pending
from wizard.engine.sealing import fill
from wizard.engine.secret import Secret
from wizard.engine.settling import settle
from wizard.engine.sidecar import new_sidecar_path, sidecar_path, staged_path
from wizard.engine.slots import OperatorSlot

OPERATOR = "an operator's own passphrase 7"


@pytest.fixture
def node(tmp_path):
    """A protected database in a directory of its own."""
    directory = tmp_path / "data"
    directory.mkdir()
    make_plain(directory / "node.db", rows=5)
    protect(directory / "node.db", tmp_path)
    return directory / "node.db"


def with_operator(path, *, label="Ada", passphrase=OPERATOR):
    """Add an operator slot as the verb does."""
    with changing(path) as change:
        metadata = change.metadata
        with (
            open_root(metadata, Secret.copy_of(PASSPHRASE.encode()), None) as root,
            open_data_key(metadata, root) as data_key,
            SigningKey.master(root) as master,
        ):
            slot = OperatorSlot(
                slot_id=os.urandom(8),
                label=label,
                created_at=metadata.created_at,
                generation=metadata.generation,
                salt=os.urandom(16),
                params=CHEAP,
            )
            secret = Secret.copy_of(passphrase.encode())
            with (
                derive(secret, salt=slot.salt, params=slot.params) as his,
                BoxKeys.operator(his) as keys,
            ):
                slot = fill(slot, keys, data_key, metadata.binding)
            new = revised(metadata, operator_slots=(*metadata.operator_slots, slot))
            publish(change.target, new, master, entry=Audited(change.target, "operator_add"))
            assert remember(change.target, new, data_key)


def count(path, passphrase, **how):
    with wizard.unlock(path, passphrase, **how) as database:
        rows = database.connection.execute("SELECT count(*) FROM customers").get
        return database.opened_with, database.operator, rows


def test_an_operator_opens_the_data_with_his_own_passphrase(node):
    with_operator(node)
    with_operator(node, label="Grace", passphrase="another one 8 words")
    assert count(node, OPERATOR) == ("operator", "Ada", 5)
    assert count(node, "another one 8 words") == ("operator", "Grace", 5)
    assert count(node, OPERATOR, operator="Ada") == ("operator", "Ada", 5)
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, OPERATOR, operator="Grace")
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, PASSPHRASE, operator="Ada")
    with pytest.raises(InvalidInput):
        wizard.unlock(node, OPERATOR, operator="Eve")
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, "wrong")


def test_a_sidecar_from_before_a_change_is_noticed_although_the_master_key_is_the_same(node):
    before = sidecar_path(node).read_bytes()
    with_operator(node)
    sidecar_path(node).write_bytes(before)
    with pytest.raises(RolledBackMetadata, match="revision 1 of generation 1"):
        wizard.unlock(node, PASSPHRASE)


def test_a_database_that_was_busy_learns_the_revision_when_it_is_next_opened_for_writing(node):
    before = sidecar_path(node).read_bytes()
    with wizard.unlock(node, PASSPHRASE) as application:
        application.connection.execute("BEGIN IMMEDIATE")
        with (
            changing(node) as change,
            open_root(change.metadata, Secret.copy_of(PASSPHRASE.encode()), None) as root,
            open_data_key(change.metadata, root) as data_key,
            SigningKey.master(root) as master,
        ):
            new = revised(change.metadata)
            publish(node, new, master, entry=Audited(node, "retune"))
            assert not remember(node, new, data_key)
        application.connection.execute("COMMIT")
    with wizard.unlock(node, PASSPHRASE, readonly=True) as database:
        assert database.identity.revision == 1
    with wizard.unlock(node, PASSPHRASE) as database:
        assert database.identity.revision == 2
    sidecar_path(node).write_bytes(before)
    with pytest.raises(RolledBackMetadata):
        wizard.unlock(node, PASSPHRASE, readonly=True)


def staged_replacement(node, *, salt):
    """The sidecar that holds the next document too, for a file with this salt."""
    data = sidecar_path(node).read_bytes()
    metadata = inspect(node).metadata
    with (
        open_root(metadata, Secret.copy_of(PASSPHRASE.encode()), None) as root,
        SigningKey.master(root) as master,
    ):
        following = sign_metadata(revised(metadata, file_salt=salt), master)
    sidecar_path(node).write_bytes(with_pending(data, following))
    return data, following


@pytest.mark.parametrize("swapped", [False, True], ids=["before the swap", "after the swap"])
def test_a_replacement_that_was_cut_off_opens_and_is_ended_without_a_secret(node, swapped):
    salt = bytes(range(16))
    before, following = staged_replacement(node, salt=salt)
    staged_path(node).write_bytes(b"a copy that was not finished")
    if (
        swapped
    ):  # the page cipher does not use the salt, so this is another file with the same pages
        data = bytearray(node.read_bytes())
        data[:16] = salt
        node.write_bytes(data)
    found = inspect(node)
    assert found.state is State.INTERRUPTED
    assert found.opens
    assert ("already the new one" in found.reason) is swapped
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)

    with changing(node) as change:
        assert ("was finished" if swapped else "was undone") in change.settled
        assert change.metadata.revision == (2 if swapped else 1)
    assert sidecar_path(node).read_bytes() == (following if swapped else before)
    assert {path.name for path in node.parent.iterdir()} >= {"node.db", "node.db.crypto.json"}
    assert not staged_path(node).exists()
    assert inspect(node).state is State.PROTECTED
    with changing(node) as change:
        assert change.settled is None


def test_initializing_does_not_touch_a_replacement_that_was_cut_off(node):
    staged_replacement(node, salt=bytes(range(16)))
    before = sidecar_path(node).read_bytes()
    with pytest.raises(wizard.engine.AlreadyProtected):
        wizard.engine.prepare_initialization(node, PASSPHRASE, params=CHEAP)
    assert sidecar_path(node).read_bytes() == before


def test_a_new_sidecar_keeps_owner_and_mode_and_leaves_nothing_beside(node):
    sidecar_path(node).chmod(0o640)
    new_sidecar_path(node).write_bytes(b"left by a run that was killed")
    with_operator(node)
    assert sidecar_path(node).stat().st_mode & 0o777 == 0o640
    assert not new_sidecar_path(node).exists()


def test_what_is_not_protected_is_not_settled(tmp_path):
    plain = make_plain(tmp_path / "node.db", rows=1)
    staged_path(plain).write_bytes(b"of an initialization")
    assert settle(plain) is None
    assert staged_path(plain).exists()


def test_revisions_go_up_and_keep_the_rest():
    from tests.test_metadata import read

    metadata = read("valid_two_operators")
    new = revised(metadata)
    assert new.revision == metadata.revision + 1
    assert replace(new, revision=1, tool=metadata.tool, written_at=metadata.written_at) == metadata
