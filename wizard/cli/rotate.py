"""``rotate``: another data key, another cipher if asked; every page is encrypted anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import changes, options, output
from wizard.cli.choose import CostChoice, cost_options
from wizard.cli.init import CIPHERS
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import Attempt, UnlockOptions, open_with
from wizard.version import PROGRAM

if TYPE_CHECKING:
    from wizard.cli.sources import Source


@click.command(
    "rotate",
    short_help="Encrypt the database anew under another data key.",
    epilog=options.example(
        "datafold-wizard rotate node.db",
        "datafold-wizard rotate node.db --cipher sqlcipher --passphrase file:/etc/node.pass --json",
    ),
)
@options.path_argument
@click.option("--cipher", type=click.Choice(CIPHERS), help="Another cipher.  [default: as it is]")
@options.passphrase_option
@options.keyfile_option
@cost_options
@options.high_cost_option
@options.json_option
def rotate(
    *,
    path: Path,
    cipher: str | None,
    source: Source | None,
    keyfile: Path | None,
    allow_high_cost: bool,
    as_json: bool,
    **cost: Any,
) -> None:
    """Encrypt PATH anew under another data key. Passphrase, recovery words and operators stay.

    Nobody may have the database open meanwhile. Killed at any moment, it opens with the same
    passphrase, and the next command ends what was cut off.
    """
    chosen = CostChoice(**cost)
    params, allowed = None, allow_high_cost
    if chosen.was_made:
        params, allowed = changes.agreed_params(chosen, allow_high_cost=allow_high_cost)

    def change(attempt: Attempt) -> engine.Rotated:
        with progress_line() as line, interruptible() as token:
            return engine.rotate(
                path,
                attempt.secret,
                keyfile=keyfile,
                cipher=cipher,
                params=params,
                allow_high_cost=allowed or attempt.allow_high_cost,
                progress=line,
                cancel=token,
            )

    unlock = UnlockOptions(source=source, keyfile=keyfile, allow_high_cost=allow_high_cost)
    done = open_with(path, unlock, change)
    if as_json:
        output.say_json(_as_document(done))
    else:
        _tell(done)


def _as_document(done: engine.Rotated) -> dict[str, Any]:
    return {
        **changes.as_document(done),
        "cipher": done.metadata.cipher,
        "previous_cipher": done.previous.cipher,
        "previous_fingerprint": done.previous.public_key.fingerprint,
        "bytes": done.copied.bytes,
        "tables": done.copied.tables,
        "rows": done.copied.rows,
        "seconds": round(done.seconds, 3),
        "sheets_outdated": done.sheets_outdated,
    }


def _tell(done: engine.Rotated) -> None:
    changes.tell_settled(done)
    copied = done.copied
    output.say("Rotated: the database has a new data key; the old one opens it no longer.")
    output.say_pairs(
        [
            ("Database", str(done.path)),
            ("Fingerprint", f"{done.fingerprint}  (generation {done.metadata.generation})"),
            ("Followed", f"{done.previous.public_key.fingerprint}  (no longer current)"),
            ("Cipher", done.metadata.cipher),
            (
                "Content",
                f"{copied.rows:,} rows, {output.describe_tables(copied.tables)}, compared with the original",
            ),
            (
                "Work",
                f"{output.describe_bytes(copied.bytes)} in {done.seconds:.1f} s",
            ),
        ]
    )
    output.say("Passphrase, recovery words and operators' passphrases are the same as before.")
    if done.sheets_outdated:
        output.say_paragraph(
            "The slot lines on the recovery sheets are outdated: with them alone, without the "
            ".crypto.json file, this database does not open any longer. Print new ones:"
        )
        output.say(f"  {PROGRAM} recovery lines {output.quoted(done.path)}")
    output.say_paragraph(
        "Copies and backups made until now keep the old data key. Back up the database and its "
        ".crypto.json file together, now."
    )
    changes.tell_warnings(done)
