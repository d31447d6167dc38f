"""The command group, and the one place where an error becomes words and an exit code.

- Whatever happens, a person sees a sentence and a script an exit code; nobody sees a traceback.
- An argument that was refused is not repeated where it might be a passphrase.
- A reader that went away (``| head``) is no error to talk about.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import wizard
from wizard.cli import options, output
from wizard.cli.names import COMMANDS
from wizard.diagnostics import PROGRAM, UsageProblem, explain
from wizard.invocation import SWITCHES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.shell_completion import CompletionItem

COMPLETION_VARIABLE = "_DATAFOLD_WIZARD_COMPLETE"
EXIT_BROKEN_PIPE = 141  # what a shell reports for a program that SIGPIPE ended
_MAXIMUM_WIDTH = 100


class _Commands(click.Group):
    """A group whose first argument may also be a path, which is the wizard's.

    A command's module is imported when the command is wanted: Click calls that a lazy group.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """All names; nothing is loaded for it."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """Load the command, or None where there is none of that name."""
        home = COMMANDS.get(cmd_name)
        if home is None:
            return None
        module, _colon, attribute = home.partition(":")
        command = getattr(importlib.import_module(f"wizard.cli.{module}"), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{home} is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown command, with the one that was probably meant."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            import difflib  # noqa: PLC0415 - only for a slip of the pen

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise UsageProblem(
                f"There is no such command.{meant} The wizard takes one path; "
                f"a path that looks like a command is written ./PATH."
            )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands, and files for the wizard."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only when completing

        return [*super().shell_complete(ctx, incomplete), CompletionItem(incomplete, type="file")]


@click.group(
    cls=_Commands,
    options_metavar="",
    subcommand_metavar="[PATH | COMMAND [OPTIONS]]",
    epilog=options.example(
        "datafold-wizard node.db",
        "datafold-wizard init node.db",
    ),
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": _MAXIMUM_WIDTH,
    },
)
@click.version_option(wizard.__version__, prog_name=PROGRAM)
def commands() -> None:
    """Encrypt an SQLite database under a master key that exists nowhere but in a passphrase.

    With a PATH, or alone, it starts the wizard. The commands do the same without it.
    """


commands.help = f"{inspect.cleandoc(commands.help or '')}\n\n\b\nThe wizard takes:\n" + "\n".join(
    f"  {switch:<10} {does}" for switch, does in SWITCHES.items()
)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Raises nothing but `SystemExit` by a signal."""
    for stream in (sys.stdout, sys.stderr):
        # A name in another character set is shown escaped, and never ends the program.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    given: dict[str, Any] = {}
    as_json = "--json" in arguments
    return _guarded(lambda: _invoke(list(arguments), given), given, as_json=as_json)


def guarded(work: Callable[[], int], *, path: str | None) -> int:
    """Do ``work`` and return its exit code, or that of the error it raises, told in words."""
    return _guarded(work, {} if path is None else {"path": Path(path)}, as_json=False)


def _guarded(work: Callable[[], int], given: dict[str, Any], *, as_json: bool) -> int:
    try:
        code = work()
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the last place that can turn it into words
        return _tell(error, path=given.get("path"), as_json=as_json)
    except KeyboardInterrupt as error:
        output.note("")
        return _tell(error, path=given.get("path"), as_json=as_json)
    return code


def _invoke(arguments: list[str], given: dict[str, Any]) -> int:
    """Run the command; ``given`` learns the path that it was given."""
    if COMPLETION_VARIABLE in os.environ:
        commands.main(arguments, PROGRAM, complete_var=COMPLETION_VARIABLE)
    try:
        with commands.make_context(PROGRAM, arguments, obj=given) as context:
            commands.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0


def _tell(error: BaseException, *, path: Path | None, as_json: bool) -> int:
    if isinstance(error, click.Abort):
        error = KeyboardInterrupt()
    if isinstance(error, click.ClickException):
        error = _usage(error)
    told = explain(error, path=path)
    try:
        output.tell_error(told, as_json=as_json)
    except BrokenPipeError:
        _forget_output()
    return told.exit_code


def _usage(error: click.ClickException) -> UsageProblem:
    said = error.format_message()
    if said.startswith("Got unexpected extra argument"):
        # Click would repeat them, and one of them may be a passphrase.
        said = "There are more arguments than this command takes."
    context = getattr(error, "ctx", None)
    command = PROGRAM if context is None else context.command_path
    return UsageProblem(f"{said} See: {command} --help")


def _forget_output() -> None:
    # What is still buffered has no reader; without this Python would complain at exit.
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            os.dup2(null, stream.fileno())
    os.close(null)
