"""The exchange of the files: signals, errors and attackers in the middle of it."""

import errno
import os
import stat

import pytest

import wizard
from tests.databases import PASSPHRASE, files_but_log, make_plain
from tests.test_initialization import CHEAP, protect
from wizard.engine import (
    Busy,
    DamagedMetadata,
    NoSpace,
    NotProved,
    OriginalPolicy,
    RecoveryPlan,
    Stage,
    State,
    Unreadable,
    inspect,
    pending,
    prepare_initialization,
    sidecar_path,
    undo_interrupted,
)
from wizard.engine.conversion import PlaintextSource
from wizard.engine.sidecar import create_file, staged_path
from wizard.engine.writerlock import WriterLock, lock_holder


@pytest.fixture
def prepared(tmp_path):
    database = make_plain(tmp_path / "node.db")
    with prepare_initialization(database, PASSPHRASE, params=CHEAP) as waiting:
        waiting.rehearse()
        yield waiting


def signal_at(step):
    """A front end whose line drops: the handler raises SystemExit in the middle of anything."""

    def progress(event):
        if (event.stage, event.done) == (Stage.COMMIT, step):
            raise SystemExit(129)

    return progress


@pytest.mark.parametrize("step", [0, 1])
def test_signal_before_the_exchange_is_the_state_of_before(prepared, step):
    before = prepared.path.read_bytes()
    with pytest.raises(SystemExit):
        prepared.commit(progress=signal_at(step))
    prepared.abort()
    assert files_but_log(prepared.path.parent) == {"node.db": before}


def test_signal_after_the_exchange_keeps_sidecar_and_original(prepared):
    with pytest.raises(SystemExit):
        prepared.commit("remove", progress=signal_at(2))
    prepared.abort()
    found = inspect(prepared.path)
    assert found.state is State.PROTECTED
    assert len(found.plaintext_left) == 1
    wizard.unlock(prepared.path, PASSPHRASE).close()


def test_signal_inside_the_exchange_keeps_what_is_in_place(prepared, monkeypatch):
    """The rename is done, and the next line is never reached."""
    real = PlaintextSource.replace

    def replace(self, staged, *, keep_as):
        real(self, staged, keep_as=keep_as)
        raise SystemExit(143)

    monkeypatch.setattr(PlaintextSource, "replace", replace)
    with pytest.raises(SystemExit):
        prepared.commit()
    prepared.abort()
    assert inspect(prepared.path).state is State.PROTECTED
    wizard.unlock(prepared.path, PASSPHRASE).close()


def test_commit_that_found_the_database_busy_can_be_tried_again(prepared, monkeypatch):
    def busy(_self, _staged, *, keep_as):
        raise Busy(f"somebody has it open, {keep_as}")

    with monkeypatch.context() as patched:
        patched.setattr(PlaintextSource, "replace", busy)
        with pytest.raises(Busy):
            prepared.commit()
    assert not sidecar_path(prepared.path).exists()
    prepared.commit()
    wizard.unlock(prepared.path, PASSPHRASE).close()


def test_new_database_whose_name_was_taken_meanwhile_is_not_overwritten(tmp_path):
    database = tmp_path / "new.db"
    with prepare_initialization(database, PASSPHRASE, params=CHEAP) as waiting:
        waiting.rehearse()
        database.write_text("somebody else's")
        with pytest.raises(wizard.WizardError):
            waiting.commit()
    assert database.read_text() == "somebody else's"
    assert list(files_but_log(tmp_path)) == ["new.db"]


def test_sidecar_that_appeared_meanwhile_is_not_touched(prepared):
    sidecar_path(prepared.path).write_text("somebody else's")
    with pytest.raises(wizard.WizardError):
        prepared.commit()
    prepared.abort()
    assert sidecar_path(prepared.path).read_text() == "somebody else's"


def test_plaintext_is_not_removed_before_the_sidecar_has_read_back(prepared):
    waiting = pending.staged_sidecar(prepared.path)
    waiting.write_bytes(waiting.read_bytes()[:-1])
    with pytest.raises(DamagedMetadata):
        prepared.commit(OriginalPolicy.REMOVE)
    prepared.abort()
    assert prepared.path.read_bytes().startswith(b"SQLite format 3")


