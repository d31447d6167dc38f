"""The comparison value by value: what it takes for the same, and that it is what decides."""

from contextlib import closing

import apsw
import pytest

from tests.conversion_cases import IDENTITY, build
from wizard.engine import verification
from wizard.engine.comparing import attached, same_table
from wizard.engine.content import TableRows, table_rows
from wizard.engine.conversion import PlaintextSource
from wizard.engine.errors import Cancelled, VerificationFailed
from wizard.engine.keyed import Cipher, attach_plain, open_keyed
from wizard.engine.progress import CancelToken
from wizard.engine.secret import Secret

TABLE = "CREATE TABLE t (a, b TEXT COLLATE NOCASE, c REAL, d INTEGER);"
KEYED = "CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY, b) WITHOUT ROWID;"
ROW = "INSERT INTO t (rowid, a, b, c, d) VALUES (7, %s, %s, %s, %s);"


def database(path, script):
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(script).close()
    return path


def found_same(tmp_path, one, other, *, rows=None, reports=None, cancel=None):
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
    copy = database(tmp_path / "copy.db", other)
    original = database(tmp_path / "original.db", one)

    def attach(connection, name):
        attach_plain(connection, name, path=copy)

    def report(done, name):
        if reports is not None:
            reports.append((done, name))

    with closing(apsw.Connection(str(original), flags)) as connection:
        (table,) = table_rows(connection)
        table = TableRows(table.name, table.rows if rows is None else rows)
        with attached(connection, attach):
            found = same_table(connection, table, report=report, cancel=cancel)
        assert [name for _, name, _ in connection.execute("PRAGMA database_list")] == ["main"]
        return found


@pytest.mark.parametrize(
    "script",
    [
        TABLE,
        TABLE + ROW % ("NULL", "'x'", "1.5", "1"),
        TABLE + ROW % ("-0.0", "NULL", "-0.0", "0"),
        TABLE + ROW % ("x''", "''", "9e999", "-9223372036854775808"),
        TABLE + ROW % ("CAST(x'ff00fe' AS TEXT)", "'a' || char(0) || 'b'", "0", "'no number'"),
        KEYED + "INSERT INTO t VALUES ('a', 1), ('b', NULL)",
        (
            'CREATE TABLE t ("a""b" UNIQUE, rowid, "select")'
            "; INSERT INTO t VALUES (1, 2, 3), (NULL, NULL, NULL), (NULL, NULL, NULL)"
        ),
        "CREATE TABLE t (a, b AS (a + 1), c AS (a + 2) STORED); INSERT INTO t VALUES (1), (2)",
        (
            f"CREATE TABLE t ({', '.join(f'c{each}' for each in range(450))}); INSERT INTO t (c449)"
            " VALUES (1), (2.0)"
        ),
    ],
)
def test_a_table_is_the_same_as_itself(tmp_path, script):
    assert found_same(tmp_path, script, script)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("1, 'x', 1.0, 1", "1.0, 'x', 1.0, 1"),  # equal numbers of two types
        ("0.0, 'x', 1.0, 1", "-0.0, 'x', 1.0, 1"),
        ("1, 'x', 1.0, 1", "1, 'X', 1.0, 1"),  # the same by the collation of the column
        ("1, 'x', 1.0, 1", "1, 'x ', 1.0, 1"),
        ("'x', 'x', 1.0, 1", "x'78', 'x', 1.0, 1"),
        ("NULL, 'x', 1.0, 1", "0, 'x', 1.0, 1"),
        ("'', 'x', 1.0, 1", "NULL, 'x', 1.0, 1"),
        ("9007199254740993, 'x', 1.0, 1", "9007199254740992.0, 'x', 1.0, 1"),
        ("1, 'x', 1.0, 1", "1, 'x', 1.0000000000000002, 1"),
        ("'a', 'x', 1.0, 1", "'a' || char(0), 'x', 1.0, 1"),
    ],
)
def test_any_other_value_is_not_the_same(tmp_path, before, after):
    one, other = (f"{TABLE} INSERT INTO t VALUES ({values})" for values in (before, after))
    assert not found_same(tmp_path, one, other)


