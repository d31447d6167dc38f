"""A few short choices on one line, moved through with Left, Right and Space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from wizard.tui import wording
from wizard.tui.glyphs import CHOSEN, OPEN
from wizard.tui.widgets.choice_list import Row

_GAP = "   "


class ChoiceLine(Widget, can_focus=True):
    """`● AEGIS-256   ○ ChaCha20`: the chosen one is reversed while the line has focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", show=False),
        Binding("right,space", "move(1)", show=False),
        Binding("enter", "screen.next", show=False),
    ]

    index: reactive[int] = reactive(0)

    class Moved(Message):
        """Another choice is made."""

        def __init__(self, line: ChoiceLine) -> None:
            super().__init__()
            self.line = line

        @property
        def control(self) -> ChoiceLine:
            """The line, for `@on`."""
            return self.line

    def __init__(self, rows: Sequence[Row], *, chosen: str, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._rows = tuple(rows)
        self._choose(chosen)

    def _choose(self, key: str) -> None:
        position = next((at for at, row in enumerate(self._rows) if row.key == key), 0)
        self.set_reactive(ChoiceLine.index, position)

    def point_at(self, key: str) -> None:
        """Show a choice that was made elsewhere on the page, without telling of it."""
        if key != self.chosen:
            self._choose(key)
            self.refresh()

    @property
    def chosen(self) -> str:
        """The key of the choice."""
        return self._rows[self.index].key

    def show_rows(self, rows: Sequence[Row], *, chosen: str) -> None:
        """Replace the choices."""
        self._rows = tuple(rows)
        self._choose(chosen)
        self.refresh()

    @property
    def caret(self) -> Offset:
        """Where the cursor of the terminal belongs: on the mark of the choice."""
        before = self._rows[: self.index]
        return Offset(sum(wording.cells(row.text) + 2 + len(_GAP) for row in before), 0)

    def render(self) -> Content:
        """Draw all choices side by side."""
        parts = []
        for at, row in enumerate(self._rows):
            mark = CHOSEN if at == self.index else OPEN
            style = ""
            if at == self.index:
                style = "reverse" if self.has_focus else "bold"
            parts.append(Content.styled(f"{mark} {row.text}", style))
        return Content(_GAP).join(parts)

    def watch_index(self) -> None:
        """Tell the screen."""
        self.post_message(self.Moved(self))

    def action_move(self, by: int) -> None:
        """Move round."""
        self.index = (self.index + by) % len(self._rows)
