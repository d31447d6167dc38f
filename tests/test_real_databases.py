"""Databases that nobody here made, converted and compared table by table.

- ``proj.db`` of PROJ, as the PyPI package pyproj ships it: 38 tables (28 WITHOUT ROWID), 36
  triggers, 7 views, 75,000 rows of coordinate systems.
- A GeoPackage, the OGC's public schema for maps, as the PyPI package fudgeo creates it: tables
  from the standard, triggers, an R-tree, and triggers that call functions only a map program has.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import apsw
import pyproj
import pytest
from fudgeo.geometry import Point
from fudgeo.geopkg import Field, GeoPackage

from tests.conversion_cases import convert, reopened
from wizard.engine.sqlite import Cipher


def proj_database(directory):
    source = Path(pyproj.datadir.get_data_dir()) / "proj.db"
    return Path(shutil.copy(source, directory / "proj.db"))


def map_database(directory):
    package = GeoPackage.create(directory / "made.gpkg", enable_metadata=True, enable_schema=True)
    reference = next(iter(package.spatial_references.values()))
    fields = (Field("name", "TEXT", size=100), Field("people", "INTEGER"))
    cities = package.create_feature_class("cities", reference, fields=fields, spatial_index=True)
    srs = cities.spatial_reference_system.srs_id
    with cities.geopackage.connection as connection:
        connection.executemany(
            f"INSERT INTO {cities.name} (SHAPE, name, people) VALUES (?, ?, ?)",
            [(Point(x=n / 7, y=-n / 3, srs_id=srs), f"city {n}", n * 1000) for n in range(2000)],
        )
    # A copy, because fudgeo keeps connections of its own, and a database in use is refused.
    return Path(shutil.copy(directory / "made.gpkg", directory / "cities.gpkg"))


def everything(connection):
    """Schema and rows, read with plain SELECTs: independent of the digests that the engine compares."""
    schema = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema"
        " WHERE tbl_name <> 'datafold_crypto' ORDER BY type, name"
    ).fetchall()
    tables = [name for kind, name, _table, _sql in schema if kind in ("table", "view")]
    rows = {}
    for name in tables:
        try:
            cursor = connection.execute(f'SELECT * FROM "{name}"')
        except (apsw.SQLError, sqlite3.OperationalError) as error:
            rows[name] = str(error)
        else:
            rows[name] = sorted(map(repr, cursor))
    return schema, rows


def counted(schema):
    kinds = [kind for kind, *_rest in schema]
    return {kind: kinds.count(kind) for kind in set(kinds)}


@pytest.mark.parametrize("cipher", Cipher)
@pytest.mark.parametrize("made", [proj_database, map_database])
def test_a_real_database_is_the_same_table_by_table(tmp_path, made, cipher):
    path = made(tmp_path)
    with closing(apsw.Connection(str(path))) as plain:
        schema, rows = everything(plain)
        header = plain.pragma("user_version"), plain.pragma("application_id")
    converted = convert(path, cipher)
    with reopened(path, converted) as encrypted:
        found_schema, found_rows = everything(encrypted)
        assert found_schema == schema
        assert found_rows.keys() == rows.keys()
        for name, expected in rows.items():
            assert found_rows[name] == expected, name
        assert (encrypted.pragma("user_version"), encrypted.pragma("application_id")) == header
    assert {table.name for table in converted.verified.tables} <= rows.keys()


def test_proj_is_what_this_file_says(tmp_path):
    with closing(apsw.Connection(str(proj_database(tmp_path)))) as plain:
        schema, rows = everything(plain)
    kinds = counted(schema)
    assert kinds["table"] >= 30
    assert kinds["trigger"] >= 30
    assert kinds["view"] >= 5
    assert sum("WITHOUT ROWID" in (sql or "") for *_names, sql in schema) >= 20
    assert sum(len(found) for found in rows.values()) > 70_000


def test_the_triggers_of_proj_still_refuse_what_they_refused(tmp_path):
    path = proj_database(tmp_path)
    bad = (
        "INSERT INTO geodetic_crs SELECT auth_name, code || 'x', name, description, 'no such type',"
        " coordinate_system_auth_name, coordinate_system_code, datum_auth_name, datum_code,"
        " text_definition, deprecated FROM geodetic_crs LIMIT 1"
    )
    with (
        closing(apsw.Connection(str(path))) as plain,
        pytest.raises(apsw.ConstraintError) as before,
    ):
        plain.execute(bad)
    converted = convert(path)
    with reopened(path, converted) as encrypted, pytest.raises(apsw.ConstraintError) as after:
        encrypted.execute(bad)
    assert str(after.value) == str(before.value)


def test_the_map_is_what_this_file_says(tmp_path):
    with closing(apsw.Connection(str(map_database(tmp_path)))) as plain:
        schema, rows = everything(plain)
    assert counted(schema)["trigger"] >= 7
    assert any("USING rtree" in (sql or "") for *_names, sql in schema)
    assert any("ST_IsEmpty" in (sql or "") for *_names, sql in schema)
    assert len(rows["cities"]) == 2000


def test_a_search_on_the_map_finds_the_same(tmp_path):
    path = map_database(tmp_path)
    search = "SELECT id FROM rtree_cities_SHAPE WHERE minx > 100 AND maxy > -400 ORDER BY id"
    with closing(apsw.Connection(str(path))) as plain:
        before = plain.execute(search).fetchall()
    converted = convert(path, Cipher.SQLCIPHER)
    with reopened(path, converted) as encrypted:
        assert encrypted.execute(search).fetchall() == before
    assert len(before) > 100
