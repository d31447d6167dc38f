"""What a service manager waits for, against an interpreter that does nothing.

The commands are run as they are installed: by their script, and as a module. Whether the package is
installed or linked to (editable) makes no difference that can be measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import wizard
from tests.bench.measuring import Row, Rows, medians, shown
from tests.databases import PASSPHRASE, make_plain
from wizard.engine import KdfParams
from wizard.version import PROGRAM

_MOST = 6.0
_RUNS = 21


def rows() -> Rows:
    """`status --json` and `check` of a protected database."""
    with tempfile.TemporaryDirectory() as directory:
        path = make_plain(Path(directory) / "node.db", rows=10)
        params = KdfParams(memory_kib=19 * 1024, passes=2, lanes=1)
        wizard.initialize(path, PASSPHRASE, params=params, recovery=None, original="remove")
        script = str(Path(sys.executable).with_name(PROGRAM))
        module = (sys.executable, "-m", "wizard")
        commands = {
            "status --json": (script, "status", str(path), "--json"),
            "check": (script, "check", str(path)),
            "python -m wizard status --json": (*module, "status", str(path), "--json"),
            "python -m wizard check": (*module, "check", str(path)),
        }
        nothing, *others = medians(
            _run(sys.executable, "-c", "pass"),
            *(_run(*words) for words in commands.values()),
            runs=_RUNS,
        )
        for name, taken in zip(commands, others, strict=True):
            yield Row(
                name, f"python -c pass: {shown(nothing)}", shown(taken), taken / nothing, _MOST
            )


def _run(*words: str) -> Callable[[], object]:
    # As installed: an installed package is compiled already, and so is this one after the first
    # run, which does not count.
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return lambda: subprocess.run(words, check=True, capture_output=True, env=surroundings)
