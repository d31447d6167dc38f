"""``recovery``: the kit renewed, proved again, and printed again.

Sheets come from files, or are typed word by word on the terminal, each checked as it is typed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard import engine
from wizard.characters import first_environment, suits_ascii
from wizard.cli import changes, kit, options, output
from wizard.cli.interruption import interruptible
from wizard.cli.new_kit import finish, openable, planned, recoverable
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import TYPED, Attempt, UnlockOptions, open_with, read_sheets
from wizard.version import PROGRAM

if TYPE_CHECKING:
    from wizard.cli.sources import Source


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
    metadata = openable(path)
    plan = planned(recovery_shares, holders, metadata)
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
    finish(
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
    metadata = openable(path)
    facts = engine.recovery_status(path)
    if as_json:
        output.say_json({"path": str(path), **facts})
        return
    slot = metadata.recovery_slot
    if slot is None:
        output.say("There is no recovery kit: a lost passphrase is lost data.")
        output.say(f"Make one: {PROGRAM} recovery new {output.quoted(path)}")
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
    texts = read_sheets(recovery or (TYPED,), recoverable(path))
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
            f"{output.quoted(path)}"
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
