"""The keys of this page in one line; where it is narrow, what everybody knows goes first.

At its end stands whether there is more than is seen, and the key that shows it. What has the focus
may have keys of its own: `key_hints`.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.widget import Widget

from wizard.tui import wording
from wizard.tui.glyphs import ARROWS, ASCII_CLASS, MORE_ABOVE, MORE_BELOW, spelled

BUTTONS_ONLY = "Tab next   Enter press   Esc back   F1 help   Ctrl+C quit"
_GAP = "   "
_EXPENDABLE = ("Ctrl+C", ARROWS, "Tab", "Space", "F2", "Esc", "←→", "Enter")


def more_of(scroller: Widget) -> str:
    """Whether there is more above or below, and the keys that show it; "" when all is seen."""
    below = scroller.scroll_y < scroller.max_scroll_y
    above = scroller.scroll_y > 0
    if below and above:
        return f"{MORE_ABOVE}{MORE_BELOW} PgUp PgDn"
    if below:
        return f"{MORE_BELOW} PgDn"
    return f"{MORE_ABOVE} PgUp" if above else ""


def _parts(hints: str) -> tuple[str, ...]:
    return tuple(hint for hint in hints.split(_GAP) if hint)


class HintLine(Widget):
    """`Enter next   Esc back   F1 help`: hints with three blanks between, five at most."""

    def __init__(self, hints: str, *, id: str, scroller: Callable[[], Widget]) -> None:  # noqa: A002 - Textual's own name
        """`scroller` tells which widget scrolls at the moment."""
        super().__init__(id=id)
        self._scroller = scroller
        self._hints = _parts(hints)

    def show(self, hints: str) -> None:
        """Other keys hold from now on."""
        self._hints = _parts(hints)
        self.refresh()

    def refresh_later(self) -> None:
        """What can be scrolled has changed, and is known after the next layout."""
        self.call_after_refresh(self.refresh)

    def render(self) -> Content:
        """Draw as many as there is room for."""
        more = more_of(self._scroller())
        room = self.size.width - (wording.cells(more) + len(_GAP) if more else 0)
        own = getattr(self.screen.focused, "key_hints", "")
        hints = list(_parts(own) if own else self._hints)
        for key in _EXPENDABLE:
            if wording.cells(self._line(hints)) <= room:
                break
            hints = [hint for hint in hints if not hint.startswith(key)]
        line = self._line(hints)
        gap = " " * max(1, self.size.width - wording.cells(line) - wording.cells(more))
        return (
            Content.assemble((line, "dim"), gap, (more, "bold"))
            if more
            else Content.styled(line, "dim")
        )

    def _line(self, hints: list[str]) -> str:
        line = _GAP.join(hints)
        return spelled(line) if self.app.has_class(ASCII_CLASS) else line
