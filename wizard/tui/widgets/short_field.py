"""A short line for public text or a whole number, without blinking and without surprises."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

_DIGITS = r"[0-9]*"
_DECIMAL = r"[0-9]*[.,]?[0-9]*"


class ShortField(Input):
    """One line; Up and Down go to other fields. Never for a secret."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(
        self,
        value: str,
        *,
        id: str,  # noqa: A002 - Textual's own name
        maximum: int,
        digits: bool = False,
        decimal: bool = False,
    ) -> None:
        """`digits` takes whole numbers only, `decimal` also one point or comma."""
        super().__init__(
            value,
            id=id,
            compact=True,
            select_on_focus=False,
            max_length=maximum,
            restrict=_DECIMAL if decimal else _DIGITS if digits else None,
        )
        self.cursor_blink = False
