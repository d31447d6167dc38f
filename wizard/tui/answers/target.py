"""The database that is to be protected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """A database, or the place of one to be made, as the engine inspected it."""

    path: str
    state: str
    reason: str = ""
    size: int | None = None
    tables: int | None = None
    ways_out: tuple[str, ...] = ()
    fingerprint: str | None = None
    modified: str | None = None
    directory_there: bool = True
    seconds: float | None = None
    """How long encrypting it will take here, once that was foretold."""

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> Target:
        """Read a summary of the engine's `inspect` or `discover`."""
        return cls(
            path=answer["path"],
            state=answer["state"],
            reason=answer.get("reason") or "",
            size=answer.get("size"),
            tables=answer.get("tables"),
            ways_out=tuple(answer.get("ways_out") or ()),
            fingerprint=answer.get("fingerprint"),
            modified=answer.get("modified"),
            directory_there=answer.get("directory_there", True),
        )

    @property
    def usable(self) -> bool:
        """Whether the wizard can protect it."""
        return self.state in {"plaintext", "absent"}

    @property
    def kept(self) -> bool:
        """Whether something can be done about its keys, or about what became of them."""
        return self.state in {"protected", "interrupted", "damaged"} or (
            self.state == "foreign" and bool(self.ways_out)
        )
