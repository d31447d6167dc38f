"""``check``: start-up validation for service managers, fast as long as no passphrase is given."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine, node
from wizard.cli import options, output
from wizard.cli.sources import Source
from wizard.diagnostics import PROGRAM, UsageProblem, explain
from wizard.settings.place import find_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _named_source(text: str) -> tuple[str, Source]:
    """Read ``[NAME=]SOURCE``; the name is empty where none is given."""
    name, equals, rest = text.partition("=")
    if not equals or ":" in name or name == "stdin":
        return "", options.source_value(text)
    return name, options.source_value(rest)


@click.command(
    "check",
    short_help="Start-up validation for service managers; the exit code tells the first fault.",
    epilog=options.example(
        "datafold-wizard check",
        "datafold-wizard check orders --passphrase cred:orders",
    ),
)
@click.argument("targets", metavar="[NAME|PATH]...", nargs=-1)
@options.config_option
@click.option(
    "--passphrase",
    "sources",
    type=_named_source,
    multiple=True,
    metavar="[NAME=]SOURCE",
    help="Also unlock for real with what SOURCE delivers; NAME= where several are checked.",
)
@options.high_cost_option
@options.json_option
@click.pass_context
def check(
    context: click.Context,
    targets: tuple[str, ...],
    config_file: Path | None,
    sources: tuple[tuple[str, Source], ...],
    *,
    allow_high_cost: bool,
    as_json: bool,
) -> None:
    """Check configuration, state, signatures, pinned fingerprint and file modes.

    Without NAME or PATH every database of the configuration is checked. Nothing is written, and
    nothing is derived unless there is a passphrase source.
    """
    chosen = _targets(targets, config_file)
    by_name = _by_name(chosen, sources)
    checked = []
    for target in chosen:
        with ExitStack() as secrets:
            source = by_name.get(target.name)
            passphrase = None if source is None else secrets.enter_context(source.read())
            checked.append(node.check(target, passphrase, allow_high_cost=allow_high_cost))
    _tell(checked, as_json=as_json)
    failed = [each.error for each in checked if each.error is not None]
    context.exit(explain(failed[0]).exit_code if failed else 0)


def _targets(given: Sequence[str], config_file: Path | None) -> list[node.Target]:
    named = _configured(config_file)
    if given:
        return [named.get(text) or _by_path(Path(text), named) for text in given]
    if not named:
        raise UsageProblem(
            "There is nothing to check: no configuration names a database. Give a path, or begin "
            f"a configuration with: {PROGRAM} config init"
        )
    return list(named.values())


def _by_path(path: Path, named: Mapping[str, node.Target]) -> node.Target:
    """Return a target for a path; what the configuration says about the same file holds for it."""
    for target in named.values():
        if target.path.resolve() == path.resolve():
            return target
    return node.Target(str(path), path)


def _configured(config_file: Path | None) -> dict[str, node.Target]:
    if find_file(config_file) is None:
        return {}
    from wizard import settings  # noqa: PLC0415 - pydantic; a check of a path goes without

    databases = settings.load(config_file).settings.databases
    return {name: node.Target(name, each.path, each.crypto) for name, each in databases.items()}


def _by_name(
    targets: Sequence[node.Target], sources: Sequence[tuple[str, Source]]
) -> dict[str, Source]:
    names = {target.name for target in targets}
    found: dict[str, Source] = {}
    for name, source in sources:
        if not name and len(targets) > 1:
            raise UsageProblem(
                "Several databases are checked: say whose each passphrase is, --passphrase NAME=SOURCE."
            )
        chosen = name or targets[0].name
        if chosen not in names or chosen in found:
            # Not repeated: what stands before an equals sign may be half a passphrase.
            raise UsageProblem("A NAME= before a passphrase source is not one that is checked.")
        found[chosen] = source
    return found


def _tell(checked: Sequence[node.Checked], *, as_json: bool) -> None:
    if as_json:
        output.say_json(
            {
                "ok": all(each.error is None for each in checked),
                "databases": [_document(each) for each in checked],
            }
        )
        return
    for each in checked:
        name = output.printable(each.target.name)
        if each.error is not None:
            told = explain(each.error, path=each.target.path)
            output.say(f"FAIL  {name}: {output.printable(told.message)}")
            if told.hint:
                output.say(f"      {output.printable(told.hint)}")
            continue
        output.say(f"ok    {name}: {_summary(each)}")
        for warning in each.warnings:
            output.say(f"      Warning: {output.printable(warning)}")


def _summary(checked: node.Checked) -> str:
    metadata = checked.found.metadata
    if metadata is None:
        return str(checked.found.state)
    opened = ", opens with the passphrase" if checked.unlocked else ""
    return (
        f"protected, generation {metadata.generation}, "
        f"fingerprint {metadata.public_key.fingerprint}{opened}"
    )


def _document(checked: node.Checked) -> dict[str, Any]:
    metadata: engine.Metadata | None = checked.found.metadata
    error = checked.error
    return {
        "name": checked.target.name,
        "path": str(checked.target.path),
        "ok": error is None,
        "state": str(checked.found.state),
        "fingerprint": None if metadata is None else metadata.public_key.fingerprint,
        "generation": None if metadata is None else metadata.generation,
        "unlocked": checked.unlocked,
        "warnings": list(checked.warnings),
        "error": None if error is None else explain(error, path=checked.target.path).as_dict(),
    }
