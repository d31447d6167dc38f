import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing

import apsw
import pytest
import sqlcipher3.dbapi2

from tests.conversion_cases import (
    EVERYTHING,
    IDENTITY,
    MARKER,
    QUERIES,
    build,
    convert,
    names,
    reopened,
)
from wizard.engine import digests, swap
from wizard.engine.conversion import PlaintextSource
from wizard.engine.errors import (
    Busy,
    Cancelled,
    ForeignTarget,
    NoSpace,
    OutputExists,
    TargetAbsent,
    Unreadable,
    UnsupportedDatabase,
    VerificationFailed,
)
from wizard.engine.progress import CancelToken, Stage
from wizard.engine.secret import Secret
from wizard.engine.sqlite import Cipher, open_keyed, plaintext_left, read_identity

SMALL = f"CREATE TABLE t (a); INSERT INTO t VALUES ('{MARKER}'), (2)"


@pytest.fixture
def small(tmp_path):
    return build(tmp_path / "node.db", SMALL)


@pytest.fixture
def key():
    with Secret.random(32) as secret:
        yield secret


# What is carried over -------------------------------------------------------------------------


@pytest.mark.parametrize("cipher", Cipher)
@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"wal": True},
        {"page_size": 512},
        {"page_size": 1024, "auto_vacuum": 1, "encoding": "UTF-16le"},
        {"page_size": 65536, "auto_vacuum": 2, "encoding": "UTF-16be", "wal": True},
    ],
    ids=str,
)
def test_everything_a_schema_can_have_is_there_afterwards(tmp_path, cipher, shape):
    path = build(tmp_path / "node.db", **shape)
    with closing(apsw.Connection(str(path))) as plain:
        expected = [plain.execute(query).fetchall() for query in QUERIES]
        schema = plain.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
        pragmas = ("user_version", "application_id", "encoding", "auto_vacuum", "journal_mode")
        header = [plain.pragma(name) for name in pragmas]
    converted = convert(path, cipher)
    with reopened(path, converted) as encrypted:
        assert [encrypted.execute(query).fetchall() for query in QUERIES] == expected
        found = encrypted.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
        assert {row for row in found if row[1] != "datafold_crypto"} == set(schema)
        assert [encrypted.pragma(name) for name in pragmas] == header
        assert encrypted.pragma("integrity_check") == "ok"
        assert encrypted.pragma("page_size") == converted.report.page_size
        assert read_identity(encrypted) == IDENTITY
        encrypted.execute("INSERT INTO articles VALUES (99, 'new', 'written afterwards')")
        assert encrypted.execute("SELECT rowid FROM found WHERE found MATCH 'afterwards'").get == 99
        for table in ("words", "found", "loose_found"):
            encrypted.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
    assert {table.name for table in converted.verified.tables} >= {"holes", "keyed", "words_data"}


@pytest.mark.parametrize("cipher", Cipher)
def test_no_file_holds_plaintext_but_the_kept_original(tmp_path, cipher):
    path = build(tmp_path / "node.db", wal=True)
    converted = convert(path, cipher)
    assert names(tmp_path) == ["node.db", "node.db.plaintext-1"]
    raw = path.read_bytes()
    assert not raw.startswith(b"SQLite format 3")
    for text in (MARKER, "CREATE TABLE", "articles"):
        assert text.encode() not in raw
        assert text.encode() in converted.kept.read_bytes()
    with converted.key.expose() as view:
        assert bytes(view) not in raw


@pytest.mark.parametrize("wal", [False, True])
@pytest.mark.parametrize("page_size", [1024, 4096, 8192])
def test_official_sqlcipher_opens_the_sqlcipher_format(tmp_path, wal, page_size):
    path = build(tmp_path / "node.db", wal=wal, page_size=page_size)
    with closing(sqlite3.connect(path)) as plain:
        queries = [query for query in QUERIES if "places" not in query]
        expected = [plain.execute(query).fetchall() for query in queries]
    converted = convert(path, Cipher.SQLCIPHER)
    with closing(sqlcipher3.dbapi2.connect(str(path))) as official:
        with converted.key.expose() as view:
            official.execute(f"PRAGMA key = \"x'{view.hex()}'\"")
        assert [official.execute(query).fetchall() for query in queries] == expected
        assert official.execute("PRAGMA journal_mode").fetchone() == ("wal" if wal else "delete",)
        assert official.execute("PRAGMA cipher_integrity_check").fetchall() == []
        official.execute("INSERT INTO log VALUES ('by the official one')")
        official.commit()
    with reopened(path, converted) as ours:
        assert ours.execute("SELECT what FROM log").fetchall()[-1] == ("by the official one",)


