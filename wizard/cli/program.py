"""The command group, as Click reads it; `wizard.cli.ending` says how a command ends.

An argument that was refused is not repeated where it might be a passphrase.
"""

from __future__ import annotations

import importlib
import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import wizard
from wizard import engine
from wizard.cli import ending, options, output
from wizard.cli.names import COMMANDS
from wizard.invocation import SWITCHES
from wizard.refusals import UsageProblem
from wizard.version import COMPLETION_VARIABLE, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.shell_completion import CompletionItem

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

        # Files first: to bash's script they mean, forget what was offered until now.
        return [CompletionItem(incomplete, type="file"), *super().shell_complete(ctx, incomplete)]


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
    ending.show_any_name()
    given: dict[str, Any] = {}
    as_json = "--json" in arguments
    return ending.guarded(lambda: _invoke(list(arguments), given), given, as_json=as_json)


def guarded(work: Callable[[], int], *, path: str | None) -> int:
    """Do ``work`` and return its exit code, or that of the error it raises, told in words."""
    given = {} if path is None else {"path": Path(path)}
    return ending.guarded(lambda: _without_click(work), given, as_json=False)


def _without_click(work: Callable[[], int]) -> int:
    """Do ``work``; what Click raises becomes an error that has words of ours."""
    try:
        return work()
    except click.Abort:
        raise engine.Cancelled from None
    except click.ClickException as error:
        raise _usage(error) from None
    except OSError as error:
        raise (output.not_written(error) if _printing(error) else error) from None


def _printing(error: OSError) -> bool:
    """Whether it is Click that could not print: help, or the version."""
    import traceback  # noqa: PLC0415 - never loaded where all goes well

    *_, (frame, _line) = traceback.walk_tb(error.__traceback__)
    return frame.f_globals.get("__name__") == click.utils.__name__


def _invoke(arguments: list[str], given: dict[str, Any]) -> int:
    """Run the command; ``given`` learns the path that it was given."""
    if COMPLETION_VARIABLE in os.environ:
        commands.main(arguments, PROGRAM, complete_var=COMPLETION_VARIABLE)
    return _without_click(lambda: _made_and_invoked(arguments, given))


def _made_and_invoked(arguments: list[str], given: dict[str, Any]) -> int:
    try:
        with commands.make_context(PROGRAM, arguments, obj=given) as context:
            commands.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0


def _usage(error: click.ClickException) -> UsageProblem:
    said = error.format_message()
    if said.startswith("Got unexpected extra argument"):
        # Click would repeat them, and one of them may be a passphrase.
        said = "There are more arguments than this command takes."
    context = getattr(error, "ctx", None)
    command = PROGRAM if context is None else context.command_path
    return UsageProblem(f"{said} See: {command} --help")
