"""A short line for public text or a whole number, without blinking and without surprises."""

from __future__ import annotations

from wizard.tui.widgets.one_line import OneLine

_DIGITS = r"[0-9]*"
_DECIMAL = r"[0-9]*[.,]?[0-9]*"


class ShortField(OneLine):
    """Text or a number of at most so many characters. Never for a secret."""

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
            max_length=maximum,
            restrict=_DECIMAL if decimal else _DIGITS if digits else None,
        )
