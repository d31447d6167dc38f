"""A list in which the highlighted row is the choice; one moves with the arrows, nothing else."""

from __future__ import annotations

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

    class Moved(Message):
        """Another row is chosen."""

        def __init__(self, choices: ChoiceList, key: str) -> None:
            super().__init__()
            self.choices = choices
            self.key = key

        @property
        def control(self) -> ChoiceList:
            """The list, for `@on`."""
            return self.choices

    class Confirmed(Moved):
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
        """Replace the rows; the height follows when their number changes."""
        rows = tuple(rows)
        taller = len(rows) != len(self._rows)
        if rows == self._rows and self.chosen == chosen:
            return
        self._rows = rows
        self.set_reactive(ChoiceList.index, self._position(chosen))
        self.refresh(layout=taller)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """One line a row."""
        return max(1, len(self._rows))

    @property
    def caret(self) -> Offset:
        """Where the cursor of the terminal belongs: on the mark of the row."""
        return Offset(1, self.index)

    def render(self) -> Content:
        """Draw all rows, cut at the width rather than wrapped."""
        width = max(1, self.size.width)
        lines = []
        for at, row in enumerate(self._rows):
            mark = CHOSEN if at == self.index else OPEN
            line = wording.cut(f" {mark} {row.text}", width)
            style = ""
            if at == self.index:
                style = "reverse" if self.has_focus else "bold"
            lines.append(Content.styled(line, style))
        return Content("\n").join(lines)

    def watch_index(self) -> None:
        """Keep the chosen row in view and tell the screen."""
        self._show_chosen()
        self.post_message(self.Moved(self, self.chosen))

    def _show_chosen(self) -> None:
        if isinstance(self.parent, Widget):
            row = Region(0, self.virtual_region.y + self.index, 1, 1)
            self.parent.scroll_to_region(row, animate=False)

    def on_focus(self) -> None:
        """A list that is entered shows where it stands."""
        self._show_chosen()

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
        if 0 <= event.y < len(self._rows):
            self.index = event.y
