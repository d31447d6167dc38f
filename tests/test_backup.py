"""Backups from outside: made while an application writes, checked without a secret, put back."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import time
from dataclasses import replace

import pytest

import wizard
from tests.databases import PASSPHRASE, make_plain
from tests.killing import each_kill, needs_tracing
from tests.test_changing import OPERATOR, with_operator
from tests.test_initialization import protect
from wizard import engine
from wizard.engine import (
    Busy,
    Cancelled,
    CancelToken,
    Cipher,
    DamagedBackup,
    DamagedDatabase,
    ForeignMetadata,
    InvalidInput,
    NoSpace,
    NotPermitted,
    OlderMetadata,
    OutputExists,
    RolledBackMetadata,
    State,
    TargetAbsent,
    Unreadable,
    UnsupportedVersion,
    WrongPassphrase,
    archive,
    backup_manifest,
    inspect,
    restoring,
    sidecar_path,
    snapshot,
    sodium,
)
from wizard.engine.audit import Audited
from wizard.engine.changing import changing, publish, remember, revised
from wizard.engine.encoding import rendered
from wizard.engine.master_only import master_keys
from wizard.engine.writerlock import WriterLock

NAMES = ("manifest.json", "database.crypto.json", "database.audit.jsonl", "database")
ROWS = "SELECT count(*) FROM customers"


@pytest.fixture
def node(tmp_path):
    """A protected database in a directory of its own."""
    directory = tmp_path / "data"
    directory.mkdir()
    make_plain(directory / "node.db", rows=200)
    protect(directory / "node.db", tmp_path)
    return directory / "node.db"


@pytest.fixture
def saved(node, tmp_path):
    """A backup of it."""
    return engine.backup(node, PASSPHRASE, to=tmp_path / "node.backup").path


def count(path, passphrase=PASSPHRASE, sql=ROWS):
    with wizard.unlock(path, passphrase) as database:
        assert database.connection.pragma("integrity_check") == "ok"
        return database.connection.execute(sql).get


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def revise(node):
    """A change of the sidecar that keeps the master key, as adding an operator is one."""
    with (
        changing(node) as change,
        master_keys(change.metadata, PASSPHRASE, None, allow_high_cost=False) as keys,
    ):
        new = revised(change.metadata)
        publish(change.target, new, keys.master, entry=Audited(node, "retune"))
        assert remember(change.target, new, keys.data_key)


# Made and put back ----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("cipher", list(Cipher))
def test_a_restored_database_is_the_one_of_then(tmp_path, cipher, mode):
    node = make_plain(tmp_path / "node.db", rows=300)
    protect(node, tmp_path, cipher=cipher)
    with wizard.unlock(node, PASSPHRASE) as database:
        database.connection.pragma("journal_mode", mode)
        database.connection.execute("INSERT INTO log VALUES ('in the log')")
        # In WAL mode this is in the log, not in the file, while the backup is made.
        done = engine.backup(node, PASSPHRASE, to=tmp_path / "b")
        database.connection.execute("DELETE FROM customers")
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    assert engine.verify_backup(tmp_path / "b") == replace(done, notes=())
    restored = engine.restore(tmp_path / "b", to=tmp_path / "new" / ".." / "again.db")
    assert restored.path == tmp_path / "again.db"
    assert restored.backup.fingerprint == inspect(node).metadata.public_key.fingerprint
    assert inspect(restored.path).state is State.PROTECTED
    assert restored.sidecar.read_bytes() == sidecar_path(node).read_bytes()
    assert count(restored.path) == 300
    assert count(restored.path, sql="SELECT count(*) FROM log WHERE what = 'in the log'") == 1
    with wizard.unlock(restored.path, PASSPHRASE) as database:
        assert database.connection.pragma("journal_mode") == mode
    assert count(node) == 0
    assert not [name for name in names(tmp_path) if "datafold" in name]


def test_stock_tar_takes_a_protected_database_out_of_it(saved, tmp_path):
    subprocess.run(["tar", "-xf", saved, "-C", tmp_path], check=True)
    assert count(tmp_path / "database") == 200
    with tarfile.open(saved) as stock:
        assert stock.getnames() == list(NAMES)
        manifest = json.load(stock.extractfile("manifest.json"))
    assert manifest["signed"]["format"] == "datafold-backup"


def test_sizes_over_eight_gigabytes_are_read_by_stock_tools():
    for size in (8**11 - 1, 8**11, 2**48):
        block = archive.header("database", size)
        assert archive.size_in(block, "database") == size
        assert tarfile.TarInfo.frombuf(block, "utf-8", "strict").size == size


def test_pages_are_copied_as_they_are_in_encrypted_form(saved):
    data = saved.read_bytes()
    assert b"MARKER" not in data
    assert b"customers" not in data


def test_it_opens_with_the_passphrase_of_then_and_by_the_kit(node, saved, tmp_path):
    with_operator(node)
    restored = engine.restore(saved, to=tmp_path / "again.db")
    assert (restored.backup.generation, restored.backup.revision) == (1, 1)
    with pytest.raises(WrongPassphrase):
        wizard.unlock(restored.path, OPERATOR)
    sheet = (tmp_path / "sheet-1.txt").read_text(encoding="utf-8")
    with wizard.unlock(restored.path, recovery=[sheet]) as database:
        assert database.connection.execute(ROWS).get == 200


def test_the_audit_log_comes_back_where_there_is_none_and_stays_where_there_is_one(
    node, saved, tmp_path
):
    restored = engine.restore(saved, to=tmp_path / "again.db")
    with wizard.unlock(restored.path, PASSPHRASE) as database:
        assert database.warnings == ()
    assert engine.verify_log(restored.path).entries >= 4  # raises for what it finds
    events = [entry.event for entry in engine.read_log(restored.path)]
    assert events[:2] == ["unlock", "restore"]
    assert "initialize" in events
    assert next(iter(engine.read_log(node))).event == "backup"
    for path in (restored.path, restored.sidecar):
        path.unlink()
    engine.restore(saved, to=tmp_path / "again.db")
    assert [entry.event for entry in engine.read_log(restored.path)] == ["restore", *events]


def test_a_log_that_cannot_be_used_is_no_obstacle(node, tmp_path):
    engine.audit_path(node).unlink()
    engine.audit_path(node).mkdir()
    done = engine.backup(node, PASSPHRASE, to=tmp_path / "b")
    assert any("audit log" in note for note in done.notes)
    assert count(engine.restore(tmp_path / "b", to=tmp_path / "again.db").path) == 200


# What is refused, and leaves nothing ------------------------------------------------------------


def test_only_the_master_passphrase_makes_a_backup(node, tmp_path):
    with_operator(node)
    before = names(tmp_path), names(node.parent)
    with pytest.raises(NotPermitted, match="operator Ada"):
        engine.backup(node, OPERATOR, to=tmp_path / "b")
    with pytest.raises(WrongPassphrase):
        engine.backup(node, "wrong", to=tmp_path / "b")
    assert (names(tmp_path), names(node.parent)) == before


def test_what_exists_is_never_overwritten(node, saved, tmp_path):
    def secret():
        raise AssertionError("nothing is asked for when the name is taken")

    for taken in (saved, node, sidecar_path(node)):
        before = taken.read_bytes()
        with pytest.raises(OutputExists):
            engine.backup(node, secret, to=taken)
        with pytest.raises(OutputExists):
            engine.backup_metadata(node, to=taken)
        with pytest.raises(OutputExists):
            engine.restore(saved, to=taken)
        assert taken.read_bytes() == before
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputExists):
        engine.backup(node, secret, to=link)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("suffix", [".crypto.json", "-wal", "-shm", "-journal"])
def test_nothing_may_lie_beside_where_it_is_restored(saved, tmp_path, suffix):
    (tmp_path / f"again.db{suffix}").write_bytes(b"of another time")
    before = names(tmp_path)
    with pytest.raises(OutputExists, match=suffix):
        engine.restore(saved, to=tmp_path / "again.db")
    assert names(tmp_path) == before


def test_a_name_that_was_taken_meanwhile_is_not_overwritten(node, saved, tmp_path):
    def take(path):
        def progress(event):
            if event.stage is engine.Stage.COPY:
                path.write_bytes(b"somebody else's")

        return progress

    with pytest.raises(OutputExists):
        engine.backup(node, PASSPHRASE, to=tmp_path / "b", progress=take(tmp_path / "b"))
    with pytest.raises(OutputExists):
        engine.restore(saved, to=tmp_path / "again.db", progress=take(tmp_path / "again.db"))
    assert (tmp_path / "b").read_bytes() == b"somebody else's"
    assert (tmp_path / "again.db").read_bytes() == b"somebody else's"
    assert not [name for name in names(tmp_path) if name.startswith((".", "again.db."))]


@pytest.mark.parametrize("stage", ["derive", "copy", "check"])
def test_cancelling_leaves_nothing(node, saved, tmp_path, stage):
    def run(verb):
        token = CancelToken()

        def progress(event):
            if event.stage == stage:
                token.cancel()

        before = names(tmp_path), names(node.parent)
        with pytest.raises(Cancelled):
            verb(progress=progress, cancel=token)
        assert (names(tmp_path), names(node.parent)) == before

    run(lambda **how: engine.backup(node, PASSPHRASE, to=tmp_path / "b", **how))
    if stage == "copy":
        run(lambda **how: engine.restore(saved, to=tmp_path / "again.db", **how))


def test_without_room_nothing_is_begun(node, saved, tmp_path, monkeypatch):
    before = names(tmp_path)
    monkeypatch.setattr(snapshot, "available_in", lambda _directory: 50_000)
    with pytest.raises(NoSpace):
        engine.backup(node, PASSPHRASE, to=tmp_path / "b")
    monkeypatch.setattr(restoring, "available_in", lambda _directory: 1_000)
    with pytest.raises(NoSpace):
        engine.restore(saved, to=tmp_path / "again.db")
    assert names(tmp_path) == before


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(node, saved, tmp_path, monkeypatch):
    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    before = names(tmp_path)
    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(NoSpace):
        engine.backup(node, PASSPHRASE, to=tmp_path / "b")
    with pytest.raises(NoSpace):
        engine.restore(saved, to=tmp_path / "again.db")
    assert names(tmp_path) == before


def test_where_the_kernel_does_not_copy_it_is_done_by_hand(node, tmp_path, monkeypatch):
    def refuse(*_arguments):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    engine.backup(node, PASSPHRASE, to=tmp_path / "b")
    assert count(engine.restore(tmp_path / "b", to=tmp_path / "again.db").path) == 200


def test_a_damaged_page_is_found_when_it_is_backed_up(node, tmp_path):
    data = bytearray(node.read_bytes())
    data[len(data) // 2] ^= 1
    node.write_bytes(data)
    before = names(tmp_path)
    with pytest.raises(DamagedDatabase):
        engine.backup(node, PASSPHRASE, to=tmp_path / "b")
    assert names(tmp_path) == before


def test_the_directory_must_be_one_that_can_be_used(node, saved, tmp_path):
    for there in (tmp_path / "none" / "b", node / "b"):
        with pytest.raises(Unreadable):
            engine.backup(node, PASSPHRASE, to=there)
        with pytest.raises(Unreadable):
            engine.restore(saved, to=there)
    with pytest.raises(FileNotFoundError):
        engine.restore(tmp_path / "none", to=tmp_path / "again.db")
    with pytest.raises(Unreadable):
        engine.verify_backup(tmp_path)


def test_while_the_keys_are_changed_no_backup_begins(node, tmp_path):
    with WriterLock(node), pytest.raises(Busy):
        engine.backup(node, PASSPHRASE, to=tmp_path / "b")


def test_what_a_killed_run_has_left_is_removed(node, saved, tmp_path):
    left = (".datafold-backup-{}", ".datafold-backup-{}.tar")
    identifier = inspect(node).metadata.database_id.hex()
    for name in left:
        (tmp_path / name.format(identifier)).write_bytes(b"left")
    engine.backup(node, PASSPHRASE, to=tmp_path / "b")
    assert not [name for name in names(tmp_path) if name.startswith(".")]


# While an application writes --------------------------------------------------------------------

WRITER = """
import os, sys, wizard
path, passphrase, mode, stop = sys.argv[1:]
with wizard.unlock(path, passphrase) as database:
    connection = database.connection
    connection.set_busy_timeout(5000)  # what Python's sqlite3 waits by default
    connection.pragma("journal_mode", mode)
    connection.pragma("synchronous", "off")
    print("writing", flush=True)
    written = 0
    while not os.path.exists(stop):
        with connection:  # each pair is written in one transaction
            connection.execute("INSERT INTO pair VALUES (?, 'left')", (written,))
            connection.execute("INSERT INTO pair VALUES (?, 'right')", (written,))
        written += 1
