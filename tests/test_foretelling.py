"""What another machine needs, from its own benchmark or from two numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizard import engine
from wizard.engine import KdfParams, Measurement

KNOWN = Measurement(KdfParams(262_144, 3, 2), 1.0, 0.9, 1.1, 3)
ROWS = [
    {"name": "interactive", "memory_kib": 65536, "passes": 3, "lanes": 2, "seconds": 0.5},
    {"name": "balanced", "memory_kib": 262_144, "passes": 3, "lanes": 2, "seconds": 3.0},
    {"name": "rfc9106-first", "memory_kib": 2**21, "passes": 1, "lanes": 4, "seconds": None},
]
MACHINE = {"processors": 2, "available_kib": 2_097_152, "unattended_kib": 1, "total_kib": 1}


@pytest.mark.parametrize(
    ("params", "processors", "seconds"),
    [
        (KNOWN.params, 2, 1.0),
        (KdfParams(524_288, 3, 2), 2, 2.0),
        (KdfParams(262_144, 3, 4), 2, 1.0),
        (KdfParams(262_144, 3, 4), 4, 0.5),
        (KdfParams(262_144, 3, 1), 2, 2.0),
        (KdfParams(262_144, 7, 2), 2, 7.3 / 3.3),
    ],
)
def test_time_follows_memory_passes_and_lanes(
    params: KdfParams, processors: int, seconds: float
) -> None:
    assert engine.foretold_seconds(params, KNOWN, processors=processors) == pytest.approx(seconds)


def test_a_real_time_is_foretold_within_a_factor_of_two() -> None:
    """A rough check that the model is of this world; the sets differ by a factor of four."""
    small, large = KdfParams(32 * 1024, 2, 1), KdfParams(64 * 1024, 4, 1)
    known = engine.measure(small, runs=3)
    foretold = engine.foretold_seconds(large, known, processors=engine.usable_processors())
    assert 0.5 < foretold / engine.measure(large, runs=3).fastest < 2


def written(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "there.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_a_benchmark_of_another_machine_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, {"key_derivation": ROWS, "ciphers": [], "machine": MACHINE})
    report = engine.read_benchmark(path)
    assert report.available_kib == 2_097_152
    assert report.seconds_for(KdfParams(262_144, 3, 2)) == pytest.approx(3.0)
    assert report.seconds_for(KdfParams(32_768, 3, 2)) == pytest.approx(0.25)


def test_a_benchmark_of_an_older_version_does_not_tell_the_memory(tmp_path: Path) -> None:
    report = engine.read_benchmark(written(tmp_path, {"key_derivation": ROWS}))
    assert report.available_kib is None
    assert report.processors == 2


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "null",
        "{}",
        "not json",
        "[" * 40_000,
        json.dumps({"key_derivation": ROWS}) + " " * 70_000,
        {"key_derivation": []},
        {"key_derivation": ROWS[2:]},
        {"key_derivation": ROWS * 20},
        {"key_derivation": [{**ROWS[0], "seconds": -1}]},
        {"key_derivation": [{**ROWS[0], "seconds": True}]},
        {"key_derivation": [{**ROWS[0], "seconds": 1e400}]},
        {"key_derivation": [{**ROWS[0], "seconds": "1"}]},
        {"key_derivation": [{**ROWS[0], "passes": 0}]},
        {"key_derivation": [{**ROWS[0], "memory_kib": 2**60}]},
        {"key_derivation": [{**ROWS[0], "lanes": 1.0}]},
        {"key_derivation": ROWS, "machine": [1]},
        {"key_derivation": ROWS, "machine": {"available_kib": "much"}},
        {"key_derivation": ROWS, "machine": {"processors": 0}},
    ],
)
def test_anything_else_is_refused_in_one_sentence(tmp_path: Path, document: object) -> None:
    path = written(tmp_path, document)
    with pytest.raises(engine.InvalidInput, match="is not what “datafold-wizard benchmark --json”"):
        engine.read_benchmark(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(engine.Unreadable, match=r"There is no file .*there\.json"):
        engine.read_benchmark(tmp_path / "there.json")
    with pytest.raises(engine.Unreadable):
        engine.read_benchmark(tmp_path)
