"""Whether the configuration file may be believed, and what it says.

- A file that others may write is refused: whoever writes it says which databases are guarded.
- A secret in it is refused, and not repeated.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.refusals import Fault, InvalidConfiguration
from wizard.settings.lines import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAXIMUM_BYTES = 1024 * 1024

_SECRET_WORDS = re.compile(
    r"pass(phrase|word|wd|code)s?|secrets?|seeds?|(master|data|private|secret)_?keys?"
    r"|(recovery_?)?(words|phrase|mnemonic)|pin|(api_?|access_?|bearer_?|bootstrap_?)token",
    re.IGNORECASE,
)
NOT_HERE = (
    "a secret does not belong here: this file is public. Give a passphrase when it is needed, by "
    "--passphrase file:PATH, cred:NAME, cmd:COMMAND, env:NAME or fd:N, or in the request."
)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """The text of a file, and the values that it gives."""

    path: Path
    text: str
    values: Mapping[str, Any]

    def fault(self, path: Sequence[str], message: str) -> Fault:
        """Return the fault of one key."""
        return Fault(str(self.path), line_of(self.text, path), ".".join(path), message)


def read_file(path: Path) -> ConfigurationFile:
    """Read and judge a file. Raises `InvalidConfiguration` naming every fault that can be seen."""
    text = _text(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfiguration((_syntax(path, str(error)),)) from None
    file = ConfigurationFile(path, text, values)
    secrets = tuple(file.fault(key, NOT_HERE) for key in _secret_keys(values))
    if secrets:
        raise InvalidConfiguration(secrets)
    return file


def is_secret_name(name: str) -> bool:
    """Whether a key of that name can only be there to hold a secret."""
    return _SECRET_WORDS.fullmatch(name.replace("-", "_")) is not None


def _text(path: Path) -> str:
    def refuse(message: str) -> InvalidConfiguration:
        return InvalidConfiguration((Fault(str(path), 0, "", message),))

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}.") from None
    # Judged on what was opened, so that nobody exchanges it between the look and the use.
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)  # which Python opens no stream on, if it is a directory
        raise refuse("is not a regular file.")
    with os.fdopen(descriptor, "rb") as stream:
        if facts.st_mode & _OTHERS_WRITE:
            mode = stat.S_IMODE(facts.st_mode)
            import shlex  # noqa: PLC0415 - every command reads its configuration, few are refused

            ends_it = f"“chmod go-w {shlex.quote(str(path))}”"
            raise refuse(f"others may write it (mode {mode:04o}); {ends_it} ends that.")
        if facts.st_uid not in {0, os.geteuid()}:
            raise refuse("belongs to another user, who could change it.")
        data = stream.read(MAXIMUM_BYTES + 1)
    if len(data) > MAXIMUM_BYTES:
        raise refuse("is too large to be a configuration.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise refuse("is not UTF-8 text.") from None


def _syntax(path: Path, said: str) -> Fault:
    # tomllib says "... (at line 3, column 7)"; its words may quote a key, never a value.
    place = re.search(r"\(at line (\d+), column \d+\)$", said)
    line = int(place[1]) if place else 0
    words = re.sub(r" \(at .*\)$", "", said)
    # A message about a value that it repeats would repeat a secret.
    shown = words if re.fullmatch(r"[A-Za-z ,'\"()=\[\]]+", words) else "not valid"
    return Fault(str(path), line, "", f"is not TOML: {shown}.")


def _secret_keys(
    values: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        # The name of a database is not the name of a setting.
        if is_secret_name(key) and above != ("databases",):
            yield (*above, key)
        elif isinstance(value, dict):
            yield from _secret_keys(value, (*above, key))
