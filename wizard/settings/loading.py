"""The three sources laid over each other, and where each value came from."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
)

from wizard.refusals import Fault, InvalidConfiguration
from wizard.settings.finding import PREFIX, find_file
from wizard.settings.model import DELIMITER, Settings
from wizard.settings.reading import (
    NOT_HERE,
    ConfigurationFile,
    is_secret_name,
    read_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PATHS = {
    ("api", "unix_socket"),
    ("api", "tls_certificate"),
    ("api", "tls_key"),
    ("api", "tokens"),
    ("api", "state"),
}
_DATABASE_PATHS = {("path",), ("keyfile",), ("recovery_out",)}


@dataclass(frozen=True, slots=True)
class Origin:
    """One effective value: ``source`` names the file and line, the variable, or the default."""

    key: str
    value: object
    source: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force. ``file`` is None where there is none."""

    settings: Settings
    file: Path | None
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """What each source says, the strongest first."""

    options: Mapping[str, Any]
    environment: Mapping[str, Any]
    file: ConfigurationFile | None

    def place(self, path: Sequence[str]) -> tuple[str, int]:
        """Return who gives the value of ``path``, and on which line."""
        for length in range(len(path), 0, -1):
            start = path[:length]
            if _has(self.options, start):
                return "option", 0
            if _has(self.environment, start):
                return f"environment {PREFIX}{DELIMITER.join(start).upper()}", 0
            if self.file is not None and _has(self.file.values, start):
                fault = self.file.fault(path, "")
                return fault.where, fault.line
        return "default", 0


def load(named: Path | None = None, *, options: Mapping[str, Any] | None = None) -> Loaded:
    """Return the settings in force.

    ``options`` are the command line's, nested as in the file. Raises `InvalidConfiguration` with
    every fault at once; no value is repeated in it.
    """
    path = find_file(named)
    file = None if path is None else on_its_directory(read_file(path))
    _refuse_secret_variables()
    try:
        sources = Sources(options or {}, EnvSettingsSource(Settings)(), file)
        settings = _validated(sources)
    except SettingsError as error:
        raise InvalidConfiguration((_not_json(error),)) from None
    except ValidationError as error:
        raise InvalidConfiguration(tuple(faults_of(error, sources))) from None
    return Loaded(settings, path, tuple(_origins(settings, sources)))


def _validated(sources: Sources) -> Settings:
    class Here(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            values = {} if sources.file is None else dict(sources.file.values)
            return init_settings, env_settings, InitSettingsSource(settings_cls, values)

    return Here(**sources.options)


def on_its_directory(file: ConfigurationFile) -> ConfigurationFile:
    """Take paths in the file as relative to the file's directory, and ``~`` as its reader's home."""
    base = file.path.parent

    def absolute(value: object) -> object:
        return str(base / Path(value).expanduser()) if isinstance(value, str) and value else value

    def absolute_source(value: object) -> object:
        # Another directory's file of that name would be a passphrase that nobody meant.
        word, colon, name = value.partition(":") if isinstance(value, str) else ("", "", "")
        return f"file:{absolute(name)}" if word == "file" and colon else value

    def walk(values: Mapping[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in values.items():
            here = (*above, key)
            if isinstance(value, dict):
                result[key] = walk(value, here)
            elif here in _PATHS or (here[0] == "databases" and here[2:] in _DATABASE_PATHS):
                result[key] = absolute(value)
            elif here[0] == "databases" and here[2:] == ("passphrase_from",):
                result[key] = absolute_source(value)
            elif here == ("data_directories",) and isinstance(value, list):
                result[key] = [absolute(each) for each in value]
            else:
                result[key] = value
        return result

    return ConfigurationFile(file.path, file.text, walk(file.values, ()))


def _refuse_secret_variables() -> None:
    faults = tuple(
        Fault(f"environment {name}", 0, "", NOT_HERE)
        for name in sorted(os.environ)
        if name.startswith(PREFIX)
        # DATAFOLD_PASSPHRASE itself is a good name for env:NAME; as a setting it is not.
        and DELIMITER in name
        and is_secret_name(name.rpartition(DELIMITER)[2])
    )
    if faults:
        raise InvalidConfiguration(faults)


def _not_json(error: SettingsError) -> Fault:
    """Name the section whose variable is not the JSON that it has to be."""
    named = re.search(r'for field "(\w+)"', str(error))
    section = named[1].upper() if named else ""
    return Fault(
        f"environment {PREFIX}{section}", 0, "", "lists and whole sections are written as JSON."
    )


def faults_of(error: ValidationError, sources: Sources) -> Iterator[Fault]:
    """Say what pydantic found, and where it stands; the values are not repeated."""
    for each in error.errors(include_input=False, include_url=False, include_context=False):
        # A rule about the whole names in its type the key that it is about.
        parts = each["loc"] or each["type"].split(".")
        path = [str(part) for part in parts if part != "[key]"]
        where, line = sources.place(path)
        if where == "default" and sources.file is not None:
            where = str(sources.file.path)
        yield Fault(where, line, ".".join(path), f"{_said(each['type'], each['msg'])}.")


def _said(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such setting"
    if kind == "missing":
        return "is missing"
    if kind == "string_pattern_mismatch":
        return "does not have the form that it must have"
    text = message.removeprefix("Value error, ").rstrip(".")
    return text[:1].lower() + text[1:]


def _origins(settings: Settings, sources: Sources) -> Iterator[Origin]:
    for path, value in _leaves(settings, ()):
        where, line = sources.place(path) if _given(sources, path) else ("default", 0)
        yield Origin(".".join(path), value, f"{where}:{line}" if line else where)


def _given(sources: Sources, path: Sequence[str]) -> bool:
    file = {} if sources.file is None else sources.file.values
    return any(_has(values, path) for values in (sources.options, sources.environment, file))


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name), (*path, name))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, tuple):
        yield path, [str(each) for each in value]
    else:
        yield path, str(value) if isinstance(value, Path) else value


def _has(values: Any, path: Sequence[str]) -> bool:
    for name in path:
        if not isinstance(values, dict) or name not in values:
            return False
        values = values[name]
    return True
