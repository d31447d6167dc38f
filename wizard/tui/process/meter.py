"""Typing is never slowed by its own score: one text is scored at a time, and then the newest.

zxcvbn needs a ``str`` and leaves copies; that is why it runs in this process and in no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from wizard import engine

if TYPE_CHECKING:
    from wizard.engine import Secret
    from wizard.tui.process.lane import Lane

Score = Mapping[str, object]


class Meter:
    """Scores what is typed on a lane of its own. All methods belong to the main thread.

    ``report`` gets the score of a text unless a newer one came meanwhile, or None where no score
    can be given.
    """

    def __init__(self, lane: Lane, report: Callable[[Score | None], None]) -> None:
        self._lane = lane
        self._report = report
        self._waiting: Secret | None = None
        self._busy = False
        self._wanted = False
        self.context: tuple[str, ...] = ()
        """Words that an attacker would try first."""

    def score(self, text: Secret) -> None:
        """Score ``text``, which is closed then; what was waiting is dropped."""
        self.drop()
        self._wanted = True
        if self._busy:
            self._waiting = text
        else:
            self._start(text)

    def drop(self) -> None:
        """Report nothing of what was given so far."""
        self._wanted = False
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None

    def _start(self, text: Secret) -> None:
        self._busy = True
        context = self.context

        def work() -> Score:
            with text:
                return asdict(engine.strength(text, context=context))

        self._lane.submit(work, done=self._finished, failed=lambda _error: self._finished(None))

    def _finished(self, score: Score | None) -> None:
        self._busy = False
        if self._waiting is not None:
            text, self._waiting = self._waiting, None
            self._start(text)
        elif self._wanted:
            self._wanted = False
            self._report(score)