@pytest.mark.parametrize(
    "name",
    ["a b.db", "what?cipher=aegis&key=raw:00.db", "50%25.db", "é漢🙂.db", 'it\'s "x"#y.db', "-wal"],
)
def test_any_file_name(tmp_path, name):
    directory = tmp_path / name
    directory.mkdir()
    path = build(directory / name, SMALL)
    converted = convert(path)
    with reopened(path, converted) as encrypted:
        assert encrypted.execute("SELECT a FROM t").fetchall() == [(MARKER,), (2,)]
    assert names(directory) == sorted([name, f"{name}.plaintext-1"])
    assert names(tmp_path) == [name]


def test_a_table_with_two_thousand_columns(tmp_path):
    columns = ", ".join(f"c{n}" for n in range(2000))
    values = ", ".join(str(n) for n in range(2000))
    path = build(
        tmp_path / "node.db", f"CREATE TABLE wide ({columns}); INSERT INTO wide VALUES ({values})"
    )
    converted = convert(path)
    assert converted.verified.tables[0].rows == 1


def test_a_hot_journal_and_a_log_are_brought_in(tmp_path):
    for journal_mode in ("delete", "wal"):
        path = tmp_path / f"{journal_mode}.db"
        program = f"""
import os, sqlite3
c = sqlite3.connect({str(path)!r}, isolation_level=None)
c.execute("PRAGMA journal_mode = {journal_mode}")
c.execute("PRAGMA cache_size = 1")
c.execute("CREATE TABLE t (a)")
c.execute("INSERT INTO t VALUES ('committed')")
c.execute("BEGIN")
c.executemany("INSERT INTO t VALUES (?)", [("not committed" * 400,)] * 200)
os._exit(0)
"""
        subprocess.run([sys.executable, "-c", program], check=True)
        assert path.with_name(
            path.name + ("-wal" if journal_mode == "wal" else "-journal")
        ).exists()
        converted = convert(path)
        with reopened(path, converted) as encrypted:
            assert encrypted.execute("SELECT a FROM t").fetchall() == [("committed",)]
            assert encrypted.pragma("journal_mode") == journal_mode


def test_owner_and_mode_are_those_of_the_original(small):
    small.chmod(0o640)
    convert(small)
    assert stat.S_IMODE(small.stat().st_mode) == 0o640
    assert small.stat().st_uid == os.geteuid()


def test_the_staged_copy_is_private_whatever_the_umask(small, key):
    staged = small.with_name("staged")
    previous = os.umask(0)
    try:
        with PlaintextSource(small) as source:
            source.encrypt_into(staged, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
            assert stat.S_IMODE(staged.stat().st_mode) == 0o600
    finally:
        os.umask(previous)


def test_a_symbolic_link_names_the_real_file(small, tmp_path):
    link = tmp_path / "link.db"
    link.symlink_to(small)
    with PlaintextSource(link) as source:
        assert source.path == small


def test_facts_are_those_of_the_source(tmp_path):
    path = build(tmp_path / "node.db", page_size=1024, wal=True)
    with PlaintextSource(path) as source:
        facts = source.facts
        assert facts.size == path.stat().st_size == facts.page_count * facts.page_size
        assert facts.header.wal
        assert facts.header.user_version == -71
        assert {table.name: table.rows for table in facts.tables}["holes"] == 5


def test_rows_against_their_own_schema_are_content(tmp_path):
    script = """
        CREATE TABLE t (a NOT NULL, b CHECK (b > 0));
        PRAGMA ignore_check_constraints = ON;
        INSERT INTO t VALUES (1, -1);
    """
    path = build(tmp_path / "node.db", script)
    converted = convert(path)
    assert converted.verified.own_rules_broken == 1


def encrypt_and_verify(path, staged, **how):
    with PlaintextSource(path) as source:
        source.encrypt_into(staged, identity=IDENTITY, **how)
        source.verify(staged, **how)


# Progress and cancelling -----------------------------------------------------------------------


def fill(path, rows=60_000):
    return build(
        path,
        "CREATE TABLE t (a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        f" LIMIT {rows}) INSERT INTO t SELECT i, hex(randomblob(100)) FROM n;"
        "CREATE INDEX by_b ON t (b)",
    )


