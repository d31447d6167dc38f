"""Picks the wizard or the command line; each is imported only when it was chosen.

The first argument decides: nothing, a path or a switch of the wizard is the wizard's, a command
or another option is the command line's. Both run in a process that leaves no core dump and wipes its secrets when killed.

`status` and `check` in their plain form are what service managers and scripts wait for: for them
nothing is loaded here that they do not need.
"""

from __future__ import annotations

import gc
import os
import sys

from wizard import engine
from wizard.cli import plain_form
from wizard.version import COMPLETION_VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from wizard.invocation import Invocation


SMALLEST_WINDOW = (40, 12)
"""Columns and rows that a screen needs."""


def main() -> int:
    """Run the program on ``sys.argv`` and return its exit code."""
    _open_closed_streams()
    arguments = sys.argv[1:]
    if COMPLETION_VARIABLE not in os.environ and plain_form.is_plain(arguments):
        return _brief(arguments)
    engine.protect_process()
    try:
        code = _choose(arguments)
    except KeyboardInterrupt:
        # While modules were still being loaded: nothing had begun.
        code = 130
    # CPython remembers an interrupt inside exec() of a text, which dataclasses do, as unhandled,
    # and kills itself by SIGINT at the very end; ssh reports that as 255. This makes it forget.
    exec("")  # noqa: S102 - a constant
    return code


def _open_closed_streams() -> None:
    """Let a standard stream that the caller has closed be the null device.

    Else the first file opened here would get its number, and what a program started from here
    says on its standard error would be written into that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is not None:
            continue
        opened = os.open(os.devnull, os.O_RDWR)
        if opened == number:
            os.set_inheritable(number, True)
        else:
            os.dup2(opened, number)
            os.close(opened)
        mode = "w" if number else "r"
        setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - kept


def _brief(arguments: Sequence[str]) -> int:
    """A command that is over in a moment: looking for garbage would be a seventh of it."""
    gc.disable()
    engine.protect_process()
    try:
        return plain_form.run(arguments)
    except KeyboardInterrupt:
        return 130
    finally:
        gc.freeze()  # or the interpreter looks once more, when it ends


def _choose(arguments: Sequence[str]) -> int:
    if COMPLETION_VARIABLE in os.environ or not _is_for_wizard(arguments):
        return _command_line(arguments)
    from wizard.invocation import (  # noqa: PLC0415 - the wizard's alone
        SWITCHES,
        MissingValue,
        SeveralPaths,
        UnknownSwitch,
        invocation,
    )

    try:
        asked = invocation(arguments)
    except SeveralPaths:
        return _tell_usage("The wizard takes one path.")
    except MissingValue as error:
        return _tell_usage(f"{error} needs the name of a file.")
    except UnknownSwitch:
        switches = ", ".join(SWITCHES)
        return _tell_usage(
            f"The wizard takes one path and {switches}; a path with a dash comes after --."
        )
    return _wizard(asked)


def _is_for_wizard(arguments: Sequence[str]) -> bool:
    """A switch of the wizard decides it; else nothing but one word may be a path."""
    from wizard.cli.names import COMMANDS  # noqa: PLC0415 - a plain form needs neither
    from wizard.invocation import is_path, is_switch, only_switches  # noqa: PLC0415

    if not arguments or is_switch(arguments[0]):
        return True
    first = arguments[0]
    if first == "--":
        return len(arguments) <= 2  # noqa: PLR2004 - the dashes and one path
    if first.startswith("-") or first in COMMANDS or not only_switches(arguments[1:]):
        return False
    return len(arguments) > 1 or is_path(first, COMMANDS)


def _command_line(arguments: Sequence[str]) -> int:
    from wizard.cli import program  # noqa: PLC0415 - loads Click

    return program.run(arguments)


def _wizard(asked: Invocation) -> int:
    from wizard.cli.terminal import is_terminal  # noqa: PLC0415

    if _is_plain(asked):
        from wizard import plain  # noqa: PLC0415 - only when it is wanted

        return plain.run(asked)
    if not is_terminal():
        return _tell_no_terminal(asked.path)
    from wizard import tui  # noqa: PLC0415 - loads Textual

    return tui.run(asked)


def _is_plain(asked: Invocation) -> bool:
    """Whether it was asked for, or a screen would be of no use here.

    ACCESSIBLE is the variable that other terminal programs take for it. A window too small for
    one field and its message is too small for a screen.
    """
    from wizard.cli.terminal import is_dumb, is_terminal  # noqa: PLC0415 - a plain form needs neither

    if asked.plain or os.environ.get("ACCESSIBLE"):
        return True
    if not is_terminal():
        return asked.answers is not None
    if is_dumb():
        return True
    columns, rows = os.get_terminal_size(sys.stderr.fileno())
    # A serial line that does not know its size says 0.
    return 0 < columns < SMALLEST_WINDOW[0] or 0 < rows < SMALLEST_WINDOW[1]


def _tell_no_terminal(path: str | None) -> int:
    import shlex  # noqa: PLC0415

    from wizard.version import PROGRAM  # noqa: PLC0415

    target = "PATH" if path is None else shlex.quote(path)
    # Without -t ssh gives a command no terminal, and that is what was forgotten then.
    asked_for = " With ssh -t there is one." if os.environ.get("SSH_CONNECTION") else ""
    return _tell_usage(
        f"The wizard needs a terminal (standard input and error, and TERM set).{asked_for} "
        f"Without one, use: {PROGRAM} init {target}"
    )


def _tell_usage(sentence: str) -> int:
    from wizard.diagnostics import explain  # noqa: PLC0415
    from wizard.refusals import UsageProblem  # noqa: PLC0415

    told = explain(UsageProblem(sentence))
    if sys.stderr is not None:
        sys.stderr.write(f"Error: {told.message}\n")
    return told.exit_code


if __name__ == "__main__":
    sys.exit(main())
