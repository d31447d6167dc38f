"""What unlocking will cost here, really measured, and what a guess costs an attacker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import InvalidParameters, NoMemory, Progress, ResourceLimit, Stage

if TYPE_CHECKING:
    from wizard.engine import CancelToken, KdfParams, Measurement
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]

_HIGHEST_MAGNITUDE = 300.0  # decimal; the time for more guesses is not a number any longer


def presets(_request: Request, call: Call) -> Answer:
    """Measure the named sets, in order of their cost; a set that is too much for here says why."""
    found = engine.presets(cancel=call.cancel, progress=call.progress)
    entries: list[Answer] = [
        {
            "name": name,
            **_measured(measurement),
            "target_seconds": engine.PRESETS[name].target_seconds,
            "reason": "",
        }
        for name, measurement in found.items()
    ]
    for name, params in reversed(engine.RFC_9106_SETS.items()):
        call.progress(Progress(Stage.DERIVE, len(entries), 0, detail=name))
        entries.append(_fixed(name, params, call.cancel))
    return {"presets": entries}


def measure(request: Request, call: Call) -> Answer:
    """Measure one set of parameters; above what runs without asking only if that is allowed."""
    params = params_of(request)
    params.check()
    if not (request.given("allow_high_cost") and request.decision("allow_high_cost")):
        engine.check_unattended(params)
    return _measured(engine.measure(params, cancel=call.cancel))


def attack(request: Request, _call: Call) -> Answer:
    """Tell what a guess costs an attacker, in words and in numbers."""
    seconds = request.number("seconds")
    params = params_of(request.part("params"))
    measurement = engine.Measurement(params, seconds, seconds, seconds, runs=1)
    magnitude = min(request.number("guesses_log10"), _HIGHEST_MAGNITUDE)
    cost = engine.attack_cost(magnitude, measurement)
    return {
        "one_machine": engine.describe_duration(cost.one_machine_seconds),
        "attacker_name": cost.attacker_name,
        "attacker_time": engine.describe_duration(cost.attacker_seconds),
        "attacker_usd": cost.attacker_usd,
        "seconds_per_guess": cost.seconds_per_guess,
    }


def params_of(request: Request) -> KdfParams:
    """Return the key derivation parameters of a request; their limits are the engine's to check."""
    return engine.KdfParams(
        memory_kib=request.integer("memory_kib"),
        passes=request.integer("passes"),
        lanes=request.integer("lanes"),
    )


def _fixed(name: str, params: KdfParams, cancel: CancelToken) -> Answer:
    try:
        engine.check_unattended(params)
        measured = _measured(engine.measure(params, cancel=cancel))
    except (ResourceLimit, InvalidParameters, NoMemory) as error:
        nothing = {"seconds": None, "fastest": None, "slowest": None, "runs": 0}
        measured = {"params": _named(params), **nothing, "reason": str(error)}
    return {"name": name, "target_seconds": None, "reason": "", **measured}


def _measured(measurement: Measurement) -> Answer:
    return {
        "params": _named(measurement.params),
        "seconds": measurement.seconds,
        "fastest": measurement.fastest,
        "slowest": measurement.slowest,
        "runs": measurement.runs,
    }


def _named(params: KdfParams) -> Answer:
    return {"memory_kib": params.memory_kib, "passes": params.passes, "lanes": params.lanes}
