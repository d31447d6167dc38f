"""What one guess of a passphrase costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """Argon2id's cost, in RFC 9106's terms."""

    memory_kib: int
    passes: int
    lanes: int

    def as_fields(self) -> dict[str, int]:
        """The engine's spelling."""
        return {"memory_kib": self.memory_kib, "passes": self.passes, "lanes": self.lanes}
