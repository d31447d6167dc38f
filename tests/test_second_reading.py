"""Read by somebody who did not write it: FORMAT.md as a second reader takes it, and what was attacked."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import wizard
from tests.databases import PASSPHRASE, make_plain
from tests.test_initialization import CHEAP, protect
from wizard import engine
from wizard.api.callers import Gate
from wizard.api.databases import DatabaseView
from wizard.engine import (
    AlreadyProtected,
    Busy,
    DamagedDatabase,
    DamagedMetadata,
    Interrupted,
    KdfParams,
    NotPermitted,
    OutputExists,
    RecoveryPlan,
    ResourceLimit,
    State,
    Unreadable,
    WrongPassphrase,
    changing,
    inspect,
    keyed,
    memory,
    opening,
    reencryption,
    reinitialization,
    replacement,
    restoring,
    sidecar,
    sqlite,
)
from wizard.engine.audit_entry import audit_path
from wizard.engine.chain import next_link
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import read_metadata, sign_metadata
from wizard.engine.opening import open_root
from wizard.engine.secret import Secret
from wizard.engine.sidecar import new_sidecar_path, replaced_path, sidecar_path, staged_path
from wizard.refusals import NotAuthenticated
from wizard.settings.model import CryptoSettings

READER = Path(__file__).with_name("second_reader.py")
NEW_PASSPHRASE = "an entirely different phrase 99"
OPERATOR = "an operator's own passphrase 7"
QUERY = "SELECT name FROM customers ORDER BY id"


@pytest.fixture
def node(protected_node):
    return protected_node


def opens(path, passphrase=PASSPHRASE, **how):
    wizard.unlock(path, passphrase, **how).close()
    return True


# A second implementation ------------------------------------------------------------------------


def read(path, **given):
    """The rows, by a program of its own that has only FORMAT.md."""
    done = subprocess.run(
        [sys.executable, str(READER)],
        input=json.dumps({"database": str(path), "query": QUERY, **given}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [row[0] for row in json.loads(done.stdout)]


def words_on(*sheets):
    parts = (sheet.read_text().split("\n== ")[1] for sheet in sheets)
    return [" ".join(re.findall(r"\d+\. ([a-z]+)", part)) for part in parts]


def lines_on(sheet):
    part = sheet.read_text().split("\n== ")[2]
    return [line for line in part.splitlines()[1:] if line]


@pytest.mark.parametrize("cipher", ["aegis", "chacha20", "sqlcipher"])
def test_a_program_written_from_the_format_alone_opens_what_every_verb_has_made(tmp_path, cipher):
    node = make_plain(tmp_path / "node.db", rows=3)
    keyfile = tmp_path / "keyfile"
    keyfile.write_bytes(bytes(range(256)))
    protect(
        node,
        tmp_path,
        cipher=cipher,
        original="remove",
        recovery=RecoveryPlan(2, 3),
        keyfile=str(keyfile),
    )
    expected = [f"MARKER customer {number}" for number in range(3)]
    file = keyfile.read_bytes().hex()
    words = words_on(tmp_path / "sheet-3.txt", tmp_path / "sheet-1.txt")
    printed = lines_on(tmp_path / "sheet-2.txt")

    assert read(node, passphrase=PASSPHRASE, keyfile=file) == expected
    assert read(node, words=words, lines=printed) == expected

    engine.add_operator(
        node, PASSPHRASE, "Zoë", "Gruße\u00a0an alle 7", keyfile=str(keyfile), params=CHEAP
    )
    engine.change_passphrase(
        node,
        PASSPHRASE,
        NEW_PASSPHRASE,
        keyfile=str(keyfile),
        new_keyfile=engine.KeyfileChange.DROP,
        params=CHEAP,
    )
    assert read(node, passphrase=NEW_PASSPHRASE) == expected
    assert read(node, passphrase="Gru\u00dfe an alle 7", operator="Zoë") == expected
    assert read(node, words=words) == expected
    assert read(node, words=words, lines=printed) == expected

    engine.rotate(node, NEW_PASSPHRASE)
    assert read(node, passphrase=NEW_PASSPHRASE) == expected
    assert read(node, passphrase="Gru\u00dfe an alle 7", operator="Zoë") == expected
    assert read(node, words=words) == expected
    reprinted = list(engine.recovery_lines(node).lines)
    sidecar_path(node).unlink()
    assert read(node, words=words, lines=reprinted) == expected


def cut_off(node, step):
    """Rotate in a process that ends as a kill would end it: before or after the exchange."""
    child = os.fork()
    if child == 0:
        exchange = reencryption.EncryptedSource.exchange

        def dying(source, staged):
            if step == "after":
                exchange(source, staged)
            os._exit(9)

        reencryption.EncryptedSource.exchange = dying
        try:
            engine.rotate(node, PASSPHRASE)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    data = sidecar_path(node).read_bytes()
    assert replacement.read_sidecar_bytes(data).pending is not None
    return data


def other_file(node, step):
    """Where the rotation was cut off: the copy that was to come, or the database that was."""
    return staged_path(node) if step == "before" else replaced_path(node)


@pytest.mark.parametrize("step", ["before", "after"])
def test_the_second_reader_opens_a_database_whose_rotation_was_cut_off(node, step):
    cut_off(node, step)
    assert len(read(node, passphrase=PASSPHRASE)) == 5


# What is left of a rotation is no leftover --------------------------------------------------------


@pytest.mark.parametrize("step", ["before", "after"])
def test_a_cut_off_rotation_keeps_its_sidecar_while_the_database_is_away(node, tmp_path, step):
    backup = engine.backup(node, PASSPHRASE, to=tmp_path / "backup").path
    data = cut_off(node, step)
    away = node.rename(tmp_path / "moved.db")
    found = inspect(node)
    assert found.state is State.DAMAGED
    assert other_file(node, step).name in found.ways_out[1]

    assert engine.undo_interrupted(node) is None
    with pytest.raises(DamagedMetadata):
        engine.prepare_initialization(node, PASSPHRASE, params=CHEAP)
    with pytest.raises(OutputExists):
        engine.restore(backup, to=node)
    assert sidecar_path(node).read_bytes() == data
    assert other_file(node, step).exists()

    away.rename(node)
    assert opens(node)
    engine.retune(node, PASSPHRASE, params=CHEAP)
    assert opens(node)
    assert not other_file(node, step).exists()


@pytest.mark.parametrize("step", ["before", "after"])
def test_the_other_file_of_a_cut_off_rotation_opens_under_the_name_of_the_database(node, step):
    cut_off(node, step)
    node.unlink()
    other_file(node, step).rename(node)
    assert opens(node)
    engine.retune(node, PASSPHRASE, params=CHEAP)
    assert opens(node)


def test_without_its_sidecar_the_old_file_of_a_rotation_stays_because_the_sheets_open_it(
    node, tmp_path
):
    cut_off(node, "after")
    sidecar_path(node).unlink()
    assert engine.undo_interrupted(node) is None
    node.unlink()
    replaced_path(node).rename(node)
    sheet = (tmp_path / "sheet-1.txt").read_text()
    assert opens(node, None, recovery=[sheet])


# Names in the way, and files put in place of ours --------------------------------------------------


@pytest.mark.parametrize("name", [staged_path, new_sidecar_path])
def test_a_directory_in_the_way_is_named_and_changes_nothing(node, name):
    name(node).mkdir()
    before = sidecar_path(node).read_bytes()
    for verb in (
        lambda: engine.retune(node, PASSPHRASE, params=CHEAP),
        lambda: engine.undo_interrupted(node),
    ):
        with pytest.raises(Unreadable, match=re.escape(name(node).name)):
            verb()
    assert sidecar_path(node).read_bytes() == before
    assert opens(node)


@pytest.mark.parametrize("plant", [Path.symlink_to, Path.hardlink_to])
def test_a_link_in_place_of_the_new_sidecar_gives_no_other_file_away(
    node, tmp_path, monkeypatch, plant
):
    """Whoever may write the directory waits for root's new file, and puts a link in its place."""
    victim = tmp_path / "victim"
    victim.write_text("secret")
    victim.chmod(0o600)
    create = sidecar.create_file

    def raced(path, data, **how):
        create(path, data, **how)
        path.unlink()
        plant(path, victim)

    monkeypatch.setattr(sidecar, "create_file", raced)
    before = sidecar_path(node).read_bytes()
    with pytest.raises((Unreadable, DamagedMetadata)):
        engine.retune(node, PASSPHRASE, params=CHEAP)
    assert victim.stat().st_mode & 0o777 == 0o600
    assert victim.read_text() == "secret"
    assert sidecar_path(node).read_bytes() == before


