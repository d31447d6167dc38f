"""``init``: the options of protecting a new or an existing database, and its result in words."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import kit, options, output
from wizard.cli.choose import CostChoice, cost_options
from wizard.cli.initializing import InitOptions, run
from wizard.cli.new_passphrase import source_of
from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    from wizard.cli.sources import Source

CIPHERS = ("aegis", "chacha20", "sqlcipher")

_WHAT_REMOVING_MEANS = (
    "The plaintext original was deleted. Deleting cannot promise that its contents are gone: "
    "flash storage, file system snapshots, journals and backups may keep them. Only encrypting "
    "the whole disk, or destroying it, does."
)


@click.command(
    "init",
    cls=options.ManifestCommand,
    short_help="Protect a new or an existing database.",
    epilog=options.example(
        "datafold-wizard init node.db",
        "datafold-wizard init node.db --passphrase file:/etc/node.pass --recovery-out /mnt/kit.txt",
        "datafold-wizard init --manifest fleet.toml",
    ),
)
@options.manifest_option
@options.path_argument
@options.passphrase_option
@options.generate_option
@options.keyfile_option
@cost_options
@click.option(
    "--cipher",
    type=click.Choice(CIPHERS),
    help="Default: aegis, or chacha20 where the processor has no AES instructions. "
    "sqlcipher: files that SQLCipher 4 opens too.",
)
@options.kit_options
@click.option("--no-recovery", is_flag=True, help="No kit: a lost passphrase is lost data.")
@click.option(
    "--original",
    type=click.Choice(("keep", "remove")),
    default="keep",
    show_default=True,
    help="What becomes of the plaintext database.",
)
@options.min_score_option
@options.high_cost_option
@options.json_option
def init(*, as_json: bool, **given: Any) -> None:
    """Protect a database: encrypt PATH, or create it, under a new master key."""
    result = run(_checked(**given))
    if as_json:
        output.say_json(result)
    else:
        _tell(result)


def _checked(
    *,
    path: Path,
    recovery_shares: str | None,
    holders: tuple[str, ...],
    recovery_out: Path | None,
    encrypt_to: tuple[str, ...],
    no_recovery: bool,
    min_score: int | None,
    original: str,
    source: Source | None,
    generate: bool,
    keyfile: Path | None,
    cipher: str | None,
    allow_high_cost: bool,
    **cost: Any,
) -> InitOptions:
    """Raise `UsageProblem` for what contradicts itself or cannot be done here."""
    new = source_of(source, generate=generate)
    readers = kit.readers_of(encrypt_to, recovery_out)
    if no_recovery and (recovery_out is not None or recovery_shares is not None or holders):
        raise UsageProblem("--no-recovery makes no kit; leave the other recovery options out.")
    if not no_recovery and recovery_out is None and not kit.can_be_shown():
        raise UsageProblem(
            "There is no terminal to show the recovery kit on. Say where to write it with "
            "--recovery-out FILE, or do without one with --no-recovery."
        )
    plan = (
        None
        if no_recovery
        else engine.RecoveryPlan.parse(recovery_shares or "1of1", holders=holders)
    )
    sheets: tuple[Path, ...] = ()
    if plan is not None and recovery_out is not None:
        sheets = kit.sheet_paths(recovery_out, shares=plan.shares)
        taken = {path.resolve(), engine.sidecar_path(path).resolve()}
        if any(sheet.resolve() in taken for sheet in sheets):
            raise UsageProblem("The recovery kit cannot have the database's or its sidecar's name.")
    return InitOptions(
        path=path,
        source=new,
        keyfile=keyfile,
        cost=CostChoice(**cost),
        cipher=cipher,
        plan=plan,
        sheets=sheets,
        readers=readers,
        original=engine.OriginalPolicy(original),
        minimum_score=engine.DEFAULT_MINIMUM_SCORE if min_score is None else min_score,
        allow_high_cost=allow_high_cost,
    )


def _tell(result: dict[str, Any]) -> None:
    output.say("Protected, and proved to open.")
    output.say()
    output.say_pairs(
        [
            ("Database", result["path"]),
            ("Metadata", result["sidecar"]),
            ("Fingerprint", f"{result['fingerprint']}  (note it: it is how a swap is noticed)"),
            ("Cipher", result["cipher"]),
            ("Key derivation", output.describe_derivation(**result["kdf"])),
            *_kit_pairs(result["recovery"]),
        ]
    )
    output.say()
    if result["original_removed"]:
        output.say(_WHAT_REMOVING_MEANS)
    for path in result["plaintext_left"]:
        output.say(f"Still plaintext: {output.printable(path)}")
    for warning in result["warnings"]:
        output.say(f"Warning: {output.printable(warning)}")
    output.say("Copy the metadata file to a safe place: it is public, and needed to open.")
    name = output.printable(result["path"])
    output.say(f'Python:  with wizard.unlock("{name}", passphrase) as database: ...')
    output.say(f"Shell:   datafold-wizard shell {shlex.quote(name)}")


def _kit_pairs(recovery: dict[str, Any] | None) -> list[tuple[str, str]]:
    if recovery is None:
        return [("Recovery kit", "none: a lost passphrase is lost data")]
    needed = f"any {recovery['threshold']} of {recovery['shares']}"
    return [
        ("Recovery kit", f"{needed}: {', '.join(recovery['holders'])}"),
        *(("", path) for path in recovery["files"]),
    ]
