"""Work in processes that are divided from this one, so many at a time; each harms no other.

- A process does one work after another: a division copies memory, page after page. It is given up
  as soon as a work has failed in it or has changed it, and whoever ends it ends one work only.
- Between two works it lets go of what the first has left; what that is the caller knows.
- A process that divides has one thread, or the others would be missing in its children.
- What a work says on standard output is its answer; it has no standard input and no standard error.
- No child outlives the work: whoever stops half-way waits for what each is at, and for no more.
"""

from __future__ import annotations

import gc
import io
import os
import selectors
import signal
import struct
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

_AT_ONCE_BYTES = 1 << 16
_BROKEN = 70  # EX_SOFTWARE, where the work did not even give a code
_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_ORDER = struct.Struct("=I")  # which work
_END = struct.Struct("=iQ")  # its exit code, and how many bytes of answer follow


@dataclass(frozen=True, slots=True)
class Work:
    """Something to do, which returns its exit code. ``alone``: its process does nothing after it."""

    name: str
    do: Callable[[], int]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A work that has ended: its exit code, or the negative number of the signal, and its answer."""

    name: str
    code: int
    answer: bytes


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The system had no process for it."""

    name: str
    error: OSError


@dataclass(slots=True)
class _Child:
    """A process, the pipe that its orders go by, and what has come back by the other one."""

    process: int
    orders: int
    ends: int
    at: Work
    heard: bytearray = field(default_factory=bytearray)

    def told(self) -> Ended | None:
        """How the work that it is at has ended, once all of that is here."""
        if len(self.heard) < _END.size:
            return None
        code, size = _END.unpack_from(self.heard)
        if len(self.heard) < _END.size + size:
            return None
        return Ended(self.at.name, code, bytes(self.heard[_END.size :]))


def divided(
    works: Sequence[Work], *, at_once: int, between: Callable[[], object]
) -> Generator[Ended | NotStarted, None, None]:
    """Do the works in so many processes; yield each as it ends.

    A process calls ``between`` after each work that is not its last. Where the iteration is closed
    before its end, nothing more is begun, and what is begun is waited for.
    """
    waiting = iter(range(len(works)))
    with _frozen(), _Crew(works, between) as crew:
        while True:
            while len(crew.busy) < at_once and (number := next(waiting, None)) is not None:
                try:
                    crew.begin(number)
                except OSError as error:
                    yield NotStarted(works[number].name, error)
            if not crew.busy:
                return
            yield from crew.ended()


class _Crew:
    """The processes, those that are at work and those that wait for it."""

    def __init__(self, works: Sequence[Work], between: Callable[[], object]) -> None:
        self.busy: dict[int, _Child] = {}
        self._idle: list[_Child] = []
        self._works = works
        self._between = between
        self._selector = selectors.DefaultSelector()

    def begin(self, number: int) -> None:
        """Have a work done. Raises `OSError` where there is no process for it."""
        while self._idle:
            child = self._idle[-1]
            try:
                os.write(child.orders, _ORDER.pack(number))
            except BrokenPipeError:  # somebody has ended it while it was waiting
                _reaped(self._idle.pop())
            else:
                child.at, child.heard = self._works[number], bytearray()
                self._watch(self._idle.pop())
                return
        self._divide(number)

    def ended(self) -> Iterator[Ended]:
        """Wait until somebody has something to say, and yield what has ended."""
        for key, _events in self._selector.select():
            child = self.busy[key.fd]
            part = os.read(child.ends, _AT_ONCE_BYTES)
            child.heard += part
            end = child.told()
            if part and end is None:
                continue
            del self.busy[child.ends]
            self._selector.unregister(child.ends)
            if end is not None and not _is_last(child.at, end.code):
                self._idle.append(child)
                yield end
            else:
                code = _reaped(child)
                yield end or Ended(child.at.name, code, b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        children = [*self.busy.values(), *self._idle]
        for child in children:
            os.close(child.orders)  # nobody waits for an order that does not come
            child.orders = -1
        for child in children:
            _reaped(child)
        self._selector.close()

    def _watch(self, child: _Child) -> None:
        self.busy[child.ends] = child
        self._selector.register(child.ends, selectors.EVENT_READ)

    def _divide(self, number: int) -> None:
        orders, ends = os.pipe(), os.pipe()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()  # or the child would say it again
        # A signal that Python hears of within a fork is lost, or ends the child as if it were this one.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            process = os.fork()
        except BaseException:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for descriptor in (*orders, *ends):
                os.close(descriptor)
            raise
        if process:
            os.close(orders[0])
            os.close(ends[1])
            self._watch(_Child(process, orders[1], ends[0], self._works[number]))
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return
        code = _BROKEN
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            self._close_others(orders[1], ends[0])
            _silence()
            code = self._work(number, orders[0], ends[1])
        except SystemExit as end:  # a signal: secrets have been wiped by its handler
            code = end.code if isinstance(end.code, int) else _BROKEN
        finally:
            # Nothing of the parent's is undone or said a second time.
            os._exit(code)
        raise AssertionError

    def _close_others(self, *ours: int) -> None:
        """Close what is the parent's: by a copy of a pipe, a child would outlive it."""
        for child in (*self.busy.values(), *self._idle):
            os.close(child.orders)
            os.close(child.ends)
        for descriptor in ours:
            os.close(descriptor)

    def _work(self, number: int, orders: int, ends: int) -> int:
        """In the child: do this work, then every other that is ordered; return the last code."""
        while True:
            work = self._works[number]
            code, answer = _done(work)
            _write(ends, _END.pack(code, len(answer)) + answer)
            if _is_last(work, code):
                return code
            self._between()
            order = os.read(orders, _ORDER.size)
            if not order:
                return code
            (number,) = _ORDER.unpack(order)


@contextmanager
def _frozen() -> Iterator[None]:
    gc.collect()
    gc.freeze()  # the collector would write to every object, and so copy the shared memory
    try:
        yield
    finally:
        gc.unfreeze()


def _is_last(work: Work, code: int) -> bool:
    return work.alone or code != 0


def _done(work: Work) -> tuple[int, bytes]:
    """Do it; return its exit code and what it has said."""
    said = io.BytesIO()
    sys.stdout = io.TextIOWrapper(said, encoding="utf-8")
    try:
        code = work.do()
    except SystemExit as end:  # a signal: secrets have been wiped by its handler
        code = end.code if isinstance(end.code, int) else _BROKEN
    except BaseException:  # noqa: BLE001 - the process ends by it, and says so
        code = _BROKEN
    sys.stdout.flush()
    return code, said.getvalue()


def _silence() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    if null > 2:  # noqa: PLR2004 - the standard streams
        os.close(null)


def _write(descriptor: int, data: bytes) -> None:
    with memoryview(data) as view:
        written = 0
        while written < len(view):
            written += os.write(descriptor, view[written:])


def _reaped(child: _Child) -> int:
    """Wait for its end; return its exit code, or the negative number of the signal."""
    for descriptor in (child.orders, child.ends):
        with suppress(OSError):
            os.close(descriptor)
    _process, status = os.waitpid(child.process, 0)
    return os.waitstatus_to_exitcode(status)