def test_a_link_in_place_of_a_restored_file_overwrites_no_other_file(node, tmp_path, monkeypatch):
    backup = engine.backup(node, PASSPHRASE, to=tmp_path / "backup").path
    victim = tmp_path / "victim"
    victim.write_text("secret")
    open_private = keyed.open_private
    planted = []

    def raced(path):
        descriptor = open_private(path)
        path.unlink()
        path.symlink_to(victim)
        planted.append(path.name)
        return descriptor

    monkeypatch.setattr(restoring, "open_private", raced)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    engine.restore(backup, to=elsewhere / "node.db")
    assert set(planted) == {
        ".node.db.datafold-staged",
        audit_path(staged_path(Path("node.db"))).name,
    }
    assert victim.read_text() == "secret"


# After the point of no return ---------------------------------------------------------------------


def test_a_change_that_the_disk_did_not_confirm_is_not_called_undone(node, monkeypatch):
    take_place = Path.replace

    def replaced_but_not_synced(path, target):
        take_place(path, target)
        if target == sidecar_path(node):
            monkeypatch.setattr(sidecar, "sync_directory", failing)
        return target

    def failing(directory):
        raise Unreadable(f"{directory} cannot be used: Input/output error.")

    monkeypatch.setattr(Path, "replace", replaced_but_not_synced)
    with pytest.raises(Interrupted, match="is in force"):
        engine.change_passphrase(node, PASSPHRASE, NEW_PASSPHRASE, params=CHEAP)
    monkeypatch.undo()
    assert opens(node, NEW_PASSPHRASE)
    with pytest.raises(WrongPassphrase):
        opens(node)


