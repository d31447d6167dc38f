"""``sign`` and ``verify-signature``: any file, by the master key, in OpenSSH's format.

- The database comes first in both, because the key is its; the file comes second.
- A signature that is there is never overwritten.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import Attempt, UnlockOptions, open_with
from wizard.version import PROGRAM

if TYPE_CHECKING:
    from wizard.cli.sources import Source

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=False)


@click.command(
    "sign",
    short_help="Sign any file with the master key of a database.",
    epilog=options.example("datafold-wizard sign node.db report.pdf"),
)
@options.path_argument
@click.argument("file", type=_FILE)
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the signature goes.  [default: FILE.sig]",
)
@options.passphrase_option
@options.keyfile_option
@options.high_cost_option
@options.json_option
def sign(
    path: Path,
    file: Path,
    target: Path | None,
    source: Source | None,
    keyfile: Path | None,
    *,
    allow_high_cost: bool,
    as_json: bool,
) -> None:
    """Sign FILE with the master key of the database PATH, as ``ssh-keygen -Y sign`` would."""
    goal = file.with_name(f"{file.name}.sig") if target is None else target
    if goal.exists() or goal.is_symlink():
        raise engine.OutputExists(goal)
    chosen = UnlockOptions(source=source, keyfile=keyfile, allow_high_cost=allow_high_cost)

    def make(attempt: Attempt) -> engine.SignedFile:
        if attempt.passphrase is None:
            raise AssertionError("there is no other way to the master key")
        with progress_line() as line, interruptible() as token:
            return engine.sign_file(
                path,
                file,
                attempt.passphrase,
                keyfile=keyfile,
                allow_high_cost=attempt.allow_high_cost,
                progress=line,
                cancel=token,
            )

    signed = open_with(path, chosen, make)
    engine.create_file(goal, signed.text.encode("ascii"), public=True)
    for warning in signed.warnings:
        output.note(f"Warning: {output.printable(warning)}")
    if as_json:
        output.say_json({"signature": str(goal), **_as_json(file, signed)})
        return
    output.say_pairs(
        [
            ("Signed", str(file)),
            ("Signature", str(goal)),
            ("Fingerprint", signed.key.fingerprint),
            ("Verify", shlex.join([PROGRAM, "verify-signature", str(path), str(file), str(goal)])),
            ("Or, stock", "ssh-keygen -Y verify -f SIGNERS -I datafold-wizard -n file"),
            ("", shlex.join(["-s", str(goal)]) + " < " + shlex.quote(str(file))),
            ("SIGNERS is", signed.allowed_signers),
        ]
    )


@click.command(
    "verify-signature",
    short_help="Tell whether a signature is one of a database's master key over a file.",
    epilog=options.example(
        "datafold-wizard verify-signature node.db report.pdf report.pdf.sig",
        "datafold-wizard verify-signature key.pub report.pdf report.pdf.sig",
    ),
)
@click.argument(
    "signers", metavar="PATH|PUBLIC_KEY", type=click.Path(path_type=Path, readable=False)
)
@click.argument("file", type=_FILE)
@click.argument("signature", type=_FILE)
@options.json_option
def verify_signature(signers: Path, file: Path, signature: Path, *, as_json: bool) -> None:
    """Tell whether SIGNATURE is one over FILE by the master key of a database, or by a public key.

    The first argument is a protected database, or a file with an OpenSSH public key. Asks for no
    secret.
    """
    with progress_line() as line, interruptible() as token:
        held = engine.verify_signature(signers, file, signature, progress=line, cancel=token)
    for warning in held.warnings:
        output.note(f"Warning: {output.printable(warning)}")
    if as_json:
        output.say_json(_as_json(file, held))
        return
    output.say("Verified: the file is what was signed, by the key with this fingerprint.")
    pairs = [("Fingerprint", held.key.fingerprint)]
    if held.generation:
        pairs.append(("Generation", f"{held.generation}, and the database is in {held.current}"))
    output.say_pairs([*pairs, ("Allowed signer", held.allowed_signers)])


def _as_json(file: Path, signed: engine.SignedFile) -> dict[str, Any]:
    return {
        "file": str(file),
        "digest": signed.digest,
        "fingerprint": signed.key.fingerprint,
        "public_key": signed.key.hex,
        "generation": signed.generation,
        "current_generation": signed.current,
        "allowed_signers": signed.allowed_signers,
        "warnings": list(signed.warnings),
    }
