"""``passwd``: another passphrase or keyfile, or the same ones at another cost.

- The new passphrase is asked for only after the present one was found right.
- Two sources cannot both be standard input: what one reads the other would miss.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import changes, options
from wizard.cli.choose import CostChoice, cost_options
from wizard.cli.interruption import interruptible
from wizard.cli.new_passphrase import Demand, asked_when_needed, source_of
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import Attempt, UnlockOptions, open_with
from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    from wizard.cli.sources import Source


@click.command(
    "passwd",
    short_help="Change the passphrase, the keyfile, or what guessing costs.",
    epilog=options.example(
        "datafold-wizard passwd node.db",
        "datafold-wizard passwd node.db --retune --preset sensitive",
        "datafold-wizard passwd node.db --passphrase file:old --new-passphrase file:new --json",
    ),
)
@options.path_argument
@options.passphrase_option
@options.keyfile_option
@options.new_passphrase_option
@options.generate_option
@click.option(
    "--new-keyfile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file that is needed together with the passphrase from now on.",
)
@click.option("--no-keyfile", is_flag=True, help="From now on no keyfile is needed.")
@click.option(
    "--retune", is_flag=True, help="Keep the passphrase; only guessing costs more or less."
)
@cost_options
@options.min_score_option
@options.high_cost_option
@options.json_option
def passwd(
    *,
    path: Path,
    source: Source | None,
    keyfile: Path | None,
    new_source: Source | None,
    generate: bool,
    new_keyfile: Path | None,
    no_keyfile: bool,
    retune: bool,
    min_score: int | None,
    allow_high_cost: bool,
    as_json: bool,
    **cost: Any,
) -> None:
    """Change the passphrase of PATH. A new master key follows the old one; the data stay as they are."""
    if retune and (new_source is not None or generate or new_keyfile is not None or no_keyfile):
        raise UsageProblem("--retune keeps passphrase and keyfile; leave the new ones out.")
    if new_keyfile is not None and no_keyfile:
        raise UsageProblem("Give --new-keyfile or --no-keyfile, not both.")
    changes.check_sources(source, new_source)
    new = source_of(new_source, generate=generate)
    wanted: Path | engine.KeyfileChange = new_keyfile or (
        engine.KeyfileChange.DROP if no_keyfile else engine.KeyfileChange.KEEP
    )
    chosen = CostChoice(**cost)
    params, allowed = None, allow_high_cost
    if retune or chosen.was_made:
        params, allowed = changes.agreed_params(chosen, allow_high_cost=allow_high_cost)
    demand = Demand(
        engine.DEFAULT_MINIMUM_SCORE if min_score is None else min_score, context=(path.stem,)
    )

    def change(attempt: Attempt) -> engine.Changed:
        with progress_line() as line, interruptible() as token, ExitStack() as secrets:
            high_cost = allowed or attempt.allow_high_cost
            if retune:
                return engine.retune(
                    path,
                    attempt.secret,
                    keyfile=keyfile,
                    params=params,
                    allow_high_cost=high_cost,
                    progress=line,
                    cancel=token,
                )
            return engine.change_passphrase(
                path,
                attempt.secret,
                asked_when_needed(new, demand, secrets, line),
                keyfile=keyfile,
                new_keyfile=wanted,
                params=params,
                minimum_score=demand.minimum_score,
                allow_high_cost=high_cost,
                progress=line,
                cancel=token,
            )

    unlock = UnlockOptions(source=source, keyfile=keyfile, allow_high_cost=allow_high_cost)
    done = open_with(path, unlock, change)
    changes.tell(
        done,
        headline="Re-tuned, and proved to open."
        if retune
        else "Passphrase changed: the new one opens it, the old one is refused.",
        as_json=as_json,
    )
