"""How far long work is, told on a terminal while it goes on; elsewhere nothing is told.

One line, which is gone when the work is done. A screen reader or a dumb terminal gets a line for each
stage instead, and nothing that is drawn over.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from wizard import engine
from wizard.cli.output import describe_bytes, note, printable
from wizard.cli.terminal import is_dumb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STAGE_WORDS: Mapping[engine.Stage, str] = {
    engine.Stage.CHECK: "Checking",
    engine.Stage.DERIVE: "Deriving the key",
    engine.Stage.KEYS: "Making the keys",
    engine.Stage.ENCRYPT: "Encrypting",
    engine.Stage.DECRYPT: "Writing the plaintext copy",
    engine.Stage.VERIFY: "Comparing with the original",
    engine.Stage.REHEARSE: "Opening a copy with the recovery kit",
    engine.Stage.COMMIT: "Putting the files in place",
    engine.Stage.COPY: "Copying",
    engine.Stage.BUILD: "Fetching and building Argon2, up to a minute",
    engine.Stage.PROVE: "Proving it against the shipped one",
}
_BAR_WIDTH = 24
_SHORTEST_BAR = 6
_PACE_AFTER_SECONDS = 1.0
_DRAW_EVERY_SECONDS = 0.1
_SAY_EVERY_SECONDS = 10.0


class ProgressLine:
    """One line on a terminal that says how far the work is. Elsewhere it does nothing."""

    def __init__(self) -> None:
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._next_draw = 0.0
        self._stage: engine.Stage | None = None
        self._unit = ""
        self._pace = Pace(0.0, 0)

    def __call__(self, event: engine.Progress) -> None:
        """Draw, but not more often than a person can see."""
        now = time.monotonic()
        changed = (event.stage, event.unit) != (self._stage, self._unit)
        if not self._shown or (now < self._next_draw and not changed):
            return
        if changed:
            self._pace = Pace(now, event.done)
        self._stage, self._unit = event.stage, event.unit
        self._next_draw = now + _DRAW_EVERY_SECONDS
        width = shutil.get_terminal_size().columns
        told = describe_progress(event, pace=self._pace.described(event, now=now), width=width - 1)
        click.echo(f"\r\x1b[K{told[: width - 1]}", nl=False, err=True)

    def clear(self) -> None:
        """Wipe the line."""
        if self._shown and self._stage is not None:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._stage = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a stage goes, from where and when it was first seen."""

    begun: float
    done_then: int

    def described(self, event: engine.Progress, *, now: float) -> str:
        """Speed and time left, or nothing where they cannot be told yet."""
        seconds, done = now - self.begun, event.done - self.done_then
        if event.unit == "steps" or seconds < _PACE_AFTER_SECONDS or done <= 0:
            return ""
        left = f"{_clock((event.total - event.done) * seconds / done)} left"
        if event.unit != "bytes":
            return f", {left}"
        return f", {describe_bytes(int(done / seconds))}/s, {left}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}" if hours else f"{minutes}:{rest:02}"


def describe_progress(event: engine.Progress, *, pace: str = "", width: int = 100) -> str:
    """Return a progress event as one line; the bar is shorter where the rest needs the room."""
    words = _STAGE_WORDS[event.stage]
    detail = f" {printable(event.detail)}" if event.detail else ""
    if event.total <= 0:
        return f"{words}{detail}"
    share = min(1.0, event.done / event.total)
    if event.unit == "steps":
        return f"{words} {_bar(share, _BAR_WIDTH)}{detail}"
    if event.unit == "bytes":
        amounts = f"{describe_bytes(event.done)} of {describe_bytes(event.total)}"
    else:
        amounts = f"{event.done:,} of {event.total:,} {event.unit}"
    after = f" {share:4.0%}  {amounts}{pace}"
    room = width - len(words) - len(after) - len(" []")
    return f"{words} {_bar(share, max(_SHORTEST_BAR, min(_BAR_WIDTH, room)))}{after}{detail}"


def _bar(share: float, width: int) -> str:
    filled = round(share * width)
    return f"[{'#' * filled}{'-' * (width - filled)}]"


class ProgressNotes(ProgressLine):
    """A line for each stage, and again every few seconds while it goes on."""

    def __call__(self, event: engine.Progress) -> None:
        """Say what begins, and how far it is from time to time."""
        now = time.monotonic()
        begins = event.stage is not self._stage
        if not self._shown or (now < self._next_draw and not begins):
            return
        if begins or event.unit != self._unit:
            self._pace = Pace(now, event.done)
        self._stage, self._unit = event.stage, event.unit
        self._next_draw = now + _SAY_EVERY_SECONDS
        note(f"{_STAGE_WORDS[event.stage]}..." if begins else self._how_far(event, now=now))

    def clear(self) -> None:
        """What was said stays; the next stage is said anew."""
        self._stage = None

    def _how_far(self, event: engine.Progress, *, now: float) -> str:
        if event.total <= 0:
            return f"{_STAGE_WORDS[event.stage]}, still at it."
        share = min(1.0, event.done / event.total)
        pace = self._pace.described(event, now=now)
        return f"{_STAGE_WORDS[event.stage]}, {share:.0%}{pace}"


def in_lines() -> bool:
    """Whether what is said must stay as it was said: for screen readers and dumb terminals.

    ACCESSIBLE is the variable that other terminal programs take for it.
    """
    return bool(os.environ.get("ACCESSIBLE")) or is_dumb()


@contextmanager
def progress_line() -> Iterator[ProgressLine]:
    """Yield a progress sink whose line is wiped at the end, however that comes."""
    line = ProgressNotes() if in_lines() else ProgressLine()
    try:
        yield line
    finally:
        line.clear()