def test_what_fails_before_the_change_is_in_force_is_told_as_it_is(node, monkeypatch):
    def failing(_path, _target):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(Unreadable):
        engine.change_passphrase(node, PASSPHRASE, NEW_PASSPHRASE, params=CHEAP)
    monkeypatch.undo()
    assert opens(node)


def test_a_change_that_the_database_cannot_note_is_a_change_with_a_warning(node, monkeypatch):
    def damaged(*_arguments, **_options):
        raise DamagedDatabase("a page fails its check")

    monkeypatch.setattr(changing, "open_database", damaged)
    done = engine.change_passphrase(node, PASSPHRASE, NEW_PASSPHRASE, params=CHEAP)
    assert any("has not noted this change" in warning for warning in done.warnings)
    monkeypatch.undo()
    assert opens(node, NEW_PASSPHRASE)


def test_an_older_sidecar_is_not_put_back_while_the_database_is_busy(node, tmp_path):
    saved = Path(shutil.copy(sidecar_path(node), tmp_path / "saved.json"))
    engine.retune(node, PASSPHRASE, params=CHEAP)
    now = sidecar_path(node).read_bytes()
    with wizard.unlock(node, PASSPHRASE) as application:
        application.connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            engine.restore_metadata(saved, node, passphrase=PASSPHRASE, allow_older=True)
        application.connection.execute("ROLLBACK")
    assert sidecar_path(node).read_bytes() == now
    assert opens(node)
    engine.restore_metadata(saved, node, passphrase=PASSPHRASE, allow_older=True)
    assert sidecar_path(node).read_bytes() == saved.read_bytes()
    assert opens(node)


# Two at a time ------------------------------------------------------------------------------------


def meanwhile(monkeypatch, act):
    """Let another process do something while this one derives a key."""
    derive = opening.derive

    def slow(*arguments, **options):
        monkeypatch.undo()
        child = os.fork()
        if child == 0:
            try:
                act()
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        return derive(*arguments, **options)

    monkeypatch.setattr(opening, "derive", slow)


@pytest.mark.parametrize(
    "act",
    [
        lambda node: engine.change_passphrase(node, PASSPHRASE, NEW_PASSPHRASE, params=CHEAP),
        lambda node: engine.rotate(node, PASSPHRASE),
    ],
    ids=["another passphrase", "another data key"],
)
def test_keys_that_change_while_a_database_is_opened_are_no_attack(node, monkeypatch, act):
    meanwhile(monkeypatch, lambda: act(node))
    with pytest.raises(Busy, match="were changed while it was being opened"):
        opens(node)


def test_who_opened_before_a_change_does_not_make_the_database_forget_it(node):
    old = inspect(node).metadata
    engine.retune(node, PASSPHRASE, params=CHEAP)
    with wizard.unlock(node, PASSPHRASE) as database:
        newest = sqlite.read_identity(database.connection)
        assert newest.revision > old.revision
        behind = replace(newest, generation=old.generation, revision=old.revision)
        sqlite.note_revision(database.connection, behind)
        assert sqlite.read_identity(database.connection) == newest


