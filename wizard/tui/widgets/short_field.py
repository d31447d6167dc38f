"""A short line for public text or a whole number, without blinking and without surprises."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class ShortField(Input):
    """One line; Up and Down go to other fields. Never for a secret."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, value: str, *, id: str, maximum: int, digits: bool = False) -> None:  # noqa: A002 - Textual's own name
        super().__init__(
            value,
            id=id,
            compact=True,
            select_on_focus=False,
            max_length=maximum,
            restrict=r"[0-9]*" if digits else None,
        )
        self.cursor_blink = False
