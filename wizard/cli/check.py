"""What ``check`` does: start-up validation for service managers.

Fast as long as no passphrase is given; nothing is loaded for it that only other commands need.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from wizard import engine, node
from wizard.cli import output
from wizard.settings.finding import find_file
from wizard.version import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from wizard.cli.sources import Source
    from wizard.diagnostics import Explanation
    from wizard.refusals import UsageProblem


def tell(
    names: Sequence[str],
    *,
    config_file: Path | None = None,
    sources: Sequence[tuple[str, Source]] = (),
    allow_high_cost: bool = False,
    as_json: bool,
) -> int:
    """Check what ``names`` name, or all of the configuration; print it and return the exit code.

    ``sources`` are names and where their passphrases come from; the name is empty where there is
    one target. Raises `UsageProblem` and `InvalidConfiguration`.
    """
    chosen = _targets(names, config_file)
    by_name = _by_name(chosen, sources)
    checked = []
    for target in chosen:
        with ExitStack() as secrets:
            source = by_name.get(target.name)
            passphrase = None if source is None else secrets.enter_context(source.read())
            checked.append(node.check(target, passphrase, allow_high_cost=allow_high_cost))
    _tell(checked, as_json=as_json)
    return _exit_code(checked)


def _exit_code(checked: Sequence[node.Checked]) -> int:
    failed = [each.error for each in checked if each.error is not None]
    return _explained(failed[0], None).exit_code if failed else 0


def _explained(error: BaseException, path: Path | None) -> Explanation:
    from wizard.diagnostics import explain  # noqa: PLC0415 - not where all is well

    return explain(error, path=path)


def _targets(given: Sequence[str], config_file: Path | None) -> list[node.Target]:
    named = _configured(config_file)
    if given:
        return [named.get(text) or _by_path(Path(text), named) for text in given]
    if not named:
        raise _usage(
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
            raise _usage(
                "Several databases are checked: say whose each passphrase is, --passphrase NAME=SOURCE."
            )
        chosen = name or targets[0].name
        if chosen not in names or chosen in found:
            # Not repeated: what stands before an equals sign may be half a passphrase.
            raise _usage("A NAME= before a passphrase source is not one that is checked.")
        found[chosen] = source
    return found


def _usage(sentence: str) -> UsageProblem:
    from wizard.refusals import UsageProblem  # noqa: PLC0415 - not where all is well

    return UsageProblem(sentence)


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
            told = _explained(each.error, each.target.path)
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
        "error": None if error is None else _explained(error, checked.target.path).as_dict(),
    }
