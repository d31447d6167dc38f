"""What was not measured is foretold from what was, and is always called foretold.

Argon2id's work is linear in memory and in passes, and its lanes run side by side up to the number of
processors. That holds to about a fifth on one machine; it is for choosing, never for storing.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.engine.errors import InvalidInput, Unreadable
from wizard.engine.kdf import KdfParams
from wizard.engine.measuring import Measurement
from wizard.engine.sidecar import read_regular
from wizard.engine.tuning import OVERHEAD_PASSES

_LARGEST_FILE = 64 * 1024
_MOST_ROWS = 32
_LARGEST_KIB = 1 << 40
_LONGEST_SECONDS = 3600.0
_MOST_PROCESSORS = 4096


def foretold_seconds(params: KdfParams, known: Measurement, *, processors: int) -> float:
    """Return the time that ``params`` should take where ``known`` was measured."""
    return known.seconds * _work(params, processors) / _work(known.params, processors)


def _work(params: KdfParams, processors: int) -> float:
    pass_kib = params.memory_kib * (params.passes + OVERHEAD_PASSES)
    return pass_kib / max(1, min(params.lanes, processors))


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """What ``datafold-wizard benchmark --json`` measured on another machine.

    ``available_kib`` is None in a report of a version that did not tell.
    """

    measurements: tuple[Measurement, ...]
    processors: int
    available_kib: int | None

    def seconds_for(self, params: KdfParams) -> float:
        """Return what ``params`` should take there, foretold from the row that is nearest."""
        nearest = min(
            self.measurements,
            key=lambda row: abs(math.log(_work(row.params, 1) / _work(params, 1))),
        )
        return foretold_seconds(params, nearest, processors=self.processors)


def read_benchmark(path: Path) -> BenchmarkReport:
    """Return the report in a file. Raises `InvalidInput` for anything else, `Unreadable`.

    The file is nothing but numbers to look at: it changes no limit of this machine.
    """
    try:
        data = read_regular(path, limit=_LARGEST_FILE + 1)
    except FileNotFoundError:
        raise Unreadable(f"There is no file {path}.") from None
    try:
        report = _report(json.loads(data)) if len(data) <= _LARGEST_FILE else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        report = None
    if report is None:
        raise InvalidInput(f"{path} is not what “datafold-wizard benchmark --json” prints.")
    return report


def _report(document: dict[str, Any]) -> BenchmarkReport | None:
    rows = document["key_derivation"]
    if not isinstance(rows, list) or len(rows) > _MOST_ROWS:
        return None
    found = tuple(_measurement(row) for row in rows if row["seconds"] is not None)
    if not found:
        return None
    machine = document.get("machine") or {}
    available = machine.get("available_kib")
    # Without being told: the sets that are fitted to a machine use as many lanes as it has.
    processors = machine.get("processors", min(row.params.lanes for row in found))
    return BenchmarkReport(
        found,
        _integer(processors, _MOST_PROCESSORS),
        None if available is None else _integer(available, _LARGEST_KIB),
    )


def _measurement(row: dict[str, Any]) -> Measurement:
    params = KdfParams(
        memory_kib=_integer(row["memory_kib"], _LARGEST_KIB),
        passes=_integer(row["passes"], _LARGEST_KIB),
        lanes=_integer(row["lanes"], _LARGEST_KIB),
    )
    seconds = row["seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError
    if not 0 < seconds < _LONGEST_SECONDS:
        raise ValueError
    return Measurement(params, float(seconds), float(seconds), float(seconds), 1)


def _integer(value: object, highest: int) -> int:
    if type(value) is not int:
        raise TypeError
    if not 0 < value <= highest:
        raise ValueError
    return value
