"""What unlocking will cost here, really measured, and what a guess costs an attacker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import InvalidParameters, NoMemory, ResourceLimit

if TYPE_CHECKING:
    from wizard.engine import CancelToken, KdfParams, Measurement
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]

_HIGHEST_MAGNITUDE = 300.0  # decimal; the time for more guesses is not a number any longer
_MOST_RUNS = 9
_SHORTEST_SECONDS = 1e-6


def preset(request: Request, call: Call) -> Answer:
    """Measure one named set; a set that is too much for here says why.

    ``known`` is the answer about another one that was fitted to this machine: it foretells this.
    """
    name = request.text("name")
    if name in engine.RFC_9106_SETS:
        return _fixed(engine.RFC_9106_SETS[name], call.cancel)
    known = None
    if request.given("known"):
        known = _measurement(request.part("known"))
    found = engine.preset(
        name,
        known=known,
        maximum_memory_kib=_memory_cap(request),
        cancel=call.cancel,
        progress=call.progress,
    )
    return _measured(found)


def target(request: Request, call: Call) -> Answer:
    """Find the strongest parameters for a time that the administrator named."""
    found = engine.calibrate(
        request.number("seconds"),
        maximum_memory_kib=_memory_cap(request),
        cancel=call.cancel,
        progress=call.progress,
    )
    return _measured(found)


def measure(request: Request, call: Call) -> Answer:
    """Measure one set of parameters; above what runs without asking only if that is allowed."""
    params = params_of(request)
    params.check()
    runs = request.integer("runs", lowest=1, highest=_MOST_RUNS) if request.given("runs") else 1
    if not (request.given("allow_high_cost") and request.decision("allow_high_cost")):
        engine.check_unattended(params)
    return _measured(engine.measure(params, runs=runs, cancel=call.cancel))


def ciphers(_request: Request, call: Call) -> Answer:
    """Measure every cipher, by writing and reading a database in the temporary directory."""
    found = []
    for cipher in engine.Cipher:
        speed = engine.cipher_throughput(cipher, cancel=call.cancel)
        found.append(
            {
                "cipher": cipher,
                "write_bytes_per_second": speed.write_bytes_per_second,
                "read_bytes_per_second": speed.read_bytes_per_second,
            }
        )
    return {"ciphers": found}


def other_machine(request: Request, _call: Call) -> Answer:
    """Compare a benchmark made elsewhere with parameters that were measured here."""
    report = engine.read_benchmark(request.path("path"))
    there = report.seconds_for(params_of(request.part("params")))
    return {
        "memory_kib": report.available_kib,
        "slower": there / max(request.number("seconds"), _SHORTEST_SECONDS),
    }


def attack(request: Request, _call: Call) -> Answer:
    """Tell what a guess costs an attacker, in words and in numbers."""
    return attack_answer(request.number("guesses_log10"), _measurement(request))


def attack_answer(guesses_log10: float, measurement: Measurement) -> Answer:
    """Return the cost of ``10 ** guesses_log10`` guesses, as an answer."""
    cost = engine.attack_cost(min(guesses_log10, _HIGHEST_MAGNITUDE), measurement)
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


def params_answer(params: KdfParams) -> Answer:
    """Key derivation parameters as the protocol's object."""
    return {"memory_kib": params.memory_kib, "passes": params.passes, "lanes": params.lanes}


def _measurement(request: Request) -> Measurement:
    seconds = request.number("seconds")
    return engine.Measurement(params_of(request.part("params")), seconds, seconds, seconds, runs=1)


def _memory_cap(request: Request) -> int | None:
    given = request.given("maximum_memory_kib")
    return request.integer("maximum_memory_kib") if given else None


def _fixed(params: KdfParams, cancel: CancelToken) -> Answer:
    try:
        engine.check_unattended(params)
        return _measured(engine.measure(params, cancel=cancel))
    except (ResourceLimit, InvalidParameters, NoMemory) as error:
        nothing = {"seconds": None, "fastest": None, "slowest": None, "runs": 0}
        return {"params": params_answer(params), **nothing, "reason": str(error)}


def _measured(measurement: Measurement) -> Answer:
    return {
        "params": params_answer(measurement.params),
        "seconds": measurement.seconds,
        "fastest": measurement.fastest,
        "slowest": measurement.slowest,
        "runs": measurement.runs,
    }
