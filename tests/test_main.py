"""Which of the front ends the first argument chooses."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

import wizard.cli.terminal
import wizard.tui
from wizard import __main__ as entry
from wizard.invocation import Invocation


@pytest.fixture
def chosen(monkeypatch):
    """Return a function that runs ``main`` and says what it chose, with what."""
    seen = []
    monkeypatch.setattr(wizard.cli.terminal, "is_terminal", lambda: True)
    monkeypatch.setattr(entry, "_is_plain", lambda _asked: False)
    monkeypatch.setattr(wizard.tui, "run", lambda asked: seen.append(("wizard", asked)) or 7)
    monkeypatch.setattr(entry, "_command_line", lambda words: seen.append(("command", *words)) or 8)
    monkeypatch.setattr(
        entry.plain_form, "run", lambda words: seen.append(("command", *words)) or 8
    )
    monkeypatch.setattr(entry, "gc", SimpleNamespace(disable=lambda: None, freeze=lambda: None))
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
    assert chosen(*arguments) == ("wizard", Invocation(path))


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("--mouse",), Invocation(mouse=True)),
        (("--ascii", "--mouse", "node.db"), Invocation("node.db", mouse=True, ascii=True)),
        (("node.db", "--ascii"), Invocation("node.db", ascii=True)),
        (("--ascii", "--", "--mouse"), Invocation("--mouse", ascii=True)),
        (("--answers", "a.toml"), Invocation(answers="a.toml")),
        (("node.db", "--answers", "a.toml"), Invocation("node.db", answers="a.toml")),
    ],
)
def test_switches_are_the_wizards(chosen, arguments, asked):
    assert chosen(*arguments) == ("wizard", asked)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--mouse", "--frobnicate"), "The wizard takes one path and --mouse, --ascii"),
        (("--ascii", "a.db", "b.db"), "The wizard takes one path."),
    ],
)
def test_what_a_switch_is_given_with_is_refused_in_one_sentence(
    monkeypatch, capsys, arguments, sentence
):
    monkeypatch.setattr(sys, "argv", ["datafold-wizard", *arguments])
    monkeypatch.setattr(entry.engine, "protect_process", lambda: None)
    assert entry.main() == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith(f"Error: {sentence}")
    assert said.err.count("\n") == 1


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
    assert chosen("stauts") == ("wizard", Invocation("stauts"))


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


def test_an_interrupt_that_was_dealt_with_does_not_end_the_process_by_its_signal() -> None:
    # CPython remembers one that came while dataclasses ran exec(), and a shell or ssh would see it.
    program = (
        "import sys\n"
        "from wizard import __main__ as program\n"
        "def choose(_arguments):\n"
        "    try:\n"
        "        exec('raise KeyboardInterrupt')\n"
        "    except KeyboardInterrupt:\n"
        "        return 130\n"
        "program._choose = choose\n"
        "sys.exit(program.main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert done.returncode == 130
