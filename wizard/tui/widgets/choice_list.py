"""A list in which the highlighted row is the choice; one moves with the arrows, nothing else."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from wizard.tui import wording
from wizard.tui.glyphs import CHOSEN, OPEN

_MARK_WIDTH = 3
_LEAD_LINES = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One choice: `key` names it in code, `text` is what is read, already in columns."""

    key: str
    text: str


class ChoiceList(Widget, can_focus=True):
    """Rows marked `●` and `○`; the row under the cursor is reversed while the list has focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("home", "to_end(-1)", show=False),
        Binding("end", "to_end(1)", show=False),
        Binding("enter", "confirm", show=False),
        Binding("space", "choose", show=False),
    ]

    index: reactive[int] = reactive(0)

    class OfRow(Message):
        """About one row. What is told of one kind is not told of the other, as Textual would."""

        def __init__(self, choices: ChoiceList, key: str) -> None:
            super().__init__()
            self.choices = choices
            self.key = key

        @property
        def control(self) -> ChoiceList:
            """The list, for `@on`."""
            return self.choices

    class Moved(OfRow):
        """Another row is chosen."""

    class Confirmed(OfRow):
        """Enter was pressed on a row."""

    def __init__(self, rows: Sequence[Row], *, chosen: str = "", id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._rows = tuple(rows)
        self.set_reactive(ChoiceList.index, self._position(chosen))

    def _position(self, key: str) -> int:
        return next((at for at, row in enumerate(self._rows) if row.key == key), 0)

    @property
    def chosen(self) -> str:
        """The key of the chosen row, or "" for an empty list."""
        return self._rows[self.index].key if self._rows else ""

    def show_rows(self, rows: Sequence[Row], *, chosen: str) -> None:
        """Replace the rows; the height follows them."""
        rows = tuple(rows)
        if rows == self._rows and self.chosen == chosen:
            return
        height = self._line_of(len(self._rows))
        self._rows = rows
        self.set_reactive(ChoiceList.index, self._position(chosen))
        self.refresh(layout=self._line_of(len(rows)) != height)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """One line a row where they fit."""
        return max(1, sum(len(lines) for lines in self._lines(width)))

    def _lines(self, width: int) -> list[list[str]]:
        """The lines of each row; in a narrow window its columns go below each other."""
        return [_folded(row.text, max(1, width - _MARK_WIDTH)) for row in self._rows]

    def _line_of(self, index: int) -> int:
        return sum(len(lines) for lines in self._lines(self.size.width)[:index])

    @property
    def caret(self) -> Offset:
        """Where the cursor of the terminal belongs: on the mark of the row."""
        return Offset(1, self._line_of(self.index))

    def render(self) -> Content:
        """Draw all rows."""
        width = max(1, self.size.width)
        drawn = []
        for at, lines in enumerate(self._lines(width)):
            mark = CHOSEN if at == self.index else OPEN
            style = ""
            if at == self.index:
                style = "reverse" if self.has_focus else "bold"
            for number, line in enumerate(lines):
                start = f" {mark} " if number == 0 else " " * _MARK_WIDTH
                drawn.append(Content.styled(wording.cut(start + line, width), style))
        return Content("\n").join(drawn)

    def watch_index(self) -> None:
        """Keep the chosen row in view and tell the screen."""
        self.reveal()
        self.post_message(self.Moved(self, self.chosen))

    def reveal(self) -> None:
        """Scroll whatever contains the list so that the whole row is seen, and what is before it."""
        lines = self._lines(self.size.width)
        if not lines:
            return
        first = self.index == 0
        top = 0 if first else self._line_of(self.index)
        row = Region(0, top, 1, len(lines[self.index])).translate(self.virtual_region.offset)
        outer: Widget = self
        while isinstance(outer.parent, Widget):
            outer = outer.parent
            if first and outer.max_scroll_y and row.y <= _LEAD_LINES:
                # Above the first row stands the question.
                row = row.grow((row.y, 0, 0, 0))
            moved = outer.scroll_to_region(row, animate=False, immediate=True)
            row = row.translate(-moved).translate(outer.virtual_region.offset)

    def action_move(self, by: int) -> None:
        """Move the choice; past an end, go on to the next field."""
        to = self.index + by
        if 0 <= to < len(self._rows):
            self.index = to
        elif to < 0:
            self.screen.focus_previous()
        else:
            self.screen.focus_next()

    def action_to_end(self, direction: int) -> None:
        """Go to the first or the last row."""
        self.index = 0 if direction < 0 else len(self._rows) - 1

    def action_confirm(self) -> None:
        """Go on with this row."""
        if self._rows:
            self.post_message(self.Confirmed(self, self.chosen))

    def action_choose(self) -> None:
        """Space on the chosen row changes nothing: it is chosen already."""

    def on_click(self, event: events.Click) -> None:
        """Choose with the mouse, where it is on."""
        line = 0
        for at, lines in enumerate(self._lines(self.size.width)):
            line += len(lines)
            if event.y < line:
                self.index = at
                return


def _folded(text: str, width: int) -> list[str]:
    """`text`, whose columns stand two blanks or more apart, in lines of at most `width`."""
    if wording.cells(text) <= width:
        return [text]
    text = text.rstrip()  # a column that stands empty is nothing that is cut off
    if wording.cells(text) <= width:
        return [text]
    lines: list[str] = []
    for column in re.split(r" {2,}", text.strip()):
        if lines and wording.cells(lines[-1]) + 2 + wording.cells(column) <= width:
            lines[-1] += f"  {column}"
        else:
            lines += textwrap.wrap(column, width, break_long_words=True) or [""]
    return lines
