"""The work of an application, on an encrypted and on an unencrypted database."""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import sqlcipher3

from tests.bench.measuring import RUNS, Row, Rows, seconds, shown
from wizard.engine import Secret
from wizard.engine.keyed import Cipher, create_private, open_keyed

ROWS = 200_000
READS = 20_000
_TO_PLAIN = 1.15
_TO_SQLCIPHER = 1.0
_DRAW = random.Random(7)
_KEYS = [_DRAW.randrange(1, ROWS + 1) for _ in range(READS)]
_TEXT = "a row of ordinary length, with some text in it"


def rows() -> Rows:
    """Insert, scan, point reads and transactions, in turn on all engines."""
    with tempfile.TemporaryDirectory() as directory:
        times: dict[str, dict[str, list[float]]] = {}
        for run in range(RUNS + 1):
            engines = list(_ENGINES.items())
            first = run % len(engines)
            for name, opened in engines[first:] + engines[:first]:
                path = Path(directory) / f"{name}-{run}.db"
                os.sync()  # what the one before has left is not for this one to write out
                connection = opened(path)
                for work in (_insert, _scan, _points, _mixed):
                    taken = seconds(lambda work=work, use=connection: work(use))
                    if run:  # the first round warms everything up
                        times.setdefault(work.__name__[1:], {}).setdefault(name, []).append(taken)
                connection.close()
                path.unlink()
    for work, taken in times.items():
        middle = {name: sorted(each)[len(each) // 2] for name, each in taken.items()}
        yield from _compared(work, middle)


def _compared(work: str, middle: dict[str, float]) -> Rows:
    what = {
        "insert": f"insert {ROWS:,} rows",
        "scan": "full scan",
        "points": f"{READS:,} point reads",
        "mixed": "mixed transactions",
    }[work]
    for name, target in (
        ("apsw", _TO_PLAIN),
        ("sqlite3", _TO_PLAIN),
        ("sqlcipher3", _TO_SQLCIPHER),
    ):
        kind = {"apsw": "the same binding, unencrypted", "sqlite3": "sqlite3, unencrypted"}
        yield Row(
            what,
            f"{kind.get(name, 'sqlcipher3')}: {shown(middle[name])}",
            shown(middle["ours"]),
            middle["ours"] / middle[name],
            target,
        )


def _settle(connection: Any) -> Any:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, number INTEGER)")
    return connection


def _ours(path: Path) -> Any:
    create_private(path)
    with Secret.copy_of(os.urandom(32)) as key:
        return _settle(open_keyed(path, key=key, cipher=Cipher.AEGIS, page_size=4096, create=True))


def _sqlcipher(path: Path) -> Any:
    connection = sqlcipher3.connect(str(path), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{os.urandom(32).hex()}'\"")
    return _settle(connection)


_ENGINES: dict[str, Callable[[Path], Any]] = {
    "ours": _ours,
    "apsw": lambda path: _settle(apsw.Connection(str(path))),
    "sqlite3": lambda path: _settle(sqlite3.connect(path, isolation_level=None)),
    "sqlcipher3": _sqlcipher,
}


def _insert(connection: Any) -> None:
    # A cursor, since a connection of apsw and one of sqlite3 differ in what they give back.
    cursor = connection.cursor()
    cursor.execute("BEGIN")
    cursor.executemany(
        "INSERT INTO t (id, text, number) VALUES (?, ?, ?)",
        ((number, f"{number} {_TEXT}", number % 97) for number in range(1, ROWS + 1)),
    )
    cursor.execute("COMMIT")


def _scan(connection: Any) -> None:
    for _ in range(3):
        next(iter(connection.cursor().execute("SELECT sum(length(text)), sum(number) FROM t")))


def _points(connection: Any) -> None:
    cursor = connection.cursor()
    for key in _KEYS:
        next(iter(cursor.execute("SELECT text FROM t WHERE id = ?", (key,))))


def _mixed(connection: Any) -> None:
    cursor = connection.cursor()
    for start in range(400):
        cursor.execute("BEGIN")
        for key in _KEYS[start * 10 : start * 10 + 10]:
            cursor.execute("UPDATE t SET number = number + 1 WHERE id = ?", (key,))
            next(iter(cursor.execute("SELECT number FROM t WHERE id = ?", (key,))))
        cursor.execute("COMMIT")
