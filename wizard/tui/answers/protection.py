"""The encrypted copy that stands ready, and the database once it is in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Prepared:
    """The encrypted copy that stands ready and has replaced nothing."""

    fingerprint: str
    database_id: str
    sidecar: str
    sheets: int
    threshold: int
    original: bool
    bytes: int | None
    rows: int | None
    tables: int | None

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> Prepared:
        """Read the engine's answer to `prepare`."""
        return cls(
            fingerprint=answer["fingerprint"],
            database_id=answer["database_id"],
            sidecar=answer["sidecar"],
            sheets=answer["sheets"],
            threshold=answer["threshold"],
            original=bool(answer["original"]),
            bytes=answer.get("bytes"),
            rows=answer.get("rows"),
            tables=answer.get("tables"),
        )


@dataclass(frozen=True, slots=True)
class Committed:
    """A protected database and what is still to be seen to, as the engine found it on disk."""

    path: str
    sidecar: str
    fingerprint: str
    original_kept: str | None
    plaintext_left: tuple[str, ...]
    fingerprint_words: tuple[str, ...] = ()
    randomart: tuple[str, ...] = ()
    openssh_fingerprint: str = ""
    checklist: dict[str, str] = field(default_factory=dict)
    outdated: tuple[str, ...] = ()
    """What was done, and has to be done again because the keys were changed since."""

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> Committed:
        """Read the engine's answer to `commit`, `adopt` and what follows them."""
        return cls(
            path=answer["path"],
            sidecar=answer["sidecar"],
            fingerprint=answer["fingerprint"],
            original_kept=answer.get("original_kept"),
            plaintext_left=tuple(answer.get("plaintext_left") or ()),
            fingerprint_words=tuple(answer.get("fingerprint_words") or ()),
            randomart=tuple(answer.get("randomart") or ()),
            openssh_fingerprint=answer.get("openssh_fingerprint") or "",
            checklist=dict(answer.get("checklist") or {}),
            outdated=tuple(answer.get("outdated") or ()),
        )

    @property
    def name(self) -> str:
        """The database's own name, as it has to be typed where something is skipped."""
        return self.path.rpartition("/")[2]

    @property
    def open_items(self) -> list[str]:
        """What was neither done nor skipped."""
        return [item for item, state in self.checklist.items() if state == "open"]
