"""How strong a passphrase is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Attack:
    """What guessing a passphrase takes under some key derivation, in the engine's words."""

    one_machine: str
    attacker_name: str
    attacker_time: str
    attacker_usd: float

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> Attack:
        """Read the engine's `attack` object."""
        return cls(
            one_machine=answer["one_machine"],
            attacker_name=answer["attacker_name"],
            attacker_time=answer["attacker_time"],
            attacker_usd=answer["attacker_usd"],
        )


@dataclass(frozen=True, slots=True)
class Strength:
    """What the engine says about a passphrase: never the passphrase."""

    score: int
    guesses_log10: float
    warning: str = ""
    suggestions: tuple[str, ...] = ()
    attack: Attack | None = None

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> Strength:
        """Read the engine's `strength` object."""
        return cls(
            score=int(answer["score"]),
            guesses_log10=float(answer["guesses_log10"]),
            warning=answer.get("warning") or "",
            suggestions=tuple(answer.get("suggestions") or ()),
            attack=Attack.from_answer(answer["attack"]) if answer.get("attack") else None,
        )
