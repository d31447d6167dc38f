"""``config``: what is wrong with the node's configuration, what is in force, and a file to start from.

``config check`` names every fault at once; a value that is refused is never repeated.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard import engine
from wizard.cli import options, output
from wizard.diagnostics import explain
from wizard.refusals import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wizard.settings import Loaded


@click.group(
    "config",
    short_help="The node's configuration: check, show, init.",
    epilog=options.example("datafold-wizard config init", "datafold-wizard config check"),
)
def config() -> None:
    """Check, show or begin datafold.toml, the configuration of this node."""


@config.command(
    "check",
    short_help="Name file, line and key of each fault.",
    epilog=options.example("datafold-wizard config check --config /etc/xdg/datafold/datafold.toml"),
)
@options.config_option
@options.json_option
@click.pass_context
def check(context: click.Context, config_file: Path | None, *, as_json: bool) -> None:
    """Name file, line and key of each fault, and warn on what production should not have."""
    from wizard import settings  # noqa: PLC0415 - pydantic

    try:
        loaded = settings.load(config_file)
    except InvalidConfiguration as error:
        told = explain(error)
        if as_json:
            faults = [fault.as_dict() for fault in error.faults]
            output.say_json({"ok": False, "faults": faults, "error": told.as_dict()})
        else:
            for fault in error.faults:
                output.say(output.printable(str(fault)))
        context.exit(told.exit_code)
    warnings = list(_warnings(loaded))
    file = None if loaded.file is None else str(loaded.file)
    if as_json:
        output.say_json({"ok": True, "file": file, "faults": [], "warnings": warnings})
        return
    for warning in warnings:
        output.say(f"Warning: {output.printable(warning)}")
    if file is None:
        output.say("There is no configuration file; the defaults are in force.")
        output.say("Begin one: datafold-wizard config init")
    else:
        output.say(f"{output.printable(file)}: no fault.")


@config.command(
    "show",
    short_help="The values in force and where each came from.",
    epilog=options.example("datafold-wizard config show --json"),
)
@options.config_option
@options.json_option
def show(config_file: Path | None, *, as_json: bool) -> None:
    """Print the values in force and where each came from: file and line, variable, or default."""
    from wizard import settings  # noqa: PLC0415 - pydantic

    origins = settings.load(config_file).origins
    if as_json:
        output.say_json(
            [{"key": each.key, "value": each.value, "source": each.source} for each in origins]
        )
        return
    shown = [(each.key, _written(each.value), each.source) for each in origins]
    widths = [max(len(row[column]) for row in shown) for column in (0, 1)]
    for key, value, source in shown:
        output.say(output.printable(f"{key:<{widths[0]}}  {value:<{widths[1]}}  {source}"))


@config.command(
    "init",
    short_help="Write a commented file to start from.",
    epilog=options.example("datafold-wizard config init --output /etc/xdg/datafold/datafold.toml"),
)
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Default: the user's configuration directory; as root, the site's.",
)
@options.json_option
def init(target: Path | None, *, as_json: bool) -> None:
    """Write a commented configuration file. Never over one that exists."""
    from wizard.settings import finding, template  # noqa: PLC0415

    path = target or finding.candidates()[os.geteuid() == 0]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    engine.create_file(path, template.TEMPLATE.encode(), public=True)
    if as_json:
        output.say_json({"path": str(path)})
    else:
        output.say(
            f"Wrote {output.printable(str(path))}. Edit it, then: datafold-wizard config check"
        )


def _written(value: object) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, list) else str(value)


def _warnings(loaded: Loaded) -> Iterator[str]:
    chosen = loaded.settings
    if chosen.environment == "development":
        yield "environment is development: not for data that matters."
        return
    if chosen.api.trust_socket_owner:
        yield "api.trust_socket_owner lets every program of that user act as owner."
    if "*" in chosen.api.allowed_hosts:
        yield "api.allowed_hosts has *: any name in the Host header is accepted."
    for name, database in chosen.databases.items():
        crypto = database.crypto
        prefix = f"databases.{name}.crypto"
        if not crypto.enabled:
            yield f"{prefix}.enabled is false: this database may be plaintext."
        elif crypto.fingerprint is None:
            yield f"{prefix}.fingerprint is not pinned: an exchanged database goes unnoticed."
        if crypto.minimum_score < type(crypto).model_fields["minimum_score"].default:
            yield f"{prefix}.minimum_score is under the default."
        if crypto.memory is not None and crypto.memory < engine.RFC_9106_SECOND.memory_kib:
            yield f"{prefix}.memory is under the 64 MiB that RFC 9106 recommends at least."
        if database.path.is_relative_to("/tmp"):  # noqa: S108 - this warns about it
            yield f"databases.{name}.path is in /tmp, which is emptied."