def test_progress_counts_bytes_then_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("wizard.engine.watching._INTERVAL", 0)
    path = fill(tmp_path / "node.db")
    events = []
    converted = convert(path, progress=events.append)
    for stage, unit, total in (
        (Stage.ENCRYPT, "bytes", converted.report.source.page_count * 4096),
        (Stage.VERIFY, "rows", 120_000),
    ):
        ours = [event for event in events if event.stage is stage and event.unit == unit]
        assert {event.total for event in ours} == {total}
        done = [event.done for event in ours]
        assert done == sorted(done)
        assert done[-1] == total
        assert len({event.done for event in ours if 0 < event.done < total}) > 5


@pytest.mark.parametrize("stage", [Stage.ENCRYPT, Stage.VERIFY])
def test_cancelling_leaves_the_state_of_before(tmp_path, monkeypatch, stage, key):
    monkeypatch.setattr("wizard.engine.watching._INTERVAL", 0)
    path = fill(tmp_path / "node.db")
    before = path.read_bytes()
    token = CancelToken()
    staged = tmp_path / "staged"

    def progress(event):
        if event.stage is stage and event.done:
            token.cancel()

    how = {"key": key, "cipher": Cipher.AEGIS, "progress": progress, "cancel": token}
    with pytest.raises(Cancelled):
        encrypt_and_verify(path, staged, **how)
    assert staged.exists() is (stage is Stage.VERIFY)
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("SELECT count(*) FROM t").fetchone() == (60_000,)


def test_a_failing_progress_sink_leaves_nothing(tmp_path, monkeypatch, key):
    monkeypatch.setattr("wizard.engine.watching._INTERVAL", 0)
    path = fill(tmp_path / "node.db")

    def broken(_event):
        raise BrokenPipeError

    with PlaintextSource(path) as source, pytest.raises(BrokenPipeError):
        source.encrypt_into(
            tmp_path / "staged", key=key, cipher=Cipher.AEGIS, identity=IDENTITY, progress=broken
        )
    assert names(tmp_path) == ["node.db"]


# Who else is there ------------------------------------------------------------------------------

IDLE = """
import sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("SELECT * FROM sqlite_master").fetchall()
exec(sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def another_process():
    running = []

    def start(path, then="pass", program=IDLE):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(path), then],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in running:
        process.communicate("")


@pytest.mark.parametrize("wal", [False, True])
@pytest.mark.parametrize(
    "then",
    ["pass", "c.execute('BEGIN IMMEDIATE')", "c.execute('BEGIN'); c.execute('SELECT a FROM t')"],
)
def test_a_database_in_use_is_refused_and_the_user_named(tmp_path, another_process, wal, then):
    path = build(tmp_path / "node.db", SMALL, wal=wal)
    process = another_process(path, then)
    with pytest.raises(Busy) as caught, PlaintextSource(path):
        pass
    assert [holder.rpartition(" (")[2] for holder in caught.value.holders] == [
        f"process {process.pid})"
    ]


def test_a_process_that_only_maps_the_file_is_a_user(small, another_process):
    program = """
