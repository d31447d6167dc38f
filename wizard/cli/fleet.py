"""``init --manifest``: many databases, as many at a time as there are processors and memory.

- Each database is protected by a process that does what ``init`` does; one that fails or is killed
  harms no other. The processes are divided from this one, which has loaded what they need: a start
  of Python for each would cost more than a cheap derivation.
- A process that has protected one database goes on to the next, once it has let go of all that it
  knew of the first, and overwritten it.
- It is safe to run again: what is protected already is left as it is.
- One line of JSON for each database on standard output, as soon as it has ended.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
from collections.abc import Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard import engine, freed
from wizard.cli import output, program
from wizard.cli.choose import DEFAULT_PRESET
from wizard.cli.dividing import Ended, NotStarted, Work, divided
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.cli.sources import Source, SourceKind
from wizard.diagnostics import explain
from wizard.error_table import INTERNAL
from wizard.refusals import Fault, InvalidConfiguration, UsageProblem

if TYPE_CHECKING:
    from wizard.settings.manifest import FleetDatabase

_ONCE = frozenset({SourceKind.STDIN, SourceKind.FD})


def run(manifest: Path) -> int:
    """Protect what the manifest names; return the exit code of the first that failed, else 0.

    Raises `InvalidConfiguration` before anything is done if any of it cannot be used.
    """
    from wizard.settings.manifest import read_manifest  # noqa: PLC0415 - pydantic

    fleet = read_manifest(manifest).databases
    _check_sources(manifest, fleet)
    todo, code = {}, 0
    for name, database in fleet.items():
        line = _already(name, database)
        if line is None:
            todo[name] = database
        else:
            _say(line)
    if todo:
        with progress_line() as progress, interruptible() as token:
            params = _params(todo, progress=progress, cancel=token)
        code = _protect_all(todo, params)
    return code


def _protect_all(todo: Mapping[str, FleetDatabase], params: Mapping[str, engine.KdfParams]) -> int:
    # What every process needs is loaded once, by the one that they are divided from.
    engine.load_initialization()
    for command in ("init", "initializing"):
        importlib.import_module(f"wizard.cli.{command}")
    works = [_work(name, database, params[name]) for name, database in todo.items()]
    at_once = _at_once(params)
    code = 0
    with ExitStack() as stack:
        if _is_plenty(params, at_once=at_once):
            stack.enter_context(engine.one_memory())
        # On Ctrl+C the processes have had the same, and undo what they have begun.
        ends = stack.enter_context(closing(divided(works, at_once=at_once, between=forget)))
        for ended in ends:
            line = {"name": ended.name, "path": str(todo[ended.name].path), **_outcome(ended)}
            _say(line)
            code = code or line.get("error", {}).get("exit_code", 0)
    return code


def _work(name: str, database: FleetDatabase, params: engine.KdfParams) -> Work:
    # A variable is taken out of the environment, and the next database may need the same.
    alone = Source.parse(database.passphrase_from).kind is SourceKind.ENV
    return Work(name, partial(program.run, _words(database, params)), alone=alone)


def forget() -> None:
    """Let nothing of one database be left in the process when the next begins."""
    engine.wipe_all()
    gc.collect()
    freed.overwrite()


def _check_sources(manifest: Path, fleet: Mapping[str, FleetDatabase]) -> None:
    faults = []
    for name, database in fleet.items():
        key = f"databases.{name}.passphrase_from"
        try:
            if Source.parse(database.passphrase_from).kind in _ONCE:
                raise UsageProblem("is read by one process only; use file:, cred:, cmd: or env:.")
            engine.RecoveryPlan.parse(database.recovery_shares, holders=database.recovery_holders)
        except engine.WizardError as error:
            faults.append(Fault(str(manifest), 0, key, str(error)))
    if faults:
        raise InvalidConfiguration(faults)


def _already(name: str, database: FleetDatabase) -> dict[str, Any] | None:
    found = engine.inspect(database.path)
    if found.state is not engine.State.PROTECTED or found.metadata is None:
        return None
    return {
        "name": name,
        "path": str(database.path),
        "result": "left",
        "fingerprint": found.metadata.public_key.fingerprint,
    }


def _params(
    todo: Mapping[str, FleetDatabase],
    *,
    progress: engine.ProgressSink,
    cancel: engine.CancelToken,
) -> dict[str, engine.KdfParams]:
    """Return everybody's numbers; a preset is measured once, before anything else runs."""
    measured: dict[str, engine.KdfParams] = dict(engine.RFC_9106_SETS)
    params = {}
    for name, database in todo.items():
        numbers = database.crypto.parameters()
        if numbers is None:
            preset = database.crypto.preset or DEFAULT_PRESET
            if preset not in measured:
                measured[preset] = engine.preset(preset, progress=progress, cancel=cancel).params
            numbers = measured[preset]
        params[name] = numbers
    return params


def _at_once(params: Mapping[str, engine.KdfParams]) -> int:
    """Return how many fit the processors and the memory that is used without asking.

    One more than there are processors: each waits for the disk a dozen times.
    """
    largest = max(each.memory_kib for each in params.values())
    by_memory = engine.machine_limit().unattended_kib // largest
    return max(1, min(engine.usable_processors() + 1, by_memory, len(params)))


def _is_plenty(params: Mapping[str, engine.KdfParams], *, at_once: int) -> bool:
    """Whether every process may hold its memory throughout, and none is refused its own for it."""
    largest = max(each.memory_kib for each in params.values())
    return (at_once + 2) * largest <= engine.machine_limit().unattended_kib


def _outcome(ended: Ended | NotStarted) -> dict[str, Any]:
    """What is said about a database after its ``init`` has ended."""
    if isinstance(ended, NotStarted):
        return {"result": "failed", "error": explain(ended.error).as_dict()}
    try:
        document = json.loads(ended.answer)
    except ValueError:
        # No answer: it was killed. What it had begun is undone by the next run.
        killed = engine.WizardError("The process that was to protect it was ended.")
        return {"result": "failed", "error": explain(killed).as_dict()}
    if ended.code:
        return {
            "result": "failed",
            "error": document.get("error", {"exit_code": INTERNAL.exit_code}),
        }
    return {"result": "done", **{key: document[key] for key in _TOLD}}


_TOLD = ("fingerprint", "sidecar", "recovery", "original_kept", "plaintext_left")


def _words(database: FleetDatabase, params: engine.KdfParams) -> list[str]:
    words = ["init", "--json"]
    words += ["--passphrase", database.passphrase_from, "--original", database.original]
    words += ["--memory", str(params.memory_kib), "--passes", str(params.passes)]
    words += ["--lanes", str(params.lanes), "--min-score", str(database.crypto.minimum_score)]
    if database.crypto.cipher is not None:
        words += ["--cipher", database.crypto.cipher]
    if database.keyfile is not None:
        words += ["--keyfile", str(database.keyfile)]
    if database.recovery_out is None:
        words.append("--no-recovery")
    else:
        words += ["--recovery-out", str(database.recovery_out)]
        words += ["--recovery-shares", database.recovery_shares]
        for holder in database.recovery_holders:
            words += ["--recovery-holder", holder]
    return [*words, "--", os.fspath(database.path)]


def _say(line: dict[str, Any]) -> None:
    output.say(json.dumps(line, ensure_ascii=False))
