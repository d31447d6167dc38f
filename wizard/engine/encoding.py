"""Bytes in, values out, and back to the same bytes: nothing is accepted that has two spellings.

``json.loads`` takes duplicate keys, NaN and 1e400, ``bytes.fromhex`` takes spaces and capitals; so
every reader here is strict, and documents are decoded, rendered again and compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

Json = Mapping[str, "Json"] | Sequence["Json"] | str | int | bool

MAXIMUM_INTEGER = 2**53 - 1
# The deepest object of a sidecar: pending, signed, slots, a slot, kdf, its members.
_DEEPEST = 7
# What would not show, or would change how other text shows: controls, spaces other than U+0020,
# zero-width and bidirectional marks, surrogates, private use, non-characters, tags. A fixed list
# (FORMAT.md, section 2): a sidecar must not be valid in one version of Unicode only.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    "\ud800-\uf8ff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f\U000f0000-\U0010ffff]"
)
_HEX = re.compile(r"[0-9a-f]*\Z")
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z\Z", re.ASCII)
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Malformed(ValueError):
    """Bytes that are not what the format says; the text says where and what."""


def canonical(value: Json) -> bytes:
    """RFC 8785 form, for values with ASCII keys and integers only (FORMAT.md, section 2)."""
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode("utf-8")


def rendered(value: Json) -> bytes:
    """The one file that says ``value`` (FORMAT.md, section 5)."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=2)
    return text.encode("utf-8") + b"\n"


def parse_rendered(data: bytes) -> Json:
    """Read what `rendered` wrote, and nothing else. Raises `Malformed`."""
    return _parse(data, rendered)


def parse_canonical(data: bytes) -> Json:
    """Read what `canonical` wrote, and nothing else. Raises `Malformed`."""
    return _parse(data, canonical)


def _parse(data: bytes, spelled: Callable[[Json], bytes]) -> Json:
    try:
        value: Json = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
            parse_int=_integer,
        )
        # Before it is rendered: indentation multiplies what nesting costs.
        if _deeper_than(value, _DEEPEST):
            raise Malformed("it is nested too deeply")
        same = spelled(value) == data
    except RecursionError:
        raise Malformed("it is nested too deeply") from None
    except UnicodeError:
        raise Malformed("it is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"it is not JSON (line {error.lineno}, column {error.colno})") from None
    if not same:
        raise Malformed("it is not in its canonical form, so something has edited it")
    return value


def _deeper_than(value: Json, limit: int) -> bool:
    level: list[Json] = [value]
    for _ in range(limit):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return any(isinstance(each, dict | list) for each in level)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("a member appears twice")
    return result


def _no_fraction(_text: str) -> NoReturn:
    raise Malformed("it has a number that is not an integer")


def _integer(text: str) -> int:
    # Checked before int(): a long string of digits would cost quadratic time.
    if len(text) > len(str(MAXIMUM_INTEGER)) or not 0 <= int(text) <= MAXIMUM_INTEGER:
        raise Malformed("it has a number out of range")
    return int(text)


class Reader:
    """Takes the members out of one JSON object, each exactly once and of the right type.

    ``where`` names the object in messages. `finish` refuses what was not taken.
    """

    def __init__(self, value: Json, where: str) -> None:
        if not isinstance(value, Mapping):
            raise Malformed(f"{where} is not an object")
        self._members = dict(value)
        self.where = where

    def members(self) -> Mapping[str, Json]:
        """What has not been taken yet."""
        return dict(self._members)

    def take(self, name: str) -> Json:
        """The member, of any type."""
        if name not in self._members:
            raise Malformed(f"{self.where} has no {name}")
        return self._members.pop(name)

    def has(self, name: str) -> bool:
        """Whether a member that may be missing is there, and has not been taken."""
        return name in self._members

    def finish(self, *, spare: tuple[str, ...] = ()) -> None:
        """Refuse members nobody has asked for, but for the names in ``spare``."""
        if self._members.keys() - set(spare):
            raise Malformed(f"{self.where} has an unknown member")

    def object(self, name: str) -> Reader:
        """A nested object."""
        return Reader(self.take(name), f"{self.where}.{name}")

    def array(self, name: str, *, least: int, most: int) -> Sequence[Json]:
        """An array with ``least`` to ``most`` items."""
        value = self.take(name)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise Malformed(f"{self.where}.{name} is not an array")
        if not least <= len(value) <= most:
            raise Malformed(f"{self.where}.{name} has {len(value)} items")
        return value

    def integer(self, name: str, *, least: int, most: int) -> int:
        """An integer in a range; a boolean is none, though Python says so."""
        value = self.take(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Malformed(f"{self.where}.{name} is not an integer")
        if not least <= value <= most:
            raise Malformed(f"{self.where}.{name} is {value}, not {least} to {most}")
        return value

    def boolean(self, name: str) -> bool:
        """True or false."""
        value = self.take(name)
        if not isinstance(value, bool):
            raise Malformed(f"{self.where}.{name} is not true or false")
        return value

    def text(self, name: str, *, least: int = 1, most: int = 64) -> str:
        """Printable text with ``least`` to ``most`` characters."""
        return printable(self.take(name), where=f"{self.where}.{name}", least=least, most=most)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.take(name)
        if not isinstance(value, str) or value not in allowed:
            raise Malformed(f"{self.where}.{name} is not one of: {', '.join(allowed)}")
        return value

    def hex(self, name: str, size: int) -> bytes:
        """Exactly ``size`` bytes in lowercase hexadecimal."""
        return unhex(self.take(name), size, f"{self.where}.{name}")

    def hex_or_empty(self, name: str, size: int) -> bytes:
        """Like `hex`, or the empty text for none."""
        value = self.take(name)
        return b"" if value == "" else unhex(value, size, f"{self.where}.{name}")

    def time(self, name: str) -> str:
        """RFC 3339, UTC, whole seconds."""
        value = self.take(name)
        where = f"{self.where}.{name}"
        if not isinstance(value, str):
            raise Malformed(f"{where} is not a time")
        try:
            read_timestamp(value)
        except ValueError:
            raise Malformed(f"{where} is not a time") from None
        return value


def unhex(value: Json, size: int, where: str) -> bytes:
    """Exactly ``size`` bytes in lowercase hexadecimal. Raises `Malformed`."""
    if not isinstance(value, str) or len(value) != 2 * size or not _HEX.match(value):
        raise Malformed(f"{where} is not {2 * size} lowercase hexadecimal digits")
    return bytes.fromhex(value)


def printable(value: Json, *, where: str, least: int = 1, most: int = 64) -> str:
    """Text that can be shown on a terminal as it is. Raises `Malformed`."""
    if not isinstance(value, str) or not least <= len(value) <= most or _UNPRINTABLE.search(value):
        raise Malformed(f"{where} is not printable text of {least} to {most} characters")
    return value


def read_timestamp(text: str) -> datetime:
    """The moment of what `timestamp` wrote. Raises `ValueError` for anything else."""
    match = _TIME.match(text)
    if match is None:
        raise ValueError("not a time")
    # Not strptime: loading what it needs takes longer than reading all of a sidecar.
    year, month, day, hour, minute, second = map(int, match.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def made_printable(text: str, *, most: int) -> str:
    """``text`` with every character that `printable` refuses as ``?``, cut to ``most``."""
    return _UNPRINTABLE.sub("?", text)[:most]


def timestamp(moment: datetime) -> str:
    """RFC 3339, UTC, whole seconds."""
    return moment.astimezone(UTC).strftime(_TIME_FORMAT)