# Grants -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "next_generation",
    [
        lambda node: engine.retune(node, PASSPHRASE, params=CHEAP),
        lambda node: engine.rotate(node, PASSPHRASE),
    ],
    ids=["retune", "rotate"],
)
def test_revocations_end_with_the_generation_of_their_grants(node, next_generation):
    token, grant = engine.issue_grant(
        node,
        PASSPHRASE,
        role="auditor",
        subject="Ada",
        lifetime=timedelta(days=1),
        now=datetime.now(UTC),
    )
    assert engine.revoke_grant(node, PASSPHRASE, grant.id).metadata.revoked_grants
    metadata = next_generation(node).metadata
    assert not metadata.revoked_grants
    with pytest.raises(engine.NotVerified):
        engine.verify_grant(token, metadata, now=datetime.now(UTC))


# What whoever once had a key can do ---------------------------------------------------------------


def test_an_operator_slot_of_before_a_rotation_opens_nothing_after_it(node, tmp_path):
    engine.add_operator(node, PASSPHRASE, "Ada", OPERATOR, params=CHEAP)
    saved = Path(shutil.copy(sidecar_path(node), tmp_path / "with-ada.json"))
    engine.remove_operator(node, PASSPHRASE, "Ada")
    engine.rotate(node, PASSPHRASE)
    salted = node.read_bytes()[:16]
    shutil.copy(saved, sidecar_path(node))
    with pytest.raises(engine.NotVerified):
        opens(node, OPERATOR)
    # Nor with the salt that the old sidecar names, which `aegis` does not use.
    data = bytearray(node.read_bytes())
    data[:16] = inspect(node).metadata.file_salt
    node.write_bytes(data)
    with pytest.raises(engine.NotVerified):
        opens(node, OPERATOR)
    data[:16] = salted
    node.write_bytes(data)


def forged(node, old_sidecar):
    """The next generation as whoever had generation 1's passphrase can sign it; the slots are the true ones."""
    before = read_metadata(old_sidecar)
    now = inspect(node).metadata
    with (
        open_root(before, Secret.copy_of(PASSPHRASE.encode()), None) as root,
        SigningKey.master(root) as first,
        Secret.random(32) as his,
        SigningKey.master(his) as master,
    ):
        link = next_link(
            before.chain[-1],
            first,
            authorised_by="master",
            master_public_key=master.public.raw,
            created_at=now.written_at,
            recovery_authority=now.chain[-1].recovery_authority,
        )
        third = next_link(
            link,
            master,
            authorised_by="master",
            master_public_key=master.public.raw,
            created_at=now.written_at,
            recovery_authority=now.chain[-1].recovery_authority,
        )
        return sign_metadata(replace(now, chain=(*before.chain, link, third)), master)


def test_another_chain_from_a_known_passphrase_is_refused_also_with_the_true_slots_in_it(
    node, tmp_path
):
    engine.add_operator(node, PASSPHRASE, "Ada", OPERATOR, params=CHEAP)
    first = sidecar_path(node).read_bytes()
    engine.change_passphrase(node, PASSPHRASE, NEW_PASSPHRASE, params=CHEAP)
    engine.rotate(node, NEW_PASSPHRASE)
    assert inspect(node).metadata.generation == 3
    sidecar_path(node).write_bytes(forged(node, first))
    assert inspect(node).state is State.PROTECTED
    sheet = (tmp_path / "sheet-1.txt").read_text()
    for opening_of in (
        lambda: opens(node, OPERATOR),
        lambda: opens(node, None, recovery=[sheet]),
        lambda: engine.prepare_recovery(node, [sheet], "yet another phrase 55", params=CHEAP),
    ):
        with pytest.raises(engine.ForeignMetadata, match="chain"):
            opening_of()
    for passphrase in (PASSPHRASE, NEW_PASSPHRASE):
        with pytest.raises(WrongPassphrase):
            opens(node, passphrase)


