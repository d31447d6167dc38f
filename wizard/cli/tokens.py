"""``token``: node tokens for the API, for what no single master key can grant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.granting import ROLES, lifetime_value

if TYPE_CHECKING:
    from wizard.api.tokens import NodeToken


@click.group(
    "token",
    short_help="Node tokens for the API: create, list, revoke.",
    epilog=options.example("datafold-wizard token create prometheus --role auditor --for 365d"),
)
def token() -> None:
    """Make, list and revoke tokens for all or several databases of this node, and its metrics.

    Only their hashes are kept. For one database, `grant` needs no trust in this node's files.
    """


@token.command(
    "create",
    short_help="Make a token; it is printed once.",
    epilog=options.example(
        "datafold-wizard token create provisioning --role owner --database orders --for 1d"
    ),
)
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it allows.")
@click.option("--database", "databases", multiple=True, metavar="NAME", help="Default: all.")
@click.option(
    "--for",
    "lifetime",
    type=lifetime_value,
    default="30d",
    show_default=True,
    metavar="TIME",
    help="30d, 12h or 90m.",
)
@options.config_option
@options.json_option
def create(
    name: str,
    role: str,
    databases: tuple[str, ...],
    lifetime: timedelta,
    config_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Make a token for NAME and print it. It cannot be printed again."""
    from wizard.api import tokens  # noqa: PLC0415

    path, known = _file(config_file)
    unknown = [each for each in databases if each not in known]
    if unknown:
        raise engine.InvalidInput(f"No database {', '.join(unknown)} is configured here.")
    secret, made = tokens.new_token(
        name, role=role, databases=databases, lifetime=lifetime, now=datetime.now(UTC)
    )
    tokens.write_tokens(path, (*tokens.read_tokens(path), made))
    if as_json:
        output.say_json({"token": secret, **_document(made)})
    else:
        output.say(secret)
        output.note(f"Token {made.id} allows {role} until {_time(made.expires_at)}.")


@token.command(
    "list",
    short_help="List the tokens of this node, without the tokens themselves.",
    epilog=options.example("datafold-wizard token list --json"),
)
@options.config_option
@options.json_option
def list_tokens(config_file: Path | None, *, as_json: bool) -> None:
    """List the tokens of this node: id, name, role, databases and end."""
    from wizard.api import tokens  # noqa: PLC0415

    path, _known = _file(config_file)
    found = tokens.read_tokens(path)
    if as_json:
        output.say_json([_document(each) for each in found])
    elif not found:
        output.say("There is no token.")
    else:
        rows = [
            (
                each.id,
                each.name,
                each.role,
                " ".join(each.databases) or "all",
                _time(each.expires_at),
            )
            for each in found
        ]
        output.say_table(("id", "name", "role", "databases", "until"), rows)


@token.command(
    "revoke",
    short_help="End a token at once.",
    epilog=options.example("datafold-wizard token revoke 1a2b3c4d"),
)
@click.argument("token_id", metavar="ID")
@options.config_option
@options.json_option
def revoke(token_id: str, config_file: Path | None, *, as_json: bool) -> None:
    """End the token with ID at once; a server that runs takes notice."""
    from wizard.api import tokens  # noqa: PLC0415

    path, _known = _file(config_file)
    found = tokens.read_tokens(path)
    left = tuple(each for each in found if each.id != token_id)
    if len(left) == len(found):
        raise engine.InvalidInput(
            "There is no token with that id; “datafold-wizard token list” shows those there are."
        )
    tokens.write_tokens(path, left)
    if as_json:
        output.say_json({"revoked": token_id})
    else:
        output.say(f"Revoked: {output.printable(token_id)}")


def _file(config_file: Path | None) -> tuple[Path, tuple[str, ...]]:
    from wizard import settings  # noqa: PLC0415 - pydantic
    from wizard.api.place import tokens_file  # noqa: PLC0415

    chosen = settings.load(config_file).settings
    return tokens_file(chosen), tuple(chosen.databases)


def _document(each: NodeToken) -> dict[str, object]:
    return {
        "id": each.id,
        "name": each.name,
        "role": each.role,
        "databases": list(each.databases),
        "created_at": _time(each.created_at),
        "expires_at": _time(each.expires_at),
    }


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
