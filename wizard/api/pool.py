"""Worker processes: the server never derives, converts or rates anything itself.

- A worker does one thing at a time, at a lower priority, so that answers come first.
- Ending one by force is a crash the engine has planned for: that is how a job is cancelled.
- A worker that died is replaced by the next call; only the call that it died in fails.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from wizard.api import wire
from wizard.api.admission import RETRY_AFTER
from wizard.diagnostics import Explanation
from wizard.engine import Secret
from wizard.error_table import INTERNAL
from wizard.refusals import ServerEnding

OnProgress = Callable[[dict[str, Any]], None]
_END_SECONDS = 30
_STOP_SECONDS = 10


class WorkFailed(Exception):
    """What a worker's error said, in the words of the table."""

    def __init__(self, explanation: Explanation) -> None:
        super().__init__(explanation.code)
        self.explanation = explanation


class Worker:
    """One process and the line to it."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wizard.api.worker", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                # A Ctrl+C on the server's terminal is for the server to act on.
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it can take work."""
        return self.process.poll() is None

    def call(
        self, verb: str, arguments: dict[str, Any], secrets: dict[str, Secret], told: OnProgress
    ) -> Any:
        """Do it and return the result; blocks. Raises `WorkFailed`."""
        try:
            wire.send(self._line, {"verb": verb, "arguments": arguments}, secrets)
            while True:
                message, _none = wire.receive(self._line)
                if "progress" in message:
                    told(message["progress"])
                elif "error" in message:
                    raise WorkFailed(Explanation(**message["error"]))
                else:
                    return message["result"]
        except OSError:
            self.close()
            raise WorkFailed(_died()) from None

    def cancel(self) -> None:
        """Ask it to stop at once: it wipes its secrets, undoes what it staged, and ends.

        Within a derivation, which may take minutes, Python hears nothing: then it is killed soon.
        """
        self.process.terminate()
        overdue = threading.Timer(_STOP_SECONDS, self.process.kill)
        overdue.daemon = True
        overdue.start()

    def kill(self) -> None:
        """End it, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        self._line.close()

    def close(self) -> None:
        """Let it end what it is doing, then end it."""
        self._line.close()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


class Pool:
    """Up to ``size`` workers, started when they are first needed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._idle: list[Worker] = []
        self._free = asyncio.Semaphore(size)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="worker")

    async def run(
        self,
        verb: str,
        arguments: dict[str, Any],
        secrets: dict[str, Secret] | None = None,
        *,
        told: OnProgress = lambda _progress: None,
        started: Callable[[Worker], None] = lambda _worker: None,
    ) -> Any:
        """Run a verb of ``wizard.api.verbs`` in a worker. Raises `WorkFailed`.

        Raises `ServerEnding` where the server does not wait for it any longer. ``secrets`` are the
        caller's to close. ``told`` is called in another thread.
        """
        doing: list[Worker] = []

        def work() -> Any:
            worker = self._take()
            doing.append(worker)
            started(worker)
            try:
                return worker.call(verb, arguments, secrets or {}, told)
            finally:
                if worker.alive:
                    self._idle.append(worker)

        async with self._free:
            loop = asyncio.get_running_loop()
            # Shielded: a caller that went away must not have its secrets closed under the work.
            future = loop.run_in_executor(self._threads, work)
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                # The server ends, and has waited for its requests as long as it does.
                for worker in doing:
                    worker.cancel()
                await asyncio.wait([future])
                if future.exception() is None:
                    return future.result()
                raise ServerEnding(retry_after=RETRY_AFTER) from None

    def close(self) -> None:
        """Wait for what is under way, and end all workers."""
        self._threads.shutdown(wait=True)
        for worker in self._idle:
            worker.close()
        self._idle.clear()

    def _take(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
        return Worker()


def _died() -> Explanation:
    return Explanation(
        code=INTERNAL.code,
        exit_code=INTERNAL.exit_code,
        http_status=INTERNAL.http_status,
        message=f"The process that did the work has ended. {INTERNAL.assurance}",
        hint="See what is there: GET /api/crypto/status",
    )
