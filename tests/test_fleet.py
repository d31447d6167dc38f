"""``init --manifest``: many databases, past failures, and again."""

from __future__ import annotations

import json
import os
import signal
import stat

import pytest

import wizard
from tests.databases import make_plain
from tests.test_cli import environment, start
from tests.test_initialization import protect
from wizard import engine

CHEAP = "crypto = {memory = '19MiB', passes = 2, lanes = 1}\n"


def passphrase(name):
    return f"correct horse {name} staple 77 zebra"


@pytest.fixture
def fleet(tmp_path):
    """Four databases: existing, new, protected already, and one whose passphrase is missing."""
    make_plain(tmp_path / "orders.db", rows=3)
    make_plain(tmp_path / "done.db", rows=3)
    protect(tmp_path / "done.db", tmp_path, recovery=None)
    (tmp_path / "kits").mkdir()
    text = ""
    for name in ("orders", "broken", "done", "fresh"):
        secret = tmp_path / f"{name}.pass"
        if name != "broken":
            secret.write_text(passphrase(name) + "\n")
            secret.chmod(0o600)
        text += f'[databases.{name}]\npath = "{name}.db"\npassphrase_from = "file:{secret}"\n'
        text += f'recovery_out = "kits/{name}.txt"\n{CHEAP}'
    (tmp_path / "fleet.toml").write_text(text)
    return tmp_path


def ran(cwd, *arguments):
    process = start("init", *arguments, cwd=cwd, env=environment())
    out, err = process.communicate(timeout=120)
    return process.returncode, out.decode(), err.decode()


def test_a_passphrase_file_too_is_looked_for_beside_the_manifest(tmp_path):
    """As every other path in it: a file of that name elsewhere is another passphrase."""
    elsewhere, here = tmp_path / "elsewhere", tmp_path / "here"
    for directory in (elsewhere, here):
        directory.mkdir()
        (directory / "a.pass").write_text(passphrase(directory.name))
        (directory / "a.pass").chmod(0o600)
    (here / "fleet.toml").write_text(
        f'[databases.a]\npath = "a.db"\npassphrase_from = "file:a.pass"\nno_recovery = true\n{CHEAP}'
    )
    code, out, err = ran(elsewhere, "--manifest", "../here/fleet.toml")
    assert code == 0, (out, err)
    with wizard.unlock(here / "a.db", passphrase("here")) as database:
        assert json.loads(out)["fingerprint"] == database.fingerprint


def test_it_goes_on_past_failures_and_is_safe_to_run_again(fleet):
    code, out, err = ran(fleet, "--manifest", "fleet.toml")
    lines = {line["name"]: line for line in map(json.loads, out.splitlines())}
    assert {name: line["result"] for name, line in lines.items()} == {
        "orders": "done", "fresh": "done", "done": "left", "broken": "failed",
    }  # fmt: skip
    assert code == lines["broken"]["error"]["exit_code"] == 2
    assert "staple" not in out + err
    for name in ("orders", "fresh"):
        with wizard.unlock(fleet / f"{name}.db", passphrase(name)) as database:
            assert database.fingerprint == lines[name]["fingerprint"]
        kit = fleet / f"kits/{name}.txt"
        assert stat.S_IMODE(kit.stat().st_mode) == 0o600
        with wizard.unlock(fleet / f"{name}.db", recovery=[kit.read_text()]):
            pass
    assert engine.inspect(fleet / "broken.db").state == "absent"
    before = {path: path.read_bytes() for path in fleet.glob("*.db*")}
    (fleet / "broken.pass").write_text(passphrase("broken"))
    (fleet / "broken.pass").chmod(0o600)
    code, out, _err = ran(fleet, "--manifest", "fleet.toml")
    assert code == 0
    assert [json.loads(line)["result"] for line in out.splitlines()].count("left") == 3
    assert all(path.read_bytes() == data for path, data in before.items())


def test_databases_may_have_their_passphrase_in_the_same_variable(tmp_path):
    """It is taken out of the environment by whoever reads it, and each reads it."""
    names = [f"n{number}" for number in range(4)]
    (tmp_path / "fleet.toml").write_text(
        "".join(
            f'[databases.{name}]\npath = "{name}.db"\npassphrase_from = "env:NODE_PASS"\n'
            f"no_recovery = true\n{CHEAP}"
            for name in names
        )
    )
    code, out, err = ran(tmp_path, "--manifest", "fleet.toml")
    assert code == 0, (out, err)
    assert sorted(json.loads(line)["name"] for line in out.splitlines()) == names


def test_ctrl_c_ends_what_is_begun_and_begins_nothing_more(tmp_path):
    names = [f"n{number}" for number in range(9)]
    (tmp_path / "node.pass").write_text(passphrase("node"))
    (tmp_path / "node.pass").chmod(0o600)
    (tmp_path / "fleet.toml").write_text(
        "".join(
            f'[databases.{name}]\npath = "{name}.db"\npassphrase_from = "file:node.pass"\n'
            "no_recovery = true\ncrypto = {memory = '19MiB', passes = 20, lanes = 1}\n"
            for name in names
        )
    )
    process = start("init", "--manifest", "fleet.toml", cwd=tmp_path)
    first = json.loads(process.stdout.readline())
    os.killpg(process.pid, signal.SIGINT)
    _out, err = process.communicate(timeout=120)
    assert first["result"] == "done"
    assert process.returncode == 130
    assert b"Traceback" not in err
    states = {name: engine.inspect(tmp_path / f"{name}.db").state for name in names}
    assert states[first["name"]] == "protected"
    assert set(states.values()) == {"protected", "absent"}
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("edit", "word"),
    [
        (lambda text: text.replace("file:", "MARKER:"), "passphrase source"),
        (lambda text: text + '[databases.x]\npath = "x.db"\npassphrase_from = "stdin"\n'
         "no_recovery = true\n", "one process only"),
        (lambda text: text + '[databases.x]\npath = "x.db"\npassphrase_from = "env:X"\n', "recovery_out"),
        (lambda text: text + '[databases.x]\npath = "x.db"\npassphrase = "MARKER"\n', "does not belong"),
        (lambda text: text.replace("fresh.db", "orders.db"), "same path"),
        (lambda text: text.replace("passes = 2", "passes = 0"), "at least"),
        (lambda _text: "", "databases"),
        (lambda _text: "x = ", "TOML"),
    ],
)  # fmt: skip
def test_nothing_is_begun_if_the_manifest_has_a_fault(fleet, edit, word):
    path = fleet / "fleet.toml"
    path.write_text(edit(path.read_text()))
    code, out, err = ran(fleet, "--manifest", "fleet.toml")
    assert (code, out) == (38, "")
    assert word in err
    assert "MARKER" not in err
    assert engine.inspect(fleet / "orders.db").state == "plaintext"


def test_the_manifest_stands_alone(fleet):
    for words in (["node.db"], ["--no-recovery"], ["--passphrase", "env:X"]):
        assert ran(fleet, *words, "--manifest", "fleet.toml")[0] == 2
    code, _out, err = ran(fleet, "--manifest", "none.toml")
    assert (code, "no such file" in err) == (38, True)
