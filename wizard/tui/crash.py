"""A crash prints one plain line: no traceback, no value of any variable.

Textual's own handler prints the locals of every frame to the terminal, and so into its scrollback.
The methods replaced here are private to Textual 8.2; a test crashes every step to guard that.
"""

from __future__ import annotations

import sys
from typing import Any

from textual.app import App
from textual.worker import WorkerFailed

from wizard.version import PROGRAM


def say(error: BaseException) -> int:
    """Print one line about `error` and return its exit code."""
    from wizard.diagnostics import explain  # noqa: PLC0415 - only needed in a crash

    told = explain(error)
    print(f"{PROGRAM}: {told.message}", file=sys.stderr)  # noqa: T201 - the screen is gone
    return told.exit_code


class PlainCrashApp(App[None], inherit_bindings=False):
    """An app whose last words are a sentence and an error id."""

    _crashed: BaseException | None = None

    def _fatal_error(self) -> None:
        error: BaseException | None = self._exception
        if isinstance(error, WorkerFailed):
            error = error.error
        self._crashed = RuntimeError() if error is None else error
        self._return_code = 1
        self._exit_renderables.clear()
        self._close_messages_no_wait()

    def panic(self, *_renderables: Any) -> None:
        """Whatever Textual wanted to render, it may hold values."""
        self._fatal_error()

    def say_last_words(self) -> None:
        """Print the one line of a crash, when the terminal is the shell's again."""
        if self._crashed is not None:
            self._return_code = say(self._crashed)
