"""The time of a derivation is that of real derivations, with memory at hand.

Memory is touched before it is timed. A virtual machine may have to ask its host for it: at the first
use since it started, or also after a pause, where free memory goes back to the host.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.engine.kdf import SALT_BYTES, KdfParams, derive, touch_memory
from wizard.engine.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from wizard.engine.progress import CancelToken

_SHORT_RUNS = 25
_SHORT_SECONDS = 0.75


@dataclass(frozen=True, slots=True)
class Measurement:
    """Real times of a derivation with ``params``, in seconds.

    ``seconds`` is the lower quartile, of up to four runs the fastest: whatever disturbs a run makes
    it slower, and on a virtual machine after a pause the first half of many.
    """

    params: KdfParams
    seconds: float
    fastest: float
    slowest: float
    runs: int


def measure(params: KdfParams, *, runs: int = 1, cancel: CancelToken | None = None) -> Measurement:
    """Time real derivations: ``runs``, and up to 25 as long as they took 0.75 seconds together.

    A single short run tells of the machine's mood more than of the parameters. Memory is touched
    first. Raises what `derive` raises; `Cancelled` between runs.
    """
    params.check()
    if cancel is not None:
        cancel.check()
    touch_memory(params.memory_kib)
    times: list[float] = []
    while len(times) < runs or (len(times) < _SHORT_RUNS and sum(times) < _SHORT_SECONDS):
        times.append(checked_run(time_once, params, cancel))
    return measurement_of(params, times)


def checked_run(
    run: Callable[[KdfParams], float], params: KdfParams, cancel: CancelToken | None
) -> float:
    """Raise `Cancelled`, or return what ``run`` returns: a derivation cannot be interrupted."""
    if cancel is not None:
        cancel.check()
    return run(params)


def time_once(params: KdfParams) -> float:
    """One real derivation, in seconds."""
    # The work of Argon2 does not depend on the passphrase.
    with Secret.copy_of(b"measured") as passphrase:
        started = time.perf_counter()
        derive(passphrase, salt=bytes(SALT_BYTES), params=params).close()
        return time.perf_counter() - started


def measurement_of(params: KdfParams, seconds: list[float]) -> Measurement:
    """Order the times of one set of parameters."""
    ordered = sorted(seconds)
    return Measurement(
        params, ordered[(len(ordered) - 1) // 4], ordered[0], ordered[-1], len(ordered)
    )
