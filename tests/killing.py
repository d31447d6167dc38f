"""The kill test for tests: a verb is killed just before each of its file operations, or a sample.

The tracer is the one that ``selftest --crash`` ships (`wizard.selftest.tracing`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.programs import unless
from wizard.selftest.acting import Act, ActFailed
from wizard.selftest.scratch import renew
from wizard.selftest.tracing import Operation, can_trace, killed, operations

__all__ = [
    "KILL_ALL",
    "SAMPLE",
    "ActFailed",
    "Operation",
    "chosen",
    "each_kill",
    "killed",
    "needs_tracing",
    "operations",
    "renew",
]

needs_tracing = unless(can_trace())

SAMPLE = 24
"""Kills of one verb in an ordinary run; all of them with DATAFOLD_TEST_KILL_ALL=1."""

KILL_ALL = bool(os.environ.get("DATAFOLD_TEST_KILL_ALL"))


def each_kill(
    act: Act, directory: Path, pristine: Path, *, sample: int = SAMPLE
) -> Iterator[Operation]:
    """Kill ``act`` before each of its operations in turn, each time on a fresh copy.

    ``directory`` is made anew from ``pristine`` for each; it is as the killed process left it when
    an operation is yielded. Fails if there was nothing to kill.
    """
    renew(directory, pristine)
    seen = operations(act, directory)
    assert seen, "the act did nothing to files"
    for number in chosen(seen, sample=sample):
        renew(directory, pristine)
        operation = killed(act, directory, number)
        if operation is not None:  # a run may need an operation less than the one before
            yield operation


def chosen(seen: Sequence[Operation], *, sample: int) -> list[int]:
    """The numbers of all operations, or of so many of those that change something, evenly spread."""
    if os.environ.get("DATAFOLD_TEST_KILL_ALL"):
        return [each.number for each in seen]
    changes = [each.number for each in seen if each.changes]
    if len(changes) <= sample:
        return changes
    last = len(changes) - 1
    return [changes[round(step * last / (sample - 1))] for step in range(sample)]
