"""Ctrl+C asks the engine to stop at a safe place; only a second one stops at any place.

Either way the state of before is kept: the engine undoes what it staged, and what a kill leaves
is found and undone by the next ``init``.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli.progress import in_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@contextmanager
def interruptible() -> Iterator[engine.CancelToken]:
    """Yield a token that the first Ctrl+C sets; the second raises `KeyboardInterrupt`."""
    token = engine.CancelToken()

    def stop() -> None:
        if token.cancelled:
            raise KeyboardInterrupt
        token.cancel()
        _say("Stopping; what was there stays as it was.")

    with _on_interrupt(stop):
        yield token


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the last step finish: it is short, and being half done helps nobody."""
    with _on_interrupt(lambda: _say("This step is not interrupted; it takes a moment.")):
        yield


@contextmanager
def interrupted_at_once() -> Iterator[None]:
    """While somebody is asked, the first Ctrl+C ends the question."""

    def stop() -> None:
        raise KeyboardInterrupt

    with _on_interrupt(stop):
        yield


@contextmanager
def _on_interrupt(action: Callable[[], None]) -> Iterator[None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        action()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _say(text: str) -> None:
    # Not print: a handler may run in the middle of a write to the same buffered stream.
    drawn = os.isatty(2) and not in_lines()
    os.write(2, f"\r\x1b[K{text}\n".encode() if drawn else f"{text}\n".encode())
