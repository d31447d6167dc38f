"""The manifest of ``init --manifest``: many databases to be protected, in the form of the configuration.

Like the configuration it is public: it says where each passphrase comes from, never what it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from wizard.refusals import Fault, InvalidConfiguration
from wizard.settings.loading import Sources, faults_of, on_its_directory
from wizard.settings.model import NAME, STRICT, AbsolutePath, CryptoSettings
from wizard.settings.reading import read_file


class FleetDatabase(BaseModel):
    """One database: what ``init`` would be given as options."""

    model_config = STRICT

    path: AbsolutePath
    passphrase_from: str = Field(min_length=1)
    keyfile: AbsolutePath | None = None
    recovery_out: AbsolutePath | None = None
    recovery_shares: str = "1of1"
    recovery_holders: tuple[str, ...] = ()
    no_recovery: bool = False
    original: Literal["keep", "remove"] = "keep"
    crypto: CryptoSettings = CryptoSettings()

    @model_validator(mode="after")
    def _kit_or_none(self) -> FleetDatabase:
        if self.no_recovery == (self.recovery_out is not None):
            raise ValueError("say recovery_out, or no_recovery = true")
        return self


class Fleet(BaseModel):
    """All databases of a manifest, by their names."""

    model_config = STRICT

    databases: dict[Annotated[str, Field(pattern=NAME)], FleetDatabase] = Field(min_length=1)


def read_manifest(path: Path) -> Fleet:
    """Return what a manifest says. Raises `InvalidConfiguration` naming every fault."""
    if not path.exists():
        raise InvalidConfiguration((Fault(str(path), 0, "", "no such file (--manifest)."),))
    file = on_its_directory(read_file(path.absolute()))
    try:
        fleet = Fleet.model_validate(dict(file.values))
    except ValidationError as error:
        raise InvalidConfiguration(tuple(faults_of(error, Sources({}, {}, file)))) from None
    paths = [each.path.resolve() for each in fleet.databases.values()]
    if len(set(paths)) < len(paths):
        raise InvalidConfiguration((file.fault(("databases",), "two have the same path."),))
    return fleet