def test_every_sheet_must_carry_its_slot_lines(tmp_path):
    """With others beside it, a sheet without them would seem to work."""
    plan = RecoveryPlan(2, 3)
    with prepare_initialization(tmp_path / "a.db", PASSPHRASE, params=CHEAP, recovery=plan) as p:
        texts = [sheet.text() for sheet in p.kit.sheets]
        texts[1] = texts[1].split("== RECOVERY SLOT")[0] + "== END"
        with pytest.raises(NotProved, match="Sheet 2"):
            p.rehearse(texts)
        assert not p.proved


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_planted_link_is_not_given_away(prepared, kind):
    """Root would change owner and mode of whatever somebody put under the staged name."""
    victim = prepared.path.parent / "victim"
    victim.write_text("private")
    victim.chmod(0o600)
    staged = staged_path(prepared.path)
    staged.unlink()
    if kind == "symbolic":
        staged.symlink_to(victim)
    else:
        staged.hardlink_to(victim)
    prepared.path.chmod(0o644)
    with pytest.raises(wizard.WizardError):
        prepared.commit()
    assert stat.S_IMODE(victim.stat().st_mode) == 0o600
    assert prepared.path.read_bytes().startswith(b"SQLite format 3")


def test_undo_spares_the_sidecar_of_a_database_that_is_away(tmp_path):
    database = tmp_path / "node.db"
    protect(database, tmp_path)
    database.rename(tmp_path / "away.db")
    staged_path(database).write_bytes(b"")
    assert inspect(database).state is State.DAMAGED
    undo_interrupted(database)
    (tmp_path / "away.db").rename(database)
    wizard.unlock(database, PASSPHRASE).close()


def test_lock_does_not_truncate_what_has_its_name(tmp_path):
    database = make_plain(tmp_path / "node.db")
    before = database.read_bytes()
    (tmp_path / ".node.db.datafold-lock").hardlink_to(database)
    with pytest.raises(Unreadable, match="in the way"), WriterLock(database):
        pass
    assert database.read_bytes() == before


def test_a_full_disk_keeps_no_empty_lock(tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("wizard.engine.writerlock.os.pwrite", full)
    with pytest.raises(NoSpace), WriterLock(tmp_path / "node.db"):
        pass
    assert not list(tmp_path.iterdir())


def test_lock_tells_its_holder_and_is_gone_afterwards(tmp_path):
    database = tmp_path / "node.db"
    with WriterLock(database):
        assert lock_holder(database) == f"process {os.getpid()}"
        with pytest.raises(Busy), WriterLock(database):
            pass
    assert lock_holder(database) is None
    assert list(tmp_path.iterdir()) == []


def test_lock_file_of_a_dead_process_is_no_obstacle(tmp_path):
    (tmp_path / ".node.db.datafold-lock").write_text("process 1\n")
    with WriterLock(tmp_path / "node.db"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_flipped_salt_of_the_default_cipher_locks_nobody_out(tmp_path):
    """The first 16 bytes only help to recognise the file: the data under them are sound."""
    database = make_plain(tmp_path / "node.db")
    protect(database, tmp_path, cipher="aegis")
    data = bytearray(database.read_bytes())
    data[3] ^= 1
    database.write_bytes(data)
    wizard.unlock(database, PASSPHRASE).close()
    wizard.unlock(database, recovery=[(tmp_path / "sheet-1.txt").read_text()]).close()
    sidecar_path(database).unlink()
    wizard.unlock(database, recovery=[(tmp_path / "sheet-1.txt").read_text()]).close()


def test_exchanged_sidecar_does_not_make_the_right_kit_look_wrong(tmp_path):
    """An attacker signs a sidecar of his own for the victim's file."""
    database = tmp_path / "node.db"
    protect(database, tmp_path)
    victim = inspect(database).metadata
    sheet = (tmp_path / "sheet-1.txt").read_text()
    other = tmp_path / "other.db"
    with prepare_initialization(other, "attackers own phrase 4 this", params=CHEAP) as forged:
        from dataclasses import replace

        from wizard.engine.kdf import derive
        from wizard.engine.masterkey import SigningKey
        from wizard.engine.metadata import sign_metadata
        from wizard.engine.secret import Secret

        slot = forged.metadata.master_slot
        root = derive(
            Secret.copy_of(b"attackers own phrase 4 this"), salt=slot.salt, params=slot.params
        )
        metadata = replace(forged.metadata, file_salt=victim.file_salt)
        with SigningKey.master(root) as key:
            sidecar_path(database).write_bytes(sign_metadata(metadata, key))
    with pytest.raises(wizard.WizardError, match="move the sidecar aside"):
        wizard.unlock(database, recovery=[sheet])
    with pytest.raises(wizard.WizardError, match=metadata.public_key.fingerprint):
        wizard.unlock(database, PASSPHRASE)
    sidecar_path(database).unlink()
    wizard.unlock(database, recovery=[sheet]).close()


def test_written_file_is_whole_or_absent(tmp_path):
    create_file(tmp_path / "a", b"data")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    with pytest.raises(wizard.WizardError, match="not overwritten"):
        create_file(tmp_path / "a", b"other")
    assert (tmp_path / "a").read_bytes() == b"data"
    with pytest.raises(Unreadable):
        create_file(tmp_path / "no" / "a", b"data")
