"""What answers look like, for the OpenAPI description only: answers themselves are plain JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from wizard.api.models import Derivation

FINGERPRINT = "7QJ4-M2XD-90KA-TT3B-5CWE"
_FINGERPRINT = Field(examples=[FINGERPRINT])


class Problem(BaseModel):
    """RFC 9457. ``code`` never changes between releases; ``detail`` is one or two sentences."""

    type: str = Field(examples=["urn:datafold-wizard:problem:wrong_passphrase"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["wrong_passphrase"])
    exit_code: int
    hint: str
    errors: list[FieldError] | None = None


class FieldError(BaseModel):
    """One member of the request that cannot be used; its value is never repeated."""

    field: str
    message: str


class Status(BaseModel):
    """One database, told without any secret."""

    name: str
    path: str
    state: Literal[
        "absent", "plaintext", "protected", "interrupted", "foreign", "damaged", "unreadable"
    ]
    reason: str
    ways_out: list[str]
    enabled: bool
    size_bytes: int | None = None
    metadata: dict[str, Any] | None = None
    plaintext_left: list[str] | None = None
    memory: dict[str, Any]


class AllStatus(BaseModel):
    """Every database that the token is for."""

    databases: list[Status]


class PublicKey(BaseModel):
    """The public half of the master key, in every form."""

    database: str
    fingerprint: str = _FINGERPRINT
    generation: int
    jwk: dict[str, str] = Field(description="RFC 8037")
    pem: str
    openssh: str
    hex: str


class Verified(BaseModel):
    """Whether the signature is one of the master key."""

    database: str
    valid: bool
    fingerprint: str = _FINGERPRINT
    generation: int


class Strength(BaseModel):
    """zxcvbn's opinion of a passphrase."""

    score: int
    guesses_log10: float
    warning: str
    suggestions: list[str]


class Validated(BaseModel):
    """Whether an initialization would be accepted, and what is wrong with each member."""

    database: str
    valid: bool
    parameters: Derivation | None
    minimum_score: int
    strength: Strength | None
    errors: list[FieldError]


class Unlocked(BaseModel):
    """The passphrase opens the database. It was closed again."""

    database: str
    opened: Literal[True]
    fingerprint: str = _FINGERPRINT
    generation: int


class Sheet(BaseModel):
    """One recovery sheet: ``text`` is the whole sheet as it is to be printed."""

    number: int
    holder: str
    words: list[str]
    slot_lines: list[str]
    qr_payload: str
    text: str


class Kit(BaseModel):
    """The recovery kit: any ``threshold`` of its sheets open the database."""

    threshold: int
    shares: int
    sheets: list[Sheet]


class Initialized(BaseModel):
    """A protected database, with what nobody can ever get again once it is acknowledged."""

    database: str
    database_id: str
    fingerprint: str = _FINGERPRINT
    generation: int
    public_key: dict[str, str]
    cipher: str
    kdf: dict[str, Any]
    passphrase: str | None = Field(description="Only if it was drawn here.")
    kit: Kit | None
    metadata: dict[str, Any] | None
    plaintext_left: list[str]


class PassphraseChanged(BaseModel):
    """A new master key is in force. All grants of the generation before it have ended."""

    database: str
    fingerprint: str = _FINGERPRINT
    generation: int
    settled: str | None = Field(description="What an earlier, cut-off change had left.")
    warnings: list[str]


class AuditLog(BaseModel):
    """The newest entries, the newest first, as they stand in the log. Not verified."""

    database: str
    entries: list[dict[str, Any]]


class AuditVerified(BaseModel):
    """The whole log is as it was written, as far as ``covered``."""

    database: str
    entries: int
    signed: int
    covered: int
    notes: list[str]


class Job(BaseModel):
    """Work that takes long. ``result`` or ``problem`` is there when it has ended.

    ``cancelled`` is a job that was ended before it had put anything in force. One that was asked to
    end later is ``done``, and its result tells what is in force. Until then it is ``running``.
    """

    id: str
    kind: str
    database: str
    state: Literal["running", "done", "failed", "cancelled"]
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    problem: Problem | None
    begun_at: str
    ended_at: str | None


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """Whether every enabled database is as the configuration says."""

    ready: bool


Problem.model_rebuild()
