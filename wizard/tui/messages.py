"""Messages between widgets, screens and the app: small values, none of them secret."""

from __future__ import annotations

from textual.message import Message

from wizard.tui.session import Strength


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
