"""How the recovery phrase is dealt out, and where its sheets went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Plan:
    """How the recovery phrase is dealt out."""

    threshold: int = 1
    shares: int = 1
    holders: tuple[str, ...] = ()

    def as_fields(self) -> dict[str, Any]:
        """The engine's spelling."""
        return {
            "threshold": self.threshold,
            "shares": self.shares,
            "holders": list(self.holders),
        }


@dataclass(frozen=True, slots=True)
class KitFile:
    """Where one sheet was saved; `readers` can decrypt it, where it is encrypted."""

    path: str
    readers: tuple[str, ...] = ()
