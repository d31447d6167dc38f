"""Initializing by command: what ``init`` does once its options are known.

- Everything that can be refused is refused before anything is asked for or written.
- Nothing is replaced until the recovery kit has opened the staged copy.
- A failed or cancelled run leaves no new file behind, the kit's included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard import engine
from wizard.cli import changes, kit, output
from wizard.cli.interruption import interruptible
from wizard.cli.new_passphrase import Demand, new_passphrase, unjudged
from wizard.cli.progress import progress_line
from wizard.cli.sources import Source

if TYPE_CHECKING:
    from pathlib import Path

    from wizard.cli.choose import CostChoice
    from wizard.cli.new_passphrase import Generated


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What the command line says, checked for contradictions."""

    path: Path
    source: Source | Generated | None
    keyfile: Path | None
    cost: CostChoice
    cipher: str | None
    plan: engine.RecoveryPlan | None
    sheets: tuple[Path, ...]
    readers: tuple[engine.Recipient, ...]
    original: engine.OriginalPolicy
    minimum_score: int
    allow_high_cost: bool


def run(chosen: InitOptions) -> dict[str, Any]:
    """Do it, and return what ``--json`` prints."""
    _check_target(chosen.path)
    kit.check_free(chosen.sheets)
    kit.warn_about_place(chosen.sheets, database=chosen.path)
    with _passphrase(chosen) as passphrase:
        params, allowed = changes.agreed_params(chosen.cost, allow_high_cost=chosen.allow_high_cost)
        with progress_line() as line, interruptible() as token:
            pending = engine.prepare_initialization(
                chosen.path,
                passphrase,
                params=params,
                cipher=None if chosen.cipher is None else engine.Cipher(chosen.cipher),
                keyfile=chosen.keyfile,
                recovery=chosen.plan,
                minimum_score=chosen.minimum_score,
                allow_high_cost=allowed,
                progress=line,
                cancel=token,
            )
    with pending:
        done = kit.prove_and_commit(
            pending,
            chosen.sheets,
            lambda line: pending.commit(chosen.original, progress=line),
            readers=chosen.readers,
        )
    return _result(done, chosen)


def _passphrase(chosen: InitOptions) -> engine.Secret:
    if chosen.cost.has_numbers and isinstance(chosen.source, Source):
        return unjudged(chosen.source)
    # Before this machine is measured, or it is typed a second time.
    demand = Demand(chosen.minimum_score, context=(chosen.path.stem,))
    return new_passphrase(chosen.source, demand)


def _check_target(path: Path) -> None:
    found = engine.inspect(path)
    if found.state is engine.State.PROTECTED and found.metadata is not None:
        fingerprint = found.metadata.public_key.fingerprint
        raise engine.AlreadyProtected(
            f"{path} is already protected; its fingerprint is {fingerprint}."
        )
    if isinstance(found.error, engine.Busy):
        raise found.error
    if found.state is engine.State.INTERRUPTED:
        output.note(output.printable(engine.undo_interrupted(path) or ""))
    elif found.error is not None and found.state not in {
        engine.State.ABSENT,
        engine.State.PLAINTEXT,
    }:
        raise found.error


def _result(done: engine.Initialized, chosen: InitOptions) -> dict[str, Any]:
    metadata = done.metadata
    plan = chosen.plan
    params = metadata.master_slot.params
    return {
        "path": str(done.path),
        "sidecar": str(done.sidecar),
        "fingerprint": done.fingerprint,
        "public_key": metadata.public_key.hex,
        "generation": metadata.generation,
        "cipher": str(metadata.cipher),
        "kdf": {
            "memory_kib": params.memory_kib,
            "passes": params.passes,
            "lanes": params.lanes,
            "keyfile": metadata.master_slot.keyfile,
        },
        "recovery": None
        if plan is None
        else {
            "threshold": plan.threshold,
            "shares": plan.shares,
            "holders": list(plan.holders),
            "files": [str(path) for path in chosen.sheets],
        },
        "original_kept": None if done.original_kept is None else str(done.original_kept),
        "original_removed": chosen.original is engine.OriginalPolicy.REMOVE
        and done.original_kept is None,
        "plaintext_left": [str(path) for path in done.plaintext_left],
        "warnings": list(done.warnings),
    }
