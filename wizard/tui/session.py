"""The administrator's answers: nothing secret is ever held here, so Back and forward keep all.

What the answers of later steps are made of is loaded by those steps: the first page comes early.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from wizard.tui.answers.kit import Plan
from wizard.tui.upkeep import Progressed, Upkeep

if TYPE_CHECKING:
    from wizard.tui.answers.cost import Choice, CipherSpeed, OtherMachine
    from wizard.tui.answers.kit import KitFile
    from wizard.tui.answers.protection import Committed, Prepared
    from wizard.tui.answers.strength import Strength
    from wizard.tui.answers.target import Target
    from wizard.tui.errand import Errand
    from wizard.tui.parameters import Parameters

MINIMUM_SCORE = 3


class Footprint(Enum):
    """What the wizard has done to the disk so far."""

    NOTHING = auto()
    STAGED = auto()
    COMMITTED = auto()


@dataclass(slots=True)
class WizardSession:
    """All answers so far; each screen is built from it and writes back when left."""

    targets: list[Target] = field(default_factory=list)
    target: Target | None = None
    select_row: str = ""
    typed_path: str = ""
    suggestion: str = ""
    new_path: str = ""

    minimum_score: int = MINIMUM_SCORE
    passphrase_characters: int | None = None
    passphrase_words: tuple[str, ...] = ()
    strength: Strength | None = None
    assumed: Choice | None = None

    choices: list[Choice] = field(default_factory=list)
    chosen: str = "balanced"
    custom: Choice | None = None
    custom_fields: tuple[str, str, str] = ("", "", "")
    timed: Choice | None = None
    time_text: str = "2"
    other: OtherMachine | None = None
    consented: set[Parameters] = field(default_factory=set)
    cipher: str | None = None
    recommended_cipher: str = "aegis"
    cipher_speeds: dict[str, CipherSpeed] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)

    plan: Plan = field(default_factory=Plan)
    original: str = "keep"

    preparing: bool = False
    attempted: bool = False
    """Whether the audit log notes an attempt of this session."""
    prepared: Prepared | None = None
    sheets_seen: set[int] = field(default_factory=set)
    kit_files: dict[int, KitFile] = field(default_factory=dict)
    proved: bool = False
    proof_skipped: bool = False
    committed: Committed | None = None
    sidecar_copies: list[str] = field(default_factory=list)
    upkeep: Upkeep = field(default_factory=Upkeep)

    def begin(self, errand: Errand | None) -> None:
        """Begin something else: no answer but the choice of the database is taken along."""
        self.upkeep.begin(errand)
        self.forget_passphrase()
        self.kit_files.clear()
        self.committed = None
        self.chosen = "balanced"
        keys = self.upkeep.keys
        self.plan = Plan()
        if errand is not None and keys is not None and keys.shares:
            self.plan = Plan(keys.threshold, keys.shares, keys.holders)

    @property
    def standing(self) -> Choice | None:
        """The cost of guessing that stays as it is, in an errand that does not ask for another."""
        errand, keys = self.upkeep.errand, self.upkeep.keys
        if errand is None or "derivation" in errand.way or keys is None:
            return None
        seconds = self.upkeep.measured.get(keys.parameters)
        if seconds is None:
            return None
        from wizard.tui.answers.cost import Choice  # noqa: PLC0415 - of a later step

        return Choice("standing", keys.parameters, seconds)

    @property
    def achieved(self) -> bool:
        """Whether what the wizard was asked for is done."""
        done = self.upkeep.progressed is Progressed.DONE
        return done or self.footprint is Footprint.COMMITTED

    @property
    def choice(self) -> Choice | None:
        """The chosen key derivation, measured or not."""
        return self.choice_named(self.chosen)

    def choice_named(self, name: str) -> Choice | None:
        """A key derivation by its name on step 3."""
        if name == "custom":
            return self.custom
        if name == "time":
            return self.timed
        return next((row for row in self.choices if row.name == name), None)

    @property
    def sheets_untouched(self) -> list[int]:
        """The sheets that were neither shown nor saved, from 1."""
        total = self.prepared.sheets if self.prepared else 1
        return [
            number
            for number in range(1, total + 1)
            if number not in self.sheets_seen and number not in self.kit_files
        ]

    @property
    def kit_notes(self) -> dict[str, str]:
        """What the checklist is told about the kit once the database is in place."""
        if self.prepared is None:
            return {}
        return {
            "kit_proved": "skipped" if self.proof_skipped else "done",
            "kit_saved": "skipped" if self.sheets_untouched else "done",
        }

    @property
    def makes_new(self) -> bool:
        """Whether a new database is made, and none encrypted."""
        return self.target is not None and self.target.state == "absent"

    @property
    def footprint(self) -> Footprint:
        """What is on disk because of this session, kit files aside."""
        if self.committed is not None:
            return Footprint.COMMITTED
        if self.preparing or self.prepared is not None:
            return Footprint.STAGED
        return Footprint.NOTHING

    def forget_passphrase(self) -> None:
        """After the engine process lost it."""
        self.passphrase_characters = None
        self.passphrase_words = ()
        self.strength = None
        self.forget_preparation()

    def forget_preparation(self) -> None:
        """After the engine undid the encrypted copy: its kit opens nothing any more."""
        self.preparing = False
        self.prepared = None
        self.proved = False
        self.proof_skipped = False
        self.sheets_seen.clear()
