"""What encrypting a database will take is told without a trace on the disk."""

from __future__ import annotations

import sqlite3

import pytest

from tests.databases import make_plain
from wizard import engine


def test_it_counts_tables_and_measures_without_leaving_anything(tmp_path):
    path = tmp_path / "node.db"
    make_plain(path, rows=3)
    with sqlite3.connect(path) as connection:
        (tables,) = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        ).fetchone()
    before = path.read_bytes()
    found = engine.survey_database(path, size=path.stat().st_size)
    assert found.tables == tables > 0
    assert found.write_bytes_per_second > 0
    assert 0 < found.seconds < 60
    assert [entry.name for entry in tmp_path.iterdir()] == ["node.db"]
    assert path.read_bytes() == before


def test_twice_the_size_takes_about_twice_as_long(tmp_path):
    path = tmp_path / "node.db"
    make_plain(path, rows=3)
    small, large = (engine.survey_database(path, size=size).seconds for size in (1 << 30, 1 << 40))
    assert large > 100 * small


@pytest.mark.parametrize("name", ["absent.db", "no directory/absent.db", "noise.db"])
def test_what_cannot_be_found_out_is_none(tmp_path, name):
    (tmp_path / "noise.db").write_bytes(bytes(range(256)) * 32)
    found = engine.survey_database(tmp_path / name, size=4096)
    assert found.tables is None
    if not (tmp_path / name).parent.exists():
        assert found.seconds is None


def test_a_live_database_in_wal_mode_gets_no_new_files(tmp_path):
    path = tmp_path / "node.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (a)")
    connection.commit()
    before = sorted(entry.name for entry in tmp_path.iterdir())
    engine.survey_database(path, size=4096)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == before
    connection.close()
