"""Starting over: nothing is deleted, nothing is moved before the kit is proved, no kill loses anything."""

import errno
import shutil
import subprocess
import sys

import pytest

import wizard
from tests.databases import PASSPHRASE, files_but_log, make_plain
from tests.killing import each_kill, needs_tracing
from tests.test_changing import count
from tests.test_initialization import CHEAP
from tests.test_passphrase_change import NEW, node
from wizard.engine import (
    Busy,
    Interrupted,
    NameNotConfirmed,
    NoSpace,
    NotProtected,
    NotProved,
    State,
    TargetAbsent,
    WrongPassphrase,
    inspect,
    prepare_reinitialization,
    reinitialization,
    verify_log,
)
from wizard.engine.settling import settle
from wizard.engine.sidecar import sidecar_path

__all__ = ["node"]


def start_over(node, **options):
    given = {"confirm": "node.db", "params": CHEAP, **options}
    with prepare_reinitialization(node, NEW, **given) as pending:
        pending.rehearse()
        return pending.start_over()


def tables_of(path, passphrase):
    with wizard.unlock(path, passphrase) as database:
        names = database.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return [name for (name,) in names]


def test_a_new_empty_database_takes_the_place_and_the_old_one_opens_under_its_dated_name(node):
    done = start_over(node)
    assert tables_of(node, NEW) == ["datafold_crypto"]
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, PASSPHRASE)
    kept = done.moved[0]
    assert kept.name.startswith("node.db.replaced-")
    assert count(kept, PASSPHRASE) == ("passphrase", "", 5)
    assert kept.stat().st_nlink == 1
    assert {path.name for path in done.moved} == {
        kept.name, f"{kept.name}.crypto.json", f"{kept.name}.audit.jsonl"
    }  # fmt: skip
    assert verify_log(node).entries > 2
    again = start_over(node)
    assert again.moved[0] != kept


@pytest.mark.parametrize("lost", ["missing", "damaged"])
def test_a_database_without_its_sidecar_can_be_started_over_too(node, lost):
    if lost == "missing":
        sidecar_path(node).unlink()
    else:
        sidecar_path(node).write_bytes(b"{}")
    start_over(node)
    assert tables_of(node, NEW) == ["datafold_crypto"]


def test_without_the_proof_nothing_is_moved(node):
    before = files_but_log(node.parent)
    with (
        prepare_reinitialization(node, NEW, confirm="node.db", params=CHEAP) as pending,
        pytest.raises(NotProved),
    ):
        pending.start_over()
    assert files_but_log(node.parent) == before
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)


@pytest.mark.parametrize("confirm", ["", "node", "NODE.DB", "node.db "])
def test_the_name_is_typed_in_full(node, confirm):
    before = files_but_log(node.parent)
    with pytest.raises(NameNotConfirmed):
        start_over(node, confirm=confirm)
    assert files_but_log(node.parent) == before


def test_what_is_absent_or_plaintext_is_refused(tmp_path):
    plain = make_plain(tmp_path / "node.db")
    with pytest.raises(NotProtected):
        start_over(plain)
    plain.unlink()
    with pytest.raises(TargetAbsent):
        start_over(plain)


def test_a_database_in_use_is_refused_and_its_user_named(node):
    code = "import sys; file = open(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, node], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as user:
        user.stdout.readline()
        with pytest.raises(Busy, match=str(user.pid)):
            start_over(node)
        user.stdin.close()
    start_over(node)


@pytest.mark.parametrize("fails", ["its turn", "the end"])
def test_a_disk_that_fails_once_it_is_in_force_is_told_so_and_the_next_command_ends_it(
    node, monkeypatch, fails
):
    """Found with a full disk: the new database was removed, and the sidecar was that of nobody."""

    def full(path, *_arguments, **_options):
        raise NoSpace(directory=path.parent, needed=1, available=0, refused=errno.ENOSPC)

    place = "reinitialization.finish" if fails == "its turn" else "moving_aside.sync_directory"
    linked = reinitialization.link_aside

    def linked_then_full(path):
        moved = linked(path)
        monkeypatch.setattr(f"wizard.engine.{place}", full)
        return moved

    monkeypatch.setattr(reinitialization, "link_aside", linked_then_full)
    with pytest.raises(Interrupted, match="is in force") as caught:
        start_over(node)
    assert "no space left" in str(caught.value)
    monkeypatch.undo()
    waiting = fails == "its turn"
    assert inspect(node).state is (State.INTERRUPTED if waiting else State.PROTECTED)
    told = settle(node)
    assert (told is not None) is waiting
    assert inspect(node).state is State.PROTECTED
    assert tables_of(node, NEW) == ["datafold_crypto"]
    (kept,) = (
        path
        for path in node.parent.glob("node.db.replaced-*")
        if path.suffix not in (".json", ".jsonl")
    )
    assert count(kept, PASSPHRASE) == ("passphrase", "", 5)
    verify_log(node)


@needs_tracing
def test_killed_anywhere_the_old_or_the_new_database_is_there_and_nothing_is_lost(node, tmp_path):
    pristine = tmp_path / "pristine"
    shutil.copytree(node.parent, pristine)
    ends = set()
    for operation in each_kill(lambda: start_over(node), node.parent, pristine, sample=30):
        why = str(operation)
        found = inspect(node)
        if not found.opens:
            assert found.state is State.INTERRUPTED, why
            with pytest.raises(Interrupted):
                wizard.unlock(node, NEW)
        told = settle(node)
        assert told is not None or inspect(node).state is State.PROTECTED, why
        assert inspect(node).state is State.PROTECTED, why
        new = inspect(node).metadata.public_key != inspect_of(pristine / "node.db")
        ends.add(new)
        if not new:
            assert count(node, PASSPHRASE) == ("passphrase", "", 5), why
            assert node.stat().st_nlink == 1, why
            continue
        assert tables_of(node, NEW) == ["datafold_crypto"], why
        (kept,) = [
            path
            for path in node.parent.iterdir()
            if ".replaced-" in path.name and path.suffix not in (".json", ".jsonl")
        ]
        assert count(kept, PASSPHRASE) == ("passphrase", "", 5), why
        verify_log(node)
    assert ends == {True, False}


def inspect_of(path):
    return inspect(path).metadata.public_key
