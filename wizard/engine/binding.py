"""What binds a slot to the database it is for: one value, of which every seal's associated data tell."""

from __future__ import annotations

from wizard.values import dataclass


@dataclass(frozen=True, slots=True)
class Binding:
    """What a slot is bound to besides its own fields."""

    database_id: bytes
    cipher: str
