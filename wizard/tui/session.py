"""The administrator's answers: nothing secret is ever held here, so Back and forward keep all."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from wizard.tui.parameters import Parameters as Parameters  # noqa: PLC0414 - the pages take it from here
from wizard.tui.upkeep import Errand, Progressed, Upkeep

MINIMUM_SCORE = 3


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


@dataclass(frozen=True, slots=True)
class KitFile:
    """Where one sheet was saved; `readers` can decrypt it, where it is encrypted."""

    path: str
    readers: tuple[str, ...] = ()


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
        keys = self.upkeep.overview.keys if self.upkeep.overview else None
        self.plan = Plan()
        if errand is not None and keys is not None and keys.shares:
            self.plan = Plan(keys.threshold, keys.shares, keys.holders)

    @property
    def standing(self) -> Choice | None:
        """The cost of guessing that stays as it is, in an errand that does not ask for another."""
        errand, found = self.upkeep.errand, self.upkeep.overview
        if errand is None or "derivation" in errand.way or found is None or found.keys is None:
            return None
        parameters = found.keys.parameters
        seconds = self.upkeep.measured.get(parameters)
        return None if seconds is None else Choice("standing", parameters, seconds)

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
