"""What requests about keys are made of, and what they are answered with, said once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from wizard import engine
from wizard.tui.process.measuring import params_of
from wizard.tui.process.sheets import MAXIMUM_SHEETS

if TYPE_CHECKING:
    from wizard.engine import (
        CancelToken,
        Changed,
        Cipher,
        KdfParams,
        PendingChange,
        PendingInitialization,
        Progress,
        RecoveryPlan,
    )
    from wizard.tui.process.present import Key
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]


class ByKey(TypedDict):
    """What opens the database besides its passphrase, as the engine's verbs name it."""

    keyfile: Path | None
    allow_high_cost: bool
    progress: Callable[[Progress], None]


class CancellableByKey(ByKey):
    """The same, for a verb that can be stopped."""

    cancel: CancelToken


def by_key(request: Request, call: Call, key: Key) -> ByKey:
    """For a verb that the key in force opens."""
    allowed = key.allow_high_cost or request.decision("allow_high_cost")
    return ByKey(keyfile=key.keyfile, allow_high_cost=allowed, progress=call.progress)


def stoppable(request: Request, call: Call, key: Key) -> CancellableByKey:
    """For one that can be stopped, too."""
    return CancellableByKey(**by_key(request, call, key), cancel=call.cancel)


class NewKeys(TypedDict):
    """What new keys are made of besides their passphrase."""

    params: KdfParams | None
    recovery: RecoveryPlan | None
    minimum_score: int
    allow_high_cost: bool
    progress: Callable[[Progress], None]
    cancel: CancelToken


def new_keys(request: Request, call: Call, *, minimum_score: int) -> NewKeys:
    """For a verb that makes keys anew, and a kit with them."""
    return NewKeys(
        params=params_given(request),
        recovery=plan_of(request),
        minimum_score=minimum_score,
        allow_high_cost=request.decision("allow_high_cost"),
        progress=call.progress,
        cancel=call.cancel,
    )


def params_given(request: Request) -> KdfParams | None:
    """The cost of guessing that is wanted; None where it stays."""
    return params_of(request.part("params")) if request.given("params") else None


def cipher_given(request: Request) -> Cipher | None:
    """The cipher that is wanted; None where it stays."""
    return request.choice("cipher", engine.Cipher) if request.given("cipher") else None


def plan_of(request: Request) -> RecoveryPlan | None:
    """How the recovery phrase is to be dealt out; None where a request does not say."""
    return _plan(request.part("recovery")) if request.given("recovery") else None


def waiting_answer(pending: PendingChange | PendingInitialization) -> Answer:
    """What waits for the proof of its kit; nothing of it is in force."""
    metadata, kit = pending.metadata, pending.kit
    slot = metadata.recovery_slot
    return {
        "fingerprint": metadata.public_key.fingerprint,
        "database_id": metadata.database_id.hex(),
        "sidecar": str(engine.sidecar_path(pending.path)),
        "sheets": 0 if kit is None else len(kit.sheets),
        "threshold": 0 if slot is None else slot.threshold,
    }


def fingerprint_of(path: Path) -> str:
    """Of the master key of a database as it is now; "" where no metadata tell."""
    metadata = engine.inspect(path).metadata
    return "" if metadata is None else metadata.public_key.fingerprint


def changed_answer(done: Changed, before: str) -> Answer:
    """A change that is in force; ``before`` is the fingerprint until then."""
    return {
        "fingerprint": done.fingerprint,
        "before": before,
        "generation": done.metadata.generation,
        "retired_slots": done.metadata.data_key.retired_slots,
        "settled": done.settled,
        "warnings": done.warnings,
    }


def _plan(request: Request) -> RecoveryPlan:
    return engine.RecoveryPlan(
        threshold=request.integer("threshold", lowest=1, highest=MAXIMUM_SHEETS),
        shares=request.integer("shares", lowest=1, highest=MAXIMUM_SHEETS),
        holders=request.texts("holders"),
    )
