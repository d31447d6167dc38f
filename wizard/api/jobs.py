"""Work that takes long: it has an id, its progress can be asked for, and it can be ended.

- Ending a job ends its process in order; even a crash at any instruction loses nothing, and the
  next verb says what was undone or finished.
- A job runs until its process has ended. Asked to end too late, it is done: what is in force decides.
- Jobs are remembered by this process only. What one has done is told by the database itself.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.api.problems import problem

if TYPE_CHECKING:
    from wizard.api.pool import Worker

_MOST_KEPT = 200
_FILE_SECONDS = 24 * 3600


class JobState(StrEnum):
    """How far a job has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(slots=True)
class Job:
    """One piece of work on one database."""

    kind: str
    database: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    state: JobState = JobState.RUNNING
    progress: dict[str, Any] | None = None
    result: Any = None
    problem: dict[str, Any] | None = None
    begun_at: str = ""
    ended_at: str | None = None
    file: Path | None = None
    asked_to_end: bool = False
    # What it has put in force by now, as its result tells it; None: nothing.
    in_force: Callable[[], Any] = field(default=lambda: None, repr=False)
    worker: Worker | None = field(default=None, repr=False)
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def document(self) -> dict[str, Any]:
        """Return it as an answer."""
        return {
            "id": self.id,
            "kind": self.kind,
            "database": self.database,
            "state": self.state.value,
            "progress": self.progress,
            "result": self.result,
            "problem": self.problem,
            "begun_at": self.begun_at,
            "ended_at": self.ended_at,
        }

    def told(self, progress: dict[str, Any]) -> None:
        """Note how far it is; called by the worker's thread."""
        self.progress = progress

    def started(self, worker: Worker) -> None:
        """Note which process does it; called by the worker's thread."""
        self.worker = worker
        if self.asked_to_end:
            worker.cancel()

    def forget(self) -> None:
        """Remove what it has made for a download."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)

    def cancel(self) -> None:
        """Ask it to end; harmless if it was asked before, or has ended."""
        if self.state is JobState.RUNNING and not self.asked_to_end:
            self.asked_to_end = True
            if self.worker is not None:
                self.worker.cancel()

    def failed(self, error: Exception) -> None:
        """Note that no answer came: it was too late to end it, or it was ended, or it has failed."""
        # Without a worker it has done nothing; somebody else may have.
        self.result = self.in_force() if self.asked_to_end and self.worker is not None else None
        if self.result is not None:
            self.state = JobState.DONE
            return
        self.forget()
        self.state = JobState.CANCELLED if self.asked_to_end else JobState.FAILED
        if not self.asked_to_end:
            self.problem = problem(error).document


class Jobs:
    """The jobs of this process, the newest kept."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def find(self, job_id: str) -> Job | None:
        """Return a job, if it is remembered."""
        return self._jobs.get(job_id)

    def start(self, job: Job, work: Callable[[], Awaitable[Any]]) -> None:
        """Run ``work`` and note how it ends."""
        job.begun_at = _now()
        self._jobs[job.id] = job
        ended = (key for key, each in self._jobs.items() if each.state is not JobState.RUNNING)
        for key in list(ended)[: max(0, len(self._jobs) - _MOST_KEPT)]:
            self._jobs.pop(key).forget()
        job.task = asyncio.create_task(self._run(job, work))

    def forget(self, job: Job) -> None:
        """Cancel a job that runs; forget one that has ended, with its file."""
        if job.state is JobState.RUNNING:
            job.cancel()
        else:
            del self._jobs[job.id]
            job.forget()

    async def end(self) -> None:
        """Cancel what runs and wait for it, and remove what was made: the server ends."""
        running = [job for job in self._jobs.values() if job.state is JobState.RUNNING]
        for job in running:
            job.cancel()
        await asyncio.gather(*(job.task for job in running if job.task is not None))
        for job in self._jobs.values():
            job.forget()

    async def _run(self, job: Job, work: Callable[[], Awaitable[Any]]) -> None:
        try:
            job.result = await work()
        except Exception as error:  # noqa: BLE001 - told to who asks for the job
            job.failed(error)
        else:
            # Also if somebody cancelled it meanwhile: what is done is done.
            job.state = JobState.DONE
        finally:
            job.worker = None
            job.ended_at = _now()


def remove_old(directory: Path) -> None:
    """Remove files that a killed server has left for a download: encrypted, and nobody's now.

    Those of the last day are kept: another server of this user may have made them.
    """
    if directory.is_dir():
        for path in directory.iterdir():
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _FILE_SECONDS:
                    path.unlink()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
