"""How files and messages are spoilt: bytes anywhere, and values where a forger would change them.

A mutation is a list of steps, each a kind, two places and some bytes; so hypothesis can shrink one
and atheris can steer it. Every step works on any input.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from wizard.engine.encoding import rendered

Step = tuple[int, int, int, bytes]
_WHOLE = 65536
_TEXTS = (
    b"", b"null", b"true", b"-1", b"0", b"1e999", b"NaN", b"9007199254740993", b"[" * 200,
    b'"\\ud800"', b"\xff", b"\x00", b"\n", b"{}", b"[]", b'""', b"A" * 5000, b"\xef\xbb\xbf",
    b"../../etc/passwd", b"ffffffffffffffff", b"4294967296", b"\r\n", b"'", b"passphrase",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 2**31, 2**53, 2**64, 1.5, "", "a", "\u202e", "x" * 70, [], {},
    [[]], "self", "master", "recovery", "argon2id", "chacha20", "0" * 64, "f" * 128,
)  # fmt: skip


def spoilt(samples: Sequence[bytes], number: int, steps: Sequence[Step]) -> bytes:
    """One of the samples after all steps."""
    data = samples[number % len(samples)]
    for kind, first, second, text in steps:
        other = samples[second % len(samples)]
        data = _KINDS[kind % len(_KINDS)](data, other, first, second, text)
    return data


def _at(data: bytes, place: int) -> int:
    return place * (len(data) + 1) // _WHOLE


def _flip(data: bytes, _other: bytes, first: int, second: int, _text: bytes) -> bytes:
    if not data:
        return data
    at = min(_at(data, first), len(data) - 1)
    return data[:at] + bytes([data[at] ^ 1 << second % 8]) + data[at + 1 :]


def _put(data: bytes, _other: bytes, first: int, second: int, text: bytes) -> bytes:
    at = _at(data, first)
    return data[:at] + (text or _TEXTS[second % len(_TEXTS)]) + data[at:]


def _over(data: bytes, _other: bytes, first: int, second: int, text: bytes) -> bytes:
    at = _at(data, first)
    new = text or _TEXTS[second % len(_TEXTS)]
    return data[:at] + new + data[at + len(new) :]


def _cut(data: bytes, _other: bytes, first: int, second: int, _text: bytes) -> bytes:
    start, end = sorted((_at(data, first), _at(data, second)))
    return data[:start] + data[end:]


def _end(data: bytes, _other: bytes, first: int, _second: int, _text: bytes) -> bytes:
    return data[: _at(data, first)]


def _splice(data: bytes, other: bytes, first: int, second: int, _text: bytes) -> bytes:
    return data[: _at(data, first)] + other[_at(other, second) :]


def _twice(data: bytes, _other: bytes, first: int, second: int, _text: bytes) -> bytes:
    start, end = sorted((_at(data, first), _at(data, second)))
    return data[:end] + data[start:end] + data[end:]


def _value(data: bytes, other: bytes, first: int, second: int, text: bytes) -> bytes:
    """Change one value of a JSON document and spell it as we do."""
    try:
        document, source = json.loads(data), json.loads(other)
    except (ValueError, RecursionError):
        return _flip(data, other, first, second, text)
    places, sources = list(_places(document)), list(_places(source))
    if not places or not sources:
        return data
    holder, name = places[first % len(places)]
    match second % 5:
        case 0:
            holder[name] = _VALUES[first % len(_VALUES)]
        case 1:
            giver, key = sources[second // 5 % len(sources)]
            holder[name] = giver[key]
        case 2:
            # The same place of another document: of another database, or another generation.
            giver, key = sources[first % len(sources)]
            holder[name] = giver[key]
        case 3 if isinstance(holder[name], int):
            holder[name] += 1 if first % 2 else -1
        case 3 if isinstance(holder[name], str) and holder[name]:
            holder[name] = holder[name][:-1] + ("0" if holder[name][-1] != "0" else "1")
        case _:
            if isinstance(holder, dict):
                del holder[name]
            else:
                holder.insert(name, holder[name])
    try:
        return rendered(document)
    except (ValueError, TypeError):
        return json.dumps(document).encode(errors="replace")


def _places(document: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting and len(found) < 2000:
        each = waiting.pop()
        names = each.keys() if isinstance(each, dict) else range(len(each)) if isinstance(each, list) else ()  # fmt: skip
        for name in list(names):
            found.append((each, name))
            waiting.append(each[name])
    return found


_KINDS = (_flip, _put, _over, _cut, _end, _splice, _twice, _value, _value, _value, _value)
