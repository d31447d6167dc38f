"""What a service manager waits for, against an interpreter that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import wizard
from tests.bench.measuring import Row, Rows, medians, shown
from tests.databases import PASSPHRASE, make_plain
from wizard.engine import KdfParams

_MOST = 6.0
_RUNS = 11


def rows() -> Rows:
    """`status --json` and `check` of a protected database."""
    with tempfile.TemporaryDirectory() as directory:
        path = make_plain(Path(directory) / "node.db", rows=10)
        params = KdfParams(memory_kib=19 * 1024, passes=2, lanes=1)
        wizard.initialize(path, PASSPHRASE, params=params, recovery=None, original="remove")
        commands = {
            "python -c pass": ("-c", "pass"),
            "status --json": ("-m", "wizard", "status", str(path), "--json"),
            "check": ("-m", "wizard", "check", str(path)),
        }
        # As installed: an installed package is compiled already, and so is this one after the first
        # run, which does not count.
        surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        works = [
            lambda words=words: subprocess.run(
                [sys.executable, *words], check=True, capture_output=True, env=surroundings
            )
            for words in commands.values()
        ]
        nothing, *others = medians(*works, runs=_RUNS)
        for name, taken in zip(list(commands)[1:], others, strict=True):
            yield Row(
                name, f"python -c pass: {shown(nothing)}", shown(taken), taken / nothing, _MOST
            )
