"""``completion``: the script that completes commands and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from wizard.cli import options, output
from wizard.refusals import UsageProblem
from wizard.version import COMPLETION_VARIABLE, PROGRAM


@click.command(
    "completion",
    short_help="Print the completion script for bash, zsh or fish.",
    epilog="\b\nExample:\n  datafold-wizard completion bash >> ~/.bash_completion",
)
@click.argument("shell_name", metavar="bash|zsh|fish", type=click.Choice(("bash", "zsh", "fish")))
@options.json_option
def completion(shell_name: str, *, as_json: bool) -> None:
    """Print the script that completes commands and options in your shell."""
    from wizard.cli import program  # noqa: PLC0415 - it loads this module

    kind = get_completion_class(shell_name)
    if kind is None:
        raise UsageProblem(f"There is no completion for {shell_name}.")
    script = kind(program.commands, {}, PROGRAM, COMPLETION_VARIABLE).source()
    if as_json:
        output.say_json({"shell": shell_name, "script": script})
    else:
        output.say(script)
