"""What a guess costs is told for a named attacker, and errs in the attacker's favour.

The attacker rents the graphics card that cracks Argon2 best for its price, and its memory bandwidth
is the only limit. A block of 1 KiB costs three accesses (the block referred to, the old one, the
new one) and in the first pass two, as nothing is overwritten: ``memory * (3 * passes - 1)`` in all.
At 10^12 bytes a second that bound is 1,863 guesses a second for 64 MiB and 3 passes; hashcat 7 was
measured at 1,667 on such a card (hashcat pull request 4284). For hundreds of MiB real cards stay
further below it, because too few guesses fit into their memory at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.engine.measuring import Measurement

ATTACKER_NAME = "a rented GPU (24 GB, about 0.40 USD an hour)"

_BYTES_PER_SECOND = 1e12  # GeForce RTX 4090: 1,008 GB a second
_USD_PER_HOUR = 0.40
_LARGEST_LOG10 = 250.0  # keeps all products of a very good passphrase finite

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365.25 * _DAY
_UNITS = (("year", _YEAR), ("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE), ("second", 1))
_BEYOND_YEARS = 1e9
_EXACT_BELOW = 100
_FILLED = 0.995


@dataclass(frozen=True, slots=True)
class AttackCost:
    """The expected cost of guessing one passphrase.

    ``one_machine_seconds`` is for a machine like this one, ``attacker_seconds`` and
    ``attacker_usd`` for one attacker; ten of them need a tenth of the time for the same money.
    """

    seconds_per_guess: float
    one_machine_seconds: float
    attacker_name: str
    attacker_guesses_per_second: float
    attacker_seconds: float
    attacker_usd: float


def attack_cost(guesses_log10: float, measurement: Measurement) -> AttackCost:
    """Return what ``10 ** guesses_log10`` guesses cost, each a derivation as measured here."""
    guesses = 10 ** min(guesses_log10, _LARGEST_LOG10)
    params = measurement.params
    traffic = params.memory_kib * 1024 * (3 * params.passes - 1)
    rate = _BYTES_PER_SECOND / traffic
    return AttackCost(
        seconds_per_guess=measurement.seconds,
        one_machine_seconds=guesses * measurement.seconds,
        attacker_name=ATTACKER_NAME,
        attacker_guesses_per_second=rate,
        attacker_seconds=guesses / rate,
        attacker_usd=guesses / rate / _HOUR * _USD_PER_HOUR,
    )


def describe_duration(seconds: float) -> str:
    """Return a duration in words, to two digits: "3 hours", "1.5 days", "about 2,000 years"."""
    if seconds < 1:
        return "less than a second"
    if seconds >= _BEYOND_YEARS * _YEAR:
        return "more than a billion years"
    # The largest unit that it fills but for rounding: 3,599 seconds are an hour.
    name, count = next((name, seconds / size) for name, size in _UNITS if seconds >= _FILLED * size)
    count = float(f"{count:.2g}")
    about = "about " if count >= _EXACT_BELOW else ""
    return f"{about}{count:,.10g} {name}{'' if count == 1 else 's'}"
