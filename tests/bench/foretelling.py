"""Whether the unlock time that was promised is the one that comes."""

from __future__ import annotations

import random
import statistics

from tests.bench.measuring import Row, Rows, seconds
from wizard.engine import KdfParams, Secret, measure
from wizard.engine.kdf import derive, touch_memory

_SETTINGS = 40
_PER_CENT = 10.0


def rows() -> Rows:
    """Measured as the wizard does, then derived as an unlock does; the difference in per cent."""
    draw = random.Random(11)
    off = []
    for _ in range(_SETTINGS):
        params = KdfParams(
            memory_kib=draw.choice((19, 32, 48, 64, 96, 128, 256)) * 1024,
            passes=draw.choice((2, 3, 4)),
            lanes=draw.choice((1, 2)),
        )
        promised = measure(params).seconds
        touch_memory(params.memory_kib)
        real = statistics.median(seconds(lambda params=params: _derive(params)) for _ in range(5))
        off.append(abs(promised / real - 1) * 100)
    worst = sorted(off)[int(len(off) * 0.9) - 1]
    yield Row(
        f"predicted unlock time, {_SETTINGS} settings",
        "the real one",
        f"median {statistics.median(off):.1f} % off",
        worst,
        _PER_CENT,
        " % (90th percentile)",
    )


def _derive(params: KdfParams) -> None:
    with Secret.copy_of(b"correct horse battery staple") as secret:
        derive(secret, salt=bytes(16), params=params).close()