import mmap, os, sys
d = os.open(sys.argv[1], os.O_RDONLY)
m = mmap.mmap(d, 0, prot=mmap.PROT_READ)
os.close(d)
print("ready", flush=True)
sys.stdin.read()
"""
    another_process(small, program=program)
    with pytest.raises(Busy), PlaintextSource(small):
        pass


def test_a_connection_of_this_process_is_a_user(small):
    with closing(sqlite3.connect(small)) as own:
        own.execute("SELECT a FROM t")
        with pytest.raises(Busy), PlaintextSource(small):
            pass


@pytest.mark.parametrize("wal", [False, True])
def test_nobody_gets_in_while_it_is_held(tmp_path, wal):
    path = build(tmp_path / "node.db", SMALL, wal=wal)
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute(sys.argv[2]).fetchall()"
    statements = ["SELECT * FROM t", "INSERT INTO t VALUES (3)"]
    commands = [[sys.executable, "-c", program, str(path), statement] for statement in statements]
    with PlaintextSource(path):
        for command in commands:
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            assert "database is locked" in result.stderr
    for command in commands:
        subprocess.run(command, check=True)


def test_looking_at_a_held_file_does_not_take_its_lock_away(small):
    from wizard.engine.sqlite import classify

    program = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('SELECT * FROM t')"
    )
    with PlaintextSource(small):
        classify(small)
        plaintext_left(small)
        result = subprocess.run(
            [sys.executable, "-c", program, str(small)], capture_output=True, text=True, check=False
        )
    assert "database is locked" in result.stderr


def test_a_write_past_a_lost_lock_is_found_out(small, key):
    staged = small.with_name("staged")
    with PlaintextSource(small) as source:
        source.encrypt_into(staged, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
        small.open("rb").close()  # closing any descriptor drops the lock
        program = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
            "c.execute('INSERT INTO t VALUES (3)'); c.commit()"
        )
        subprocess.run([sys.executable, "-c", program, str(small)], check=True)
        with pytest.raises(Busy, match="written to"):
            source.replace(staged, keep_as=small.with_name("kept"))
    assert not small.with_name("kept").exists()
    with closing(sqlite3.connect(small)) as plain:
        assert plain.execute("SELECT count(*) FROM t").fetchone() == (3,)


# What is refused --------------------------------------------------------------------------------


def test_targets_that_are_no_plaintext_database(tmp_path):
    (tmp_path / "text").write_text("hello, this is not a database at all")
    (tmp_path / "empty").touch()
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name, error in (
        ("absent", TargetAbsent),
        ("text", ForeignTarget),
        ("empty", UnsupportedDatabase),
        ("directory", ForeignTarget),
        ("fifo", ForeignTarget),
    ):
        with pytest.raises(error), PlaintextSource(tmp_path / name):
            pass
    assert names(tmp_path) == ["directory", "empty", "fifo", "text"]


def test_a_second_name_is_refused(small):
    small.with_name("other.db").hardlink_to(small)
    with pytest.raises(UnsupportedDatabase, match="2 names"), PlaintextSource(small):
        pass


def test_our_own_table_is_refused(tmp_path):
    path = build(tmp_path / "node.db", "CREATE TABLE Datafold_Crypto (a)")
    with pytest.raises(UnsupportedDatabase, match="datafold_crypto"), PlaintextSource(path):
        pass
    with closing(sqlite3.connect(path)) as free:  # it was let go
        free.execute("INSERT INTO Datafold_Crypto VALUES (1)")


@pytest.mark.parametrize(
    ("definition", "missing"),
    [
        ("CREATE TABLE t (a COLLATE icu_german); CREATE INDEX i ON t (a)", "icu_german"),
        ("CREATE TABLE t (a); CREATE INDEX i ON t (regexp_extract(a))", "regexp_extract"),
    ],
)
def test_what_only_the_application_provides_is_named(tmp_path, key, definition, missing):
    path = tmp_path / "node.db"
    with closing(apsw.Connection(str(path))) as plain:
        plain.create_collation("icu_german", lambda a, b: (a > b) - (a < b))
        plain.create_scalar_function("regexp_extract", lambda a: a, 1, deterministic=True)
        plain.execute(definition + "; INSERT INTO t VALUES ('a'), ('b')")
    with PlaintextSource(path) as source, pytest.raises(UnsupportedDatabase, match=missing):
        source.encrypt_into(tmp_path / "staged", key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    assert names(tmp_path) == ["node.db"]


@pytest.mark.parametrize("kind", ["page", "index", "header"])
def test_a_damaged_original_is_told_from_a_damaged_copy(tmp_path, key, kind):
    path = fill(tmp_path / "node.db", 3000)
    staged = tmp_path / "staged"
    if kind == "index":
        with closing(apsw.Connection(str(path))) as plain:
            plain.execute("PRAGMA writable_schema = ON")
            plain.execute(
                "UPDATE sqlite_schema SET sql = 'CREATE INDEX by_b ON t (a)' WHERE name = 'by_b'"
            )
    else:
        with path.open("r+b") as file:
            file.seek(100 if kind == "header" else 4096 * 30)
            file.write(b"\xee" * 3000)
    with pytest.raises(UnsupportedDatabase, match="damaged"):
        encrypt_and_verify(path, staged, key=key, cipher=Cipher.AEGIS)


# Space ------------------------------------------------------------------------------------------

FULL = """
import resource, sys
from pathlib import Path
from tests.conversion_cases import IDENTITY
from wizard.engine.conversion import PlaintextSource
from wizard.engine.errors import NoSpace
from wizard.engine.secret import Secret
from wizard.engine.sqlite import Cipher
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
with PlaintextSource(path) as source, Secret.random(32) as key:
    for attempt in (
        lambda: source.check_space(path.parent),
        lambda: source.encrypt_into(
            path.with_name("staged"), key=key, cipher=Cipher(sys.argv[2]), identity=IDENTITY
        ),
    ):
        try:
            attempt()
        except NoSpace as error:
            print(error.needed > error.available, error.directory == path.parent)
