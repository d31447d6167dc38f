"""``check``: what a service manager learns before it starts a service, and what that costs."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import PASSPHRASE, make_plain
from tests.programs import needs
from tests.test_cli import environment, start
from tests.test_imports import HEAVY, loaded_by
from tests.test_initialization import protect
from wizard import engine

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def node(tmp_path):
    """Two databases with master keys of their own, and one that is not there."""
    for name in ("orders", "stock"):
        make_plain(tmp_path / f"{name}.db", rows=3)
        protect(tmp_path / f"{name}.db", tmp_path / "kits", recovery=None)
    (tmp_path / "datafold.toml").write_text(
        '[databases.orders]\npath = "orders.db"\n[databases.stock]\npath = "stock.db"\n'
    )
    return tmp_path


def checked(cwd, *arguments, **extra):
    env = environment(
        XDG_CONFIG_HOME=str(cwd / "none"), XDG_CONFIG_DIRS=str(cwd / "none"), P=PASSPHRASE, **extra
    )
    process = start("check", *arguments, "--json", cwd=cwd, env=env)
    out, err = process.communicate(timeout=60)
    document = json.loads(out)
    return process.returncode, document.get("databases", document), err.decode()


def test_all_of_the_configuration_or_those_that_are_named(node):
    named = ("--config", "datafold.toml")
    code, all_of_them, _err = checked(node, *named)
    assert (code, [each["name"] for each in all_of_them]) == (0, ["orders", "stock"])
    code, one, _err = checked(node, "stock", *named, DATAFOLD_CONFIG=str(node / "datafold.toml"))
    assert (code, [each["name"] for each in one]) == (0, ["stock"])
    assert not one[0]["unlocked"]


def test_a_path_needs_no_configuration(node):
    code, (found,), _err = checked(node, "orders.db")
    assert (code, found["state"], found["generation"]) == (0, "protected", 1)


def test_with_a_source_it_really_unlocks(node):
    code, (found,), _err = checked(node, "orders.db", "--passphrase", "env:P")
    assert (code, found["unlocked"]) == (0, True)
    code, (found,), _err = checked(node, "orders.db", "--passphrase", "env:WRONG", WRONG="nope")
    assert (code, found["error"]["code"]) == (3, "wrong_passphrase")


def test_each_database_has_a_source_of_its_own(node):
    named = ("--config", "datafold.toml")
    code, databases, _err = checked(
        node, *named, "--passphrase", "orders=env:P", "--passphrase", "stock=env:W", W="nope"
    )
    assert code == 3
    assert [each["unlocked"] for each in databases] == [True, False]
    assert checked(node, *named, "--passphrase", "env:P")[0] == 2
    code, _databases, err = checked(node, *named, "--passphrase", "MARKER=env:P")
    assert (code, "MARKER" in err) == (2, False)


def test_a_pinned_fingerprint(node):
    fingerprint = engine.inspect(node / "orders.db").metadata.public_key.fingerprint
    pin = 'path = "orders.db"\ncrypto = {fingerprint = "%s"}\n'
    config = node / "datafold.toml"
    named = ("--config", "datafold.toml")
    config.write_text("[databases.orders]\n" + pin % fingerprint)
    assert checked(node, *named)[0] == 0
    config.write_text("[databases.orders]\n" + pin % "7QJ4-M2XD-90KA-TT3B-5CWE")
    code, (found,), _err = checked(node, *named)
    assert (code, found["error"]["code"]) == (7, "foreign_metadata")
    # Named by its path, it is held to the same.
    assert checked(node, "orders.db", *named)[0] == 7


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda node: (node / "orders.db.crypto.json").unlink(), 6),
        (lambda node: (node / "orders.db.crypto.json").write_bytes(b"{}"), 6),
        (lambda node: shutil.copy(node / "stock.db.crypto.json", node / "orders.db.crypto.json"), 7),
        (lambda node: (node / "orders.db").unlink(), 6),
        (lambda node: (node / "orders.db.crypto.json").chmod(0o666), 38),
        (lambda node: (node / "orders.db").chmod(0o646), 38),
        (lambda node: node.chmod(0o777), 38),
        (lambda node: (node / "datafold.toml").chmod(0o666), 38),
        (lambda node: (node / "datafold.toml").write_text("x = 1"), 38),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_exit_code(node, spoil, code):
    spoil(node)
    assert checked(node, "--config", "datafold.toml")[0] == code


def test_the_first_fault_is_the_exit_code_and_the_rest_is_told(node):
    (node / "stock.db.crypto.json").chmod(0o666)
    (node / "orders.db.crypto.json").write_bytes(b"{}")
    code, databases, _err = checked(node, "--config", "datafold.toml")
    assert code == 6
    assert [each["error"]["exit_code"] for each in databases] == [6, 38]


def test_a_database_that_need_not_be_protected(node):
    make_plain(node / "plain.db", rows=1)
    (node / "datafold.toml").write_text(
        '[databases.plain]\npath = "plain.db"\ncrypto = {enabled = false}\n'
    )
    assert checked(node, "--config", "datafold.toml")[0] == 0
    assert checked(node, "plain.db")[0] == 4


def test_nothing_to_check_is_said(tmp_path):
    code, document, err = checked(tmp_path)
    assert (code, document["error"]["code"]) == (2, "usage")
    assert "config init" in err


def test_it_loads_nothing_heavy_and_without_a_configuration_no_pydantic(node):
    program = (
        "import sys\nfrom wizard.cli.program import run\n"
        "assert run(['check', *sys.argv[1:]]) == 0, sys.argv"
    )
    web = {"fastapi", "starlette", "uvicorn"}
    with_file = loaded_by(program, "--config", str(node / "datafold.toml"))
    assert not with_file & {*HEAVY, *web}
    assert not loaded_by(program, str(node / "orders.db")) & {*HEAVY, *web, "pydantic"}


def test_the_wizard_finds_what_the_configuration_names_and_its_data_directories(
    node, monkeypatch, tmp_path
):
    from wizard.node import known_databases

    (node / "far").mkdir()
    make_plain(node / "far/away.db", rows=1)
    (node / "empty").mkdir()
    monkeypatch.chdir(node / "empty")
    monkeypatch.setenv("HOME", str(node / "empty"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(node / "empty"))
    config = node / "datafold.toml"
    config.write_text('data_directories = ["far"]\n[databases.orders]\npath = "orders.db"\n')
    monkeypatch.setenv("DATAFOLD_CONFIG", str(config))
    found = [each.path.name for each in known_databases()]
    assert found[:2] == ["orders.db", "away.db"]
    config.write_text("x = 1")
    assert "orders.db" not in [each.path.name for each in known_databases()]


def test_configuration_and_sidecar_are_public_and_hold_no_secret(node):
    """Anybody may read both: with the database out of reach they still tell, and open nothing."""
    secrets = [PASSPHRASE.encode()]
    with engine.unlock(node / "orders.db", PASSPHRASE):
        pass
    for name in ("datafold.toml", "orders.db.crypto.json"):
        path = node / name
        path.chmod(0o644)
        assert not any(secret in path.read_bytes() for secret in secrets)
    assert stat.S_IMODE((node / "orders.db.crypto.json").stat().st_mode) & stat.S_IROTH
    assert checked(node, "--config", "datafold.toml")[0] == 0
    # What the sidecar holds of the data key is sealed, and the seal names no key.
    document = json.loads((node / "orders.db.crypto.json").read_text())
    slots = document["signed"]["slots"]
    assert all(set(slot["sealed"]) <= {"ciphertext", "nonce", "ephemeral"} for slot in slots)
    with engine.unlock(node / "orders.db", PASSPHRASE) as database:
        keys = database.connection.execute(
            "SELECT master_public_key FROM datafold_crypto"
        ).fetchall()
    assert len(keys) == 1


@needs("systemd-analyze")
def test_the_unit_in_the_readme_is_one(tmp_path):
    units = re.findall(r"```ini\n(\[Unit\].*?)```", README, re.DOTALL)
    assert units
    for number, unit in enumerate(units):
        assert "datafold-wizard check" in unit
        assert "cred:" in unit
        # Only the programs' places are this machine's.
        here = re.sub(r"=/usr/bin/\S+", f"={sys.executable}", unit).replace(
            "User=datafold", "User=root"
        )
        path = tmp_path / f"unit{number}.service"
        path.write_text(here)
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
