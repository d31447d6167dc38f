"""The crash test: every verb is killed before each thing it does to the disk, and nothing is lost.

- Where a process may not be traced it is killed at moments spread over its time instead, and the
  report says so.
- It works on scratch databases in a directory of its own, which it removes.
- It kills a process; it does not cut the power. What a disk or a file system forgets when the
  power fails is not seen by it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from wizard import engine
from wizard.selftest.acting import ActFailed, run_for
from wizard.selftest.cases import CASES, Case
from wizard.selftest.looking import Lost
from wizard.selftest.scratch import renew
from wizard.selftest.tracing import Operation, can_trace, killed, operations

MOMENTS = 60
"""How often a verb is killed where it cannot be killed at each step."""

QUICK = 12
"""How many kills of a verb tell something quickly, evenly spread over it."""


class CannotRun(Exception):
    """The crash test does not work on this system, or the verbs do not."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A kill after which something was lost: before which operation, and what was found."""

    operation: str
    found: str


@dataclass(frozen=True, slots=True)
class VerbResult:
    """``kills`` of ``operations`` that change the disk were tried; ``losses`` should be empty."""

    verb: str
    operations: int
    kills: int
    losses: tuple[Loss, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class CrashReport:
    """What came of it. ``kept``: where the files are that something was lost in.

    ``instead``: why not at every step, and what was done instead; empty if it was.
    """

    verbs: tuple[VerbResult, ...]
    kept: Path | None
    instead: str = ""

    @property
    def losses(self) -> int:
        """After how many kills something was lost."""
        return sum(len(verb.losses) for verb in self.verbs)


_INSTEAD = (
    "Each command was killed at moments spread over its time, not at every step: processes cannot be "
    "killed step by step here ({})."
)

Report = Callable[[str, int, int], None]
"""Gets the verb, how many kills are done, and how many there will be."""


def crash_test(
    directory: Path,
    *,
    kills: int | None = None,
    cases: Sequence[Case] = CASES,
    report: Report = lambda _verb, _done, _total: None,
    cancel: engine.CancelToken | None = None,
) -> CrashReport:
    """Kill every verb on the file system of ``directory``: at every step, or at most ``kills`` times.

    Without ptrace(2): at `MOMENTS` moments, which `CrashReport.instead` says.

    The scratch directory is removed, unless something was lost: then it is kept as evidence.
    Raises `CannotRun`, `OSError`, `engine.Cancelled`.
    """
    refused = can_trace()
    instead = "" if refused is None else _INSTEAD.format(refused)
    scratch = Path(tempfile.mkdtemp(prefix="datafold-selftest-", dir=os.path.realpath(directory)))
    run = _Run(scratch, kills, report, cancel or engine.CancelToken())
    kill = run.kill_at_moments if instead else run.kill_each
    done = CrashReport((), None)
    try:
        done = CrashReport(tuple(kill(case) for case in cases), scratch, instead)
    finally:
        if not done.losses:
            shutil.rmtree(scratch, ignore_errors=True)
    return done if done.losses else CrashReport(done.verbs, None, instead)


@dataclass(frozen=True, slots=True)
class _Run:
    scratch: Path
    most: int | None
    report: Report
    cancel: engine.CancelToken

    def kill_each(self, case: Case) -> VerbResult:
        """Kill one verb at each step, or a sample of them."""
        begun = time.monotonic()
        pristine, work = self.scratch / f"{case.verb}-before", self.scratch / case.verb
        pristine.mkdir()
        changes = self._steps(case, pristine, work)
        numbers = [each.number for each in _sample(changes, self.most or len(changes))]
        losses = []
        kills = 0
        for done, number in enumerate(numbers):
            self.cancel.check()
            self.report(case.verb, done, len(numbers))
            renew(work, pristine)
            operation = killed(lambda: case.act(work), work, number)
            if operation is None:
                continue  # a run may need an operation less than the one before
            kills += 1
            found = _found_lost(case, work)
            if found:
                losses.append(Loss(f"{operation.call} {operation.name}", found))
                work.rename(self.scratch / f"{case.verb}-lost-at-{number}")
        self.report(case.verb, len(numbers), len(numbers))
        spent = time.monotonic() - begun
        return VerbResult(case.verb, len(changes), kills, tuple(losses), spent)

    def kill_at_moments(self, case: Case) -> VerbResult:
        """Kill one verb after different parts of the time that it takes."""
        begun = time.monotonic()
        pristine, work = self.scratch / f"{case.verb}-before", self.scratch / case.verb
        pristine.mkdir()
        moments = self.most or MOMENTS
        try:
            case.prepare(pristine)
            renew(work, pristine)
            started = time.monotonic()
            run_for(lambda: case.act(work), None)
            took = time.monotonic() - started
        except (engine.WizardError, ActFailed) as error:
            raise CannotRun(f"{case.verb} fails here without being killed: {error}") from None
        losses = []
        kills = 0
        for moment in range(moments):
            self.cancel.check()
            self.report(case.verb, moment, moments)
            renew(work, pristine)
            seconds = took * (moment + 0.5) / moments
            if not run_for(lambda: case.act(work), seconds):
                continue  # it was quicker this time
            kills += 1
            found = _found_lost(case, work)
            if found:
                losses.append(Loss(f"whatever it did after {seconds:.3f} s", found))
                work.rename(self.scratch / f"{case.verb}-lost-at-{moment}")
        self.report(case.verb, moments, moments)
        spent = time.monotonic() - begun
        return VerbResult(case.verb, moments, kills, tuple(losses), spent)

    def _steps(self, case: Case, pristine: Path, work: Path) -> list[Operation]:
        """What the verb does to the disk when nobody kills it."""
        try:
            case.prepare(pristine)
            renew(work, pristine)
            seen = operations(lambda: case.act(work), work)
        except (engine.WizardError, ActFailed) as error:
            raise CannotRun(f"{case.verb} fails here without being killed: {error}") from None
        found = _found_lost(case, work)
        if found:
            raise CannotRun(f"{case.verb} fails here without being killed: {found}")
        return [each for each in seen if each.changes]


def _found_lost(case: Case, directory: Path) -> str:
    """What is wrong there, or nothing."""
    try:
        case.look(directory)
    except Lost as error:
        return str(error)
    except (engine.WizardError, apsw.Error, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _sample(changes: Sequence[Operation], wanted: int) -> Sequence[Operation]:
    if len(changes) <= wanted:
        return changes
    last = len(changes) - 1
    return [changes[round(step * last / (wanted - 1))] for step in range(wanted)]