"""


@pytest.mark.parametrize("cipher", Cipher)
def test_a_full_disk_is_refused_before_and_survived_during_the_copy(tmp_path, cipher):
    path = fill(tmp_path / "node.db")
    before = path.read_bytes()
    command = [sys.executable, "-c", FULL, str(path), cipher.value]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == "True True\nTrue True\n"
    assert names(tmp_path) == ["node.db"]
    assert path.read_bytes() == before


def test_space_is_an_upper_estimate(tmp_path, monkeypatch):
    for shape in ({"page_size": 512}, {"page_size": 1024}, {"page_size": 65536}):
        for cipher in Cipher:
            path = build(tmp_path / f"{shape['page_size']}{cipher}.db", **shape)
            with PlaintextSource(path) as source, monkeypatch.context() as patched:
                patched.setattr("wizard.engine.source.available_in", lambda _directory: 0)
                with pytest.raises(NoSpace) as caught:
                    source.check_space(tmp_path)
            assert convert(path, cipher).report.bytes <= caught.value.needed


# Verification -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("UPDATE holes SET b = 3 WHERE rowid = 1", "holes"),
        ("UPDATE holes SET b = 1.0 WHERE rowid = 1", "holes"),
        ("UPDATE holes SET a = '' WHERE rowid = 5", "holes"),
        ("UPDATE holes SET rowid = 6 WHERE rowid = 5", "holes"),
        ("UPDATE keyed SET v = x'02' WHERE k = 'c'", "keyed"),
        ("DELETE FROM empty; INSERT INTO empty VALUES (NULL)", "empty"),
        ("UPDATE sqlite_sequence SET seq = 2", "sqlite_sequence"),
        ("INSERT INTO words VALUES ('more')", "words"),
        ("DROP VIEW seen", "trigger through|view seen"),
        ("CREATE TABLE added (a)", "added"),
        ("DROP INDEX once", "once"),
        ("PRAGMA user_version = 1", "user_version"),
        ("PRAGMA journal_mode = WAL", "wal"),
    ],
)
def test_any_difference_fails_the_verification_and_is_named(tmp_path, key, tampering, named):
    path = build(tmp_path / "node.db")
    staged = tmp_path / "staged"
    with PlaintextSource(path) as source:
        source.encrypt_into(staged, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
        with closing(open_keyed(staged, key=key, cipher=Cipher.AEGIS, page_size=4096)) as copy:
            copy.execute(tampering).close()
        with pytest.raises(VerificationFailed, match=named):
            source.verify(staged, key=key, cipher=Cipher.AEGIS)


def test_a_plaintext_copy_is_never_verified(small, key):
    with PlaintextSource(small) as source:
        staged = build(small.with_name("staged"), SMALL)
        with pytest.raises(VerificationFailed, match="does not open"):
            source.verify(staged, key=key, cipher=Cipher.AEGIS)


@pytest.mark.parametrize("where", ["page", "end"])
def test_a_copy_damaged_on_disk_fails_the_verification(tmp_path, key, where):
    path = fill(tmp_path / "node.db", 3000)
    staged = tmp_path / "staged"
    with PlaintextSource(path) as source:
        source.encrypt_into(staged, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
        if where == "end":
            os.truncate(staged, staged.stat().st_size - 4096 * 3)
        else:
            with staged.open("r+b") as file:
                file.seek(4096 * 40 + 17)
                file.write(bytes([file.read(1)[0] ^ 1]))
        with pytest.raises(VerificationFailed, match="damaged"):
            source.verify(staged, key=key, cipher=Cipher.AEGIS)


def test_the_digest_in_python_is_that_of_the_extension(tmp_path, monkeypatch):
    path = build(tmp_path / "node.db")
    with closing(apsw.Connection(str(path))) as plain:
        fast = digests.contents(plain)
    monkeypatch.setattr("apsw.sqlite_extra.has", lambda _name: False)
    with closing(apsw.Connection(str(path))) as plain:
        assert digests.contents(plain) == fast
        with pytest.raises(apsw.SQLError):
            plain.execute("SELECT sha3('only with the extension')")
    assert len({table.digest for table in fast if table.rows}) > 20


# Replacing --------------------------------------------------------------------------------------


@pytest.fixture
def ready(tmp_path, key):
    path = build(tmp_path / "node.db", SMALL, wal=True)
    with PlaintextSource(path) as source:
        staged = tmp_path / "staged"
        source.encrypt_into(staged, key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
        yield source, staged, tmp_path / "kept"


def still_plaintext(path):
    with closing(sqlite3.connect(path)) as plain:
        return plain.execute("SELECT count(*) FROM t").fetchone() == (2,)


def test_a_kept_name_that_is_taken_is_refused(ready):
    source, staged, kept = ready
    kept.write_text("mine")
    with pytest.raises(OutputExists):
        source.replace(staged, keep_as=kept)
    source.close()
    assert kept.read_text() == "mine"
    assert still_plaintext(source.path)


def test_a_staged_copy_with_a_log_of_its_own_is_not_moved_without_it(ready, key):
    source, staged, kept = ready
    with closing(open_keyed(staged, key=key, cipher=Cipher.AEGIS, page_size=4096)) as copy:
        copy.execute("INSERT INTO t VALUES (3)")
        with pytest.raises(Busy, match="log"):
            source.replace(staged, keep_as=kept)
    assert not kept.exists()


@pytest.mark.parametrize("step", ["dress", "_remove_beside", "_leave_log_alone"])
@pytest.mark.parametrize("failure", [OSError(5, "broken"), KeyboardInterrupt()])
def test_a_failing_swap_leaves_the_state_of_before(ready, monkeypatch, step, failure):
    def fail(*_arguments):
        raise failure

    source, staged, kept = ready
    monkeypatch.setattr(swap, step, fail)
    with pytest.raises((Unreadable, KeyboardInterrupt)):
        source.replace(staged, keep_as=kept)
    source.close()
    assert not kept.exists()
    assert still_plaintext(source.path)


def test_a_directory_that_cannot_be_made_durable_gets_the_original_back(ready, monkeypatch):
    source, staged, kept = ready
    real = swap.sync_path
    calls = []

    def fail_after_the_rename(path):
        calls.append(path)
        if path == source.path.parent and not staged.exists():
            raise OSError(5, "broken")
        real(path)

    monkeypatch.setattr(swap, "sync_path", fail_after_the_rename)
    with pytest.raises(Unreadable):
        source.replace(staged, keep_as=kept)
    source.close()
    assert not kept.exists()
    assert still_plaintext(source.path)


def test_a_file_put_in_the_place_of_the_source_is_not_replaced(ready, tmp_path):
    source, staged, kept = ready
    other = build(tmp_path / "other.db", SMALL)
    other.replace(source.path)
    with pytest.raises(Busy, match="another file"):
        source.replace(staged, keep_as=kept)
    assert not kept.exists()


def test_the_log_of_the_new_database_survives_letting_go_of_the_old(ready, key, monkeypatch):
    source, staged, kept = ready
    log = source.path.with_name("node.db-wal")
    real = swap.sync_path

    def write_at_once(path):
        if path == source.path.parent and kept.exists() and not staged.exists():
            log.write_bytes(b"the log of somebody who opened the new database")
        real(path)

    monkeypatch.setattr(swap, "sync_path", write_at_once)
    source.replace(staged, keep_as=kept)
    assert log.read_bytes() == b"the log of somebody who opened the new database"


KILLED = """
import os, sys
from pathlib import Path
from tests.conversion_cases import IDENTITY
from wizard.engine.conversion import PlaintextSource
from wizard.engine.secret import Secret
from wizard.engine.sqlite import Cipher
path = Path(sys.argv[1])
with PlaintextSource(path) as source, Secret.random(32) as key:
    print("working", flush=True)
    source.encrypt_into(path.with_name("staged"), key=key, cipher=Cipher.AEGIS, identity=IDENTITY)
    source.verify(path.with_name("staged"), key=key, cipher=Cipher.AEGIS)
"""


@pytest.mark.parametrize("delay", [0, 0.05, 0.15])
def test_a_killed_conversion_loses_nothing(tmp_path, delay):
    path = build(tmp_path / "node.db", wal=True)
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE)
    with process:
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    (tmp_path / "staged").unlink(missing_ok=True)
    converted = convert(path)
    assert {table.name for table in converted.verified.tables} >= {"holes", "words_data"}


def test_the_script_is_what_it_says(tmp_path):
    path = build(tmp_path / "node.db")
    with closing(sqlite3.connect(path)) as plain:
        kinds = {kind for (kind,) in plain.execute("SELECT type FROM sqlite_master")}
    assert kinds == {"table", "index", "view", "trigger"}
    for feature in ("fts5", "rtree", "WITHOUT ROWID", "STRICT", "VIRTUAL", "STORED"):
        assert feature in EVERYTHING