print(written, flush=True)
"""


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    directory = tmp_path_factory.mktemp("million")
    path = directory / "node.db"
    protect(path, directory)
    with wizard.unlock(path, PASSPHRASE) as database:
        connection = database.connection
        connection.pragma("synchronous", "off")
        connection.execute("CREATE TABLE event(id INTEGER PRIMARY KEY, what TEXT, amount INTEGER)")
        connection.execute("CREATE TABLE pair(number INTEGER, side TEXT)")
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
            " INSERT INTO event SELECT i, 'event number ' || i, i % 977 FROM n"
        )
    return path


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_million_rows_are_backed_up_while_an_application_writes(million, tmp_path, mode):
    stop = tmp_path / "stop"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, million, PASSPHRASE, mode, stop],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert writer.stdout.readline() == "writing\n", writer.stderr.read()
        time.sleep(0.3)
        done = engine.backup(million, PASSPHRASE, to=tmp_path / "b")
        time.sleep(0.1)
    finally:
        stop.touch()
        out, err = writer.communicate(timeout=60)
    assert (writer.returncode, err) == (0, "")
    written = int(out)
    restored = engine.restore(tmp_path / "b", to=tmp_path / "again.db")
    assert done.database_size == restored.path.stat().st_size
    assert count(restored.path, sql="SELECT count(*) FROM event") == 1_000_000
    left, right, pairs = (
        count(restored.path, sql=sql)
        for sql in (
            "SELECT count(*) FROM pair WHERE side = 'left'",
            "SELECT count(*) FROM pair WHERE side = 'right'",
            "SELECT count(DISTINCT number) FROM pair",
        )
    )
    assert left == right  # of one moment, not of several
    assert 0 < pairs < written + 100_000 * (mode == "delete")


# Crypto metadata alone ---------------------------------------------------------------------------


def test_the_sidecar_is_saved_without_a_secret_and_verified_like_a_backup(node, tmp_path):
    done = engine.backup_metadata(node, to=tmp_path / "m.json")
    assert done.kind is engine.BackupKind.METADATA
    assert (tmp_path / "m.json").read_bytes() == sidecar_path(node).read_bytes()
    assert stat.S_IMODE((tmp_path / "m.json").stat().st_mode) == 0o600
    assert engine.verify_backup(tmp_path / "m.json") == done
    with pytest.raises(InvalidInput, match="metadata alone"):
        engine.restore(tmp_path / "m.json", to=tmp_path / "again.db")
    data = bytearray((tmp_path / "m.json").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad.json").write_bytes(data)
    with pytest.raises(DamagedBackup):
        engine.verify_backup(tmp_path / "bad.json")


@pytest.mark.parametrize("how", ["sidecar", "backup", "sidecar, proved", "backup, proved"])
@pytest.mark.parametrize("loss", ["lost", "damaged", "another's"])
def test_a_lost_or_damaged_sidecar_is_brought_back(node, saved, tmp_path, how, loss):
    alone = how.startswith("sidecar")
    file = engine.backup_metadata(node, to=tmp_path / "m").path if alone else saved
    proved = how.endswith("proved")
    there, sidecar = sidecar_path(node).read_bytes(), sidecar_path(node)
    if loss == "lost":
        sidecar.unlink()
    elif loss == "damaged":
        sidecar.write_bytes(there[:-30])
    else:
        protect(tmp_path / "other.db", tmp_path)
        shutil.copy(sidecar_path(tmp_path / "other.db"), sidecar)
    bad = sidecar.read_bytes() if sidecar.exists() else None
    done = engine.restore_metadata(file, node, passphrase=PASSPHRASE if proved else None)
    assert sidecar.read_bytes() == there
    assert done.proved is proved
    assert (None if done.kept is None else done.kept.read_bytes()) == bad
    assert count(node) == 200
    assert done.changed
    again = engine.restore_metadata(file, node)
    assert (again.changed, again.kept) == (False, None)


def test_a_sidecar_of_another_database_is_refused(node, saved, tmp_path):
    make_plain(tmp_path / "other.db")
    protect(tmp_path / "other.db", tmp_path)
    there = sidecar_path(tmp_path / "other.db")
    before = names(tmp_path), there.read_bytes()
    for secret in (None, PASSPHRASE):
        with pytest.raises(ForeignMetadata):
            engine.restore_metadata(saved, tmp_path / "other.db", passphrase=secret)
    assert (names(tmp_path), there.read_bytes()) == before


@pytest.mark.parametrize("secret", [None, PASSPHRASE], ids=["unproved", "proved"])
def test_one_of_before_the_data_key_was_changed_is_told_as_that(node, saved, secret):
    engine.rotate(node, PASSPHRASE)
    sidecar_path(node).unlink()
    with pytest.raises(ForeignMetadata, match="of this one before its data key was changed"):
        engine.restore_metadata(saved, node, passphrase=secret)
    assert not sidecar_path(node).exists()


def test_an_older_sidecar_is_refused_unless_older_is_meant(node, tmp_path):
    old = engine.backup_metadata(node, to=tmp_path / "old").path
    revise(node)
    there = sidecar_path(node).read_bytes()
    with pytest.raises(OlderMetadata, match=r"revision 1 .* revision 2"):
        engine.restore_metadata(old, node)
    assert sidecar_path(node).read_bytes() == there
    sidecar_path(node).unlink()
    with pytest.raises(OlderMetadata, match="has seen"):
        engine.restore_metadata(old, node, passphrase=PASSPHRASE)
    assert not sidecar_path(node).exists()
    # Without the passphrase nobody can know; the database itself finds out.
    engine.restore_metadata(old, node)
    with pytest.raises(RolledBackMetadata):
        wizard.unlock(node, PASSPHRASE)
    done = engine.restore_metadata(old, node, passphrase=PASSPHRASE, allow_older=True)
    assert done.revision == 1
    assert count(node) == 200


def test_a_newer_sidecar_takes_the_place_of_an_older_one(node, tmp_path):
    first = sidecar_path(node).read_bytes()
    revise(node)
    new = engine.backup_metadata(node, to=tmp_path / "new").path
    sidecar_path(node).write_bytes(first)
    done = engine.restore_metadata(new, node)
    assert done.kept.read_bytes() == first
    assert count(node) == 200


def test_where_no_lock_can_be_taken_a_backup_is_made_without(node, tmp_path):
    """As on a full disk or a read-only file system; what changes keys is refused there."""
    (node.parent / f".{node.name}.datafold-lock").mkdir()
    whole = engine.backup(node, PASSPHRASE, to=tmp_path / "whole").path
    alone = engine.backup_metadata(node, to=tmp_path / "alone").path
    assert engine.verify_backup(whole).generation == engine.verify_backup(alone).generation == 1
    with pytest.raises(Unreadable):
        engine.change_passphrase(node, PASSPHRASE, "another passphrase of 6 words")


def test_the_key_in_force_is_told_before_the_database_itself_has_seen_it(node, tmp_path):
    """A newer sidecar was restored, and nobody has opened the database for writing since."""
    old = engine.backup_metadata(node, to=tmp_path / "old").path
    there = engine.change_passphrase(node, PASSPHRASE, "another passphrase of 6 words")
    new = engine.backup_metadata(node, to=tmp_path / "new").path
    engine.restore_metadata(old, node, passphrase=PASSPHRASE, allow_older=True)
    engine.restore_metadata(new, node)
    with wizard.unlock(node, "another passphrase of 6 words", readonly=True) as database:
        assert database.identity.generation == 1
        assert (database.fingerprint, database.generation) == (there.fingerprint, 2)


def test_a_wrong_passphrase_puts_nothing_back(node, saved):
    sidecar_path(node).unlink()
    with pytest.raises(WrongPassphrase):
        engine.restore_metadata(saved, node, passphrase="wrong")
    assert not sidecar_path(node).exists()


def test_only_beside_an_encrypted_file(saved, tmp_path):
    make_plain(tmp_path / "plain.db")
    with pytest.raises(engine.NotProtected):
        engine.restore_metadata(saved, tmp_path / "plain.db")
    with pytest.raises(TargetAbsent):
        engine.restore_metadata(saved, tmp_path / "none.db")


# Tampering ---------------------------------------------------------------------------------------


def parts(data):
    """The members of a backup as [name, content], in order."""
    with tarfile.open(fileobj=io.BytesIO(data)) as stock:
        return [[each.name, stock.extractfile(each).read()] for each in stock.getmembers()]


def packed(members):
    out = b""
    for name, content in members:
        out += archive.header(name, len(content)) + content + bytes(-len(content) % 512)
    return out + bytes(1024)


def refused(tmp_path, data, error=DamagedBackup):
    """Verifying refuses it, and so does restoring, which leaves nothing."""
    file = tmp_path / "tampered"
    file.write_bytes(data)
    before = names(tmp_path)
    with pytest.raises(error):
        engine.verify_backup(file)
    with pytest.raises(error):
        engine.restore(file, to=tmp_path / "again.db")
    assert names(tmp_path) == before


def stock_archive(members, **facts):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=facts.pop("format", tarfile.USTAR_FORMAT)) as t:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for fact, value in facts.items():
                setattr(entry, fact, value)
            t.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def linked(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, content in members[:3]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            t.addfile(entry, io.BytesIO(content))
        entry = tarfile.TarInfo("database")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        t.addfile(entry)
    return out.getvalue()


TAMPERINGS = {
    "manifest of another backup": lambda a, b: packed([b[0], *a[1:]]),
    "metadata of another backup": lambda a, b: packed([a[0], b[1], *a[2:]]),
    "audit log of another backup": lambda a, b: packed([*a[:2], b[2], a[3]]),
    "database of another backup": lambda a, b: packed([*a[:3], b[3]]),
    "all but the manifest of another": lambda a, b: packed([a[0], *b[1:]]),
    "all but the database of another": lambda a, b: packed([*b[:3], a[3]]),
    "wrong order": lambda a, _: packed([a[1], a[0], *a[2:]]),
    "database before metadata": lambda a, _: packed([a[0], a[3], a[2], a[1]]),
    "a member twice": lambda a, _: packed([*a, a[3]]),
    "a member missing": lambda a, _: packed(a[:3]),
    "no audit log": lambda a, _: packed([*a[:2], [a[2][0], b""], a[3]]),
    "another member": lambda a, _: packed([*a, ["extra", b"x"]]),
    "another name": lambda a, _: packed([*a[:3], ["../database", a[3][1]]]),
    "a link": lambda a, _: linked(a),
    "an owner": lambda a, _: stock_archive(a, uid=1000),
    "a name of an owner": lambda a, _: stock_archive(a, uname="root"),
    "a time": lambda a, _: stock_archive(a, mtime=1),
    "pax headers": lambda a, _: stock_archive(a, format=tarfile.PAX_FORMAT, mtime=1.5),
    "stock padding": lambda a, _: stock_archive(a, mode=0o600),
    "trailing data": lambda a, _: packed(a) + b"x",
    "trailing zeros": lambda a, _: packed(a) + bytes(512),
    "a shorter end": lambda a, _: packed(a)[:-512],
    "an end that is not zero": lambda a, _: packed(a)[:-1] + b"x",
    "a longer database": lambda a, _: packed([*a[:3], ["database", a[3][1] + bytes(4096)]]),
    "a shorter database": lambda a, _: packed([*a[:3], ["database", a[3][1][:-4096]]]),
    "no database": lambda a, _: packed([*a[:3], ["database", b""]]),
    "metadata that are empty": lambda a, _: packed([a[0], [a[1][0], b""], *a[2:]]),
    "manifest over the limit": lambda a, _: packed([[a[0][0], a[0][1] + b" " * 70_000], *a[1:]]),
    "empty": lambda _a, _b: b"",
    "zeros": lambda _a, _b: bytes(10240),
    "text": lambda _a, _b: b"not a backup\n" * 100,
}


@pytest.fixture(scope="module")
def backups(tmp_path_factory):
    """Members of backups: before and after a change of the sidecar, and of another database."""
    directory = tmp_path_factory.mktemp("tampered")
    node = make_plain(directory / "node.db", rows=5)
    protect(node, directory)
    engine.backup(node, PASSPHRASE, to=directory / "first")
    with wizard.unlock(node, PASSPHRASE) as database:
        database.connection.execute("UPDATE customers SET name = 'changed'")
    engine.backup(node, PASSPHRASE, to=directory / "later")
    revise(node)
    engine.backup(node, PASSPHRASE, to=directory / "revised")
    shutil.copy(directory / "sheet-1.txt", directory / "kept-sheet")
    make_plain(directory / "other.db", rows=5)
    protect(directory / "other.db", directory)
    engine.backup(directory / "other.db", PASSPHRASE, to=directory / "other")
    files = {name: directory / name for name in ("first", "later", "revised", "other")}
    return {name: parts(file.read_bytes()) for name, file in files.items()}


def test_repacking_is_the_identity(backups, tmp_path):
    (tmp_path / "b").write_bytes(packed(backups["first"]))
    assert engine.verify_backup(tmp_path / "b").kind is engine.BackupKind.DATABASE


@pytest.mark.parametrize("tampering", TAMPERINGS)
@pytest.mark.parametrize("other", ["later", "revised", "other"])
def test_tampering_is_refused(backups, tmp_path, tampering, other):
    one, two = backups["first"], backups[other]
    data = TAMPERINGS[tampering](one, two)
    if data in (packed(one), packed(two)):
        pytest.skip("between backups of the same metadata that is the other backup itself")
    refused(tmp_path, data)


def test_a_backup_cut_off_anywhere_is_refused(backups, tmp_path):
    data = packed(backups["first"])
    for length in {*range(0, 6000, 97), *range(0, len(data), 1013), len(data) - 1}:
        (tmp_path / "cut").write_bytes(data[:length])
        with pytest.raises(DamagedBackup):
            engine.verify_backup(tmp_path / "cut")


def test_every_changed_byte_is_refused(backups, tmp_path):
    data = packed(backups["first"])
    database_at = len(data) - 1024 - len(backups["first"][3][1])
    manifest_ends = 512 + len(backups["first"][0][1])
    positions = [
        *range(manifest_ends),
        *range(manifest_ends, database_at, 5),
        *range(database_at, len(data), 509),
        len(data) - 1,
    ]
    file = tmp_path / "flipped"
    file.write_bytes(data)
    with file.open("r+b") as out:
        for position in positions:
            # 0x20: a capital for a small letter.
            for bit in (1, 0x20) if position < manifest_ends else (1,):
                out.seek(position)
                out.write(bytes([data[position] ^ bit]))
                out.flush()
                # A whole pass for each: DamagedBackup, or a newer version where a digit became one.
                with pytest.raises((DamagedBackup, UnsupportedVersion)):
                    engine.verify_backup(file)
            out.seek(position)
            out.write(data[position : position + 1])
            out.flush()
    engine.verify_backup(file)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"version": 2}, UnsupportedVersion),
        ({"format": "datafold-crypto-metadata"}, DamagedBackup),
        ({"generation": 2}, DamagedBackup),
        ({"revision": 2}, DamagedBackup),
        ({"database_id": "00" * 16}, DamagedBackup),
        ({"created_at": "yesterday"}, DamagedBackup),
        ({"more": 1}, DamagedBackup),
        ({"tool": ""}, DamagedBackup),
        ({"database": {"size": 0, "digest": "00" * 32}}, DamagedBackup),
        ({"database": {"size": 2**49, "digest": "00" * 32}}, DamagedBackup),
        ({"metadata": {"size": 2**22, "digest": "00" * 32}}, DamagedBackup),
    ],
)
def test_a_manifest_with_other_facts_is_refused(backups, tmp_path, change, error):
    manifest, *rest = backups["first"]
    document = json.loads(manifest[1])
    document["signed"] |= change
    refused(tmp_path, packed([[manifest[0], rendered(document)], *rest]), error)


def test_a_manifest_signed_for_another_purpose_or_by_another_key_is_refused(backups, tmp_path):
    manifest, *rest = backups["first"]
    document = json.loads(manifest[1])
    for signature in (
        json.loads(backups["first"][1][1])["signature"],
        json.loads(backups["other"][0][1])["signature"],
        "00" * 64,
    ):
        forged = rendered({**document, "signature": signature})
        refused(tmp_path, packed([[manifest[0], forged], *rest]))


def signed_with(node, members, **change):
    """A manifest by the right key that says something that is not so."""
    with (
        changing(node) as held,
        master_keys(held.metadata, PASSPHRASE, None, allow_high_cost=False) as keys,
    ):
        claim = backup_manifest.read_manifest(members[0][1])
        manifest = replace(claim.manifest, **change)
        return [[members[0][0], backup_manifest.sign_manifest(manifest, keys.master)], *members[1:]]


@pytest.mark.parametrize(
    "change",
    [{"database_id": bytes(16)}, {"generation": 2}, {"revision": 7}],
    ids=lambda change: next(iter(change)),
)
def test_even_signed_it_must_agree_with_the_metadata(node, saved, tmp_path, change):
    members = signed_with(node, parts(saved.read_bytes()), **change)
    refused(tmp_path, packed(members))


def test_even_signed_the_database_must_be_the_one_of_the_metadata(node, saved, tmp_path):
    members = parts(saved.read_bytes())
    other = os.urandom(16) + members[3][1][16:]
    digest = sodium.digest(other)
    members[3][1] = other
    part = backup_manifest.Part(len(other), digest)
    refused(tmp_path, packed(signed_with(node, members, database=part)))
    odd = backup_manifest.Part(len(other) - 512, digest)
    members[3][1] = other[:-512]
    refused(tmp_path, packed(signed_with(node, members, database=odd)))


def test_memory_does_not_grow_with_the_backup(tmp_path):
    node = tmp_path / "node.db"
    protect(node, tmp_path)
    with wizard.unlock(node, PASSPHRASE) as database:
        database.connection.pragma("synchronous", "off")
        database.connection.execute("CREATE TABLE b(x)")
        database.connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
            " INSERT INTO b SELECT zeroblob(1000000) FROM n"
        )
    code = """
