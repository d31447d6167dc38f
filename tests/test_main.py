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


_IN_A_SHELL = 'exec "$@" {}'


def _with(streams, *arguments, directory):
    command = [sys.executable, "-m", "wizard", *arguments]
    return subprocess.run(
        ["/bin/sh", "-c", _IN_A_SHELL.format(streams), "sh", *command],
        cwd=directory, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


INIT = (
    "init", "node.db", "--passphrase", "cmd:echo orbit-Canvas-mellow-91-quartz", "--no-recovery",
    "--memory", "19MiB", "--passes", "2", "--lanes", "1",
)  # fmt: skip


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_result_that_cannot_be_written_is_no_word_that_nothing_was_done(tmp_path, as_json):
    """The database is protected; "Nothing was changed" would be a lie, and 120 no exit code."""
    ended = _with(">/dev/full", *INIT, *as_json, directory=tmp_path)
    assert (ended.returncode, (tmp_path / "node.db").exists()) == (46, True)
    first, second = ended.stderr.splitlines()
    assert first == (
        "Error: The result could not be written to standard output: No space left on device. "
        "What the command did before is done."
    )
    assert second == "See what is there: datafold-wizard status node.db"
    shell = ("shell", "node.db", *INIT[2:4], "--sql", "SELECT 1")
    assert _with(">/dev/full", *shell, *as_json, directory=tmp_path).returncode == 46


@pytest.mark.parametrize("arguments", [("--help",), ("init", "--help"), ("--version",)])
def test_help_that_cannot_be_written_is_no_full_disk(tmp_path, arguments):
    ended = _with(">/dev/full", *arguments, directory=tmp_path)
    assert (ended.returncode, "standard output" in ended.stderr) == (46, True)


def test_work_goes_on_where_standard_error_takes_nothing(tmp_path):
    """The note about the kit beside the database is for people; the kit is not."""
    kit = ("--recovery-out", "kit.txt")
    arguments = [word for word in INIT if word != "--no-recovery"]
    ended = _with("2>/dev/full", *arguments, *kit, directory=tmp_path)
    assert (ended.returncode, (tmp_path / "kit.txt").exists()) == (0, True)


def test_closed_streams_are_the_null_device_and_no_files_number(tmp_path):
    """Or `cmd:`, whose standard error is ours, would write into the first file opened."""
    words = list(INIT)
    words[3] = "cmd:sh -c 'echo noise >&2; ls -l /proc/self/fd >LIST; echo orbit-Canvas-mellow-91'"
    assert _with("<&- >&- 2>&-", *words, directory=tmp_path).returncode == 0
    listed = (tmp_path / "LIST").read_text()
    assert listed.count("/dev/null") == 2, listed
    shell = ("shell", "node.db", *words[2:4], "--sql", "SELECT 1")
    ended = _with(">&-", *shell, directory=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "noise\n")
