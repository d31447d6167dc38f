"""The screen's end of the engine process: asks, listens, and never makes the event loop wait.

- What is typed passes through `EngineClient.send` key by key, and nothing here remembers it.
- Whatever becomes of the child, every waiting request ends: with its answer or an `EngineError`.
- A child that died during a preparation leaves what the next `EngineClient.start` undoes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wizard.tui.process.framing import MAXIMUM_LINE, MalformedLine, decode, encode

Answer = dict[str, Any]
OnMessage = Callable[[Answer], None]

_CLOSING_SECONDS = 5.0
_DIED = (
    "The engine process ended unexpectedly. Nothing is lost: files are replaced only after their "
    "replacement was proved, and what was begun is undone."
)


class EngineError(Exception):
    """The engine refused or failed; all fields are for showing, none is secret."""

    def __init__(
        self,
        error_class: str,
        message: str,
        *,
        hint: str = "",
        exit_code: int = 1,
        where: tuple[str, ...] = (),
        field: str = "",
    ) -> None:
        super().__init__(message)
        self.error_class = error_class
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.where = where
        self.field = field


@dataclass(frozen=True, slots=True)
class _Waiting:
    answer: asyncio.Future[Answer]
    on_progress: OnMessage | None


@dataclass(slots=True)
class _Child:
    """One engine process, its socket, and what waits for it."""

    process: subprocess.Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    waiting: dict[int, _Waiting] = field(default_factory=dict)
    preparing: tuple[int, str] | None = None
    dismissed: bool = False
    listening: asyncio.Task[None] | None = None


class EngineClient:
    """Talks to one engine process at a time. Not thread-safe: it belongs to one event loop.

    ``on_event`` gets every message that answers no request; the event loop calls it.
    """

    def __init__(self, on_event: OnMessage | None = None) -> None:
        self.on_event = on_event
        self._child: _Child | None = None
        self._next_id = 0
        self._unfinished: str | None = None
        self._begun = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether there is a child that can be asked."""
        return self._child is not None and not self._child.dismissed

    async def start(self) -> None:
        """Start a child unless there is one, and undo what a child that died was preparing."""
        if self.alive:
            return
        await self._buried()
        self._child = await _spawn()
        self._child.listening = asyncio.create_task(self._listen(self._child))
        self._begun.set()
        unfinished, self._unfinished = self._unfinished, None
        if unfinished is not None:
            # Should it fail, then the target's state says so, and what can be done.
            with contextlib.suppress(EngineError):
                await self.request("undo", path=unfinished)

    async def request(
        self, op: str, /, *, on_progress: OnMessage | None = None, **fields: Any
    ) -> Answer:
        """Ask and wait for the answer; raises `EngineError`. Waits for the first `start`, too.

        Cancelling the task that waits asks the child to stop the work, too.
        """
        await self._begun.wait()
        child = self._child
        if child is None or child.dismissed:
            raise EngineError("EngineDied", "The engine process is not running.")
        self._next_id += 1
        identifier = self._next_id
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        child.waiting[identifier] = _Waiting(answer, on_progress)
        if op == "prepare":
            child.preparing = (identifier, str(fields.get("path")))
        try:
            _write(child, {**fields, "id": identifier, "op": op})
            result = await answer
        except asyncio.CancelledError:
            _write(child, {"op": "cancel", "target": identifier})
            raise
        finally:
            child.waiting.pop(identifier, None)
        if op in {"abort", "commit"}:
            child.preparing = None
        return result

    def send(self, op: str, /, **fields: Any) -> None:
        """Tell without waiting; the order of calls is kept. Lost when there is no child."""
        if self._child is not None and not self._child.dismissed:
            _write(self._child, {**fields, "op": op})

    async def cancel_current(self) -> None:
        """Ask everything that is under way to stop; what waits for it gets class "Cancelled"."""
        if self._child is not None:
            for identifier in tuple(self._child.waiting):
                self.send("cancel", target=identifier)

    async def close(self) -> None:
        """Let the child undo what is pending and wipe, and end. The state is that of before."""
        child = self._child
        if child is None or child.listening is None:
            return
        self.send("quit")
        child.dismissed = True
        ended, _running = await asyncio.wait({child.listening}, timeout=_CLOSING_SECONDS)
        if not ended:
            # It is inside a derivation that nothing interrupts. Killing it is a planned crash.
            self.kill()
        await self._buried()
        if self._unfinished is not None:
            await self.start()
            await self.close()

    def kill(self) -> None:
        """End the child at once; `start` then gives a fresh one."""
        child = self._child
        if child is not None:
            child.dismissed = True
            child.process.kill()

    async def _buried(self) -> None:
        if self._child is not None and self._child.listening is not None:
            await self._child.listening
        self._child = None

    async def _listen(self, child: _Child) -> None:
        try:
            while line := await child.reader.readline():
                self._take(child, decode(line))
        except (ValueError, OSError):
            # Not the protocol, or a broken socket: such a child is of no use.
            pass
        finally:
            child.process.kill()
            child.writer.close()
        await asyncio.to_thread(child.process.wait)
        self._mourn(child)

    def _mourn(self, child: _Child) -> None:
        expected, child.dismissed = child.dismissed, True
        if child.preparing is not None:
            self._unfinished = child.preparing[1]
        for waiting in child.waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(EngineError("EngineDied", _DIED))
        if not expected:
            _call(self.on_event, {"event": "died", "message": _DIED})

    def _take(self, child: _Child, message: Answer) -> None:
        identifier = message.get("id")
        waiting = child.waiting.get(identifier) if isinstance(identifier, int) else None
        if "error" in message and child.preparing and child.preparing[0] == identifier:
            child.preparing = None
        if "event" in message:
            _call(self.on_event, message)
        elif "error" in message and identifier is None:
            _call(self.on_event, {"event": "error", **message["error"]})
        elif waiting is None or waiting.answer.done():
            return  # whoever asked has gone
        elif "progress" in message:
            _call(waiting.on_progress, message["progress"])
        elif "error" in message:
            waiting.answer.set_exception(_error_from(message["error"]))
        else:
            waiting.answer.set_result(message["result"])


async def _spawn() -> _Child:
    ours, theirs = socket.socketpair()
    with theirs:
        # Not asyncio's subprocess: its watcher and its `kill` race for the exit status.
        process = subprocess.Popen(  # noqa: ASYNC220 - a millisecond, and asyncio's is no other
            [sys.executable, "-P", "-m", "wizard.tui.engine_process", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A session of its own: the terminal's keys reach the screen, and the screen decides.
            start_new_session=True,
        )
    reader, writer = await asyncio.open_connection(sock=ours, limit=MAXIMUM_LINE)
    return _Child(process, reader, writer)


def _write(child: _Child, message: Answer) -> None:
    try:
        line = encode(message)
    except MalformedLine as error:
        raise EngineError("InvalidRequest", str(error), exit_code=2) from None
    child.writer.write(line)


def _call(receiver: OnMessage | None, message: Answer) -> None:
    # Not from here: a receiver that fails must not end the listening.
    if receiver is not None:
        asyncio.get_running_loop().call_soon(receiver, message)


def _error_from(fields: Answer) -> EngineError:
    return EngineError(
        fields["class"],
        fields["message"],
        hint=fields["hint"],
        exit_code=fields["exit_code"],
        where=tuple(fields["where"]),
        field=fields["field"],
    )
