"""What requests hold and answers look like: the source of the OpenAPI description.

Secrets are ``secret_fields``: no model holds one as text.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)

from wizard import engine
from wizard.api.secret_fields import SecretBytes, SecretSheet, SecretText

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
_SPOKEN = "some words that nobody guesses"
_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"


def _shown(**members: JsonValue) -> ConfigDict:
    """As strict, with these members as the example of a whole request."""
    return {**_STRICT, "json_schema_extra": {"examples": [{"database": "orders", **members}]}}


def _base64(value: object) -> object:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str) and value.isascii():
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise ValueError("is not base64")


Base64 = Annotated[
    bytes,
    BeforeValidator(
        _base64, json_schema_input_type=Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
    ),
]
DatabaseName = Annotated[str, Field(pattern=_NAME, examples=["orders"])]


class Derivation(BaseModel):
    """What each unlock costs: Argon2id's parameters, in the terms of RFC 9106."""

    model_config = _STRICT

    memory_kib: int = Field(ge=0, le=2**32, examples=[262144])
    passes: int = Field(ge=0, le=2**32, examples=[3])
    lanes: int = Field(ge=0, le=2**32, examples=[4])

    def params(self) -> engine.KdfParams:
        """Return the engine's form. Not checked against the limits."""
        return engine.KdfParams(memory_kib=self.memory_kib, passes=self.passes, lanes=self.lanes)


class Recovery(BaseModel):
    """How many recovery sheets, how many of them are needed, and who holds each."""

    model_config = _STRICT

    threshold: int = Field(default=1, ge=1, le=16)
    shares: int = Field(default=1, ge=1, le=16)
    holders: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        default=[], max_length=16, examples=[["Ada", "Grace", "Mary"]]
    )

    @model_validator(mode="after")
    def _possible(self) -> Recovery:
        try:
            self.plan()
        except engine.InvalidInput as error:
            raise ValueError(str(error)) from None
        return self

    def plan(self) -> engine.RecoveryPlan:
        """Return the engine's form."""
        return engine.RecoveryPlan(self.threshold, self.shares, tuple(self.holders))


PresetName = Literal["interactive", "balanced", "sensitive", "rfc9106-first", "rfc9106-second"]


class Cost(BaseModel):
    """Parameters by number or by preset; neither takes what the configuration says."""

    model_config = _STRICT

    parameters: Derivation | None = None
    preset: PresetName | None = None

    @model_validator(mode="after")
    def _one(self) -> Cost:
        if self.parameters is not None and self.preset is not None:
            raise ValueError("has parameters or a preset, not both")
        return self


class NewSecret(Cost):
    """A new passphrase, given or drawn."""

    database: DatabaseName
    passphrase: SecretText | None = Field(
        default=None, description="Leave it out to have one drawn."
    )
    generate_words: int | None = Field(
        default=None, ge=6, le=12, description="Draw a passphrase of so many words instead."
    )
    keyfile: SecretBytes | None = None

    @model_validator(mode="after")
    def _one_passphrase(self) -> Self:
        if (self.passphrase is None) == (self.generate_words is None):
            raise ValueError("has a passphrase or generate_words, one of the two")
        return self


class InitRequest(NewSecret):
    """A database to be protected: a new one, or one that exists as plaintext."""

    model_config = _shown(generate_words=6, recovery={"threshold": 2, "shares": 3})

    cipher: Literal["aegis", "chacha20", "sqlcipher"] | None = None
    recovery: Recovery | None = Recovery()
    original: Literal["keep", "remove"] = Field(
        default="keep", description="What becomes of the plaintext."
    )


class RecoverRequest(NewSecret):
    """The recovery sheets, and the passphrase that shall open the database from now on.

    Cost and number of sheets stay as they are unless they are given. A new kit is made; the old
    one is refused afterwards.
    """

    model_config = _shown(generate_words=6, sheets=["academic acid ..."])

    sheets: list[SecretSheet] = Field(min_length=1, max_length=16)
    recovery: Recovery | None = None


class ValidateRequest(Cost):
    """What an initialization would be given; nothing is written."""

    model_config = _shown(passphrase=_SPOKEN, preset="balanced")

    database: DatabaseName
    passphrase: SecretText | None = None


class UnlockRequest(BaseModel):
    """A passphrase, or an operator's, to be tried."""

    model_config = _shown(passphrase=_SPOKEN)

    database: DatabaseName
    passphrase: SecretText
    keyfile: SecretBytes | None = None


class BackupRequest(UnlockRequest):
    """The master passphrase signs a backup; an operator's does not."""


class RotateRequest(UnlockRequest):
    """A new data key, and if asked another cipher. Passphrase and recovery words stay."""

    cipher: Literal["aegis", "chacha20", "sqlcipher"] | None = None


class PassphraseRequest(Cost):
    """A new passphrase; the cost of unlocking stays as it is unless it is given."""

    model_config = _shown(passphrase=_SPOKEN, new_passphrase=_SPOKEN)

    database: DatabaseName
    passphrase: SecretText
    keyfile: SecretBytes | None = None
    new_passphrase: SecretText


class VerifyRequest(BaseModel):
    """A message and its signature, both in base64."""

    model_config = _shown(message="aGVsbG8=", signature="SGVsbG8=")

    database: DatabaseName
    message: Base64 = Field(examples=["aGVsbG8="])
    signature: Base64
    generation: int | None = Field(default=None, ge=1, description="Default: the current one.")
