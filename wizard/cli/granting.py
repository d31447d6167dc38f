"""``grant``: permissions for the API that the master key signs, and their end before time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.unlocking import Attempt, UnlockOptions, open_with

ROLES = ("auditor", "operator", "owner")
_LIFETIME = re.compile(r"([0-9]{1,5})(m|h|d)", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def lifetime_value(text: str) -> timedelta:
    """Read ``--for``: 30d, 12h, 90m."""
    match = _LIFETIME.fullmatch(text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is not a time like 30d, 12h or 90m.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


class _Grants(click.Group):
    """``grant PATH`` makes one: what is no subcommand is the path of a database."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands:
            args = ["new", *args]
        return super().resolve_command(ctx, args)


@click.group(
    "grant",
    cls=_Grants,
    options_metavar="",
    subcommand_metavar="[PATH | revoke PATH ID] [OPTIONS]",
    short_help="Sign a token for the API, for one database, role and time; or revoke one.",
    epilog=options.example(
        "datafold-wizard grant orders.db --role operator --for 30d --subject backup-job",
        "datafold-wizard grant revoke orders.db 0123456789abcdef",
    ),
)
def grant() -> None:
    """Sign a token that allows a ROLE on one database over the API, or revoke one.

    auditor: status, public key, verify, audit. operator: also unlock check and backup. owner: also
    initialization, change of passphrase, rotation, recovery. Every token ends with the generation:
    at the next change of the passphrase, or rotation.
    """


@grant.command("new", hidden=True)
@options.path_argument
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it allows.")
@click.option(
    "--for",
    "lifetime",
    type=lifetime_value,
    default="30d",
    show_default=True,
    metavar="TIME",
    help="30d, 12h or 90m.",
)
@click.option("--subject", required=True, metavar="NAME", help="Who gets it.")
@options.passphrase_option
@options.keyfile_option
@options.high_cost_option
@options.json_option
def new(
    path: Path, role: str, lifetime: timedelta, subject: str, *, as_json: bool, **given: Any
) -> None:
    """Sign a token that allows a role on PATH over the API; it is printed once."""
    chosen = UnlockOptions(**given)

    def sign(attempt: Attempt) -> tuple[str, engine.Grant]:
        return engine.issue_grant(
            path,
            _given(attempt),
            role=role,
            subject=subject,
            lifetime=lifetime,
            now=datetime.now(UTC),
            keyfile=chosen.keyfile,
            allow_high_cost=attempt.allow_high_cost,
        )

    token, made = open_with(path, chosen, sign)
    expires = datetime.fromtimestamp(made.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if as_json:
        output.say_json(
            {
                "token": token,
                "id": made.id,
                "subject": made.subject,
                "role": made.role.value,
                "database_id": made.database_id.hex(),
                "generation": made.generation,
                "expires_at": expires,
            }
        )
        return
    output.say(token)
    output.note(f"Allows {made.role.value} until {expires}. Whoever has it may use it.")
    output.note(f"To end it before: datafold-wizard grant revoke {path} {made.id}")


@grant.command(
    "revoke",
    short_help="End a token before its time.",
    epilog=options.example("datafold-wizard grant revoke orders.db 0123456789abcdef"),
)
@options.path_argument
@click.argument("grant_id", metavar="ID")
@options.passphrase_option
@options.keyfile_option
@options.high_cost_option
@options.json_option
def revoke(path: Path, grant_id: str, *, as_json: bool, **given: Any) -> None:
    """End the token with ID before its time: it is noted in the signed metadata."""
    chosen = UnlockOptions(**given)

    def end(attempt: Attempt) -> None:
        engine.revoke_grant(
            path,
            _given(attempt),
            grant_id,
            keyfile=chosen.keyfile,
            allow_high_cost=attempt.allow_high_cost,
        )

    open_with(path, chosen, end)
    if as_json:
        output.say_json({"revoked": grant_id})
    else:
        output.say(f"Revoked: {output.printable(grant_id)}")


def _given(attempt: Attempt) -> engine.Secret:
    if attempt.passphrase is None:
        raise AssertionError("only the passphrase signs")
    return attempt.passphrase
