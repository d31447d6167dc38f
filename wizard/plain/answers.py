"""Answers from a file, for runs that nobody sits at: public values only, never a secret.

- A file with a secret in it is refused with the place where the secret belongs.
- A name that is not known is refused with the one that was probably meant: an answer that is
  silently not taken would be a question answered otherwise.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from wizard import engine
from wizard.refusals import UsageProblem

_MAXIMUM_BYTES = 64 * 1024
_SECRETS = frozenset(
    {"passphrase", "password", "new-passphrase", "words", "recovery-words", "phrase", "key"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the file answers; None where it says nothing and the question is asked.

    ``passphrase_source`` says where the passphrase is (as ``--passphrase`` does), ``recovery`` is
    "1of1", "2of3" and so on, or "none"; ``confirm`` answers the question before anything is written.
    ``target_time`` are seconds, in the place of ``preset``. ``smaller_memory_mib`` and
    ``smaller_slower`` describe a smaller machine that must open it, too.
    """

    database: str | None = None
    passphrase_source: str | None = None
    preset: str | None = None
    target_time: float | None = None
    memory_mib: int | None = None
    passes: int | None = None
    lanes: int | None = None
    allow_high_cost: bool | None = None
    smaller_memory_mib: int | None = None
    smaller_slower: float | None = None
    cipher: str | None = None
    recovery: str | None = None
    holders: tuple[str, ...] | None = None
    recovery_out: str | None = None
    recovery_encrypt_to: tuple[str, ...] | None = None
    original: str | None = None
    minimum_score: int | None = None
    sidecar_copy: str | None = None
    confirm: bool | None = None

    @property
    def has_numbers(self) -> bool:
        """Whether the cost is given in numbers."""
        return (self.memory_mib, self.passes, self.lanes) != (None, None, None)


_KINDS: Mapping[str, tuple[type, str]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    "bool": (bool, "true or false"),
    "tuple": (list, "a list of texts"),
}
_NAMES = {each.name.replace("_", "-"): each for each in fields(Answers)}


def read_answers(path: Path) -> Answers:
    """Read a TOML file. Raises `UsageProblem` that names the line or the answer at fault."""
    data = engine.read_regular(path, limit=_MAXIMUM_BYTES + 1)
    if len(data) > _MAXIMUM_BYTES:
        raise UsageProblem(f"{path} is too large to be a file of answers.")
    try:
        document = tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise UsageProblem(f"{path} is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageProblem(f"{path} is not TOML: {_place(error)}.") from None
    values = {name: _value(path, name, given) for name, given in document.items()}
    return Answers(**{_NAMES[name].name: value for name, value in values.items()})


def _place(error: tomllib.TOMLDecodeError) -> str:
    # The library's text ends in the place and may quote what it failed on; only the place is kept.
    text = str(error)
    return text[text.rfind("(at ") :].strip("()") if "(at " in text else "it cannot be read"


def _value(path: Path, name: str, given: Any) -> Any:
    if name in _SECRETS:
        raise UsageProblem(
            f"{path} has a secret in it ({name}). Secrets do not belong into this file: say where "
            'the passphrase is, for example passphrase-source = "file:/run/secret". '
            "If the secret was real, change it."
        )
    known = _NAMES.get(name)
    if known is None:
        near = difflib.get_close_matches(name, _NAMES, n=1)
        meant = f" Did you mean {near[0]}?" if near else f" Known are: {', '.join(_NAMES)}."
        raise UsageProblem(f"{path}: there is no answer {name}.{meant}")
    kind, words = _KINDS[str(known.type).partition(" ")[0].partition("[")[0]]
    if kind is float and type(given) is int:
        return float(given)
    # A bool is an int to Python, and none to people.
    right = isinstance(given, kind) and (kind is bool or not isinstance(given, bool))
    if not right or (kind is list and not all(isinstance(item, str) for item in given)):
        raise UsageProblem(f"{path}: {name} is not {words}.")
    return tuple(given) if kind is list else given
