"""``restore``: a backup becomes a database again, or a lost sidecar comes back; nothing is overwritten.

No secret is asked for, unless what is put back shall be proved.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.backup_facts import described, document, tell_notes
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.cli.terminal import ask_passphrase
from wizard.cli.unlocking import ATTEMPTS
from wizard.refusals import UsageProblem
from wizard.version import PROGRAM

if TYPE_CHECKING:
    from wizard.cli.sources import Source

_FILE = click.Path(path_type=Path, readable=False)


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
        output.say_json(
            {**document(done.backup), "path": str(done.path), "notes": list(done.notes)}
        )
        return
    output.say("Restored: it opens with the passphrase it had when the backup was made.")
    output.say_pairs([("Database", str(done.path)), *described(done.backup)])
    tell_notes(done.notes)
    output.say(f"Prove that it opens: {PROGRAM} verify {output.quoted(done.path)}")


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
    tell_notes(done.notes)
    if not done.proved:
        output.say(f"Prove that they open it: {PROGRAM} verify {output.quoted(done.path)}")
