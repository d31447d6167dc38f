"""Argon2 built for this processor is kept beside the shipped one, once it is proved to be the same.

- It counts only when it is whole, and proved: killed at any moment, what was there before is used,
  or the shipped one (`wizard.engine.argon2_keeping`).
- The shipped one is never touched. `wizard.engine.argon2_choice` says when the built one is used.
- No secret is involved.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard.engine import argon2_building, argon2_choice
from wizard.engine.argon2_choice import FEATURE, Record
from wizard.engine.argon2_keeping import place_of_a_build, publish, workspace_in
from wizard.engine.errors import CannotBuild
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.sidecar import write_error

if TYPE_CHECKING:
    from pathlib import Path

_WORTH_IT = 0.95  # of the shipped one's time
_MODULE = "wizard.engine.argon2_proof"


@dataclass(frozen=True, slots=True)
class Accelerated:
    """What is in use from now on. Times: of the processor, at 64 MiB, 3 passes, 1 lane.

    ``feature``: of the processor, that it was built for. ``already``: it was there before, and was
    proved once more. ``compared``: results that were the shipped one's.
    """

    place: Path
    version: str
    feature: str
    flags: str
    compared: int
    seconds: float
    shipped_seconds: float
    already: bool


@dataclass(frozen=True, slots=True)
class Argon2InUse:
    """``built_for``: the processor's feature; empty where the shipped one runs.

    ``could_be_built_for``: the same, where the shipped one runs and `accelerate` may do better.
    """

    version: str
    built_for: str
    could_be_built_for: str


def argon2_in_use() -> Argon2InUse:
    """Tell which Argon2 derives keys in this process."""
    try:
        version = argon2_building.installed_version()
    except CannotBuild:
        version = "of unknown version"
    if argon2_choice.argon2().needs:
        return Argon2InUse(version, FEATURE, "")
    return Argon2InUse(version, "", FEATURE if _reason_against() is None else "")


def accelerate(
    *,
    place: Path | None = None,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Accelerated:
    """Build Argon2 for this processor, prove it, and have it used from the next process on.

    ``place`` is where it is kept, else beside the shipped one. Raises `CannotBuild` where it cannot
    be done or would gain nothing, `NoSpace`, `Unreadable` or `Cancelled`; what was there is as it
    was then.
    """
    token = CancelToken() if cancel is None else cancel
    reason = _reason_against()
    if reason is not None:
        raise reason
    goal = place_of_a_build() if place is None else place
    with workspace_in(goal.parent) as workspace:
        record = argon2_choice.fitting_record(goal)
        if record is not None:
            with suppress(CannotBuild):  # then it is built anew
                proof = _proof(goal / record.library, workspace, progress, token)
                return _accelerated(goal, record, proof, already=True)
        argon2_building.check_tools()
        progress(Progress(Stage.BUILD, 0, 0))
        library = argon2_building.compile_library(workspace, cancel=token)
        record = _record(library)
        proof = _proof(library, workspace, progress, token)
        publish(library, record, workspace, goal)
        if argon2_choice.fitting_record(goal) is None:
            raise CannotBuild("kept", f"What was built does not read back right from {goal}.")
        return _accelerated(goal, record, proof, already=False)


def remove_acceleration(*, place: Path | None = None) -> bool:
    """Have the shipped one used from the next process on; whether there was another.

    Raises `CannotBuild` or `Unreadable` where it may not be removed.
    """
    goal = place_of_a_build() if place is None else place
    if not os.path.lexists(goal):
        return False
    with workspace_in(goal.parent) as workspace:
        try:
            goal.rename(workspace / "removed")
        except OSError as error:
            raise write_error(goal, 0, error) from None
    return True


def _reason_against() -> CannotBuild | None:
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64") or sys.implementation.name != "cpython":
        here = f"{sys.implementation.name} on {system} {machine}"
        return CannotBuild("machine", f"Only CPython on Linux x86_64 gains by it; here is {here}.")
    if FEATURE not in argon2_choice.processor_features():
        return CannotBuild(
            "processor", f"This processor has no {FEATURE.upper()}: there is nothing to be gained."
        )
    return None


def _record(library: Path) -> Record:
    shipped = argon2_choice.shipped_library()
    if shipped is None:
        raise CannotBuild("shipped", "The shipped Argon2 is not where Python finds packages.")
    return Record(
        version=argon2_building.installed_version(),
        flags=argon2_building.FLAGS,
        needs=(FEATURE,),
        library=library.name,
        digest=argon2_choice.digest_of(library),
        shipped=argon2_choice.digest_of(shipped),
    )


def _proof(
    library: Path, workspace: Path, progress: ProgressSink, cancel: CancelToken
) -> dict[str, Any]:
    """Have a child compare it with the shipped one. Raises `CannotBuild` unless all is the same."""
    progress(Progress(Stage.PROVE, 0, 0))
    answer = workspace / "proof.json"
    code = argon2_building.run_module(
        [_MODULE, str(library)],
        workspace,
        answer=answer,
        errors=subprocess.DEVNULL,
        cancel=cancel,
    )
    if code:
        ended = f"by signal {-code}" if code < 0 else f"with {code}"
        raise CannotBuild("proof", f"What was built cannot be used: its test ended {ended}.")
    found: dict[str, Any] = json.loads(answer.read_bytes())
    if found["differs"]:
        raise CannotBuild(
            "proof", f"What was built derives other keys than the shipped one: {found['differs']}."
        )
    if found["seconds"] > _WORTH_IT * found["shipped_seconds"]:
        raise CannotBuild(
            "slow", "What was built is not faster here than the shipped one, so it was not kept."
        )
    return found


def _accelerated(
    goal: Path, record: Record, proof: dict[str, Any], *, already: bool
) -> Accelerated:
    return Accelerated(
        place=goal,
        version=record.version,
        feature=FEATURE,
        flags=record.flags,
        compared=proof["compared"],
        seconds=proof["seconds"],
        shipped_seconds=proof["shipped_seconds"],
        already=already,
    )
