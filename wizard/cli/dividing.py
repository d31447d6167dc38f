"""Work in processes that are divided from this one, so many at a time; each harms no other.

- A process that divides has one thread, or the others would be missing in its children.
- What a child says on standard output is its answer; it has no standard input and no standard error.
- No child outlives the work: whoever stops half-way waits for those that run.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

_AT_ONCE_BYTES = 1 << 16
_BROKEN = 70  # EX_SOFTWARE, where the work did not even give a code
_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended: its exit code, or the negative number of the signal, and its answer."""

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
    name: str
    process: int
    answer: bytearray = field(default_factory=bytearray)


def divided(
    works: Iterable[tuple[str, Callable[[], int]]], *, at_once: int
) -> Generator[Ended | NotStarted, None, None]:
    """Do each work in a process of its own; yield each as it ends.

    A work returns its exit code. Where the iteration is closed before its end, nothing more is
    started, and those that run are waited for.
    """
    waiting = iter(works)
    running: dict[int, _Child] = {}
    gc.collect()
    gc.freeze()  # the collector would write to every object, and so copy the shared memory
    with selectors.DefaultSelector() as selector:
        try:
            while True:
                while len(running) < at_once and (work := next(waiting, None)) is not None:
                    try:
                        descriptor, child = _started(*work, others=tuple(running))
                    except OSError as error:
                        yield NotStarted(work[0], error)
                    else:
                        running[descriptor] = child
                        selector.register(descriptor, selectors.EVENT_READ)
                if not running:
                    return
                for key, _events in selector.select():
                    part = os.read(key.fd, _AT_ONCE_BYTES)
                    running[key.fd].answer += part
                    if not part:
                        selector.unregister(key.fd)
                        yield _reaped(key.fd, running.pop(key.fd))
        finally:
            for descriptor, child in running.items():
                _reaped(descriptor, child)
            gc.unfreeze()


def _started(name: str, work: Callable[[], int], *, others: tuple[int, ...]) -> tuple[int, _Child]:
    ours, theirs = os.pipe()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()  # or the child would say it again
    # A signal that Python hears of within a fork is lost, or ends the child as if it were this one.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        process = os.fork()
    except BaseException:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(ours)
        os.close(theirs)
        raise
    if process:
        os.close(theirs)
        started = ours, _Child(name, process)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return started
    code = _BROKEN
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for descriptor in (ours, *others):
            os.close(descriptor)
        _redirect(theirs)
        code = work()
        sys.stdout.flush()
    except SystemExit as end:  # a signal: secrets have been wiped by its handler
        code = end.code if isinstance(end.code, int) else _BROKEN
    finally:
        # Nothing of the parent's is undone or said a second time.
        os._exit(code)
    raise AssertionError


def _redirect(answer: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(answer, 1)
    os.dup2(null, 2)
    for descriptor in (null, answer):
        if descriptor > 2:  # noqa: PLR2004 - the standard streams
            os.close(descriptor)
    # The parent's stream may be that of a file, and would look for its place in the pipe.
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the child


def _reaped(descriptor: int, child: _Child) -> Ended:
    with suppress(OSError):
        os.close(descriptor)
    _process, status = os.waitpid(child.process, 0)
    return Ended(child.name, os.waitstatus_to_exitcode(status), bytes(child.answer))
