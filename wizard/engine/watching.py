"""Long SQLite work can be watched and stopped, through SQLite's own progress handler.

A cancelled statement is rolled back by SQLite, so stopping one leaves the file as it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

from wizard.engine.errors import Cancelled
from wizard.engine.progress import CancelToken

_STEPS = 2_000  # of SQLite's virtual machine between two looks: about a millisecond
_INTERVAL = 0.05  # seconds between two reports


@contextmanager
def watch(
    connection: apsw.Connection,
    report: Callable[[int], None] | None = None,
    cancel: CancelToken | None = None,
) -> Iterator[None]:
    """Run a block of statements; ``report`` gets the steps of SQLite's virtual machine so far.

    Raises `Cancelled` when the token asks for it, or when the connection is interrupted.
    """
    steps = 0
    due = time.monotonic() + _INTERVAL

    def look() -> bool:
        nonlocal steps, due
        steps += _STEPS
        if cancel is not None and cancel.cancelled:
            return True
        now = time.monotonic()
        if report is not None and now >= due:
            due = now + _INTERVAL
            report(steps)
        return False

    if cancel is not None:
        cancel.check()
    connection.set_progress_handler(look, _STEPS, id=look)
    try:
        yield
    except apsw.InterruptError:
        raise Cancelled from None
    finally:
        connection.set_progress_handler(None, id=look)
