import os
import shutil
import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing
from functools import partial
from pathlib import Path

import apsw
import pytest

from tests.conversion_cases import IDENTITY, MARKER, build, convert, names
from wizard import freed
from wizard.engine import keyed, keytext
from wizard.engine.conversion import PlaintextSource
from wizard.engine.errors import (
    Busy,
    Cancelled,
    DamagedDatabase,
    NotVerified,
    OutputExists,
    TargetAbsent,
    Unreadable,
    VerificationFailed,
)
from wizard.engine.filehead import FileKind, read_head
from wizard.engine.progress import CancelToken
from wizard.engine.secret import Secret
from wizard.engine.sqlite import (
    Cipher,
    InnerIdentity,
    KeyRefused,
    classify,
    create_encrypted,
    file_salt,
    integrity,
    looks_encrypted_by_us,
    open_keyed,
    plaintext_left,
    prove_sealed,
    read_identity,
    recommended_cipher,
    remove_plaintext,
    row_counts,
    write_identity,
)
from wizard.engine.throughput import cipher_throughput
from wizard.selftest.acting import run_for

SHAPES = [(cipher, size) for cipher in Cipher for size in (1024, 4096, 65536)]


@pytest.fixture
def key():
    with Secret.random(32) as secret:
        yield secret


@pytest.fixture(params=SHAPES, ids=str)
def shape(request):
    return request.param


@pytest.fixture
def made(tmp_path, key, shape):
    """An encrypted database with one table, and how to open it."""
    cipher, page_size = shape
    path = tmp_path / "node.db"
    create_encrypted(path, key=key, cipher=cipher, identity=IDENTITY, page_size=page_size)
    how = {"key": key, "cipher": cipher, "page_size": page_size}
    with closing(open_keyed(path, **how)) as connection:
        connection.execute("CREATE TABLE t (a); CREATE INDEX by_a ON t (a)")
        connection.executemany(
            "INSERT INTO t VALUES (?)", ((f"{MARKER} {n:06}" * 30,) for n in range(300))
        )
    return path, how


# Creating and opening --------------------------------------------------------------------------


