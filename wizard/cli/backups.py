"""``backup`` and ``restore``: one file that brings a protected database back, and nothing overwritten.

- What is in the way is said before a passphrase is asked for.
- ``backup verify``, ``backup --metadata-only`` and ``restore`` ask for no secret.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.cli.terminal import ask_passphrase
from wizard.cli.unlocking import ATTEMPTS, Attempt, UnlockOptions, open_with
from wizard.diagnostics import UsageProblem
from wizard.version import PROGRAM

if TYPE_CHECKING:
    from wizard.cli.sources import Source

_FILE = click.Path(path_type=Path)
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


@click.command(
    "restore",
    options_metavar="",
    short_help="Put a database back where there is none, or a lost sidecar beside its database.",
    epilog=options.example(
        "datafold-wizard restore node-2026-11-24.backup --to node.db",
        "datafold-wizard restore --metadata node.crypto.json node.db",
        "datafold-wizard restore --metadata node-2026-11-24.backup node.db --prove",
    ),
)
@click.argument("file", metavar="FILE", type=_FILE, callback=options.note_path)
@click.argument("path", metavar="--to PATH | --metadata FILE PATH", type=_FILE, required=False)
@click.option("--to", metavar="PATH", type=_FILE, help="Where it goes; nothing may be there.")
@click.option(
    "--metadata",
    "metadata_only",
    is_flag=True,
    help="Put only the crypto metadata of FILE, a backup or a saved .crypto.json, beside PATH.",
)
@click.option(
    "--prove",
    is_flag=True,
    help="With --metadata: ask for the passphrase, prove that it opens PATH, and that the database "
    "has seen no newer metadata. --passphrase implies it.",
)
@click.option(
    "--allow-older",
    is_flag=True,
    help="With --metadata: also metadata that are older than what is known. Passphrases and "
    "operators removed since open the database again.",
)
@options.passphrase_option
@options.keyfile_option
@options.high_cost_option
@options.json_option
@click.pass_context
def restore(
    context: click.Context,
    /,
    *,
    file: Path,
    path: Path | None,
    to: Path | None,
    metadata_only: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Put the database in FILE, a backup, back as PATH. Overwrites nothing, and asks for no secret.

    It opens with what opened it when the backup was made, also if the passphrase was changed since.
    """
    if metadata_only:
        if path is None or to is not None:
            raise UsageProblem(f"Say which database: {PROGRAM} restore --metadata FILE PATH")
        context.obj["path"] = path
        _restore_metadata(file, path, as_json=as_json, **given)
        return
    if path is not None or to is None:
        raise UsageProblem(f"Say where it goes: {PROGRAM} restore FILE --to PATH")
    if any(given.values()):
        raise UsageProblem("Only restore --metadata takes a passphrase, --prove and --allow-older.")
    with progress_line() as line, interruptible() as token:
        done = engine.restore(file, to=to, progress=line, cancel=token)
    if as_json:
        document = _document(done.backup)
        output.say_json({**document, "path": str(done.path), "notes": list(done.notes)})
        return
    output.say("Restored: it opens with the passphrase it had when the backup was made.")
    output.say_pairs([("Database", str(done.path)), *_facts(done.backup)])
    _tell_notes(done.notes)
    output.say(f"Prove that it opens: {PROGRAM} verify {output.printable(str(done.path))}")


def _restore_metadata(
    file: Path,
    path: Path,
    *,
    as_json: bool,
    source: Source | None,
    keyfile: Path | None,
    allow_high_cost: bool,
    prove: bool,
    allow_older: bool,
) -> None:
    def put(passphrase: engine.Secret | None) -> engine.RestoredMetadata:
        return engine.restore_metadata(
            file,
            path,
            passphrase=passphrase,
            keyfile=keyfile,
            allow_older=allow_older,
            allow_high_cost=allow_high_cost,
        )

    if source is not None:
        with source.read() as passphrase:
            done = put(passphrase)
    elif prove:
        done = _ask_and_put(put)
    elif keyfile is not None:
        raise UsageProblem("A keyfile goes with --prove or --passphrase.")
    else:
        done = put(None)
    _tell_metadata(done, as_json=as_json)


