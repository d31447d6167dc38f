"""What is loaded when: proved in fresh interpreters, for an import anywhere would spoil it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wizard.cli.names import COMMANDS

SCREEN = {"textual", "rich"}
HEAVY = {*SCREEN, "zxcvbn", "segno", "pyrage", "argon2", "_argon2_cffi_bindings", "shamir_mnemonic"}


def loaded_by(program, *arguments):
    """Return the top-level modules that a fresh interpreter has after ``program``."""
    report = "import json, sys\nprint('\\n' + json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{report}", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "program",
    [
        "import wizard",
        "import wizard.engine",
        "from wizard.engine import *",
        "import wizard.__main__",
        "import wizard.diagnostics",
        "import wizard.cli.program",
    ],
)
def test_no_screen_is_loaded(program):
    assert not loaded_by(program) & SCREEN


def test_plain_questions_load_no_screen():
    # Widths of characters are Rich's; nothing else of it is used.
    assert "textual" not in loaded_by("import wizard.plain.conversation, wizard.plain.backup")


def test_importing_the_package_loads_none_of_what_is_heavy():
    heavy = loaded_by("import wizard") & {*HEAVY, "click", "apsw", "nacl", "ctypes", "platformdirs"}
    assert not heavy


def test_the_command_line_starts_without_what_its_commands_may_need():
    assert not loaded_by("import wizard.cli.program") & HEAVY


def test_click_is_loaded_for_the_command_line_only():
    assert "click" not in loaded_by("import wizard.__main__, wizard.cli.terminal")


def test_status_of_a_protected_database_loads_nothing_heavy(tmp_path):
    path = tmp_path / "node.db"
    make = (
        "import sys, wizard\n"
        "from wizard.engine import KdfParams, initialize\n"
        "initialize(sys.argv[1], 'correct horse battery staple 77', recovery=None,"
        " params=KdfParams(19 * 1024, 2, 1))"
    )
    subprocess.run([sys.executable, "-c", make, str(path)], check=True, timeout=60)
    status = (
        "import sys\nfrom wizard.cli.program import run\nassert run(['status', sys.argv[1]]) == 0"
    )
    assert not loaded_by(status, str(path)) & HEAVY


def test_importing_the_package_costs_less_than_30_ms():
    def seconds(program):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        return time.perf_counter() - started

    # In turn, and the least: what else the machine does meanwhile must not decide.
    pairs = [(seconds("pass"), seconds("import wizard")) for _ in range(12)]
    empty, loaded = (min(column) for column in zip(*pairs, strict=True))
    assert loaded - empty < 0.03


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_its_name_says(name):
    from wizard.cli.program import commands

    command = commands.get_command(None, name)
    assert command is not None
    assert command.name == name


def test_the_first_page_loads_no_other_page_and_nothing_of_the_engine():
    program = (
        "import sys, wizard.tui.wizard_app, wizard.tui.engine_client\n"
        "from wizard.tui.steps import step\n"
        "step('select')\n"
        "print('\\n'.join(m for m in sys.modules if m.startswith('wizard.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    pages = {"base", "complaint", "fitted", "select", "descriptions", "help"}
    answers = {"target", "kit"}
    screens = {name.split(".")[3] for name in loaded if name.startswith("wizard.tui.screens.")}
    assert screens == pages
    assert {
        name.split(".")[3] for name in loaded if name.startswith("wizard.tui.answers.")
    } == answers
    assert not [name for name in loaded if name.startswith("wizard.tui.errand")]
    assert not [name for name in loaded if name.startswith("wizard.engine.")]


def test_no_name_of_the_front_door_is_that_of_a_module_behind_it():
    """Importing the module would put it in the place of the name."""
    from wizard import engine

    modules = {path.stem for path in Path(engine.__file__).parent.glob("*.py")}
    assert not modules & set(engine._HOMES)


def test_what_the_front_door_tells_type_checkers_is_what_it_loads():
    from wizard import engine

    told = {
        alias.asname: node.module
        for node in ast.walk(ast.parse(Path(engine.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("wizard.engine.")
        for alias in node.names
    }
    assert told == {name: f"wizard.engine.{home}" for name, home in engine._HOMES.items()}
    assert dir(engine) == sorted(told)
    assert all(hasattr(engine, name) for name in told)