@pytest.mark.parametrize(
    "changed",
    [
        "DELETE FROM t WHERE rowid = 2",
        "INSERT INTO t VALUES (NULL)",
        "UPDATE t SET rowid = 9 WHERE rowid = 3",
        "DELETE FROM t WHERE rowid = 3; INSERT INTO t VALUES (1)",
    ],
)
def test_rows_that_lack_are_added_or_moved_are_not_the_same(tmp_path, changed):
    script = "CREATE TABLE t (a); INSERT INTO t VALUES (1), (NULL), (3);"
    assert not found_same(tmp_path, script, script + changed)
    (tmp_path / "copy.db").unlink()
    (tmp_path / "original.db").unlink()
    assert not found_same(tmp_path, script + changed, script)


def test_a_count_that_the_table_itself_does_not_have_is_not_believed(tmp_path):
    script = "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)"
    assert not found_same(tmp_path, script, script, rows=1)


def test_primary_keys_the_same_by_their_collation_are_not_the_same(tmp_path):
    assert not found_same(
        tmp_path,
        KEYED + "INSERT INTO t VALUES ('a', 1)",
        KEYED + "INSERT INTO t VALUES ('A', 1)",
    )


def test_rows_are_counted_while_they_are_compared_and_comparing_can_be_cancelled(tmp_path):
    script = (
        "CREATE TABLE t (a, b, c);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000)"
        " INSERT INTO t SELECT i, 'text ' || i, i / 3.0 FROM n"
    )
    reports = []
    assert found_same(tmp_path, script, script, reports=reports)
    assert {name for _, name in reports} == {"t"}
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)
    assert all(0 < done <= 400_000 for done, _ in reports)
    assert reports[-1][0] > 200_000

    cancel = CancelToken()
    cancel.cancel()
    (tmp_path / "copy.db").unlink()
    (tmp_path / "original.db").unlink()
    with pytest.raises(Cancelled):
        found_same(tmp_path, script, script, cancel=cancel)


# In a conversion --------------------------------------------------------------------------------


def encrypted(tmp_path, key, cipher):
    source = PlaintextSource(build(tmp_path / "node.db", wal=True))
    source.__enter__()
    source.encrypt_into(tmp_path / "staged", key=key, cipher=cipher, identity=IDENTITY)
    return source


@pytest.mark.parametrize("cipher", Cipher)
def test_nothing_is_hashed_but_a_table_whose_rows_have_no_name(tmp_path, monkeypatch, cipher):
    hashed = []
    content = verification.table_content

    def spied(connection, name, **options):
        hashed.append(name)
        return content(connection, name, **options)

    monkeypatch.setattr(verification, "table_content", spied)
    with Secret.random(32) as key, closing(encrypted(tmp_path, key, cipher)) as source:
        source.verify(tmp_path / "staged", key=key, cipher=cipher)
    assert set(hashed) == {"rowid_hidden"}


def test_where_the_copy_cannot_be_attached_the_digests_decide(tmp_path, monkeypatch):
    def refused(*_words, **_options):
        raise apsw.CantOpenError

    monkeypatch.setattr(verification, "attach_keyed", refused)
    cipher = Cipher.AEGIS
    staged = tmp_path / "staged"
    with Secret.random(32) as key, closing(encrypted(tmp_path, key, cipher)) as source:
        source.verify(staged, key=key, cipher=cipher)
        with closing(open_keyed(staged, key=key, cipher=cipher, page_size=4096)) as copy:
            copy.execute("UPDATE holes SET b = 1.0 WHERE rowid = 1").close()
        with pytest.raises(VerificationFailed, match="holes"):
            source.verify(staged, key=key, cipher=cipher)
