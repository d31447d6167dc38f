"""Key derivation costs what was measured on this machine, never what a table promises.

- Memory is raised first (it is what hurts special hardware, RFC 9106 section 4), then passes;
  memory is then trimmed to meet the target.
- At most a quarter of the memory at hand, and 1 GiB: cryptsetup's default ceiling too, because a
  database that is made on a large machine must open on a smaller one.
- Memory is touched before it is timed: a virtual machine may have to ask its host for it, which
  says nothing about the parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from wizard.engine.errors import InvalidInput
from wizard.engine.kdf import (
    FLOOR,
    FORMAT_MAXIMUM,
    RFC_9106_SETS,
    KdfParams,
    touch_memory,
)
from wizard.engine.measuring import Measurement, checked_run, measure, measurement_of, time_once
from wizard.engine.memory import machine_limit
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.working_memory import usable_processors

if TYPE_CHECKING:
    from collections.abc import Callable

TOLERANCE = 0.1
"""How far a measured time may be from its target, as a part of the target."""

DEFAULT_MINIMUM_MEMORY_KIB = 64 * 1024  # RFC 9106's second recommended set
MEMORY_CEILING_KIB = 1024 * 1024

_LONGEST_TARGET_SECONDS = 60.0
_MAXIMUM_LANES = 4  # both recommended sets of RFC 9106
_MIB = 1024
# Page faults and the final wipe cost about as much as this part of a pass (measured: 0.1 to 0.4).
# It matters only between runs of different passes; the next run corrects it.
OVERHEAD_PASSES = 0.3
_REHEARSAL = 0.25  # of the target: long enough to foretell it within a few per cent
_CORRECTIONS = 1


@dataclass(frozen=True, slots=True)
class Preset:
    """A named aim: this unlock time, with no less than this memory."""

    name: str
    target_seconds: float
    minimum_memory_kib: int


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("interactive", 0.25, 32 * 1024),
        Preset("balanced", 1.0, 64 * 1024),
        Preset("sensitive", 3.0, 128 * 1024),
    )
}


def calibrate(
    target_seconds: float,
    *,
    minimum_memory_kib: int = DEFAULT_MINIMUM_MEMORY_KIB,
    maximum_memory_kib: int | None = None,
    lanes: int | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressSink = ignore_progress,
) -> Measurement:
    """Return the strongest parameters whose measured time is within 10 % of the target.

    ``maximum_memory_kib`` is by default a quarter of the memory at hand, at most 1 GiB; where it
    is under the minimum it wins, because a machine that swaps is not stronger. ``lanes`` is by
    default the number of usable processors, at most 4. Where the limits do not let the target be
    met, the nearest that they allow is returned with its real time. Measures for about one and a
    half times the target; longer when the machine is busy and a run has to be corrected. Raises `InvalidInput` for a target that is not
    between 0 and 60 seconds, `InvalidParameters` for limits outside the format's, `Cancelled`.
    """
    if not 0 < target_seconds <= _LONGEST_TARGET_SECONDS:
        raise InvalidInput("The target time is more than 0 and at most 60 seconds.")
    search = _Search(
        lanes=_usable_lanes() if lanes is None else lanes,
        highest_kib=_memory_ceiling_kib() if maximum_memory_kib is None else maximum_memory_kib,
        cancel=cancel,
        progress=progress,
    )
    return search.find(target_seconds, lowest_kib=minimum_memory_kib)


def preset(
    name: str,
    *,
    known: Measurement | None = None,
    maximum_memory_kib: int | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressSink = ignore_progress,
) -> Measurement:
    """Return the parameters of a named set, measured here.

    A name of `PRESETS` is calibrated, sooner with what is ``known`` of another of them. There
    ``maximum_memory_kib`` lowers the limit of `calibrate`, for a smaller machine that has to open
    the database too; it raises nothing. A name of `RFC_9106_SETS` has fixed parameters. Raises
    `InvalidInput` for another name, and what `calibrate` and `measure` raise.
    """
    if name in RFC_9106_SETS:
        return measure(RFC_9106_SETS[name], cancel=cancel)
    if name not in PRESETS:
        names = ", ".join([*PRESETS, *RFC_9106_SETS])
        raise InvalidInput(f"There is no preset of that name; there are: {names}.")
    ceiling = _memory_ceiling_kib()
    search = _Search(
        lanes=_usable_lanes(),
        highest_kib=ceiling if maximum_memory_kib is None else min(ceiling, maximum_memory_kib),
        cancel=cancel,
        progress=progress,
    )
    if known is not None and known.params.lanes == search.lanes:
        search.known = _Sample(known.params, known.seconds)
    wanted = PRESETS[name]
    return search.find(wanted.target_seconds, lowest_kib=wanted.minimum_memory_kib)


def presets(
    *,
    maximum_memory_kib: int | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressSink = ignore_progress,
) -> dict[str, Measurement]:
    """Return all of `PRESETS`, in order, as `preset` does. What one teaches foretells the next."""
    found: dict[str, Measurement] = {}
    known = None
    for name in PRESETS:
        known = found[name] = preset(
            name,
            known=known,
            maximum_memory_kib=maximum_memory_kib,
            cancel=cancel,
            progress=progress,
        )
    return found


@dataclass(frozen=True, slots=True)
class _Sample:
    params: KdfParams
    seconds: float


@dataclass(slots=True)
class _Search:
    """Searches under one machine's limits, taking time as linear in memory and in passes."""

    lanes: int
    highest_kib: int
    cancel: CancelToken | None
    progress: ProgressSink
    run: Callable[[KdfParams], float] = field(default_factory=lambda: time_once)
    touch: Callable[[int], None] = field(default_factory=lambda: touch_memory)
    known: _Sample | None = None
    runs: int = 0

    def __post_init__(self) -> None:
        KdfParams(self.highest_kib, FLOOR.passes, self.lanes).check()

    def find(self, target: float, *, lowest_kib: int) -> Measurement:
        KdfParams(lowest_kib, FLOOR.passes, self.lanes).check()
        lowest_kib = min(lowest_kib, self.highest_kib)
        known = self.known or self._probe(KdfParams(lowest_kib, FLOOR.passes, self.lanes))
        expected = self._fit(known, target, lowest_kib)
        self.touch(expected.memory_kib)
        if known.seconds < target * _REHEARSAL * (1 - TOLERANCE):
            # With the passes of the real run, so that what they cost need not be guessed then.
            part_kib = max(lowest_kib, round(expected.memory_kib * _REHEARSAL / _MIB) * _MIB)
            known = self._sample(replace(expected, memory_kib=part_kib))
        tried: list[Measurement] = []
        for _ in range(1 + _CORRECTIONS):
            params = self._fit(known, target, lowest_kib)
            if any(measurement.params == params for measurement in tried):
                break  # the limits allow nothing nearer
            times = [self._sample(params).seconds]
            if times[0] > target * (1 + TOLERANCE):
                # Once more before it is believed: a busy moment must not weaken the parameters.
                times.append(self._sample(params).seconds)
            tried.append(measurement_of(params, times))
            self.known = known = _Sample(params, min(times))
            if abs(known.seconds - target) <= TOLERANCE * target:
                break
        return min(tried, key=lambda measurement: abs(math.log(measurement.seconds / target)))

    def _fit(self, known: _Sample, aim: float, lowest_kib: int) -> KdfParams:
        """Foretell the parameters for a time from those of another."""
        pass_kib = known.params.memory_kib * (known.params.passes + OVERHEAD_PASSES)
        pass_kib *= aim / known.seconds
        passes = FLOOR.passes
        # Memory that is over the ceiling by less than the tolerance is cut, not turned to passes.
        highest_kib = self.highest_kib * (1 + TOLERANCE / 2)
        while (
            pass_kib / (passes + OVERHEAD_PASSES) > highest_kib and passes < FORMAT_MAXIMUM.passes
        ):
            passes += 1
        memory_kib = round(pass_kib / (passes + OVERHEAD_PASSES) / _MIB) * _MIB
        memory_kib = max(lowest_kib, min(self.highest_kib, memory_kib))
        return KdfParams(memory_kib, passes, self.lanes)

    def _probe(self, params: KdfParams) -> _Sample:
        # The fastest of three short runs: what disturbs a run only ever makes it slower, and the
        # first run of a process is never like the others.
        return min((self._sample(params) for _ in range(3)), key=lambda sample: sample.seconds)

    def _sample(self, params: KdfParams) -> _Sample:
        self.known = _Sample(params, checked_run(self.run, params, self.cancel))
        self.runs += 1
        detail = f"{params.memory_kib // _MIB} MiB, {params.passes} passes"
        self.progress(Progress(Stage.DERIVE, self.runs, 0, detail=detail))
        return self.known


def _usable_lanes() -> int:
    return min(_MAXIMUM_LANES, usable_processors())


def _memory_ceiling_kib() -> int:
    quarter = machine_limit().available_kib // 4 // _MIB * _MIB
    return max(FLOOR.memory_kib, min(quarter, MEMORY_CEILING_KIB))