def _ask_and_put(put: Any) -> engine.RestoredMetadata:
    for attempt in range(1, ATTEMPTS + 1):
        with ask_passphrase("Passphrase that belongs to the saved crypto metadata: ") as typed:
            try:
                done: engine.RestoredMetadata = put(typed)
            except (engine.WrongPassphrase, engine.InvalidPassphrase) as error:
                if attempt == ATTEMPTS:
                    raise
                output.note(f"{error} Try again.")
            else:
                return done
    raise AssertionError("the last attempt returns or raises")


def _verify(file: Path, *, as_json: bool) -> None:
    with progress_line() as line, interruptible() as token:
        facts = engine.verify_backup(file, progress=line, cancel=token)
    if as_json:
        output.say_json(_document(facts))
        return
    output.say("Verified: whole, and signed by the master key that its metadata name.")
    output.say_pairs([("File", str(facts.path)), *_facts(facts)])
    output.say("It is yours if that is the fingerprint you noted.")


def _tell_saved(facts: engine.BackupFacts, *, as_json: bool) -> None:
    if as_json:
        output.say_json(_document(facts))
        return
    what = "Backed up" if facts.kind is engine.BackupKind.DATABASE else "Crypto metadata saved"
    output.say(f"{what}, read back and verified.")
    output.say_pairs([("File", str(facts.path)), *_facts(facts)])
    _tell_notes(facts.notes)


def _tell_metadata(done: engine.RestoredMetadata, *, as_json: bool) -> None:
    if as_json:
        output.say_json(
            {
                "path": str(done.path),
                "sidecar": str(done.sidecar),
                "fingerprint": done.fingerprint,
                "generation": done.generation,
                "revision": done.revision,
                "changed": done.changed,
                "kept": None if done.kept is None else str(done.kept),
                "proved": done.proved,
                "notes": list(done.notes),
            }
        )
        return
    output.say(
        "The crypto metadata are beside the database again."
        if done.changed
        else "The same crypto metadata were beside the database already."
    )
    pairs = [
        ("Sidecar", str(done.sidecar)),
        ("Fingerprint", f"{done.fingerprint}  (generation {done.generation})"),
    ]
    if done.kept is not None:
        pairs.append(("Kept", f"what was there before: {done.kept}"))
    output.say_pairs(pairs)
    _tell_notes(done.notes)
    if not done.proved:
        output.say(f"Prove that they open it: {PROGRAM} verify {output.printable(str(done.path))}")


def _tell_notes(notes: tuple[str, ...]) -> None:
    for text in notes:
        output.note(f"Note: {output.printable(text)}")


def _facts(facts: engine.BackupFacts) -> list[tuple[str, str]]:
    size = output.describe_bytes(facts.size)
    if facts.kind is engine.BackupKind.DATABASE:
        content = f"database of {output.describe_bytes(facts.database_size)}, crypto metadata"
    else:
        content = "crypto metadata alone"
    return [
        ("Holds", f"{content} ({size})"),
        ("Fingerprint", f"{facts.fingerprint}  (generation {facts.generation})"),
        ("Made", f"{facts.created_at} by {facts.tool}"),
    ]


def _document(facts: engine.BackupFacts) -> dict[str, Any]:
    return {
        "file": str(facts.path),
        "kind": facts.kind.value,
        "database_id": facts.database_id,
        "fingerprint": facts.fingerprint,
        "generation": facts.generation,
        "revision": facts.revision,
        "created_at": facts.created_at,
        "tool": facts.tool,
        "size": facts.size,
        "database_size": facts.database_size,
        "notes": list(facts.notes),
    }
