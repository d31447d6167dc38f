"""Parameters for a time come from measuring; here the machine is a model, so the times are exact.

A real machine's noise would only test the machine. Two tests at the end really derive.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from wizard.engine import measuring, tuning
from wizard.engine.errors import Cancelled, InvalidInput, InvalidParameters
from wizard.engine.kdf import FLOOR, FORMAT_MAXIMUM, RFC_9106_SECOND, KdfParams
from wizard.engine.measuring import Measurement, measure
from wizard.engine.memory import MemoryLimit
from wizard.engine.progress import CancelToken, Progress, Stage
from wizard.engine.tuning import PRESETS, calibrate, preset, presets

MIB = 1024
GIB = 1024 * MIB


class Machine:
    """A model: seconds for a pass over 1 GiB, overhead in passes; and what was asked of it."""

    def __init__(self) -> None:
        self.per_pass, self.overhead, self.small_bonus = 0.4, 0.25, 1.0
        self.asked: list[KdfParams] = []
        self.touched: list[int] = []
        self.times: list[float] = []
        self.disturb: Callable[[int], float] = lambda _run: 1.0

    def run(self, params: KdfParams) -> float:
        self.asked.append(params)
        params.check()
        # What fits into the processor's cache is quicker.
        cached = (1 - self.small_bonus) * min(params.memory_kib, 64 * MIB)
        seconds = (params.memory_kib - cached) / GIB
        seconds *= self.per_pass * (params.passes + self.overhead)
        seconds *= self.disturb(len(self.asked))
        self.times.append(seconds)
        return seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The model in place of this machine: 16 GiB, 4 processors, a pass over 1 GiB in 0.4 s."""
    model = Machine()
    for module in (measuring, tuning):
        monkeypatch.setattr(module, "time_once", model.run)
        monkeypatch.setattr(module, "touch_memory", model.touched.append)
    monkeypatch.setattr(tuning, "_usable_lanes", lambda: 4)
    offer(monkeypatch, 16 * GIB)
    return model


