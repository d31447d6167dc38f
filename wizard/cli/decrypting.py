"""``decrypt``: a plaintext copy, asked for by the database's name. The original stays encrypted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import changes, options, output
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import Attempt, UnlockOptions, open_with

if TYPE_CHECKING:
    from wizard.cli.sources import Source


@click.command(
    "decrypt",
    short_help="Write a plaintext copy to a new file; the original stays as it is.",
    epilog=options.example(
        "datafold-wizard decrypt node.db --to plain.db",
        "datafold-wizard decrypt node.db --to plain.db --confirm node.db --passphrase file:p",
    ),
)
@options.path_argument
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The plaintext copy, mode 0600. Never overwrites.",
)
@options.confirm_option
@options.passphrase_option
@options.keyfile_option
@options.recovery_option
@options.high_cost_option
@options.json_option
def decrypt(
    *,
    path: Path,
    to: Path,
    confirm: str | None,
    source: Source | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Undo the protection of PATH: write a plaintext copy to FILE. The original stays encrypted."""
    chosen = UnlockOptions(source=source, **given)
    name = changes.confirmed_name(
        path, confirm, warning=f"{output.printable(str(to))} will hold all data in plaintext."
    )

    def copy(attempt: Attempt) -> engine.Decrypted:
        with progress_line() as line, interruptible() as token:
            return engine.decrypt(
                path,
                to,
                attempt.passphrase,
                confirm=name,
                keyfile=chosen.keyfile,
                recovery=attempt.recovery,
                allow_high_cost=attempt.allow_high_cost,
                progress=line,
                cancel=token,
            )

    done = open_with(path, chosen, copy)
    if as_json:
        output.say_json(
            {
                "path": str(done.path),
                "copy": str(done.copy),
                "tables": done.tables,
                "rows": done.rows,
                "warnings": list(done.warnings),
            }
        )
        return
    output.say(f"Plaintext copy: {output.printable(str(done.copy))}")
    output.say(
        f"It holds the same {done.rows:,} rows in {output.describe_tables(done.tables)}, compared."
    )
    output.say(f"{output.printable(str(done.path))} is encrypted as before.")
    for warning in done.warnings:
        output.note(f"Warning: {output.printable(warning)}")