import re, sys
from pathlib import Path
from wizard import engine
engine.backup(sys.argv[1], sys.argv[2], to=sys.argv[3])
engine.verify_backup(sys.argv[3])
engine.restore(sys.argv[3], to=sys.argv[4])
# Not getrusage: what it says of a new process includes the peak of the one that started it.
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, node, PASSPHRASE, tmp_path / "b", tmp_path / "again.db"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 150


# Killed ------------------------------------------------------------------------------------------


@needs_tracing
def test_a_backup_killed_anywhere_leaves_the_database_and_no_half_file(node, tmp_path):
    work = tmp_path / "work"
    for _operation in each_kill(
        lambda: engine.backup(work / "node.db", PASSPHRASE, to=work / "b"),
        work,
        node.parent,
        sample=14,
    ):
        if (work / "b").exists():
            engine.verify_backup(work / "b")
            (work / "b").unlink()
        done = engine.backup(work / "node.db", PASSPHRASE, to=work / "b")
        assert engine.verify_backup(work / "b").size == done.size
        assert not [name for name in names(work) if name.startswith(".datafold-backup")]
    assert count(work / "node.db") == 200


@needs_tracing
def test_a_restoration_killed_anywhere_is_done_again(saved, tmp_path):
    work, pristine = tmp_path / "work", tmp_path / "pristine"
    pristine.mkdir()
    shutil.copy(saved, pristine / "b")
    for _operation in each_kill(
        lambda: engine.restore(work / "b", to=work / "again.db"), work, pristine, sample=14
    ):
        if inspect(work / "again.db").state is not State.PROTECTED:
            assert inspect(work / "again.db").state in (State.ABSENT, State.INTERRUPTED)
            engine.restore(work / "b", to=work / "again.db")
        assert inspect(work / "again.db").state is State.PROTECTED
        with wizard.unlock(work / "again.db", PASSPHRASE) as database:
            assert database.connection.execute(ROWS).get == 200
    left = set(names(work)) - {".again.db.datafold-lock"}  # of a dead process: no obstacle
    assert left == {"again.db", "again.db.audit.jsonl", "again.db.crypto.json", "b"}


@needs_tracing
def test_putting_a_sidecar_back_killed_anywhere_can_be_done_again(node, saved, tmp_path):
    work = tmp_path / "work"
    (sidecar_path(node)).write_bytes(b"damaged")
    for _operation in each_kill(
        lambda: engine.restore_metadata(saved, work / "node.db"), work, node.parent, sample=14
    ):
        engine.restore_metadata(saved, work / "node.db")
        assert inspect(work / "node.db").state is State.PROTECTED
    assert count(work / "node.db") == 200
