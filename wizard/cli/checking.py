"""``check``, as Click reads it; `wizard.cli.check` does it."""

from __future__ import annotations

from pathlib import Path

import click

from wizard.cli import options
from wizard.cli.check import tell
from wizard.cli.sources import Source


def _named_source(text: str) -> tuple[str, Source]:
    """Read ``[NAME=]SOURCE``; the name is empty where none is given."""
    name, equals, rest = text.partition("=")
    if not equals or ":" in name or name == "stdin":
        return "", options.source_value(text)
    return name, options.source_value(rest)


@click.command(
    "check",
    short_help="Start-up validation for service managers; the exit code tells the first fault.",
    epilog=options.example(
        "datafold-wizard check",
        "datafold-wizard check orders --passphrase cred:orders",
    ),
)
@click.argument("targets", metavar="[NAME|PATH]...", nargs=-1)
@options.config_option
@click.option(
    "--passphrase",
    "sources",
    type=_named_source,
    multiple=True,
    metavar="[NAME=]SOURCE",
    help="Also unlock for real with what SOURCE delivers; NAME= where several are checked.",
)
@options.high_cost_option
@options.json_option
@click.pass_context
def check(
    context: click.Context,
    targets: tuple[str, ...],
    config_file: Path | None,
    sources: tuple[tuple[str, Source], ...],
    *,
    allow_high_cost: bool,
    as_json: bool,
) -> None:
    """Check configuration, state, signatures, pinned fingerprint and file modes.

    Without NAME or PATH every database of the configuration is checked. Nothing is written, and
    nothing is derived unless there is a passphrase source.
    """
    code = tell(
        targets,
        config_file=config_file,
        sources=sources,
        allow_high_cost=allow_high_cost,
        as_json=as_json,
    )
    context.exit(code)
