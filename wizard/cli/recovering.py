"""``recover``: the recovery kit at work, which gives a new passphrase and a new kit.

- What makes a new kit puts nothing in force before that kit has opened the database.
- Sheets come from files, or are typed word by word on the terminal, each checked as it is typed.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import changes, kit, options
from wizard.cli.choose import CostChoice, cost_options
from wizard.cli.interruption import interruptible
from wizard.cli.new_kit import finish, planned, recoverable
from wizard.cli.new_passphrase import Demand, asked_when_needed, source_of
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import TYPED, read_sheets

if TYPE_CHECKING:
    from wizard.cli.sources import Source


@click.command(
    "recover",
    short_help="Set a new passphrase with the recovery kit, which is then replaced by a new one.",
    epilog=options.example(
        "datafold-wizard recover node.db",
        "datafold-wizard recover node.db --recovery sheet.txt --new-passphrase file:new "
        "--recovery-out new-sheet.txt",
    ),
)
@options.path_argument
@options.recovery_option
@options.new_passphrase_option
@options.generate_option
@click.option(
    "--new-keyfile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file that is needed together with the new passphrase.",
)
@cost_options
@options.kit_options
@options.min_score_option
@options.high_cost_option
@options.json_option
def recover(
    *,
    path: Path,
    recovery: tuple[Path, ...],
    new_source: Source | None,
    generate: bool,
    new_keyfile: Path | None,
    recovery_shares: str | None,
    holders: tuple[str, ...],
    recovery_out: Path | None,
    encrypt_to: tuple[str, ...],
    min_score: int | None,
    allow_high_cost: bool,
    as_json: bool,
    **cost: Any,
) -> None:
    """Set a new passphrase for PATH with its recovery kit, and make a new kit.

    The old passphrase and the old kit stop working. Without --recovery the words are typed.
    """
    metadata = recoverable(path)
    new = source_of(new_source, generate=generate)
    plan = planned(recovery_shares, holders, metadata)
    readers = kit.readers_of(encrypt_to, recovery_out)
    sheets = kit.sheet_files(recovery_out, plan, database=path)
    chosen = CostChoice(**cost)
    params, allowed = None, allow_high_cost
    if chosen.was_made:
        params, allowed = changes.agreed_params(chosen, allow_high_cost=allow_high_cost)
    demand = Demand(
        engine.DEFAULT_MINIMUM_SCORE if min_score is None else min_score, context=(path.stem,)
    )
    texts = read_sheets(recovery or (TYPED,), metadata)
    with progress_line() as line, interruptible() as token, ExitStack() as secrets:
        pending = engine.prepare_recovery(
            path,
            texts,
            asked_when_needed(new, demand, secrets, line),
            new_keyfile=new_keyfile,
            params=params,
            recovery=plan,
            minimum_score=demand.minimum_score,
            allow_high_cost=allowed,
            progress=line,
            cancel=token,
        )
    finish(
        pending,
        sheets,
        readers,
        headline="Recovered: the new passphrase opens it. The old passphrase and the old recovery "
        "kit are refused.",
        as_json=as_json,
    )
