"""Options that several commands share, and the grammar of their values.

- A value is read once, here; commands get typed values, never text to parse.
- A refused value is repeated in the message only if it cannot be a secret.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli.sources import GRAMMAR, Source
from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_MEMORY = re.compile(r"([0-9]{1,12})\s*(KiB|MiB|GiB)?", re.ASCII | re.IGNORECASE)
_KIB: dict[str, int] = {"kib": 1, "mib": 1024, "gib": 1024 * 1024}
_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(ms|s)?", re.ASCII | re.IGNORECASE)


def source_value(text: str) -> Source:
    """Read ``--passphrase``; refuse without repeating the value."""
    try:
        return Source.parse(text)
    except engine.WizardError as error:
        raise click.BadParameter(str(error)) from None


def memory_value(text: str) -> int:
    """Read ``--memory``: 64MiB, 1GiB, or a number of KiB. Return KiB."""
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is not an amount like 64MiB, 1GiB or 65536 (KiB).")
    return int(match[1]) * _KIB[(match[2] or "KiB").lower()]


def seconds_value(text: str) -> float:
    """Read ``--target-time``: 1, 0.5s or 250ms. Return seconds."""
    match = _SECONDS.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise click.BadParameter(f"{text!r} is not a time like 1, 0.5s or 250ms.")
    return float(match[1]) / (1000 if (match[2] or "s").lower() == "ms" else 1)


def shares_value(text: str) -> str:
    """Check ``--recovery-shares``: 2of3. Return the text that the engine has accepted."""
    try:
        engine.RecoveryPlan.parse(text)
    except engine.InvalidInput as error:
        raise click.BadParameter(str(error)) from None
    return text


def note_path(context: click.Context, _parameter: click.Parameter, path: Path) -> Path:
    """Leave the path where the words for an error can name it."""
    if isinstance(context.obj, dict):
        context.obj["path"] = path
    return path


path_argument: Decorator = click.argument(
    "path",
    # What may not be read is told by the engine, with the exit code for that.
    type=click.Path(path_type=Path, readable=False),
    callback=note_path,
)


def _run_manifest(context: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    """Protect what a manifest names, and end: it takes the place of all other options."""
    if path is None:
        return
    # What was typed besides would have no effect, and that would not be noticed.
    given = [word for word in context.meta["words"] if word not in {"--json", "--manifest"}]
    if given not in ([str(path)], [f"--manifest={path}"]):
        raise UsageProblem("--manifest says everything; leave PATH and the other options out.")
    from wizard.cli import fleet  # noqa: PLC0415 - processes and pydantic

    context.exit(fleet.run(path))


class ManifestCommand(click.Command):
    """A command that remembers its words, for `_run_manifest`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words; Click does the rest."""
        ctx.meta["words"] = list(args)
        return super().parse_args(ctx, args)


manifest_option: Decorator = click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_run_manifest,
    help="Protect the databases that FILE names, as many at a time as fit this machine; one line "
    "of JSON for each. Those that are protected already are left as they are.",
)

json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as one JSON document."
)

config_option: Decorator = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The node's configuration.  [default: DATAFOLD_CONFIG, then the user's, then the site's]",
)

passphrase_option: Decorator = click.option(
    "--passphrase",
    "source",
    type=source_value,
    metavar="SOURCE",
    help=f"Where to read the passphrase instead of asking for it: {GRAMMAR}. "
    "Never the passphrase itself.",
)

new_passphrase_option: Decorator = click.option(
    "--new-passphrase",
    "new_source",
    type=source_value,
    metavar="SOURCE",
    help="Where to read the new passphrase instead of asking for it, in the same way.",
)

generate_option: Decorator = click.option(
    "--generate",
    is_flag=True,
    help="Have the new passphrase made here: six random words (77 bits), shown once on the "
    "terminal and typed again.",
)

min_score_option: Decorator = click.option(
    "--min-score",
    type=click.IntRange(0, 4),
    default=None,
    help="Refuse a new passphrase that zxcvbn scores lower.  [default: 3]",
)

keyfile_option: Decorator = click.option(
    "--keyfile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file that is needed together with the passphrase.",
)

high_cost_option: Decorator = click.option(
    "--allow-high-cost",
    is_flag=True,
    help="Use more memory than half of what is available, without asking.",
)

recovery_option: Decorator = click.option(
    "--recovery",
    "recovery",
    type=click.Path(path_type=Path),
    metavar="FILE",
    multiple=True,
    help="Use the recovery kit instead of the passphrase: a file with a sheet, once for each "
    "sheet; - asks for the words on the terminal.",
)


confirm_option: Decorator = click.option(
    "--confirm",
    metavar="NAME",
    help="The name of the database file, instead of typing it when asked.",
)

operator_option: Decorator = click.option(
    "--operator",
    metavar="LABEL",
    help="The passphrase is that of this operator; only his slot is tried.",
)


def kit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that makes a recovery kit."""
    for option in (
        click.option(
            "--recovery-encrypt-to",
            "encrypt_to",
            multiple=True,
            metavar="KEY_OR_FILE",
            help="Encrypt what --recovery-out writes to an age or SSH public key, or a file of "
            "them. Only the private key opens it, with the age program.",
        ),
        click.option(
            "--recovery-out",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Write the recovery kit to FILE (mode 0600, never overwritten); several sheets to "
            "FILE-1of3 and so on.",
        ),
        click.option(
            "--recovery-holder",
            "holders",
            multiple=True,
            metavar="NAME",
            help="Who holds a sheet; once for each sheet.",
        ),
        click.option(
            "--recovery-shares",
            type=shares_value,
            default=None,
            metavar="KofN",
            help="Sheets needed and sheets made, such as 2of3. Default: as many as now, or one.",
        ),
    ):
        command = option(command)
    return command


def unlock_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option of a command that opens a database."""
    for option in (
        json_option,
        high_cost_option,
        recovery_option,
        operator_option,
        keyfile_option,
        passphrase_option,
    ):
        command = option(command)
    return command


def example(*lines: str) -> str:
    """Return the end of a command's help: what to type."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
