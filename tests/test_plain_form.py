"""`status` and `check` without Click: the same answers as with it, and little loaded for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from tests.databases import make_plain
from tests.test_imports import HEAVY
from tests.test_initialization import protect
from wizard.cli import plain_form, program
from wizard.settings.finding import APPLICATION, FILE_NAME, candidates

PLAIN = [
    "status node.db",
    "status node.db --json",
    "status --json node.db",
    "status --json --json node.db",
    "status absent.db --json",
    "status plain.db",
    "status damaged.db --json",
    "status directory --json",
    "status absent/node.db",
    "status node.db/inside --json",
    "check",
    "check --json",
    "check node.db",
    "check node.db node.db --json",
    "check --json absent.db plain.db damaged.db",
    "check damaged.db node.db",
    "check unreadable.db node.db",
    "check two\nlines.db",
]
FOR_CLICK = [
    "",
    "status",
    "status --json",
    "status node.db plain.db",
    "status --help",
    "check -h",
    "status node.db --jso",
    "status node.db --json=1",
    "status -- node.db",
    "status -node.db",
    "check --config none.toml",
    "check node.db --passphrase env:P",
    "check --allow-high-cost node.db",
    "check node.db --",
    "stat node.db",
    "--version",
    "verify node.db",
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("plain_form")
    make_plain(directory / "node.db", rows=3)
    protect(directory / "node.db", directory / "kits", recovery=None)
    make_plain(directory / "plain.db", rows=3)
    (directory / "damaged.db").write_bytes((directory / "node.db").read_bytes())
    (directory / "damaged.db.crypto.json").write_bytes(b"{}")
    (directory / "unreadable.db").write_bytes(b"x")
    (directory / "unreadable.db").chmod(0)
    (directory / "directory").mkdir()
    return directory


@pytest.fixture
def at(files, monkeypatch):
    monkeypatch.chdir(files)
    for name in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.setenv(name, str(files / "none"))
    monkeypatch.delenv("DATAFOLD_CONFIG", raising=False)


@pytest.mark.parametrize("line", PLAIN)
def test_the_same_is_said_with_click(at, line, capfd):
    arguments = line.split(" ")
    assert plain_form.is_plain(arguments)
    code = plain_form.run(arguments)
    said = capfd.readouterr()
    assert program.run(arguments) == code
    assert capfd.readouterr() == said
    assert said.out or said.err


@pytest.mark.parametrize("line", FOR_CLICK)
def test_everything_else_is_left_to_click(at, line):
    assert not plain_form.is_plain(line.split())
    assert not plain_form.is_plain([*line.split(), ""])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_click_refuses_to_read_is_left_to_it(at):
    assert not plain_form.is_plain(["status", "unreadable.db"])


def test_completion_is_clicks(at):
    environment = {**os.environ, "_DATAFOLD_WIZARD_COMPLETE": "bash_complete"}
    environment |= {"COMP_WORDS": "datafold-wizard status ", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-m", "wizard", "status", "node.db"],
        env=environment, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.startswith(b"file,")


# Third-party and heavy standard modules, each with what it would cost on top of the others.
KEPT_OUT = {
    *HEAVY,
    "apsw", "click", "pydantic", "pydantic_settings", "platformdirs", "nacl.bindings",
    "dataclasses", "inspect", "ast", "hashlib", "_hashlib", "shutil", "subprocess", "tempfile", "tomllib", "typing", "_strptime",
    "locale", "difflib", "logging", "shlex", "uuid",
    "wizard.diagnostics", "wizard.cli.options", "wizard.cli.sources", "wizard.cli.program",
    "wizard.engine.sqlite", "wizard.engine.audit", "wizard.engine.sealing", "wizard.invocation",
    "wizard.settings.reading", "wizard.settings.loading",
}  # fmt: skip
FIRST_PARTY_AT_MOST = 50


@pytest.mark.parametrize("line", ["status node.db --json", "check node.db"])
def test_only_what_is_needed_is_loaded(at, line):
    """As installed: a fresh interpreter, and the function that the console script calls."""
    program = (
        "import re, sys\n"
        "from wizard.__main__ import main\n"
        "assert main() == 0\n"
        "print('', *sys.modules, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *line.split()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    loaded = set(done.stdout.rpartition("\n\n")[2].split())
    assert not loaded & KEPT_OUT
    ours = {name for name in loaded if name.partition(".")[0] == "wizard"}
    assert "wizard.engine.inspection" in ours
    assert len(ours) <= FIRST_PARTY_AT_MOST


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/home/somebody"},
        {"HOME": "/home/somebody", "XDG_CONFIG_HOME": "/elsewhere"},
        {"HOME": "/home/somebody", "XDG_CONFIG_HOME": ""},
        {"HOME": "/home/somebody", "XDG_CONFIG_HOME": "relative"},
        {"HOME": "/home/somebody", "XDG_CONFIG_DIRS": "/first:/second"},
        {"HOME": "/home/somebody", "XDG_CONFIG_DIRS": ":relative:/second"},
        {"HOME": "/"},
        {"HOME": "relative"},
        {},
    ],
)
def test_configuration_is_looked_for_where_platformdirs_says(environment, monkeypatch):
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert candidates() == (
        platformdirs.user_config_path(APPLICATION) / FILE_NAME,
        platformdirs.site_config_path(APPLICATION) / FILE_NAME,
    )
    assert all(isinstance(each, Path) for each in candidates())
