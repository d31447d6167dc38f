"""Plaintext databases for tests, and what stands beside them."""

import sqlite3

PASSPHRASE = "correct horse battery staple-7"


def make_plain(path, rows=20):
    """A small real database whose every row holds MARKER."""
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT NOT NULL, photo BLOB);
        CREATE INDEX customers_by_name ON customers(name);
        CREATE VIEW names AS SELECT name FROM customers;
        CREATE VIRTUAL TABLE notes USING fts5(body);
        CREATE TABLE log(what TEXT);
        CREATE TRIGGER logged AFTER INSERT ON customers
            BEGIN INSERT INTO log VALUES ('added ' || new.name); END;
        PRAGMA user_version = 7;
        """
    )
    connection.executemany(
        "INSERT INTO customers(name, photo) VALUES (?, ?)",
        ((f"MARKER customer {n}", f"MARKER {n}".encode() * 20) for n in range(rows)),
    )
    connection.execute("INSERT INTO notes VALUES ('MARKER note')")
    connection.commit()
    connection.close()
    return path


def files_but_log(directory):
    """Names and contents, without audit logs: a log is the record of an attempt, and stays."""
    return {
        path.name: path.read_bytes()
        for path in directory.iterdir()
        if path.is_file() and not path.name.endswith(".audit.jsonl")
    }