def test_what_was_created_opens_again(made, shape):
    path, how = made
    with closing(open_keyed(path, **how)) as connection:
        assert connection.execute("SELECT count(*) FROM t").get == 300
        assert connection.pragma("page_size") == shape[1]
        assert connection.pragma("temp_store") == 2
        assert read_identity(connection) == IDENTITY
        assert row_counts(connection) == {"t": 300}
        integrity(connection)
    assert names(path.parent) == ["node.db"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert MARKER.encode() not in path.read_bytes()


def test_another_key_and_no_key_are_refused(made):
    path, how = made
    with Secret.random(32) as other, pytest.raises(KeyRefused):
        open_keyed(path, **{**how, "key": other})
    with closing(sqlite3.connect(path)) as plain, pytest.raises(sqlite3.DatabaseError):
        plain.execute("SELECT * FROM t")
    for cipher in set(Cipher) - {how["cipher"]}:
        with pytest.raises(NotVerified):
            open_keyed(path, **{**how, "cipher": cipher})
    prove_sealed(path, **how)


def test_the_salt_stays_the_same(made):
    path, how = made
    salt = file_salt(path)
    with closing(open_keyed(path, **how)) as connection:
        connection.execute("DELETE FROM t WHERE rowid % 2")
        connection.execute("VACUUM")
        connection.pragma("journal_mode", "wal")
        connection.execute("INSERT INTO t VALUES (1)")
    assert file_salt(path) == salt == path.read_bytes()[:16]


def test_each_database_has_a_salt_of_its_own(tmp_path, key):
    for name in ("a.db", "b.db"):
        create_encrypted(tmp_path / name, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    assert file_salt(tmp_path / "a.db") != file_salt(tmp_path / "b.db")


def test_forked_processes_draw_nonces_of_their_own(made):
    """Under one data key: the same row written by two children must not look the same.

    SQLite3 Multiple Ciphers went on with its parent's random numbers before apsw-sqlite3mc 3.54.
    """
    path, how = made
    copies = [path.with_name(name) for name in ("one.db", "two.db")]
    with how["key"].expose() as view:
        raw = bytes(view)  # a secret itself does not survive a fork

    def write(copy):
        with (
            Secret.copy_of(raw) as own,
            closing(open_keyed(copy, **{**how, "key": own})) as connection,
        ):
            connection.execute("INSERT INTO t VALUES (1)")

    for copy in copies:
        shutil.copy(path, copy)
    write(path)
    for copy in copies:
        run_for(partial(write, copy), None)
    one, two = (copy.read_bytes() for copy in copies)
    assert len(one) == len(two)
    assert one != two


def test_every_changed_page_is_found(made, shape):
    path, how = made
    page_size = shape[1]
    sound = path.read_bytes()
    for page in range(len(sound) // page_size):
        damaged = bytearray(sound)
        damaged[page * page_size + page_size // 2] ^= 1
        path.write_bytes(damaged)
        with pytest.raises((DamagedDatabase, KeyRefused)), closing(open_keyed(path, **how)) as c:
            integrity(c)
    path.write_bytes(sound)
    with closing(open_keyed(path, **how)) as connection:
        integrity(connection)


@pytest.mark.parametrize("length", [0, 1, 15, 100, 4095, 4096, 8192 + 7])
def test_a_truncated_database_is_damaged(tmp_path, key, length):
    for cipher in Cipher:
        path = tmp_path / f"{cipher}.db"
        how = {"key": key, "cipher": cipher, "page_size": 4096}
        create_encrypted(path, identity=IDENTITY, **how)
        with closing(open_keyed(path, **how)) as connection:
            connection.execute("CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(20000))")
        os.truncate(path, length)
        with pytest.raises((DamagedDatabase, KeyRefused)), closing(open_keyed(path, **how)) as c:
            integrity(c)


def test_targets_that_do_not_open(tmp_path, key):
    how = {"key": key, "cipher": Cipher.AEGIS, "page_size": 4096}
    build(tmp_path / "plain", "CREATE TABLE t (a)")
    (tmp_path / "noise").write_bytes(os.urandom(8192))
    (tmp_path / "empty").touch()
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name, error in (
        ("absent", TargetAbsent),
        ("directory/below", TargetAbsent),
        ("plain", KeyRefused),
        ("noise", KeyRefused),
        ("empty", DamagedDatabase),
        ("directory", Unreadable),
        ("fifo", Unreadable),
        (os.fsdecode(b"caf\xe9"), TargetAbsent),
    ):
        with pytest.raises(error):
            open_keyed(tmp_path / name, **how)
    assert names(tmp_path) == ["directory", "empty", "fifo", "noise", "plain"]


def test_a_name_that_is_not_utf8_is_refused(tmp_path, key):
    path = tmp_path / os.fsdecode(b"caf\xe9")
    with pytest.raises(Unreadable, match="UTF-8"):
        create_encrypted(path, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    assert names(tmp_path) == []


def test_creating_overwrites_nothing(tmp_path, key):
    path = tmp_path / "node.db"
    path.touch()
    with pytest.raises(OutputExists):
        create_encrypted(path, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputExists):
        create_encrypted(tmp_path / "link", key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    with pytest.raises(Unreadable):
        create_encrypted(tmp_path / "no" / "a", key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    assert names(tmp_path) == ["link", "node.db"]


def test_a_failed_creation_leaves_nothing(tmp_path, key, monkeypatch):
    def fail(*_arguments, **_options):
        raise VerificationFailed("not sealed")

    monkeypatch.setattr("wizard.engine.sqlite.prove_sealed", fail)
    with pytest.raises(VerificationFailed):
        create_encrypted(tmp_path / "node.db", key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    assert names(tmp_path) == []


def test_a_file_that_opens_with_any_key_is_not_sealed(tmp_path, key, monkeypatch):
    path = tmp_path / "node.db"
    how = {"key": key, "cipher": Cipher.AEGIS, "page_size": 4096}
    create_encrypted(path, identity=IDENTITY, **how)
    real = open_keyed
    monkeypatch.setattr(
        "wizard.engine.sqlite.open_keyed",
        lambda where, **options: real(where, **{**options, "key": key}),
    )
    with pytest.raises(VerificationFailed, match="not its own"):
        prove_sealed(path, **how)


def test_a_locked_database_is_busy(made, monkeypatch):
    path, how = made
    monkeypatch.setattr(keyed, "WAIT_MILLISECONDS", 10)
    with closing(open_keyed(path, **how)) as first:
        first.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Busy):
            open_keyed(path, **how)


# Reading only ----------------------------------------------------------------------------------


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_reading_only(made, journal_mode):
    path, how = made
    with closing(open_keyed(path, **how)) as writer:
        writer.pragma("journal_mode", journal_mode)
        writer.execute("INSERT INTO t VALUES ('last')")
        with closing(open_keyed(path, readonly=True, **how)) as reader:
            assert reader.execute("SELECT a FROM t ORDER BY rowid DESC").fetchone() == ("last",)
            with pytest.raises(apsw.ReadOnlyError):
                reader.execute("DELETE FROM t")
    with closing(open_keyed(path, readonly=True, **how)) as reader:
        integrity(reader)


def test_reading_only_what_a_killed_writer_left_in_its_log(tmp_path):
    path = build(tmp_path / "node.db", "CREATE TABLE t (a)", wal=True)
    key = os.urandom(32)
    with subprocess.Popen(
        [sys.executable, "-c", OPEN, str(path), "aegis"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdin.write(key)
        process.stdin.flush()
        process.stdout.readline()
        process.kill()
    log = path.with_name("node.db-wal")
    assert log.stat().st_size > 0
    with Secret.copy_of(key) as secret:
        how = {"key": secret, "cipher": Cipher.AEGIS, "page_size": 4096}
        with closing(open_keyed(path, readonly=True, **how)) as reader:
            assert reader.execute("SELECT a FROM t").fetchall() == [("in the log",)]
    assert b"in the log" not in log.read_bytes()


ROW = "SELECT {} AS database_id, {} AS generation, zeroblob(32) AS master_public_key"
INSTEAD = "DROP TABLE datafold_crypto; CREATE TABLE datafold_crypto AS "
TEXT_ID = ROW.format("'sixteen letters!'", 1)
ZEROTH = ROW.format("zeroblob(16)", 0)
FIRST = ROW.format("zeroblob(16)", 1)


# The identity ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tampering",
    [
        "DROP TABLE datafold_crypto",
        "DELETE FROM datafold_crypto",
        "UPDATE datafold_crypto SET database_id = x'00'",
        "UPDATE datafold_crypto SET master_public_key = zeroblob(31)",
        "DROP TABLE datafold_crypto; CREATE TABLE datafold_crypto (a)",
        INSTEAD + TEXT_ID,
        INSTEAD + ZEROTH,
        INSTEAD + f"{FIRST} UNION ALL {FIRST}",
    ],
)
def test_an_identity_that_is_not_ours_is_refused(tmp_path, key, tampering):
    path = tmp_path / "node.db"
    create_encrypted(path, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    with closing(open_keyed(path, key=key, cipher=Cipher.AEGIS, page_size=4096)) as connection:
        connection.execute(tampering).close()
        with pytest.raises(DamagedDatabase, match="datafold_crypto"):
            read_identity(connection)


def test_an_identity_is_replaced(tmp_path, key):
    path = tmp_path / "node.db"
    create_encrypted(path, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    second = InnerIdentity(IDENTITY.database_id, 2, os.urandom(32))
    with closing(open_keyed(path, key=key, cipher=Cipher.AEGIS, page_size=4096)) as connection:
        write_identity(connection, second)
    with closing(open_keyed(path, key=key, cipher=Cipher.AEGIS, page_size=4096)) as connection:
        assert read_identity(connection) == second


# Keys in memory --------------------------------------------------------------------------------


def test_the_text_of_a_key_is_overwritten():
    with Secret.copy_of(bytes(range(32))) as secret:
        with keytext.keyed_text("key=", secret, "!") as text:
            assert text == f"key={bytes(range(32)).hex()}!"
        assert text == "\0" * 69


def test_the_text_is_overwritten_after_an_error_too():
    with Secret.copy_of(bytes(32)) as secret:
        with pytest.raises(ZeroDivisionError), keytext.keyed_text("", secret) as text:
            raise ZeroDivisionError
        assert text == "\0" * 64


OPEN = """
import sys
from pathlib import Path
from tests.conversion_cases import IDENTITY
from wizard.engine.conversion import PlaintextSource
from wizard.engine.secret import Secret
from wizard.engine.sqlite import Cipher, open_keyed
key = Secret.take(bytearray(sys.stdin.buffer.read(32)))
path, cipher = Path(sys.argv[1]), Cipher(sys.argv[2])
with PlaintextSource(path) as source:
    report = source.encrypt_into(path.with_name("staged"), key=key, cipher=cipher, identity=IDENTITY)
    source.verify(path.with_name("staged"), key=key, cipher=cipher)
    source.replace(path.with_name("staged"), keep_as=path.with_name("kept"))
connection = open_keyed(path, key=key, cipher=cipher, page_size=report.page_size)
connection.execute("INSERT INTO t VALUES ('in the log')")
print("open", flush=True)
sys.stdin.read()
"""


def memory_of(pid):
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            addresses, permissions = line.split()[:2]
            first, last = (int(address, 16) for address in addresses.split("-"))
            if "w" in permissions:
                memory.seek(first)
                yield memory.read(last - first)


# How long a name is decides in which block of the C library's memory it and the key are copied.
@pytest.mark.parametrize("name", ["node.db", "a database with rather a long name.db"])
@pytest.mark.parametrize("cipher", Cipher)
def test_no_text_of_the_key_stays_in_memory(tmp_path, cipher, name):
    path = build(tmp_path / name, "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    key = os.urandom(32)
    command = [sys.executable, "-c", OPEN, str(path), cipher.value]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(key)
        process.stdin.flush()
        assert process.stdout.readline() == b"open\n"
        digits = key.hex().encode()
        regions = list(memory_of(process.pid))
        assert sum(region.count(digits) + region.count(digits.upper()) for region in regions) == 0
        # The key itself is there, twice at most per connection: so the search does find things.
        assert sum(region.count(key) for region in regions) >= 1
        process.stdin.close()


def digits_of(key):
    with key.expose() as view:
        return view.hex()


def test_sqlite_itself_would_tell_the_key(tmp_path, key):
    with closing(apsw.Connection(":memory:", flags=6 | apsw.SQLITE_OPEN_URI)) as plain:
        uri = keyed.keyed_uri(tmp_path, Cipher.AEGIS) + digits_of(key)
        with pytest.raises(apsw.CantOpenError, match=digits_of(key)):
            plain.execute("VACUUM INTO ?", (uri,))


def test_no_error_holds_the_key(tmp_path, key, monkeypatch):
    path = build(tmp_path / "node.db", "CREATE TABLE t (a)")
    blocked = tmp_path / "directory"
    blocked.mkdir()
    monkeypatch.setattr("wizard.engine.source.create_private", lambda _path: None)
    monkeypatch.setattr("wizard.engine.source.discard_database", lambda _path: None)
    with PlaintextSource(path) as source, pytest.raises(Unreadable) as caught:
        source.encrypt_into(blocked, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "SQLite reports CantOpenError" in told
    assert digits_of(key) not in told


def test_malloc_is_as_before_once_every_text_is_gone(monkeypatch):
    asked = []

    class Library:
        @staticmethod
        def mallopt(option, value):
            asked.append((option, bool(value)))

        @staticmethod
        def strdup(_text):
            return None

        @staticmethod
        def free(_block):
            pass

    monkeypatch.setattr(freed, "_open_windows", [0])
    monkeypatch.setattr(freed, "_c_library", lambda: Library)
    with (
        Secret.copy_of(bytes(32)) as secret,
        keytext.keyed_text("", secret),
        keytext.keyed_text("", secret),
    ):
        pass
    assert asked == [(-6, True), (-6, True), (-6, True), (-6, False)]


# Looking at files ------------------------------------------------------------------------------


def test_classify(tmp_path, key):
    build(tmp_path / "plain", "CREATE TABLE t (a)")
    create_encrypted(tmp_path / "opaque", key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    (tmp_path / "empty").touch()
    (tmp_path / "short").write_bytes(b"SQLite")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("plain")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    assert {name: classify(tmp_path / name) for name in names(tmp_path)} == {
        "plain": FileKind.PLAINTEXT,
        "opaque": FileKind.OPAQUE,
        "empty": FileKind.EMPTY,
        "short": FileKind.OPAQUE,
        "fifo": FileKind.OTHER,
        "link": FileKind.PLAINTEXT,
        "dangling": FileKind.ABSENT,
        "loop": FileKind.UNREADABLE,
    }
    assert classify(tmp_path) is FileKind.DIRECTORY
    assert classify(tmp_path / "plain" / "below") is FileKind.ABSENT
    assert classify(tmp_path / ("x" * 300)) is FileKind.UNREADABLE
    assert classify(tmp_path / "nul\0") is FileKind.UNREADABLE


def test_a_salt_needs_sixteen_bytes(tmp_path):
    (tmp_path / "short").write_bytes(bytes(15))
    with pytest.raises(DamagedDatabase):
        file_salt(tmp_path / "short")
    with pytest.raises(TargetAbsent):
        file_salt(tmp_path / "absent")
    with pytest.raises(Unreadable):
        file_salt(tmp_path)


def test_what_looks_encrypted_by_us(tmp_path, key):
    for page_size in (1024, 4096, 65536):
        for cipher in (Cipher.AEGIS, Cipher.CHACHA20):
            path = tmp_path / f"{cipher}{page_size}"
            create_encrypted(path, key=key, cipher=cipher, identity=IDENTITY, page_size=page_size)
            assert looks_encrypted_by_us(path)
    build(tmp_path / "plain", "CREATE TABLE t (a)")
    (tmp_path / "short").write_bytes(bytes(20))
    (tmp_path / "zero").write_bytes(bytes(9000))
    for name in ("plain", "short", "zero", "absent", "."):
        assert not looks_encrypted_by_us(tmp_path / name)


def test_reading_a_file_that_is_open_here_keeps_its_locks(tmp_path):
    path = build(tmp_path / "node.db", "CREATE TABLE t (a)")
    with closing(sqlite3.connect(path, isolation_level=None)) as own:
        own.execute("BEGIN EXCLUSIVE")
        assert read_head(path, 16) == b"SQLite format 3\0"
        program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('SELECT * FROM t')"
        result = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
        )
        assert "database is locked" in result.stderr


def test_plaintext_left(tmp_path):
    path = build(tmp_path / "node.db", "CREATE TABLE t (a); INSERT INTO t VALUES ('x')")
    with closing(sqlite3.connect(path)) as plain:
        (tmp_path / "node.sql").write_text(
            "\n".join(["PRAGMA foreign_keys=OFF;", *plain.iterdump()])
        )
    plain_bytes = path.read_bytes()
    copies = ["node.db.bak", "node.db~", "node-old.db", "NODE.sqlite", "copy of node.db"]
    for name in [*copies, "node2.db", "other.db"]:
        (tmp_path / name).write_bytes(plain_bytes)
    (tmp_path / "node.txt").write_text("about the node")
    (tmp_path / "node.link").symlink_to("node.db.bak")
    (tmp_path / "node.directory").mkdir()
    convert(path)
    left = plaintext_left(path)
    assert {each.name for each in left} == {*copies, "node.sql", "node.db.plaintext-1"}
    for each in left:
        remove_plaintext(each)
    assert plaintext_left(path) == ()
    with pytest.raises(TargetAbsent):
        remove_plaintext(left[0])


@pytest.mark.parametrize("cipher", Cipher)
@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("kind", ["wal", "journal"])
def test_logs_and_journals_are_told_apart_by_their_pages(tmp_path, key, cipher, encrypted, kind):
    path = tmp_path / "node.db"
    how = {"key": key, "cipher": cipher, "page_size": 4096}
    if encrypted:
        create_encrypted(path, identity=IDENTITY, **how)
        connection = open_keyed(path, **how)
    else:
        connection = apsw.Connection(str(path))
    with closing(connection):
        connection.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
        connection.pragma("journal_mode", "wal" if kind == "wal" else "persist")
        connection.execute("UPDATE t SET a = 'changed'")
        beside = path.with_name(f"node.db-{kind}")
        assert beside.stat().st_size > 4096
        assert plaintext_left(path) == (() if encrypted else (beside,))


def test_removing_takes_the_files_beside_along(tmp_path):
    path = tmp_path / "node.db.plaintext-1"
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).touch()
    remove_plaintext(path)
    assert names(tmp_path) == []


# Long work -------------------------------------------------------------------------------------


def test_an_integrity_check_can_be_cancelled(made):
    path, how = made
    token = CancelToken()
    token.cancel()
    with closing(open_keyed(path, **how)) as connection:
        with pytest.raises(Cancelled):
            integrity(connection, cancel=token)
        assert connection.execute("SELECT count(*) FROM t").get == 300


def test_throughput_is_measured():
    for cipher in Cipher:
        measured = cipher_throughput(cipher, size_mib=2)
        assert measured.cipher is cipher
        assert 1e6 < measured.write_bytes_per_second < 1e11
        assert 1e6 < measured.read_bytes_per_second < 1e11


def test_the_recommended_cipher_follows_the_processor(monkeypatch):
    for flags, cipher in (("flags : fpu aes sse", Cipher.AEGIS), ("flags : fpu", Cipher.CHACHA20)):
        monkeypatch.setattr(Path, "read_text", lambda *_a, _flags=flags, **_o: _flags)
        assert recommended_cipher() is cipher
