"""``reinit``: a new empty database in the place of one that nobody can open any more.

- Confirmed by the database's name, typed in full; the old files get a dated name and are never deleted.
- Nothing gets another name before the new kit has opened the new database.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import changes, kit, options, output
from wizard.cli.choose import CostChoice, cost_options
from wizard.cli.init import CIPHERS
from wizard.cli.interruption import interruptible
from wizard.cli.new_passphrase import Demand, new_passphrase, source_of
from wizard.cli.progress import progress_line
from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    from wizard.cli.sources import Source


@click.command(
    "reinit",
    short_help="Start over where passphrase and recovery kit are gone; the old files are kept.",
    epilog=options.example(
        "datafold-wizard reinit node.db",
        "datafold-wizard reinit node.db --confirm node.db --passphrase file:new "
        "--recovery-out kit.txt",
    ),
)
@options.path_argument
@options.confirm_option
@options.passphrase_option
@options.generate_option
@options.keyfile_option
@cost_options
@click.option("--cipher", type=click.Choice(CIPHERS), help="As in init.")
@options.kit_options
@click.option("--no-recovery", is_flag=True, help="No kit: a lost passphrase is lost data.")
@options.min_score_option
@options.high_cost_option
@options.json_option
def reinit(
    *,
    path: Path,
    confirm: str | None,
    source: Source | None,
    generate: bool,
    keyfile: Path | None,
    cipher: str | None,
    recovery_shares: str | None,
    holders: tuple[str, ...],
    recovery_out: Path | None,
    encrypt_to: tuple[str, ...],
    no_recovery: bool,
    min_score: int | None,
    allow_high_cost: bool,
    as_json: bool,
    **cost: Any,
) -> None:
    """Give the files of PATH a dated name, and make a new empty encrypted database in their place."""
    if no_recovery and (recovery_out is not None or recovery_shares is not None or holders):
        raise UsageProblem("--no-recovery makes no kit; leave the other recovery options out.")
    new = source_of(source, generate=generate)
    readers = kit.readers_of(encrypt_to, recovery_out)
    plan = None
    sheets: tuple[Path, ...] = ()
    if not no_recovery:
        plan = engine.RecoveryPlan.parse(recovery_shares or "1of1", holders=holders)
        sheets = kit.sheet_files(recovery_out, plan, database=path)
    name = changes.confirmed_name(
        path,
        confirm,
        warning="The data in it cannot be read by the new database; the old files are kept.",
    )
    demand = Demand(
        engine.DEFAULT_MINIMUM_SCORE if min_score is None else min_score, context=(path.stem,)
    )
    params, allowed = changes.agreed_params(CostChoice(**cost), allow_high_cost=allow_high_cost)
    engine.check_reinitializable(path, confirm=name)
    with (
        new_passphrase(new, demand) as passphrase,
        progress_line() as line,
        interruptible() as token,
    ):
        pending = engine.prepare_reinitialization(
            path,
            passphrase,
            confirm=name,
            params=params,
            cipher=cipher,
            keyfile=keyfile,
            recovery=plan,
            minimum_score=demand.minimum_score,
            allow_high_cost=allowed,
            progress=line,
            cancel=token,
        )
    with pending:
        done = kit.prove_and_commit(
            pending,
            sheets,
            lambda line: pending.start_over(progress=line),
            readers=readers,
        )
    _tell(done, sheets, as_json=as_json)


def _tell(done: engine.Reinitialized, sheets: tuple[Path, ...], *, as_json: bool) -> None:
    if as_json:
        output.say_json(
            {
                "path": str(done.path),
                "sidecar": str(done.sidecar),
                "fingerprint": done.fingerprint,
                "public_key": done.metadata.public_key.hex,
                "moved": [str(path) for path in done.moved],
                "recovery_files": [str(path) for path in sheets],
                "settled": done.settled,
                "warnings": list(done.warnings),
            }
        )
        return
    if done.settled is not None:
        output.note(output.printable(done.settled))
    output.say("Started over: a new, empty, encrypted database, proved to open.")
    output.say_pairs(
        [
            ("Database", str(done.path)),
            ("Fingerprint", f"{done.fingerprint}  (note it: it is how a swap is noticed)"),
            *[("Kept" if number == 0 else "", str(path)) for number, path in enumerate(done.moved)],
            *[("Recovery kit", str(path)) for path in sheets],
        ]
    )
    output.say("Should the old passphrase or kit be found, they open the kept database as before.")
    for warning in done.warnings:
        output.note(f"Warning: {output.printable(warning)}")
