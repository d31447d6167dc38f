"""What a guess costs: the arithmetic of the stated model, against published figures."""

from __future__ import annotations

import math

import pytest

from wizard.engine.attack import ATTACKER_NAME, attack_cost, describe_duration
from wizard.engine.kdf import FORMAT_MAXIMUM, KdfParams
from wizard.engine.measuring import Measurement


def measured(params: KdfParams, seconds: float = 0.5) -> Measurement:
    return Measurement(params, seconds, seconds, seconds, 1)


@pytest.mark.parametrize(
    ("params", "reached"),
    [
        # hashcat pull request 4284, GeForce RTX 4090.
        (KdfParams(64 * 1024, 3, 1), 1667),
        # openwall/john pull request 5382, GeForce RTX 5090, which has 1.79 times the bandwidth.
        (KdfParams(16 * 1024, 3, 1), 11434 / 1.79),
    ],
)
def test_the_model_is_a_close_upper_bound_of_what_was_measured(
    params: KdfParams, reached: float
) -> None:
    """In the attacker's favour, by no more than a quarter."""
    rate = attack_cost(0, measured(params)).attacker_guesses_per_second
    assert reached < rate < 1.25 * reached


def test_cost_of_ten_thousand_million_guesses() -> None:
    """Each number by hand."""
    cost = attack_cost(10, measured(KdfParams(64 * 1024, 3, 1), 0.2))
    assert cost.seconds_per_guess == 0.2
    assert cost.one_machine_seconds == 2e9
    assert cost.attacker_name == ATTACKER_NAME
    assert cost.attacker_seconds == pytest.approx(64 * 2**20 * 8 / 1e12 * 1e10)
    assert cost.attacker_usd == pytest.approx(cost.attacker_seconds / 3600 * 0.4)


def test_memory_and_passes_cost_the_attacker_and_lanes_do_not() -> None:
    """Twice the memory, twice the cost; a second pass weighs more than the first."""

    def seconds(memory_kib: int, passes: int, lanes: int) -> float:
        return attack_cost(6, measured(KdfParams(memory_kib, passes, lanes))).attacker_seconds

    assert seconds(131072, 2, 1) == pytest.approx(2 * seconds(65536, 2, 1))
    assert seconds(65536, 2, 1) == pytest.approx(2.5 * seconds(65536, 1, 1))
    assert seconds(65536, 2, 4) == seconds(65536, 2, 1)


@pytest.mark.parametrize("guesses_log10", [300, 1e6])
def test_a_very_good_passphrase_stays_finite(guesses_log10: float) -> None:
    """zxcvbn counts long passphrases above what a float can hold."""
    cost = attack_cost(guesses_log10, measured(FORMAT_MAXIMUM, 100.0))
    assert math.isfinite(cost.one_machine_seconds)
    assert math.isfinite(cost.attacker_usd)
    assert describe_duration(cost.attacker_seconds) == "more than a billion years"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a second"),
        (0.999, "less than a second"),
        (1, "1 second"),
        (1.44, "1.4 seconds"),
        (59, "59 seconds"),
        (59.8, "1 minute"),
        (90, "1.5 minutes"),
        (3599, "1 hour"),
        (3 * 3600, "3 hours"),
        (86_400, "1 day"),
        (45 * 86_400, "45 days"),
        (200 * 86_400, "about 200 days"),
        (365 * 86_400, "1 year"),
        (2e9, "63 years"),
        (6.3e10, "about 2,000 years"),
        (3.9e13, "about 1,200,000 years"),
        (3.2e16, "more than a billion years"),
        (1e300, "more than a billion years"),
        (float("inf"), "more than a billion years"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    """Two digits at most, and a unit that fits."""
    assert describe_duration(seconds) == words
