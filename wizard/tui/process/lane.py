"""Work runs on a lane, one job after the other; what comes of it is handled by the main thread."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

_Result = TypeVar("_Result")

Post = Callable[[Callable[[], None]], None]


class Lane:
    """A thread with a queue, which yields the processor to others by ``niceness``.

    ``post`` takes a call over to the main thread. The thread is a daemon: a derivation that
    cannot be interrupted does not hold up the end of the process.
    """

    def __init__(self, name: str, post: Post, *, niceness: int = 0) -> None:
        self._post = post
        self._niceness = niceness
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(
        self,
        work: Callable[[], _Result],
        *,
        done: Callable[[_Result], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Queue ``work`` for the thread; one of the two others is then called by the main one."""

        def job() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - carried over whole, never swallowed
                # Frames hold secrets and words; the answer needs none of them alive.
                fault = error
                self._post(lambda: failed(fault))
            else:
                self._post(lambda: done(result))

        self._jobs.put(job)

    def finish(self, last: Callable[[], None], *, seconds: float) -> bool:
        """Run ``last`` after what is queued and end. False: still at work after ``seconds``."""
        self._jobs.put(last)
        self._jobs.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        if self._niceness and sys.platform == "linux":
            # On Linux the thread alone, and those that it starts: Argon2's lanes.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while (job := self._jobs.get()) is not None:
            job()
