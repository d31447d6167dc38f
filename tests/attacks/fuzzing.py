"""One reader under many mutations, in a process of its own: what became of them, and what it cost.

`python -m tests.attacks.fuzzing READER|all COUNT hypothesis|atheris DIRECTORY` prints a line of JSON
for each reader. With atheris the program itself is instrumented, so that a mutation that reaches new
code is kept and built upon.
Fails on anything that is accepted, on an error that is not one of ours, and on a second of work.
"""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.attacks.mutations import Step, spoilt


def peak_mib() -> int:
    """This process's own peak; getrusage would include that of the process which started it."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) >> 10 if found else 0


SLOWEST_SECONDS = 1.0


class Run:
    """Counts, and times by this process's own clock, so that busy neighbours do not matter."""

    def __init__(self, name: str, read: Callable[[bytes], str], samples: list[bytes]) -> None:
        self.name = name
        self._read, self._samples = read, samples
        for sample in self._samples[:1]:
            self._read(sample)
        self.became: Counter[str] = Counter()
        self.slowest = 0.0

    def one(self, number: int, steps: list[Step]) -> None:
        data = spoilt(self._samples, number, steps)
        # The collector would count what Hypothesis remembers as time of the reader.
        gc.disable()
        started = time.process_time()
        became = self._read(data)
        took = time.process_time() - started
        gc.enable()
        self.slowest = max(self.slowest, took)
        if took > SLOWEST_SECONDS:
            raise AssertionError(f"{took:.1f} s for {data[:200]!r}")
        self.became[became] += 1


def by_hypothesis(run: Run, count: int) -> None:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    place = st.integers(0, 65535)
    step = st.tuples(st.integers(0, 10), place, place, st.binary(max_size=8))

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=count < 2000,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(st.integers(0, 7), st.lists(step, min_size=1, max_size=4))
    def attack(number: int, steps: list[Step]) -> None:
        run.one(number, steps)

    attack()


def by_atheris(run: Run, count: int) -> None:
    import atheris

    def attack(data: bytes) -> None:
        given = atheris.FuzzedDataProvider(data)
        number = given.ConsumeIntInRange(0, 7)
        steps = [
            (
                given.ConsumeIntInRange(0, 10),
                given.ConsumeIntInRange(0, 65535),
                given.ConsumeIntInRange(0, 65535),
                given.ConsumeBytes(given.ConsumeIntInRange(0, 8)),
            )
            for _ in range(given.ConsumeIntInRange(1, 4))
        ]
        run.one(number, steps)
        if run.became.total() >= count:
            say(run)
            os._exit(0)

    # libFuzzer ends the process itself; so the line is printed with the last one.
    atheris.Setup(
        [
            sys.argv[0],
            f"-runs={count + 10}",
            "-max_len=64",
            "-len_control=0",
            "-artifact_prefix=" + tempfile.gettempdir() + "/",
        ],
        attack,
    )
    atheris.Fuzz()


def say(run: Run) -> None:
    facts: dict[str, Any] = {
        "reader": run.name,
        "count": run.became.total(),
        "slowest_seconds": round(run.slowest, 3),
        "peak_mib": peak_mib(),
        "became": dict(run.became),
    }
    print(json.dumps(facts), flush=True)


def main() -> None:
    name, count, driver, directory = sys.argv[1:]
    if driver == "atheris":
        import atheris

        with atheris.instrument_imports(include=["wizard"], enable_loader_override=False):
            from tests.attacks import readers, world
    else:
        from tests.attacks import readers, world
    made = world.World(Path(directory))
    for each in readers.NAMES if name == "all" else (name,):
        run = Run(each, *readers.reader_of(made, each))
        try:
            (by_atheris if driver == "atheris" else by_hypothesis)(run, int(count))
        except world.Accepted as accepted:
            raise SystemExit(f"{each} accepted: {accepted}") from None
        say(run)


if __name__ == "__main__":
    main()
