"""Unlocking without its derivation, against opening an unencrypted database."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path

import wizard
from tests.bench.measuring import Row, Rows, seconds, shown
from tests.databases import PASSPHRASE, make_plain
from wizard.engine import KdfParams, Secret, kdf

PARAMS = KdfParams(memory_kib=19 * 1024, passes=2, lanes=1)
_RUNS = 25
_MILLISECONDS = 15.0


def rows() -> Rows:
    """Each unlock minus a derivation with the same parameters just before it."""
    with tempfile.TemporaryDirectory() as directory:
        plain = make_plain(Path(directory) / "plain.db", rows=1000)
        path = make_plain(Path(directory) / "node.db", rows=1000)
        wizard.initialize(path, PASSPHRASE, params=PARAMS, recovery=None)
        for readonly in (False, True):
            derived, opened, yardstick = [], [], []
            for _ in range(_RUNS):
                derived.append(seconds(_derive))
                opened.append(seconds(partial(_unlock, path, readonly=readonly)))
                yardstick.append(seconds(lambda: _connect(plain)))
            rest = statistics.median(
                whole - part for whole, part in zip(opened, derived, strict=True)
            )
            kind = "read-only" if readonly else "for writing, audit entry signed and synced"
            yield Row(
                f"unlock without its derivation ({kind})",
                f"sqlite3.connect and a SELECT: {shown(statistics.median(yardstick))}",
                shown(rest),
                rest * 1000,
                _MILLISECONDS,
                " ms",
            )


def _derive() -> None:
    with Secret.copy_of(PASSPHRASE.encode()) as secret:
        kdf.derive(secret, salt=bytes(16), params=PARAMS).close()


def _unlock(path: Path, *, readonly: bool) -> None:
    with wizard.unlock(path, PASSPHRASE, readonly=readonly) as database:
        database.connection.execute("SELECT count(*) FROM customers").close()


def _connect(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT count(*) FROM customers").fetchone()
