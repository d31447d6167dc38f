"""Another passphrase: a new master key that the old one has signed, and the data as they are."""

import itertools
import shutil
import threading

import pytest

import wizard
from tests.databases import PASSPHRASE, files_but_log, make_plain
from tests.killing import each_kill, needs_tracing
from tests.test_changing import OPERATOR, count, with_operator
from tests.test_initialization import CHEAP, protect
from wizard.engine import (
    Busy,
    Cancelled,
    CancelToken,
    InvalidParameters,
    InvalidPassphrase,
    KdfParams,
    KeyfileChange,
    NotPermitted,
    RolledBackMetadata,
    State,
    WeakPassphrase,
    WrongPassphrase,
    change_passphrase,
    inspect,
    retune,
)
from wizard.engine.changing import changing
from wizard.engine.sidecar import new_sidecar_path, sidecar_path

NEW = "another passphrase altogether 9"
DEARER = KdfParams(memory_kib=20 * 1024, passes=3, lanes=1)


@pytest.fixture
def node(tmp_path):
    """A protected database in a directory of its own; its sheet is beside that."""
    directory = tmp_path / "data"
    directory.mkdir()
    make_plain(directory / "node.db", rows=5)
    protect(directory / "node.db", tmp_path)
    return directory / "node.db"


def test_the_new_passphrase_opens_it_and_the_old_one_is_refused(node, tmp_path):
    before = inspect(node).metadata
    done = change_passphrase(node, PASSPHRASE, NEW)
    assert count(node, NEW) == ("passphrase", "", 5)
    with pytest.raises(WrongPassphrase) as refused:
        wizard.unlock(node, PASSPHRASE)
    assert refused.value.fingerprint == done.fingerprint
    after = inspect(node).metadata
    assert after == done.metadata
    assert (after.generation, after.revision) == (2, before.revision + 1)
    assert after.chain[:1] == before.chain
    assert after.chain[-1].authorised_by == "master"
    assert after.master_slot.params == before.master_slot.params
    assert after.master_slot.salt != before.master_slot.salt
    assert after.data_key.retired_slots == 1
    assert done.warnings == ()
    # The sheets are those of before, and go on working with the sidecar and without it.
    sheet = (tmp_path / "sheet-1.txt").read_text()
    wizard.unlock(node, recovery=[sheet]).close()
    sidecar_path(node).unlink()
    wizard.unlock(node, recovery=[sheet]).close()


def test_nothing_but_the_sidecar_and_the_row_inside_is_written(node):
    names = set(files_but_log(node.parent))
    change_passphrase(node, PASSPHRASE, NEW)
    assert set(files_but_log(node.parent)) == names
    with wizard.unlock(node, NEW, readonly=True) as database:
        assert (database.identity.generation, database.identity.revision) == (2, 2)


def test_operators_keep_their_passphrases(node):
    with_operator(node)
    change_passphrase(node, PASSPHRASE, NEW)
    assert count(node, OPERATOR) == ("operator", "Ada", 5)


def test_many_changes_make_one_chain(node):
    words = [PASSPHRASE, NEW, "a third passphrase 31 here", "and the fourth one is 4"]
    for old, new in itertools.pairwise(words):
        change_passphrase(node, old, new)
    metadata = inspect(node).metadata
    assert metadata.generation == 4
    assert metadata.data_key.retired_slots == 3
    for old in words[:-1]:
        with pytest.raises(WrongPassphrase):
            wizard.unlock(node, old)
    wizard.unlock(node, words[-1]).close()


def test_retuning_keeps_the_passphrase_and_counts_no_slot(node):
    done = retune(node, PASSPHRASE, params=DEARER)
    assert done.metadata.master_slot.params == DEARER
    assert done.metadata.generation == 2
    assert done.metadata.data_key.retired_slots == 0
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)


def test_a_keyfile_is_kept_exchanged_added_and_dropped(node, tmp_path):
    change_passphrase(node, PASSPHRASE, NEW, new_keyfile=b"first")
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, NEW)
    change_passphrase(node, NEW, PASSPHRASE, keyfile=b"first")
    wizard.unlock(node, PASSPHRASE, keyfile=b"first").close()
    change_passphrase(node, PASSPHRASE, PASSPHRASE, keyfile=b"first", new_keyfile=b"second")
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, PASSPHRASE, keyfile=b"first")
    retune(node, PASSPHRASE, keyfile=b"second", params=CHEAP)
    wizard.unlock(node, PASSPHRASE, keyfile=b"second").close()
    change_passphrase(node, PASSPHRASE, NEW, keyfile=b"second", new_keyfile=KeyfileChange.DROP)
    wizard.unlock(node, NEW).close()


