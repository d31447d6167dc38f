"""Plaintext databases of every shape, and one way to convert them, shared by the tests."""

import os
from contextlib import closing
from dataclasses import dataclass

import apsw

from wizard.engine.conversion import PlaintextSource
from wizard.engine.secret import Secret
from wizard.engine.source import ConversionReport
from wizard.engine.sqlite import Cipher, InnerIdentity, open_keyed
from wizard.engine.verification import Verified

IDENTITY = InnerIdentity(bytes(range(16)), 1, bytes(range(32)))
MARKER = "PLAINTEXTMARKER"

EVERYTHING = f"""
CREATE TABLE holes (a, b);
INSERT INTO holes (rowid, a, b) VALUES (1, '{MARKER}', 1), (5, NULL, 2.5), (9, x'00ff', 9e999),
    (-7, '', -9e999), (4611686018427387904, x'', 9223372036854775807);
CREATE TABLE "odd ""name"" with 'quotes' and é" ("a ""b"" c" TEXT, "select" REAL);
INSERT INTO "odd ""name"" with 'quotes' and é" VALUES ('{MARKER} é ü 漢字 🙂', 1), (NULL, 1e300);
CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT, v);
INSERT INTO numbered (v) VALUES ('one'), ('two'), ('three');
DELETE FROM numbered WHERE id = 3;
CREATE TABLE keyed (k TEXT COLLATE NOCASE, n INT, v, PRIMARY KEY (k DESC, n)) WITHOUT ROWID;
INSERT INTO keyed VALUES ('b', 1, 'x'), ('A', 2, NULL), ('c', 0, x'01');
CREATE TABLE derived (a INT, twice INT GENERATED ALWAYS AS (a * 2) VIRTUAL,
    thrice INT GENERATED ALWAYS AS (a * 3) STORED);
INSERT INTO derived VALUES (1), (2), (NULL);
CREATE TABLE exact (i INT NOT NULL, t TEXT, b BLOB, a ANY) STRICT;
INSERT INTO exact VALUES (1, '{MARKER}', x'aa', 1.5), (2, NULL, NULL, 'any');
CREATE TABLE rowid_hidden (rowid TEXT, _rowid_ TEXT, oid TEXT);
INSERT INTO rowid_hidden VALUES ('r', 's', 't'), ('u', 'v', 'w');
CREATE TABLE empty (a);
CREATE INDEX by_b ON holes (b) WHERE b IS NOT NULL;
CREATE INDEX by_expression ON holes (lower(a), b DESC);
CREATE UNIQUE INDEX once ON numbered (v);
CREATE VIEW seen AS SELECT k, v FROM keyed JOIN numbered USING (v);
CREATE TABLE log (what TEXT);
CREATE TRIGGER logged AFTER INSERT ON numbered BEGIN INSERT INTO log VALUES (new.v); END;
CREATE TRIGGER through INSTEAD OF INSERT ON seen BEGIN INSERT INTO numbered (v) VALUES (new.v); END;
CREATE VIRTUAL TABLE words USING fts5(body, tokenize = 'porter unicode61');
INSERT INTO words VALUES ('{MARKER} the quick brown foxes'), ('jumping over the lazy dog');
CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
CREATE VIRTUAL TABLE found USING fts5(title, body, content = 'articles', content_rowid = 'id');
CREATE TRIGGER indexed AFTER INSERT ON articles
    BEGIN INSERT INTO found (rowid, title, body) VALUES (new.id, new.title, new.body); END;
INSERT INTO articles VALUES (3, 'three', 'a tale of {MARKER}'), (8, 'eight', 'two cities');
CREATE TABLE loose (body TEXT);
INSERT INTO loose (rowid, body) VALUES (2, 'second'), (70, 'seventieth {MARKER}');
CREATE VIRTUAL TABLE loose_found USING fts5(body, content = 'loose');
INSERT INTO loose_found (loose_found) VALUES ('rebuild');
CREATE VIRTUAL TABLE old_words USING fts4(body);
INSERT INTO old_words VALUES ('{MARKER} from an older program');
CREATE VIRTUAL TABLE places USING rtree(id, x0, x1, y0, y1, +label);
INSERT INTO places VALUES (1, 0, 1, 0, 1, 'here'), (2, 5, 6, 5, 6, 'there');
ANALYZE;
PRAGMA user_version = -71;
PRAGMA application_id = 1196444487;
"""

QUERIES = (
    "SELECT rowid, * FROM holes ORDER BY rowid",
    "SELECT body FROM words WHERE words MATCH 'fox' ORDER BY rank",
    "SELECT rowid, title FROM found WHERE found MATCH 'tale OR cities' ORDER BY rowid",
    "SELECT rowid, body FROM loose_found WHERE loose_found MATCH 'seventieth'",
    "SELECT body FROM old_words WHERE old_words MATCH 'older'",
    "SELECT id, label FROM places WHERE x0 > 3",
    "SELECT * FROM derived ORDER BY a",
    "SELECT * FROM seen ORDER BY k",
    "SELECT * FROM sqlite_sequence",
    "SELECT * FROM sqlite_stat1 ORDER BY tbl, idx",
)


@dataclass
class Converted:
    """An encrypted database under the name of the plaintext one, which is kept."""

    key: Secret
    report: ConversionReport
    verified: Verified
    kept: object


def build(path, script=EVERYTHING, *, page_size=4096, auto_vacuum=0, encoding="UTF-8", wal=False):
    with closing(apsw.Connection(os.fspath(path))) as connection:
        connection.pragma("page_size", page_size)
        connection.pragma("auto_vacuum", auto_vacuum)
        connection.pragma("encoding", encoding)
        if wal:
            connection.pragma("journal_mode", "wal")
        connection.execute(script)
    return path


def convert(path, cipher=Cipher.AEGIS, *, key=None, **options):
    key = key or Secret.random(32)
    staged = path.with_name(".staged")
    kept = path.with_name(path.name + ".plaintext-1")
    with PlaintextSource(path) as source:
        source.check_space(path.parent)
        report = source.encrypt_into(staged, key=key, cipher=cipher, identity=IDENTITY, **options)
        verified = source.verify(staged, key=key, cipher=cipher, **options)
        source.replace(staged, keep_as=kept)
    return Converted(key, report, verified, kept)


def reopened(path, converted, **options):
    return closing(
        open_keyed(
            path,
            key=converted.key,
            cipher=converted.report.cipher,
            page_size=converted.report.page_size,
            **options,
        )
    )


def names(directory):
    return sorted(entry.name for entry in directory.iterdir())
