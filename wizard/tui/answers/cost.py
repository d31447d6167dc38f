"""What the key derivation costs, and what the ciphers do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wizard.tui.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of the key derivation step; `seconds` is None until it was really measured."""

    name: str
    parameters: Parameters | None
    seconds: float | None = None
    fastest: float | None = None
    slowest: float | None = None
    runs: int = 0
    reason: str = ""

    @classmethod
    def from_answer(cls, name: str, answer: dict[str, Any]) -> Choice:
        """Read one measurement of the engine."""
        given = answer["params"]
        return cls(
            name=name,
            parameters=Parameters(given["memory_kib"], given["passes"], given["lanes"]),
            seconds=answer.get("seconds"),
            fastest=answer.get("fastest"),
            slowest=answer.get("slowest"),
            runs=answer.get("runs") or 0,
            reason=answer.get("reason") or "",
        )


@dataclass(frozen=True, slots=True)
class CipherSpeed:
    """What one cipher does on this machine, in bytes of database a second."""

    write: float
    read: float


@dataclass(frozen=True, slots=True)
class OtherMachine:
    """A smaller machine that must open the database, too: its memory, and how much slower it is."""

    memory_kib: int
    slower: float

    def memory_cap(self, *, floor_kib: int) -> int:
        """A quarter of its memory, as on this machine: what a set fitted to it may use."""
        return max(floor_kib, self.memory_kib // 4)
