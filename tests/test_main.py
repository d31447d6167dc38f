"""Which of the front ends the first argument chooses."""

from __future__ import annotations

import sys

import pytest

import wizard.cli.terminal
import wizard.tui
from wizard import __main__ as entry


@pytest.fixture
def chosen(monkeypatch):
    """Return a function that runs ``main`` and says what it chose, with what."""
    seen = []
    monkeypatch.setattr(wizard.cli.terminal, "is_terminal", lambda: True)
    monkeypatch.setattr(wizard.tui, "run", lambda path: seen.append(("wizard", path)) or 7)
    monkeypatch.setattr(entry, "_command_line", lambda words: seen.append(("command", *words)) or 8)
    monkeypatch.setattr(entry.engine, "protect_process", lambda: seen.append("protected"))

    def choose(*arguments):
        seen.clear()
        monkeypatch.setattr(sys, "argv", ["datafold-wizard", *arguments])
        code = entry.main()
        assert seen[0] == "protected"
        assert (code, seen[1][0]) in {(7, "wizard"), (8, "command")}
        return seen[1]

    return choose


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ((), None),
        (("--",), None),
        (("node.db",), "node.db"),
        (("node",), "node"),
        (("/srv/no such directory/node",), "/srv/no such directory/node"),
        (("./status",), "./status"),
        (("--", "status"), "status"),
        (("--", "--help"), "--help"),
        (("",), ""),
    ],
)
def test_nothing_or_a_path_is_the_wizards(chosen, arguments, path):
    assert chosen(*arguments) == ("wizard", path)


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("status", "node.db"),
        ("--help",),
        ("-h",),
        ("--version",),
        ("stauts",),
        ("benchmrk",),
        ("node.db", "other.db"),
        ("--", "node.db", "other.db"),
    ],
)
def test_the_rest_is_the_command_lines(chosen, arguments):
    assert chosen(*arguments) == ("command", *arguments)


def test_a_file_that_is_there_is_a_path_whatever_it_is_called(chosen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stauts").touch()
    assert chosen("stauts") == ("wizard", "stauts")


def test_completion_is_the_command_lines(chosen, monkeypatch):
    monkeypatch.setenv("_DATAFOLD_WIZARD_COMPLETE", "bash_complete")
    assert chosen() == ("command",)


def test_ctrl_c_while_modules_load_is_quiet(monkeypatch, capsys):
    def interrupt(_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "_choose", interrupt)
    monkeypatch.setattr(entry.engine, "protect_process", lambda: None)
    assert entry.main() == 130
    assert capsys.readouterr() == ("", "")
