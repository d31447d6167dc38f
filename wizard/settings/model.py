"""What can be configured: names, types, bounds and defaults, and nothing secret among them.

Amounts of memory are kept in KiB. A message never repeats the value that it refuses.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from wizard import engine
from wizard.settings.finding import PREFIX

DELIMITER = "__"
DEFAULT_PORT = 8734
# The engine's own, which a test compares: asking the engine for it would load Argon2.
DEFAULT_MINIMUM_SCORE = 3

_MEMORY = re.compile(r"([0-9]{1,12})\s*(KiB|MiB|GiB)?", re.ASCII | re.IGNORECASE)
_KIB = {"kib": 1, "mib": 1024, "gib": 1024 * 1024}
_FINGERPRINT = r"^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){4}$"
NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _kib(value: object) -> object:
    match = _MEMORY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is not None:
        return int(match[1]) * _KIB[(match[2] or "KiB").lower()]
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("is not an amount like 64MiB, 1GiB or 65536 (KiB)")


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("is not an absolute path")
    return path


Memory = Annotated[int, BeforeValidator(_kib), Field(ge=0)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class CryptoSettings(BaseModel):
    """How a database is protected when it is initialized, and what it is held to afterwards."""

    model_config = STRICT

    enabled: bool = Field(default=True, description="Whether the database has to be protected.")
    cipher: Literal["aegis", "chacha20", "sqlcipher"] | None = None
    preset: (
        Literal["interactive", "balanced", "sensitive", "rfc9106-first", "rfc9106-second"] | None
    ) = None
    memory: Memory | None = None
    passes: int | None = None
    lanes: int | None = None
    minimum_score: int = Field(default=DEFAULT_MINIMUM_SCORE, ge=0, le=4)
    fingerprint: str | None = Field(
        default=None, pattern=_FINGERPRINT, description="Of the master key, or of one before it."
    )

    @model_validator(mode="after")
    def _one_choice_of_cost(self) -> CryptoSettings:
        numbers = (self.memory, self.passes, self.lanes)
        if numbers == (None, None, None):
            return self
        if self.preset is not None:
            raise ValueError("choose a preset or memory, passes and lanes, not both")
        if None in numbers:
            raise ValueError("memory, passes and lanes go together")
        try:
            self.parameters().check()  # type: ignore[union-attr]
        except engine.InvalidParameters as error:
            raise ValueError(str(error)) from None
        return self

    def parameters(self) -> engine.KdfParams | None:
        """Return the numbers, if the cost was chosen by numbers."""
        if self.memory is None or self.passes is None or self.lanes is None:
            return None
        return engine.KdfParams(memory_kib=self.memory, passes=self.passes, lanes=self.lanes)


class DatabaseSettings(BaseModel):
    """One named database."""

    model_config = STRICT

    path: AbsolutePath
    crypto: CryptoSettings = CryptoSettings()


class ApiSettings(BaseModel):
    """Where ``serve`` listens and what it may use."""

    model_config = STRICT

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    unix_socket: AbsolutePath | None = None
    tls_certificate: AbsolutePath | None = None
    tls_key: AbsolutePath | None = None
    allowed_hosts: tuple[str, ...] = ()
    memory_budget: Memory | None = Field(
        default=None, description="For all derivations at one time."
    )
    tokens: AbsolutePath | None = Field(
        default=None, description="File with the hashes of node tokens."
    )
    state: AbsolutePath | None = Field(
        default=None, description="Directory for unacknowledged receipts."
    )
    trust_socket_owner: bool = Field(
        default=False, description="Over the unix socket, the user of the server is owner."
    )

    @model_validator(mode="after")
    def _both_halves_of_tls(self) -> ApiSettings:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        return self

    @property
    def beyond_loopback(self) -> bool:
        """Whether other machines can reach it."""
        if self.unix_socket is not None or self.host == "localhost":
            return False
        try:
            return not ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return True


class Settings(BaseSettings):
    """The whole node."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
    )

    environment: Literal["development", "production"] = "production"
    data_directories: tuple[AbsolutePath, ...] = ()
    databases: dict[Annotated[str, Field(pattern=NAME)], DatabaseSettings] = {}
    api: ApiSettings = ApiSettings()

    @model_validator(mode="after")
    def _one_name_for_a_database(self) -> Settings:
        paths = [database.path for database in self.databases.values()]
        if len(set(paths)) < len(paths):
            raise PydanticCustomError("databases", "two databases have the same path")
        return self

    @model_validator(mode="after")
    def _no_clear_text_beyond_this_machine(self) -> Settings:
        api = self.api
        if self.environment == "production" and api.beyond_loopback and api.tls_key is None:
            raise PydanticCustomError(
                "api.host",
                "in production the API listens beyond loopback only with TLS "
                "(tls_certificate and tls_key)",
            )
        return self
