"""The keys of this page in one line; where it is narrow, what everybody knows goes first."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from wizard.tui import wording
from wizard.tui.glyphs import ARROWS, ASCII_CLASS, spelled

MOST_HINTS = 5
_GAP = "   "
_EXPENDABLE = ("Ctrl+C", ARROWS, "Tab", "F2", "Space")


class HintLine(Widget):
    """`Enter next   Esc back   F1 help`: hints with three blanks between, five at most."""

    def __init__(self, hints: str, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._hints = tuple(hints.split(_GAP))

    def render(self) -> Content:
        """Draw as many as there is room for."""
        hints = [hint for hint in self._hints if hint]
        for key in _EXPENDABLE:
            if wording.cells(self._line(hints)) <= self.size.width:
                break
            hints = [hint for hint in hints if not hint.startswith(key)]
        return Content(self._line(hints))

    def _line(self, hints: list[str]) -> str:
        line = _GAP.join(hints)
        return spelled(line) if self.app.has_class(ASCII_CLASS) else line
