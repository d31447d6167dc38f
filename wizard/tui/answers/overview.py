"""A protected database as the engine finds it without a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wizard.tui.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who opens the data with a passphrase of their own."""

    label: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Keys:
    """What the signed metadata say. ``shares`` is 0 where there is no recovery kit."""

    fingerprint: str
    generation: int
    created_at: str
    cipher: str
    keyfile: bool
    parameters: Parameters
    threshold: int
    shares: int
    holders: tuple[str, ...]
    operators: tuple[Operator, ...]
    retired_slots: int

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> Keys:
        """Read the ``keys`` of the engine's `overview`."""
        kit, cost = answer["recovery"] or {}, answer["params"]
        return cls(
            fingerprint=answer["fingerprint"],
            generation=answer["generation"],
            created_at=answer["created_at"],
            cipher=answer["cipher"],
            keyfile=answer["keyfile"],
            parameters=Parameters(cost["memory_kib"], cost["passes"], cost["lanes"]),
            threshold=kit.get("threshold", 0),
            shares=kit.get("shares", 0),
            holders=tuple(kit.get("holders", ())),
            operators=tuple(
                Operator(each["label"], each["created_at"]) for each in answer["operators"]
            ),
            retired_slots=answer["retired_slots"],
        )


@dataclass(frozen=True, slots=True)
class Overview:
    """A database as the engine finds it without a secret."""

    path: str
    state: str
    reason: str
    opens: bool
    size: int | None
    sidecar: str
    database_there: bool
    encrypted: bool
    keys: Keys | None
    stronger: Parameters | None
    """What this machine could afford, where that is much more."""
    rotation_seconds: int
    open_items: tuple[str, ...]
    plaintext_left: tuple[str, ...]
    log: dict[str, Any]

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> Overview:
        """Read the engine's `overview`."""
        outlook = answer["outlook"] or {}
        cost = outlook.get("stronger")
        return cls(
            path=answer["path"],
            state=answer["state"],
            reason=answer["reason"],
            opens=answer["opens"],
            size=answer["size"],
            sidecar=answer["sidecar"],
            database_there=answer["database_there"],
            encrypted=answer["encrypted"],
            keys=Keys.from_answer(answer["keys"]) if answer["keys"] else None,
            stronger=Parameters(cost["memory_kib"], cost["passes"], cost["lanes"])
            if cost
            else None,
            rotation_seconds=outlook.get("rotation_seconds", 0),
            open_items=tuple(answer["open_items"]),
            plaintext_left=tuple(answer["plaintext_left"]),
            log=answer["log"],
        )

    @property
    def name(self) -> str:
        """The database's own name, as it is typed where something is lost."""
        return self.path.rpartition("/")[2]
