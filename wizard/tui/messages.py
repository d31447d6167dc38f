"""Messages between widgets, screens and the app: small values, none of them secret."""

from __future__ import annotations

from typing import Any, Self

from textual.message import Message

from wizard.tui.answers.strength import Strength


class FieldState(Message):
    """The engine's word on a passphrase field: how long, how strong, whether both agree."""

    def __init__(
        self,
        *,
        field: str,
        characters: int,
        strength: Strength | None,
        matches: bool | None,
        refused: str = "",
    ) -> None:
        super().__init__()
        self.field = field
        self.characters = characters
        self.strength = strength
        self.matches = matches
        self.refused = refused

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> Self:
        """Read the engine's `field` event."""
        strength = event.get("strength")
        return cls(
            field=event["field"],
            characters=event["characters"],
            strength=Strength.from_answer(strength) if strength else None,
            matches=event.get("matches"),
            refused=event.get("refused") or "",
        )
