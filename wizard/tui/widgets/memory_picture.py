"""Memory against time as text: where the chosen set lies, and what bounds it.

- Both scales are logarithmic; a row is one doubling of memory.
- A mark that is nearer to the chosen set than a cell is covered by it, so the chosen one is always
  seen. The legend names every mark; no colour means anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

CHOSEN_MARK = "◆"
LIMIT_LINE = "━"
FLOOR_LINE = "┈"

_TOP_KIB = 4 * 1024 * 1024
_ROWS = 9  # 4 GiB down to 16 MiB
_FASTEST, _SLOWEST = 0.03, 30.0
_TICKS = ((0.1, "0.1 s"), (0.3, "0.3 s"), (1.0, "1 s"), (3.0, "3 s"), (10.0, "10 s"))
_LABEL_CELLS = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """One set: its sign, its memory, and its time here, measured or foretold."""

    sign: str
    memory_kib: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Plotted:
    """All that the picture shows. `floor_seconds` is the fewest passes' time for 1 MiB."""

    marks: Sequence[Mark] = ()
    chosen: Mark | None = None
    limit_kib: int = 0
    floor_kib: int = 0
    floor_seconds: float = 0.0


class MemoryPicture(Widget):
    """Eleven lines: nine of memory, the scale of time, and its numbers."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._plotted = Plotted()

    def plot(self, plotted: Plotted) -> None:
        """Draw this."""
        if plotted != self._plotted:
            self._plotted = plotted
            self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Always the same."""
        return _ROWS + 2

    def render(self) -> Content:
        """Draw lines first and marks over them, the chosen one last."""
        width = max(10, self.size.width - _LABEL_CELLS - 1)
        cells = [[" "] * width for _ in range(_ROWS)]
        shown = self._plotted
        self._draw_floor(cells, width)
        if shown.limit_kib:
            cells[_row(shown.limit_kib)] = [LIMIT_LINE] * width
        for mark in shown.marks:
            cells[_row(mark.memory_kib)][_column(mark.seconds, width)] = mark.sign
        if shown.chosen is not None:
            column = _column(shown.chosen.seconds, width)
            cells[_row(shown.chosen.memory_kib)][column] = CHOSEN_MARK
        lines = [
            Content.assemble(
                (f"{_memory_label(at):>{_LABEL_CELLS - 1}} ", "dim"), "│", _line(cells[at])
            )
            for at in range(_ROWS)
        ]
        return Content("\n").join([*lines, *_scale(width)])

    def _draw_floor(self, cells: list[list[str]], width: int) -> None:
        shown = self._plotted
        if shown.floor_kib:
            cells[_row(shown.floor_kib)] = [FLOOR_LINE] * width
        if shown.floor_seconds:
            for at in range(_ROWS):
                seconds = shown.floor_seconds * (_TOP_KIB >> at) / 1024
                column = _column(seconds, width)
                if 0 < column < width - 1:
                    cells[at][column] = FLOOR_LINE


def _row(memory_kib: int) -> int:
    doublings = math.log2(_TOP_KIB / max(1, memory_kib))
    return min(_ROWS - 1, max(0, round(doublings)))


def _column(seconds: float, width: int) -> int:
    share = math.log(max(seconds, 1e-9) / _FASTEST) / math.log(_SLOWEST / _FASTEST)
    return min(width - 1, max(0, round(share * (width - 1))))


def _memory_label(row: int) -> str:
    mebibytes = (_TOP_KIB >> row) // 1024
    return f"{mebibytes // 1024} GiB" if mebibytes >= 1024 else f"{mebibytes} MiB"  # noqa: PLR2004 - a GiB


def _line(cells: Sequence[str]) -> Content:
    parts: list[tuple[str, str]] = []
    for cell in cells:
        style = "dim" if cell in {LIMIT_LINE, FLOOR_LINE} else "bold"
        if cell == CHOSEN_MARK:
            style = "bold reverse"
        if parts and parts[-1][1] == style:
            parts[-1] = (parts[-1][0] + cell, style)
        else:
            parts.append((cell, style))
    return Content.assemble(*parts)


def _scale(width: int) -> list[Content]:
    axis, numbers = ["─"] * width, [" "] * (width + 6)
    for seconds, label in _TICKS:
        column = _column(seconds, width)
        axis[column] = "┴"
        start = min(column, width - len(label))
        numbers[start : start + len(label)] = list(label)
    indent = " " * _LABEL_CELLS
    return [
        Content.styled(f"{indent}└{''.join(axis)}", "dim"),
        Content.styled(f"{indent} {''.join(numbers)[:width]}", "dim"),
    ]
