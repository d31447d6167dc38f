"""What is to be done with a protected database, and how far that has come.

Nothing secret is held here: passphrases and recovery words are in the engine process alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wizard.tui.answers.overview import Keys, Overview
    from wizard.tui.errand import Errand
    from wizard.tui.parameters import Parameters


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
    def keys(self) -> Keys | None:
        """What the signed metadata say; None where there are none, or nobody looked."""
        return self.overview.keys if self.overview else None

    @property
    def threshold(self) -> int:
        """How many sheets open the database; where nobody knows, one at least."""
        keys = self.keys
        return keys.threshold if keys and keys.threshold else max(1, self.kit_threshold)
