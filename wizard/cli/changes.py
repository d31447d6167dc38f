"""What all commands that change keys have in common: their sources, their cost, their result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wizard import engine
from wizard.cli import output
from wizard.cli.interruption import interruptible
from wizard.cli.progress import progress_line
from wizard.cli.sources import SourceKind
from wizard.cli.terminal import Terminal, is_terminal
from wizard.cli.unlocking import agree_to_cost
from wizard.refusals import UsageProblem
from wizard.version import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wizard.cli.choose import CostChoice
    from wizard.cli.sources import Source


def check_sources(*sources: Source | None) -> None:
    """Raise `UsageProblem` where two passphrases would come from one stream."""
    streams = [
        (source.kind, source.argument)
        for source in sources
        if source is not None and source.kind in (SourceKind.STDIN, SourceKind.FD)
    ]
    if len(set(streams)) < len(streams):
        raise UsageProblem("Each passphrase needs a source of its own; one stream gives only one.")


def agreed_params(cost: CostChoice, *, allow_high_cost: bool) -> tuple[engine.KdfParams, bool]:
    """The parameters of a choice, and whether their memory may be used.

    Measures where the choice is a time, and asks where it is more than runs without asking.
    """
    with progress_line() as line, interruptible() as token:
        params = cost.params(progress=line, cancel=token)
    if allow_high_cost:
        return params, True
    try:
        engine.check_unattended(params)
    except engine.ResourceLimit as error:
        agree_to_cost(error, subject="That much is needed again whenever the database is opened.")
        return params, True
    return params, False


def as_document(done: engine.Changed) -> dict[str, Any]:
    """A change as ``--json`` prints it."""
    metadata = done.metadata
    slot = metadata.master_slot
    return {
        "path": str(done.path),
        "fingerprint": done.fingerprint,
        "public_key": metadata.public_key.hex,
        "generation": metadata.generation,
        "revision": metadata.revision,
        "kdf": {
            "memory_kib": slot.params.memory_kib,
            "passes": slot.params.passes,
            "lanes": slot.params.lanes,
            "keyfile": slot.keyfile,
        },
        "data_key": {
            "created_at": metadata.data_key.created_at,
            "retired_slots": metadata.data_key.retired_slots,
        },
        "settled": done.settled,
        "warnings": list(done.warnings),
    }


def tell(done: engine.Changed, *, headline: str, as_json: bool, more: str = "") -> None:
    """Print the result; ``more`` is a paragraph below it."""
    if as_json:
        output.say_json(as_document(done))
        return
    tell_settled(done)
    output.say(headline)
    slot = done.metadata.master_slot
    output.say_pairs(
        [
            ("Database", str(done.path)),
            ("Fingerprint", f"{done.fingerprint}  (generation {done.metadata.generation})"),
            (
                "Key derivation",
                output.describe_derivation(
                    memory_kib=slot.params.memory_kib,
                    passes=slot.params.passes,
                    lanes=slot.params.lanes,
                    keyfile=slot.keyfile,
                ),
            ),
        ]
    )
    if more:
        output.say(more)
    tell_exposure(done)
    tell_warnings(done)


def tell_settled(done: engine.Changed) -> None:
    """Say what was ended first, if anything."""
    if done.settled is not None:
        output.note(output.printable(done.settled))


def tell_warnings(done: engine.Changed) -> None:
    """Say what did not go as it should."""
    for warning in done.warnings:
        output.note(f"Warning: {output.printable(warning)}")


def tell_exposure(done: engine.Changed) -> None:
    """Say what the change does not reach: whoever had the data key may have kept it."""
    retired = done.metadata.data_key.retired_slots
    if retired:
        slots = "1 removed slot" if retired == 1 else f"{retired} removed slots"
        output.say(
            f"The data key was seen by {slots} since {done.metadata.data_key.created_at}, and is "
            "the same as before. Copies of the files made until now open as they did. Only "
            f"another data key ends that: {PROGRAM} rotate {output.quoted(done.path)}"
        )


def describe_proved(recovery: Mapping[str, Any]) -> str:
    """When the recovery kit was last proved, in words."""
    days = recovery.get("proved_days_ago")
    if days is None:
        return "not on record"
    ago = {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
    return f"{ago} ({recovery['proved_at']})"


def confirmed_name(path: Path, given: str | None, *, warning: str) -> str:
    """The name of the database as it was given or is typed now; the engine compares it.

    Raises `NameNotConfirmed` where nobody can be asked.
    """
    if given is not None:
        return given
    name = engine.inspect(path).path.name
    if not is_terminal():
        raise engine.NameNotConfirmed(name)
    with Terminal.open() as terminal:
        terminal.write(f"{warning}\n")
        return terminal.ask(f"Type the name of the database in full ({output.printable(name)}): ")