def asked_too_early():
    raise AssertionError("asked although the present passphrase was wrong")


REFUSED = {
    "wrong passphrase": (WrongPassphrase, "wrong", asked_too_early, {}),
    "an operator's": (NotPermitted, OPERATOR, asked_too_early, {}),
    "a keyfile too many": (WrongPassphrase, PASSPHRASE, asked_too_early, {"keyfile": b"x"}),
    "weak": (WeakPassphrase, PASSPHRASE, "password1", {}),
    "empty": (InvalidPassphrase, PASSPHRASE, "", {}),
    "the same": (InvalidPassphrase, PASSPHRASE, PASSPHRASE, {}),
    "too cheap": (InvalidParameters, PASSPHRASE, NEW, {"params": KdfParams(1024, 1, 1)}),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_leaves_every_byte_as_it_was(node, case):
    error, passphrase, new, options = case
    with_operator(node)
    before = files_but_log(node.parent)
    with pytest.raises(error):
        change_passphrase(node, passphrase, new, **options)
    assert files_but_log(node.parent) == before


def test_an_older_sidecar_that_was_put_back_is_never_made_the_newest(node):
    old = sidecar_path(node).read_bytes()
    change_passphrase(node, PASSPHRASE, NEW)
    sidecar_path(node).write_bytes(old)
    with pytest.raises(RolledBackMetadata):
        change_passphrase(node, PASSPHRASE, "a third passphrase 31 here")
    assert sidecar_path(node).read_bytes() == old


def test_a_cancel_before_the_last_step_changes_nothing(node):
    before = files_but_log(node.parent)
    token = CancelToken()

    def cancel_at_the_end(event):
        if "disk" in event.detail:
            token.cancel()

    with pytest.raises(Cancelled):
        change_passphrase(node, PASSPHRASE, NEW, progress=cancel_at_the_end, cancel=token)
    assert files_but_log(node.parent) == before


def test_the_second_of_two_changes_is_told_who_is_at_work(node):
    reached, go_on = threading.Event(), threading.Event()

    def slowly():
        reached.set()
        assert go_on.wait(20)
        return NEW

    first = threading.Thread(target=change_passphrase, args=(node, PASSPHRASE, slowly))
    first.start()
    try:
        assert reached.wait(20)
        with pytest.raises(Busy, match="process ") as busy:
            change_passphrase(node, PASSPHRASE, "a third passphrase 31 here")
        assert busy.value.holders
    finally:
        go_on.set()
        first.join()
    wizard.unlock(node, NEW).close()


def test_the_lock_of_a_dead_process_and_its_half_written_sidecar_are_no_obstacle(node):
    (node.parent / ".node.db.datafold-lock").write_text("process 1\n")
    new_sidecar_path(node).write_bytes(b"half")
    done = change_passphrase(node, PASSPHRASE, NEW)
    assert "was undone" in done.settled
    assert not new_sidecar_path(node).exists()


def test_an_application_that_writes_meanwhile_is_not_disturbed(node):
    with wizard.unlock(node, PASSPHRASE) as application:
        application.connection.execute("BEGIN IMMEDIATE; INSERT INTO log VALUES ('meanwhile')")
        done = change_passphrase(node, PASSPHRASE, NEW)
        application.connection.execute("COMMIT")
    assert "has not noted this change" in done.warnings[0]
    with wizard.unlock(node, NEW) as database:
        assert database.identity.generation == 2


@needs_tracing
def test_killed_anywhere_it_opens_with_the_old_or_the_new_passphrase(node, tmp_path):
    pristine = tmp_path / "pristine"
    shutil.copytree(node.parent, pristine)
    ends = set()

    def change():
        change_passphrase(node, PASSPHRASE, NEW)

    for operation in each_kill(change, node.parent, pristine):
        ends.add(opens_with_one_of(node, PASSPHRASE, NEW, why=str(operation)))
    assert ends == {PASSPHRASE, NEW}


def opens_with_one_of(node, *passphrases, why, rows=5):
    """After a kill: one passphrase opens all data, and the next change settles and says so."""
    assert inspect(node).opens, why
    with changing(node) as change:
        left = change.settled
    assert inspect(node).state is State.PROTECTED, why
    names = {path.name for path in node.parent.iterdir()}
    assert not [name for name in names if "datafold" in name], why
    assert left is None or "earlier change" in left, why
    opened = []
    for passphrase in passphrases:
        try:
            with wizard.unlock(node, passphrase) as database:
                counted = database.connection.execute("SELECT count(*) FROM customers").get
                assert database.connection.execute("PRAGMA integrity_check").get == "ok", why
        except WrongPassphrase:
            continue
        assert counted == rows, why
        opened.append(passphrase)
    assert len(opened) == 1, why
    return opened[0]
