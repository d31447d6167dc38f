"""What is being done, one line a stage, with true progress: bytes and rows that are really done.

Speed and time left come from the last few seconds, so that they follow what the disk does now.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from wizard.tui import wording
from wizard.tui.glyphs import BAR_EMPTY, BAR_FULL, CHECK, CURRENT

_WINDOW_SECONDS = 6.0
_SHORTEST_SECONDS = 0.5  # less says nothing about speed
_MEASURE_CELLS = 51  # indent, percent, speed and time left, beside the bar
_LONGEST_BAR = 30
_SHORTEST_BAR = 8
_TALL = 22
_TITLE_CELLS = 26
_TIME_CELLS = 9
_MARK_CELLS = 3
_LONGEST_DETAIL = 40
_SHORTEST_DETAIL = 12


@dataclass(slots=True)
class _Stage:
    title: str
    started: float | None = None
    ended: float | None = None
    done: int = 0
    total: int = 0
    unit: str = "steps"
    detail: str = ""
    seen: deque[tuple[float, int]] = field(default_factory=deque)

    def take(self, done: int, total: int, now: float) -> None:
        """Note how far it is, and forget what is too old to tell the speed of now."""
        if done < self.done:
            self.seen.clear()
        self.done, self.total = done, total
        self.seen.append((now, done))
        while len(self.seen) > 2 and now - self.seen[1][0] > _WINDOW_SECONDS:  # noqa: PLR2004 - two make a speed
            self.seen.popleft()

    def rate(self, now: float) -> float:
        """Units a second, lately; 0 while it cannot be told."""
        if not self.seen:
            return 0.0
        since, before = self.seen[0]
        elapsed = now - since
        return (self.done - before) / elapsed if elapsed >= _SHORTEST_SECONDS else 0.0


class StageList(Widget):
    """Stages in order; the one that last reported is under way, those before it are finished."""

    def __init__(self, stages: tuple[tuple[str, str], ...], *, id: str) -> None:  # noqa: A002 - Textual's own name
        """`stages`: the engine's name and the words for it, in order."""
        super().__init__(id=id)
        self._stages = {name: _Stage(title) for name, title in stages}

    @property
    def _spacious(self) -> bool:
        return self.app.size.height >= _TALL

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Two lines a stage: the line and its progress; in a low window only one has progress."""
        return len(self._stages) * 2 if self._spacious else len(self._stages) + 1

    def report(self, event: dict[str, Any]) -> None:
        """Take one progress event; a stage this list does not show is ignored."""
        stage = self._stages.get(event["stage"])
        if stage is None:
            return
        now = time.monotonic()
        for other in self._stages.values():
            if other is stage:
                break
            other.started = other.started or now
            other.ended = other.ended or now
        stage.started = stage.started or now
        stage.unit, stage.detail = event.get("unit", "steps"), event.get("detail", "")
        stage.take(event.get("done", 0), event.get("total", 0), now)
        self.refresh()

    def finish(self) -> None:
        """All stages are done."""
        now = time.monotonic()
        for stage in self._stages.values():
            stage.started = stage.started or now
            stage.ended = stage.ended or now
        self.refresh()

    @property
    def under_way(self) -> bool:
        """Whether a stage has begun and not ended."""
        return any(stage.started and not stage.ended for stage in self._stages.values())

    def render(self) -> Content:
        """Draw the stages, and under the one that runs how far it is."""
        now = time.monotonic()
        lines: list[Content] = []
        for stage in self._stages.values():
            lines.append(self._line(stage))
            if stage.started is not None and stage.ended is None:
                lines.append(Content(f"   {self._measure(stage, now)}"))
            elif self._spacious:
                lines.append(Content(""))
        return Content("\n").join(lines)

    def _line(self, stage: _Stage) -> Content:
        title = f"{stage.title:<{_TITLE_CELLS}}"
        if stage.started is None:
            return Content.styled(f"   {title}", "dim")
        if stage.ended is not None:
            elapsed = wording.seconds(stage.ended - stage.started)
            room = max(1, min(_TITLE_CELLS, self.size.width - _MARK_CELLS - _TIME_CELLS))
            title = wording.padded(stage.title, room)
            time_taken = (f"{elapsed:>{_TIME_CELLS}}", "dim")
            return Content.assemble((f" {CHECK} ", "$success"), title, time_taken)
        beside = min(_LONGEST_DETAIL, self.size.width - _MARK_CELLS - _TITLE_CELLS)
        doing = wording.shortened(stage.detail, beside) if beside >= _SHORTEST_DETAIL else ""
        return Content.assemble((f" {CURRENT} ", "bold"), (title, "bold"), (doing, "dim"))

    def _measure(self, stage: _Stage, now: float) -> str:
        elapsed = wording.seconds(now - (stage.started or now))
        if stage.total <= 0:
            return elapsed
        share = min(1.0, stage.done / stage.total)
        speed, left = self._pace(stage, now)
        if self.size.width < _MEASURE_CELLS:
            return f"{share:4.0%}   {left or speed or elapsed}"
        pace = f"{speed:>14}   {left}" if left else speed or elapsed
        return f"{self._bar(share)}{share:4.0%}   {pace}"

    def _bar(self, share: float) -> str:
        cells = min(_LONGEST_BAR, self.size.width - _MEASURE_CELLS)
        if cells < _SHORTEST_BAR:
            return ""
        filled = int(share * cells)
        return BAR_FULL * filled + BAR_EMPTY * (cells - filled) + " "

    @staticmethod
    def _pace(stage: _Stage, now: float) -> tuple[str, str]:
        """How fast it is, and how long it takes; "" for what cannot be told."""
        if stage.unit not in {"bytes", "rows"}:
            return "", ""
        rate = stage.rate(now)
        if rate <= 0:
            return "", ""
        speed = f"{wording.size(int(rate))}/s" if stage.unit == "bytes" else f"{rate:,.0f} rows/s"
        left = wording.seconds_left((stage.total - stage.done) / rate)
        return speed, left if stage.done < stage.total else ""
