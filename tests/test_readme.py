"""The README is true: its commands exist, its exit codes are the table's, its Python runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import PASSPHRASE, make_plain
from tests.test_initialization import protect
from wizard import error_table
from wizard.cli.names import COMMANDS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_every_command_is_documented():
    for name in COMMANDS:
        assert f"`{name}" in README, name


def test_exit_codes_are_those_of_the_table():
    documented = {int(code) for code in re.findall(r"\| (\d+) \|", README)}
    used = {row.exit_code for row in error_table.TABLE.values()}
    assert documented == used | {0}


def test_python_in_the_readme_runs(tmp_path, monkeypatch, capsys):
    make_plain(tmp_path / "node.db", rows=3)
    protect(tmp_path / "node.db", tmp_path)
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    exec(code, {"passphrase": PASSPHRASE})
    assert capsys.readouterr().out.count("MARKER customer") == 3


@pytest.mark.parametrize(
    "command",
    re.findall(r"^\$ datafold-wizard (verify|shell|status) node\.db(.*)$", README, re.MULTILINE),
)
def test_commands_of_the_first_session_run(tmp_path, command):
    verb, rest = command
    make_plain(tmp_path / "node.db", rows=3)
    protect(tmp_path / "node.db", tmp_path)
    (tmp_path / "sheet.txt").write_bytes((tmp_path / "sheet-1.txt").read_bytes())
    source = "" if verb == "status" or "--recovery" in rest else " --passphrase env:SECRET"
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m wizard {verb} node.db{rest}{source}"],
        cwd=tmp_path,
        env=os.environ | {"SECRET": PASSPHRASE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_pictures_exist():
    for name in re.findall(r"\]\((screenshots/[^)]+)\)", README):
        assert (Path(__file__).parent.parent / name).is_file(), name
