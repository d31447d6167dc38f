"""A few short choices on one line, moved through with Left, Right and Space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from wizard.tui import wording
from wizard.tui.glyphs import CHOSEN, OPEN
from wizard.tui.widgets.choice_list import Row

_GAP = "   "


def _width(row: Row) -> int:
    return wording.cells(row.text) + 2


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
        for y, line in enumerate(self._lines(self.size.width)):
            if self.index in line:
                before = self._rows[line.start : self.index]
                return Offset(sum(_width(row) + len(_GAP) for row in before), y)
        return Offset(0, 0)

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002 - Textual's signature
        """As wide as the widest choice at least."""
        return max((_width(row) for row in self._rows), default=1)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """One line where all choices fit."""
        return max(1, len(self._lines(width)))

    def _lines(self, width: int) -> list[range]:
        """Which choices stand on each line."""
        lines: list[range] = []
        used = 0
        for at, row in enumerate(self._rows):
            if lines and used + len(_GAP) + _width(row) <= width:
                lines[-1] = range(lines[-1].start, at + 1)
                used += len(_GAP) + _width(row)
            else:
                lines.append(range(at, at + 1))
                used = _width(row)
        return lines

    def render(self) -> Content:
        """Draw all choices side by side, as far as they fit."""
        lines = self._lines(self.size.width)
        return Content("\n").join(
            [Content(_GAP).join([self._choice(at) for at in line]) for line in lines]
        )

    def _choice(self, at: int) -> Content:
        mark = CHOSEN if at == self.index else OPEN
        style = ""
        if at == self.index:
            style = "reverse" if self.has_focus else "bold"
        return Content.styled(f"{mark} {self._rows[at].text}", style)

    def watch_index(self) -> None:
        """Tell the screen."""
        self.post_message(self.Moved(self))

    def action_move(self, by: int) -> None:
        """Move round."""
        self.index = (self.index + by) % len(self._rows)
