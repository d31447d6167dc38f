"""A million rows with FTS5, views, triggers and blobs: opened in new processes by either secret."""

import sqlite3

import pytest

from tests.databases import PASSPHRASE
from tests.test_initialization import (
    OPEN_WITH_KIT,
    OPEN_WITH_PASSPHRASE,
    in_new_process,
    protect,
)

ROWS = 1_000_000
QUERY = (
    "SELECT (SELECT count(*) FROM event), (SELECT sum(amount) FROM event),"
    " (SELECT count(*) FROM big_events), (SELECT count(*) FROM note WHERE note MATCH 'quartz'),"
    " (SELECT sum(length(data)) FROM blob_store), (SELECT count(*) FROM trail)"
)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "large.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        f"""
        PRAGMA journal_mode = WAL;
        CREATE TABLE event(id INTEGER PRIMARY KEY, at INTEGER, amount INTEGER, what TEXT);
        CREATE TABLE trail(event INTEGER);
        CREATE TABLE blob_store(name TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID;
        CREATE VIEW big_events AS SELECT * FROM event WHERE amount > 900;
        CREATE VIRTUAL TABLE note USING fts5(body);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {ROWS})
            INSERT INTO event SELECT i, i * 7, i % 1000, 'MARKER event ' || i FROM n;
        CREATE INDEX event_by_amount ON event(amount);
        CREATE TRIGGER trailed AFTER UPDATE ON event BEGIN INSERT INTO trail VALUES (new.id); END;
        UPDATE event SET amount = 5 WHERE id <= 100;
        INSERT INTO blob_store SELECT 'MARKER ' || id, randomblob(500) FROM event LIMIT 2000;
        INSERT INTO note SELECT 'quartz and basalt ' || id FROM event LIMIT 5000;
        """
    )
    expected = list(connection.execute(QUERY).fetchone())
    connection.close()
    return path, expected


def test_a_million_rows_by_passphrase_then_by_kit(large):
    path, expected = large
    assert expected[0] == ROWS
    protect(path, path.parent, original="remove")
    assert in_new_process(OPEN_WITH_PASSPHRASE, path, PASSPHRASE, QUERY) == [expected]
    path.with_name("large.db.crypto.json").rename(path.parent / "aside.json")
    assert in_new_process(OPEN_WITH_KIT, path, QUERY, path.parent / "sheet-1.txt") == [expected]
    (path.parent / "aside.json").rename(path.with_name("large.db.crypto.json"))
    for file in path.parent.iterdir():
        assert b"MARKER" not in file.read_bytes(), file
