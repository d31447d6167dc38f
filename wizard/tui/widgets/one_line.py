"""One line of public text: no blinking cursor, and its place is seen while it is empty."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widgets import Input


class OneLine(Input):
    """Up and Down go to other fields. Never for a secret."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, value: str, **options: Any) -> None:
        """`options` are those of Textual's `Input`."""
        super().__init__(value, compact=True, select_on_focus=False, **options)
        self.cursor_blink = False

    def on_resize(self) -> None:
        """The cursor stays in view, also where a long text was there from the first."""
        place = Region(self._position_to_cell(self.cursor_position), 0, 1, 1)
        self.scroll_to_region(place, force=True, animate=False)

    def action_copy(self) -> None:
        """Nothing goes to the clipboard but what a button of that name sends."""

    def action_cut(self) -> None:
        """Only delete, for the same reason."""
        self.delete_selection()

    @property
    def caret(self) -> Offset:
        """Where the cursor of the terminal belongs; Textual's place for it is off by one at the end."""
        return Offset(self._position_to_cell(self.cursor_position) - self.scroll_offset.x, 0)

    def render_line(self, y: int) -> Strip:
        """The text on its underline; Textual draws none where there is no text."""
        if y == 0 and not self.value:
            return Strip.blank(self.size.width, self.rich_style)
        return super().render_line(y)