def offer(monkeypatch: pytest.MonkeyPatch, available_kib: int) -> None:
    limit = MemoryLimit(available_kib, available_kib // 2, "available memory", 64 * GIB)
    monkeypatch.setattr(tuning, "machine_limit", lambda: limit)


# Calibrating ---------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [0.25, 0.5, 1.0, 1.5, 3.0, 10.0])
@pytest.mark.parametrize("per_pass", [0.15, 0.4, 1.0, 2.5])
@pytest.mark.parametrize("overhead", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("small_bonus", [0.7, 1.0])
def test_the_target_is_met_within_ten_per_cent(
    target: float, per_pass: float, overhead: float, small_bonus: float, machine: Machine
) -> None:
    """On slow and fast machines, with cheap and dear page faults, in under twice the target."""
    machine.per_pass, machine.overhead, machine.small_bonus = per_pass, overhead, small_bonus
    found = calibrate(target)
    smallest = 64 * MIB / GIB * (2 + overhead) * per_pass * small_bonus
    if smallest > 1.1 * target:
        assert found.params == KdfParams(64 * MIB, 2, 4)
        return
    assert abs(found.seconds - target) <= 0.1 * target
    assert found.params == machine.asked[-1], "the last run is the one that is reported"
    assert found == Measurement(found.params, found.seconds, found.seconds, found.seconds, 1)
    assert found.params.memory_kib % MIB == 0
    if smallest < 0.1 * target:
        assert sum(machine.times) < 2 * target


def test_one_second_on_the_model_is_measured_in_under_two(machine: Machine) -> None:
    """Three short runs, one rehearsal at a quarter, one real run."""
    found = calibrate(1.0)
    assert len(machine.asked) == 5
    assert sum(machine.times) < 1.6
    assert found.params.lanes == 4


def test_memory_is_raised_before_passes(machine: Machine) -> None:
    """More passes only where memory has reached its ceiling, which it then nearly fills."""
    for target in (0.2, 0.5, 0.8):
        assert calibrate(target).params.passes == FLOOR.passes
    for target in (1.5, 3.0, 8.0):
        params = calibrate(target).params
        assert params.passes > FLOOR.passes
        assert 0.75 * GIB < params.memory_kib <= GIB
    assert machine.asked


def test_a_forecast_that_was_wrong_is_corrected(machine: Machine) -> None:
    """Too low, because the runs before the real one were slowed down: one more run."""
    machine.disturb = lambda run: 1.5 if run <= 4 else 1.0
    found = calibrate(1.0)
    assert len(machine.asked) == 6
    assert abs(found.seconds - 1.0) <= 0.1
    assert found.runs == 1


def test_a_forecast_that_was_too_high_is_corrected(machine: Machine) -> None:
    """It is measured twice before it is believed."""
    machine.disturb = lambda run: 0.7 if run <= 4 else 1.0
    found = calibrate(1.0)
    assert len(machine.asked) == 7
    assert machine.asked[4] == machine.asked[5]
    assert abs(found.seconds - 1.0) <= 0.1


def test_a_busy_moment_does_not_weaken_the_parameters(machine: Machine) -> None:
    """One slow run: repeated, and the spread tells of it."""
    calm = calibrate(1.0)
    machine.asked.clear()
    machine.disturb = lambda run: 1.8 if run == 5 else 1.0
    found = calibrate(1.0)
    assert found.params == calm.params
    assert (found.seconds, found.fastest, found.runs) == (calm.seconds, calm.seconds, 2)
    assert found.slowest == pytest.approx(1.8 * calm.seconds)


def test_it_does_not_run_for_ever_on_a_machine_that_swings(machine: Machine) -> None:
    """Two attempts; then the nearer of them, with the time that was really measured."""
    disturbance = {5: 1.6, 6: 1.5, 7: 0.5}
    machine.disturb = lambda run: disturbance.get(run, 1.0)
    found = calibrate(1.0)
    assert len(machine.asked) == 7
    tried = dict(zip(machine.times[-2:], machine.asked[-2:], strict=True))
    assert found.seconds == min(tried, key=lambda seconds: abs(math.log(seconds)))
    assert found.params == tried[found.seconds]
    assert not 0.9 <= found.seconds <= 1.1


def test_the_fastest_of_the_first_runs_counts(machine: Machine) -> None:
    """The first run of a process loads libraries and is disturbed; what is slow is not the rule."""
    calm = calibrate(1.0).params
    machine.asked.clear()
    machine.disturb = lambda run: 9.0 if run in {1, 3} else 1.0
    assert calibrate(1.0).params == calm


def test_memory_is_touched_before_it_is_timed(machine: Machine) -> None:
    """About as much as the real run then takes."""
    found = calibrate(1.0)
    assert len(machine.touched) == 1
    assert abs(machine.touched[0] - found.params.memory_kib) < 0.2 * found.params.memory_kib


def test_a_machine_too_slow_for_the_target_gets_the_minimum(machine: Machine) -> None:
    """Strength is not bargained away; the real time is told."""
    machine.per_pass = 20.0
    found = calibrate(0.25, minimum_memory_kib=64 * MIB)
    assert found.params == KdfParams(64 * MIB, 2, 4)
    assert found.seconds > 2


def test_a_machine_too_fast_for_the_target_gets_the_maximum(machine: Machine) -> None:
    """Never over the format's limits."""
    machine.per_pass = 0.001
    found = calibrate(10.0, maximum_memory_kib=128 * MIB)
    assert found.params == KdfParams(128 * MIB, FORMAT_MAXIMUM.passes, 4)
    assert found.seconds < 1


def test_limits_of_memory_are_kept_in_every_run(machine: Machine) -> None:
    """Also while searching."""
    calibrate(1.0, minimum_memory_kib=100 * MIB, maximum_memory_kib=300 * MIB, lanes=2)
    assert {params.lanes for params in machine.asked} == {2}
    assert all(100 * MIB <= params.memory_kib <= 300 * MIB for params in machine.asked)
    assert max(machine.touched) <= 300 * MIB


@pytest.mark.parametrize(
    ("available", "ceiling"),
    [
        (16 * GIB, GIB),
        (4 * GIB, GIB),
        (2 * GIB, GIB // 2),
        (400 * MIB + 3, 100 * MIB),
        (100 * MIB, 25 * MIB),
        (10 * MIB, FLOOR.memory_kib),
    ],
)
def test_at_most_a_quarter_of_the_memory_and_a_gib(
    available: int, ceiling: int, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a small machine that is less than the minimum, and wins; never less than the floor."""
    offer(monkeypatch, available)
    calibrate(60.0, minimum_memory_kib=64 * MIB)
    assert max(params.memory_kib for params in machine.asked) == ceiling


@pytest.mark.parametrize("target", [0, -1, 60.1, float("nan"), float("inf")])
def test_absurd_targets_are_refused(target: float, machine: Machine) -> None:
    """Before any work."""
    with pytest.raises(InvalidInput, match="target time"):
        calibrate(target)
    assert not machine.asked


@pytest.mark.parametrize(
    "limits",
    [
        {"minimum_memory_kib": FLOOR.memory_kib - 1},
        {"maximum_memory_kib": FLOOR.memory_kib - 1},
        {"maximum_memory_kib": FORMAT_MAXIMUM.memory_kib + 1},
        {"lanes": 0},
        {"lanes": 17},
    ],
    ids=str,
)
def test_limits_outside_the_formats_are_refused(limits: dict[str, int], machine: Machine) -> None:
    """Before any work."""
    with pytest.raises(InvalidParameters):
        calibrate(1.0, **limits)
    assert not machine.asked


def test_cancelling_stops_before_the_next_run(machine: Machine) -> None:
    """A derivation cannot be interrupted, a calibration can."""
    token = CancelToken()

    def stop(event: Progress) -> None:
        if event.done == 2:
            token.cancel()

    with pytest.raises(Cancelled):
        calibrate(1.0, cancel=token, progress=stop)
    assert len(machine.asked) == 2


def test_progress_tells_each_run(machine: Machine) -> None:
    """In steps; how many there will be is not known."""
    events: list[Progress] = []
    calibrate(1.0, progress=events.append)
    assert [event.done for event in events] == list(range(1, len(machine.asked) + 1))
    assert {(event.stage, event.total, event.unit) for event in events} == {
        (Stage.DERIVE, 0, "steps")
    }
    assert events[0].detail == "64 MiB, 2 passes"


# Presets -------------------------------------------------------------------------------------


def test_the_presets_as_they_are_documented() -> None:
    """Names, targets and minimum memory; the order is that of strength."""
    assert [
        (each.name, each.target_seconds, each.minimum_memory_kib) for each in PRESETS.values()
    ] == [
        ("interactive", 0.25, 32 * MIB),
        ("balanced", 1.0, 64 * MIB),
        ("sensitive", 3.0, 128 * MIB),
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_calibrated_here(name: str, machine: Machine) -> None:
    """For its target, from its minimum."""
    found = preset(name)
    assert abs(found.seconds - PRESETS[name].target_seconds) <= 0.1 * PRESETS[name].target_seconds
    assert min(params.memory_kib for params in machine.asked) == PRESETS[name].minimum_memory_kib


def test_all_presets_share_what_was_measured(machine: Machine) -> None:
    """Little more than one real run of each."""
    found = presets()
    assert list(found) == list(PRESETS)
    for name, measurement in found.items():
        target = PRESETS[name].target_seconds
        assert abs(measurement.seconds - target) <= 0.1 * target
        assert measurement.params.memory_kib >= PRESETS[name].minimum_memory_kib
    assert sum(machine.times) < 1.2 * (0.25 + 1 + 3)


def test_the_sets_of_the_rfc_are_only_measured(machine: Machine) -> None:
    """Their parameters are fixed."""
    assert preset("rfc9106-second").params == RFC_9106_SECOND
    assert set(machine.asked) == {RFC_9106_SECOND}


def test_an_unknown_preset_is_told_the_known_ones(machine: Machine) -> None:
    """All names that would have worked."""
    with pytest.raises(InvalidInput, match="interactive, balanced, sensitive, rfc9106-first, rfc9"):
        preset("paranoid")
    assert not machine.asked


# Measuring -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "quartile"),
    [
        ([0.3], 0.3),
        ([0.9, 0.2], 0.2),
        ([0.4, 0.1, 0.2, 0.9], 0.1),
        ([0.9, 0.4, 0.1, 0.2, 0.8], 0.2),
    ],
)
def test_a_measurement_keeps_its_spread(
    times: list[float], quartile: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lower quartile, fastest, slowest, and how many runs they are of."""
    remaining = iter(times)
    monkeypatch.setattr(measuring, "time_once", lambda _params: next(remaining))
    monkeypatch.setattr(measuring, "_SHORT_RUNS", 0)
    found = measure(FLOOR, runs=len(times))
    assert (found.params, found.runs) == (FLOOR, len(times))
    assert (found.seconds, found.fastest, found.slowest) == (quartile, min(times), max(times))


@pytest.mark.parametrize(
    ("each", "asked", "runs"),
    [(0.8, 1, 1), (0.3, 1, 3), (0.02, 1, 25), (0.02, 30, 30), (0.8, 3, 3)],
)
def test_short_runs_are_repeated(
    each: float, asked: int, runs: int, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For 0.75 seconds, after the memory was touched once; what was asked for is the least."""
    monkeypatch.setattr(measuring, "time_once", lambda _params: each)
    assert measure(FLOOR, runs=asked).runs == runs
    assert machine.touched == [FLOOR.memory_kib]


def test_measuring_can_be_cancelled(machine: Machine) -> None:
    """Between runs."""
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        measure(FLOOR, runs=3, cancel=token)
    assert not machine.asked


def test_a_real_measurement() -> None:
    """A real derivation takes real time; absurd parameters are refused."""
    found = measure(FLOOR, runs=2)
    assert 0 < found.fastest <= found.seconds <= found.slowest
    with pytest.raises(InvalidParameters):
        measure(KdfParams(2**30, 2, 1))


def test_a_real_calibration() -> None:
    """From end to end on this machine, whatever its noise: within its limits, really measured."""
    found = calibrate(0.1, minimum_memory_kib=FLOOR.memory_kib)
    assert FLOOR.memory_kib <= found.params.memory_kib <= tuning._memory_ceiling_kib()
    assert 1 <= found.params.lanes <= 4
    assert found.seconds > 0
