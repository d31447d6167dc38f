"""``backup``: one file that brings a protected database back, and nothing overwritten.

- What is in the way is said before a passphrase is asked for.
- ``backup verify`` and ``backup --metadata-only`` ask for no secret.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.backup_facts import described, document, tell_notes
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import Attempt, UnlockOptions, open_with
from wizard.refusals import UsageProblem
from wizard.version import PROGRAM

_FILE = click.Path(path_type=Path, readable=False)
_VERIFY = Path("verify")


@click.command(
    "backup",
    options_metavar="",
    short_help="Save a database, or its crypto metadata alone; or verify what was saved.",
    epilog=options.example(
        "datafold-wizard backup node.db --to node-2026-11-24.backup",
        "datafold-wizard backup node.db --metadata-only --to node.crypto.json",
        "datafold-wizard backup verify node-2026-11-24.backup --json",
    ),
)
@click.argument("path", metavar="PATH", type=_FILE, callback=options.note_path)
@click.argument("file", metavar="--to FILE | verify FILE", type=_FILE, required=False)
@click.option("--to", metavar="FILE", type=_FILE, help="The file to write; it must not exist.")
@click.option(
    "--metadata-only",
    is_flag=True,
    help="Save the .crypto.json file alone. It is public and signed: no passphrase is needed.",
)
@options.passphrase_option
@options.keyfile_option
@options.high_cost_option
@options.json_option
@click.pass_context
def backup(
    context: click.Context,
    /,
    *,
    path: Path,
    file: Path | None,
    to: Path | None,
    metadata_only: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Save PATH into one file while applications use it: encrypted, signed by the master key.

    "backup verify FILE" checks such a file, or a saved .crypto.json, without any secret.
    """
    if path == _VERIFY and file is not None:
        if to is not None or metadata_only or given["source"] or given["keyfile"]:
            raise UsageProblem("backup verify takes one FILE, and nothing but --json.")
        context.obj["path"] = file
        _verify(file, as_json=as_json)
        return
    if file is not None:
        raise UsageProblem("There are more arguments than this command takes. See: backup --help")
    if to is None:
        raise UsageProblem(f"Say where the backup goes: {PROGRAM} backup PATH --to FILE")
    if os.path.lexists(to):
        raise engine.OutputExists(to)
    if metadata_only:
        if given["source"] or given["keyfile"]:
            raise UsageProblem("--metadata-only needs no passphrase and no keyfile.")
        _tell_saved(engine.backup_metadata(path, to=to), as_json=as_json)
        return
    unlock = UnlockOptions(**given)

    def save(attempt: Attempt) -> engine.BackupFacts:
        with progress_line() as line, interruptible() as token:
            return engine.backup(
                path,
                attempt.secret,
                to=to,
                keyfile=unlock.keyfile,
                allow_high_cost=attempt.allow_high_cost,
                progress=line,
                cancel=token,
            )

    _tell_saved(open_with(path, unlock, save), as_json=as_json)


def _verify(file: Path, *, as_json: bool) -> None:
    with progress_line() as line, interruptible() as token:
        facts = engine.verify_backup(file, progress=line, cancel=token)
    if as_json:
        output.say_json(document(facts))
        return
    output.say("Verified: whole, and signed by the master key that its metadata name.")
    output.say_pairs([("File", str(facts.path)), *described(facts)])
    output.say("It is yours if that is the fingerprint you noted.")


def _tell_saved(facts: engine.BackupFacts, *, as_json: bool) -> None:
    if as_json:
        output.say_json(document(facts))
        return
    what = "Backed up" if facts.kind is engine.BackupKind.DATABASE else "Crypto metadata saved"
    output.say(f"{what}, read back and verified.")
    output.say_pairs([("File", str(facts.path)), *described(facts)])
    tell_notes(facts.notes)
