"""Picks the wizard or the command line; each is imported only when it was chosen.

The first argument decides: nothing or a path is the wizard's, a command or an option is the
command line's. Both run in a process that leaves no core dump and wipes its secrets when killed.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from wizard import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

# The command line knows them too, but asking it would load it; a test keeps the two equal.
COMMANDS = frozenset(
    {
        "init",
        "status",
        "verify",
        "shell",
        "public-key",
        "check",
        "config",
        "benchmark",
        "completion",
    }
)


def main() -> int:
    """Run the program on ``sys.argv`` and return its exit code."""
    engine.protect_process()
    try:
        return _choose(sys.argv[1:])
    except KeyboardInterrupt:
        # While modules were still being loaded: nothing had begun.
        return 130


def _choose(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["--"]:
        return _wizard(arguments[1:]) if len(arguments) <= 2 else _command_line(arguments)  # noqa: PLR2004
    if "_DATAFOLD_WIZARD_COMPLETE" in os.environ or not _is_for_wizard(arguments):
        return _command_line(arguments)
    return _wizard(arguments)


def _is_for_wizard(arguments: Sequence[str]) -> bool:
    if not arguments:
        return True
    first = arguments[0]
    if len(arguments) > 1 or first.startswith("-") or first in COMMANDS:
        return False
    return _is_path(first)


def _is_path(text: str) -> bool:
    """Whether it is meant as a path rather than as a command with a slip in it."""
    if "/" in text or "." in text or os.path.lexists(text):
        return True
    import difflib  # noqa: PLC0415 - only for a bare word that names no file

    return not difflib.get_close_matches(text, COMMANDS, n=1)


def _command_line(arguments: Sequence[str]) -> int:
    from wizard.cli import program  # noqa: PLC0415 - loads Click

    return program.run(arguments)


def _wizard(arguments: Sequence[str]) -> int:
    from wizard.cli.terminal import is_terminal  # noqa: PLC0415

    path = arguments[0] if arguments else None
    if not is_terminal():
        return _tell_no_terminal(path)
    from wizard import tui  # noqa: PLC0415 - loads Textual

    return tui.run(path)


def _tell_no_terminal(path: str | None) -> int:
    import shlex  # noqa: PLC0415

    from wizard.diagnostics import PROGRAM, UsageProblem, explain  # noqa: PLC0415

    target = "PATH" if path is None else shlex.quote(path)
    told = explain(
        UsageProblem(
            "The wizard needs a terminal (standard input and error, and TERM set). "
            f"Without one, use: {PROGRAM} init {target}"
        )
    )
    sys.stderr.write(f"Error: {told.message}\n")
    return told.exit_code


if __name__ == "__main__":
    sys.exit(main())
