"""``recover`` and ``recovery``: the recovery kit at work, renewed, proved again, and printed again.

- What makes a new kit puts nothing in force before that kit has opened the database.
- Sheets come from files, or are typed word by word on the terminal, each checked as it is typed.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.characters import first_environment, suits_ascii
from wizard.cli import changes, kit, options, output
from wizard.cli.choose import CostChoice, cost_options
from wizard.cli.interruption import interruptible
from wizard.cli.new_passphrase import Demand, asked_when_needed, source_of
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import TYPED, Attempt, UnlockOptions, open_with, read_sheets
from wizard.version import PROGRAM

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
    metadata = _recoverable(path)
    new = source_of(new_source, generate=generate)
    plan = _plan(recovery_shares, holders, metadata)
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
    _finish(
        pending,
        sheets,
        readers,
        headline="Recovered: the new passphrase opens it. The old passphrase and the old recovery "
        "kit are refused.",
        as_json=as_json,
    )


@click.group(
    "recovery",
    options_metavar="",
    subcommand_metavar="new|show-status|rehearse|lines PATH [OPTIONS]",
    short_help="Renew the recovery kit, prove it again, or print its slot lines again.",
    epilog=options.example(
        "datafold-wizard recovery rehearse node.db --recovery sheet.txt",
        "datafold-wizard recovery new node.db",
    ),
)
def recovery_group() -> None:
    """The recovery kit: renew it, see its status, prove it again, print its slot lines again."""


@recovery_group.command(
    "new",
    epilog=options.example(
        "datafold-wizard recovery new node.db",
        "datafold-wizard recovery new node.db --recovery-shares 2of3 --recovery-out kit.txt "
        "--passphrase file:p",
    ),
)
@options.path_argument
@options.passphrase_option
@options.keyfile_option
@options.kit_options
@options.high_cost_option
@options.json_option
def new(
    *,
    path: Path,
    source: Source | None,
    keyfile: Path | None,
    recovery_shares: str | None,
    holders: tuple[str, ...],
    recovery_out: Path | None,
    encrypt_to: tuple[str, ...],
    allow_high_cost: bool,
    as_json: bool,
) -> None:
    """Make a new recovery kit for PATH, or its first. The one before stops working."""
    metadata = _openable(path)
    plan = _plan(recovery_shares, holders, metadata)
    readers = kit.readers_of(encrypt_to, recovery_out)
    sheets = kit.sheet_files(recovery_out, plan, database=path)
    had_one = metadata.recovery_slot is not None

    def prepare(attempt: Attempt) -> engine.PendingChange:
        with progress_line() as line, interruptible() as token:
            return engine.prepare_renewal(
                path,
                attempt.secret,
                keyfile=keyfile,
                recovery=plan,
                allow_high_cost=attempt.allow_high_cost,
                progress=line,
                cancel=token,
            )

    unlock = UnlockOptions(source=source, keyfile=keyfile, allow_high_cost=allow_high_cost)
    _finish(
        open_with(path, unlock, prepare),
        sheets,
        readers,
        headline="The new recovery kit opens it. The kit before is refused: destroy its sheets."
        if had_one
        else "The recovery kit opens it, should the passphrase be lost.",
        as_json=as_json,
    )


@recovery_group.command(
    "show-status", epilog=options.example("datafold-wizard recovery show-status node.db --json")
)
@options.path_argument
@options.json_option
def show_status(path: Path, *, as_json: bool) -> None:
    """Say which recovery kit PATH has, and when it was last proved. Asks for no secret."""
    metadata = _openable(path)
    facts = engine.recovery_status(path)
    if as_json:
        output.say_json({"path": str(path), **facts})
        return
    slot = metadata.recovery_slot
    if slot is None:
        output.say("There is no recovery kit: a lost passphrase is lost data.")
        output.say(f"Make one: {PROGRAM} recovery new {output.printable(str(path))}")
        return
    output.say_pairs(
        [
            ("Sheets", f"any {slot.threshold} of {slot.shares}: {', '.join(slot.holders)}"),
            ("Made", str(facts["made_at"])),
            ("Last proved", changes.describe_proved(facts)),
        ]
    )


@recovery_group.command(
    "rehearse",
    epilog=options.example(
        "datafold-wizard recovery rehearse node.db --recovery sheet.txt",
        "datafold-wizard recovery rehearse node.db   # typed word by word",
    ),
)
@options.path_argument
@options.recovery_option
@options.json_option
def rehearse(path: Path, recovery: tuple[Path, ...], *, as_json: bool) -> None:
    """Prove that the recovery kit of PATH still opens it. Changes nothing; `status` remembers it."""
    texts = read_sheets(recovery or (TYPED,), _recoverable(path))
    with progress_line() as line:
        proved = engine.rehearse_recovery(path, texts, progress=line)
    if as_json:
        output.say_json(
            {
                "path": str(proved.path),
                "fingerprint": proved.fingerprint,
                "generation": proved.generation,
                "lines_outdated": proved.lines_outdated,
                "warnings": list(proved.warnings),
            }
        )
        return
    output.say("Proved: the recovery kit opens it, and every page is sound. Nothing was changed.")
    if proved.lines_outdated:
        output.say(
            "The slot lines on these sheets are outdated: with the .crypto.json file gone they "
            f"would not suffice. Print them again: {PROGRAM} recovery lines "
            f"{output.printable(str(path))}"
        )
    for warning in proved.warnings:
        output.note(f"Warning: {output.printable(warning)}")


@recovery_group.command(
    "lines", epilog=options.example("datafold-wizard recovery lines node.db --qr")
)
@options.path_argument
@click.option("--qr", is_flag=True, help="Also as a QR code, 69 columns wide; in ASCII 138.")
@options.json_option
def lines(path: Path, *, qr: bool, as_json: bool) -> None:
    """Print the slot lines of PATH as they belong on every sheet now. Public; needs no secret."""
    present = engine.recovery_lines(path)
    if as_json:
        output.say_json(
            {"path": str(present.path), "lines": list(present.lines), "payload": present.payload}
        )
        engine.record_lines(engine.inspect(path))
        return
    output.say("These lines belong below the words of every sheet, in the place of what is there:")
    output.say()
    for each in present.lines:
        output.say(each)
    if qr:
        output.say()
        for each in present.qr_terminal(ascii_only=suits_ascii(first_environment())):
            output.say(each)
    warning = engine.record_lines(engine.inspect(path))
    if warning:
        output.note(output.printable(warning))


def _recoverable(path: Path) -> engine.Metadata:
    metadata = _openable(path)
    if metadata.recovery_slot is None:
        raise engine.NoRecovery("This database was protected without a recovery phrase.")
    return metadata


def _openable(path: Path) -> engine.Metadata:
    found = engine.inspect(path)
    if found.metadata is None or not found.opens:
        raise found.error or engine.DamagedMetadata("The crypto metadata cannot be used.")
    return found.metadata


def _plan(
    shares: str | None, holders: tuple[str, ...], metadata: engine.Metadata
) -> engine.RecoveryPlan:
    """As many sheets and the same holders as now, where nothing else is said."""
    slot = metadata.recovery_slot
    if shares is None and slot is not None:
        return engine.RecoveryPlan(slot.threshold, slot.shares, holders or slot.holders)
    return engine.RecoveryPlan.parse(shares or "1of1", holders=holders)


def _finish(
    pending: engine.PendingChange,
    sheets: tuple[Path, ...],
    readers: tuple[engine.Recipient, ...],
    *,
    headline: str,
    as_json: bool,
) -> None:
    with pending:
        done = kit.prove_and_commit(
            pending,
            sheets,
            lambda line: pending.commit(progress=line),
            in_place=lambda: _is_in_force(pending),
            readers=readers,
        )
    slot = done.metadata.recovery_slot
    if as_json:
        recovery = (
            None
            if slot is None
            else {
                "threshold": slot.threshold,
                "shares": slot.shares,
                "holders": list(slot.holders),
                "files": [str(sheet) for sheet in sheets],
            }
        )
        output.say_json({**changes.as_document(done), "recovery": recovery})
        return
    changes.tell(done, headline=headline, as_json=False)
    for sheet in sheets:
        output.say(f"Recovery kit: {output.printable(str(sheet))}")


def _is_in_force(pending: engine.PendingChange) -> bool:
    found = engine.inspect(pending.path)
    return found.metadata is not None and found.metadata.chain == pending.metadata.chain
