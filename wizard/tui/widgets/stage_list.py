"""What is being done, one line a stage, with true progress: bytes and rows that are really done."""

from __future__ import annotations

import time
from dataclasses import dataclass

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from wizard.tui import wording
from wizard.tui.glyphs import BAR_EMPTY, BAR_FULL, CHECK, CURRENT

_BAR_CELLS = 24


@dataclass(slots=True)
class _Stage:
    title: str
    started: float | None = None
    ended: float | None = None
    done: int = 0
    total: int = 0
    unit: str = "steps"
    detail: str = ""


class StageList(Widget):
    """Stages in order; the one that last reported is under way, those before it are finished."""

    def __init__(self, stages: tuple[tuple[str, str], ...], *, id: str) -> None:  # noqa: A002 - Textual's own name
        """`stages`: the engine's name and the words for it, in order."""
        super().__init__(id=id)
        self._stages = {name: _Stage(title) for name, title in stages}

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Two lines a stage: the line and its progress."""
        return len(self._stages) * 2 - 1

    def report(self, name: str, *, done: int, total: int, unit: str, detail: str) -> None:
        """Take one progress event; a stage this list does not show is ignored."""
        stage = self._stages.get(name)
        if stage is None:
            return
        now = time.monotonic()
        for other in self._stages.values():
            if other is stage:
                break
            other.started = other.started or now
            other.ended = other.ended or now
        stage.started = stage.started or now
        stage.done, stage.total, stage.unit, stage.detail = done, total, unit, detail
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
        """Draw the stages with a blank line between."""
        return Content("\n\n").join([self._line(stage) for stage in self._stages.values()])

    def _line(self, stage: _Stage) -> Content:
        title = f"{stage.title:<26}"
        if stage.started is None:
            return Content.styled(f"   {title}", "dim")
        if stage.ended is not None:
            elapsed = wording.seconds(stage.ended - stage.started)
            return Content.assemble((f" {CHECK} ", "$success"), title, (f"{elapsed:>9}", "dim"))
        running = time.monotonic() - stage.started
        return Content.assemble(
            (f" {CURRENT} ", "bold"), (title, "bold"), self._measure(stage, running)
        )

    def _measure(self, stage: _Stage, running: float) -> str:
        elapsed = wording.seconds(running)
        if stage.total <= 0:
            return f"{elapsed:>9}"
        share = min(1.0, stage.done / stage.total)
        filled = int(share * _BAR_CELLS)
        bar = BAR_FULL * filled + BAR_EMPTY * (_BAR_CELLS - filled)
        return f"{bar} {share:4.0%} {self._amount(stage, running)}"

    @staticmethod
    def _amount(stage: _Stage, running: float) -> str:
        rate = stage.done / running if running > 0 else 0
        if stage.unit == "bytes":
            return f"{wording.size(int(rate))}/s" if rate else ""
        if stage.unit == "rows":
            return f"{int(rate):,} rows/s" if rate else ""
        return f"{stage.done} of {stage.total}"