def test_a_wrong_passphrase_runs_no_operator_slot_that_this_machine_would_not_run_unasked(
    node, monkeypatch
):
    dear = KdfParams(memory_kib=20 * 1024, passes=2, lanes=1)
    engine.add_operator(node, PASSPHRASE, "Ada", OPERATOR, params=dear)
    with pytest.raises(NotPermitted):
        engine.retune(node, OPERATOR, params=CHEAP)

    def limited(params):
        if params == dear:
            raise ResourceLimit(needed_kib=20480, allowed_kib=19456, limit="memory available")

    monkeypatch.setattr(memory, "check_unattended", limited)
    with pytest.raises(WrongPassphrase):
        engine.retune(node, OPERATOR, params=CHEAP)


def test_protecting_again_needs_the_protection_to_be_undone_first(node):
    with pytest.raises(AlreadyProtected):
        engine.prepare_initialization(node, PASSPHRASE, params=CHEAP)


# Starting over ------------------------------------------------------------------------------------


def start_over(node):
    with engine.prepare_reinitialization(
        node, NEW_PASSPHRASE, confirm=node.name, params=CHEAP
    ) as pending:
        pending.rehearse()
        return pending.start_over()


def test_a_saved_sidecar_beside_a_cut_off_rotation_does_not_bring_the_old_database_back(
    node, tmp_path
):
    """It names the staged file, as the sidecar of a start over that was cut off does."""
    saved = Path(shutil.copy(sidecar_path(node), tmp_path / "saved.json"))
    pending = cut_off(node, "after")
    with wizard.unlock(node, PASSPHRASE) as database:
        database.connection.execute("INSERT INTO log VALUES ('written since')")
    now = node.read_bytes()
    shutil.copy(saved, sidecar_path(node))
    for verb in (
        lambda: engine.retune(node, PASSPHRASE, params=CHEAP),
        lambda: engine.backup_metadata(node, to=tmp_path / "backup"),
    ):
        with pytest.raises(engine.ForeignMetadata):
            verb()
    assert engine.undo_interrupted(node) is None
    assert node.read_bytes() == now
    sidecar_path(node).write_bytes(pending)
    with wizard.unlock(node, PASSPHRASE) as database:
        rows = database.connection.execute("SELECT what FROM log").fetchall()
    assert ("written since",) in rows


def test_starting_over_keeps_the_old_file_of_a_cut_off_rotation_too(node, tmp_path):
    cut_off(node, "after")
    old, new = replaced_path(node).read_bytes(), node.read_bytes()
    sidecar_path(node).unlink()
    start_over(node)
    kept = {path.read_bytes() for path in node.parent.glob("node.db.replaced-*")}
    assert {old, new} <= kept


def test_starting_over_a_second_time_keeps_the_sidecar_that_the_first_time_has_put_aside(
    node, monkeypatch
):
    first = sidecar_path(node).read_bytes()
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(reinitialization, "finish", lambda _target: os._exit(9))
        try:
            start_over(node)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    staged_path(node).unlink()  # somebody tidies up; the new sidecar describes nothing any longer
    start_over(node)
    kept = [path.read_bytes() for path in node.parent.glob("node.db.replaced-*.crypto.json")]
    assert first in kept


# Grants at the HTTP API ---------------------------------------------------------------------------


@pytest.fixture
def other(tmp_path):
    """A database of an attacker's, whose sidecar he can put beside another."""
    directory = tmp_path / "other"
    directory.mkdir()
    protect(make_plain(directory / "node.db", rows=1), directory, recovery=None)
    return directory / "node.db"


def counts(node, token, fingerprint=None):
    view = DatabaseView("node", node, CryptoSettings(fingerprint=fingerprint))
    try:
        Gate({"node": view}).caller(f"Bearer {token}", None)
    except NotAuthenticated:
        return False
    return True


def grant(path):
    given = {"role": "owner", "subject": "Ada", "lifetime": timedelta(hours=1)}
    return engine.issue_grant(path, PASSPHRASE, **given, now=datetime.now(UTC))[0]


def test_a_grant_under_an_exchanged_sidecar_does_not_count(node, other):
    assert counts(node, grant(node))
    shutil.copy(sidecar_path(other), sidecar_path(node))
    assert not counts(node, grant(other))


def test_a_grant_counts_under_the_pinned_master_key_and_those_after_it_only(node, other):
    pinned = inspect(node).metadata.public_key.fingerprint
    engine.retune(node, PASSPHRASE, params=CHEAP)
    assert counts(node, grant(node), pinned)
    for name in ("node.db", "node.db.crypto.json"):
        shutil.copy(other.with_name(name), node.with_name(name))
    assert counts(node, grant(other))
    assert not counts(node, grant(other), pinned)
