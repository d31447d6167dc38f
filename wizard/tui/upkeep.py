"""What is known about a protected database, what is to be done with it, and how far that has come.

Nothing secret is held here: passphrases and recovery words are in the engine process alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
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
    data_key_created_at: str
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
            data_key_created_at=answer["data_key_created_at"],
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
    sidecar_there: bool
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
            sidecar_there=answer["sidecar_there"],
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


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing that somebody comes for, and the pages that lead through it.

    ``changes`` and ``keeps`` say what it changes and what it does not; ``after`` names what is
    worth doing next. ``derivations`` counts the key derivations, for the time it takes.
    """

    key: str
    title: str
    changes: str
    keeps: str
    way: tuple[str, ...]
    op: str = ""
    button: str = ""
    done: str = ""
    stages: tuple[tuple[str, str], ...] = ()
    derivations: int = 0
    whole_file: bool = False
    typed_name: bool = False
    new_kit: bool = False
    after: str = ""
    advice: str = ""
    origin: str = "intents"


class Progressed(Enum):
    """How far an errand has come: what is true on disk."""

    NOTHING = auto()
    RECORDED = auto()
    """Nothing but the audit log: an attempt to open the database is noted there."""
    UNDER_WAY = auto()
    WAITING = auto()
    """For the proof of the new recovery kit; nothing is in force."""
    DONE = auto()


@dataclass(slots=True)
class Upkeep:
    """The answers of this branch; `errand` is None while nothing is being done."""

    overview: Overview | None = None
    measured: dict[Parameters, float] = field(default_factory=dict)
    intent: str = ""
    errand: Errand | None = None
    progressed: Progressed = Progressed.NOTHING
    keyfile: str = ""
    allow_high_cost: bool = False
    label: str = ""
    new_label: str = ""
    file: str = ""
    cipher: str = ""
    sheets_given: int = 0
    kit_threshold: int = 0
    """What a sheet says that was given, where no sidecar says it."""
    answer: dict[str, Any] = field(default_factory=dict)

    def begin(self, errand: Errand | None) -> None:
        """Forget the answers of the errand before; None: none is begun."""
        self.errand = errand
        self.progressed = Progressed.NOTHING
        self.allow_high_cost = False
        self.file = self.cipher = self.new_label = ""
        self.sheets_given = self.kit_threshold = 0
        self.answer = {}

    @property
    def threshold(self) -> int:
        """How many sheets open the database; where nobody knows, one at least."""
        keys = self.overview.keys if self.overview else None
        return keys.threshold if keys and keys.threshold else max(1, self.kit_threshold)
