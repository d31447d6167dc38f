"""What Textual leaves open: signals, a terminal that goes away, bytes that are not UTF-8.

- SIGTERM, SIGHUP and SIGINT end the wizard in the ordinary way: the engine undoes, the terminal is restored.
- A terminal that is gone or has stopped reading cannot keep the process alive.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from functools import partial

from textual.drivers import linux_driver

LAST_RESORT_SECONDS = 8.0
WATCH_SECONDS = 1.0
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def let_bad_bytes_pass() -> None:
    """Turn a byte that is not UTF-8 into U+FFFD; Textual's own decoder would end the program."""

    def lenient(encoding: str) -> partial[codecs.IncrementalDecoder]:
        return partial(codecs.getincrementaldecoder(encoding), errors="replace")

    vars(linux_driver)["getincrementaldecoder"] = lenient


def lost(descriptor: int) -> bool:
    """Whether the terminal behind `descriptor` is gone."""
    try:
        termios.tcgetattr(descriptor)
    except (termios.error, OSError):
        return True
    return False


def input_descriptor() -> int | None:
    """The descriptor that Textual reads keys from."""
    stream = sys.__stdin__
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None


def end_for_certain(return_code: int) -> None:
    """Leave after a while, whatever hangs: a stalled terminal blocks the event loop itself.

    The engine process sees its socket close, undoes what is pending, and wipes.
    """
    timer = threading.Timer(LAST_RESORT_SECONDS, os._exit, (return_code,))
    timer.daemon = True
    timer.start()


def follow_signals(end: Callable[[int], None]) -> None:
    """Call `end` with 128 + n on SIGTERM, SIGHUP and SIGINT, on the event loop that is running."""
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, end, 128 + number)
