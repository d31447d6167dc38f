"""Bytes as numbered lines that a person can copy from paper; a wrong line is named.

A line is its number, up to 25 bytes in Crockford's base 32 in groups of four, and two check
characters. Number, data and check characters, read together as one number to base 32, are a
multiple of 1021, the largest prime under 32 * 32. So every wrong character is found, and so are any
two characters of a line that have changed places (32 has order 68 modulo 1021, and a line has 43
characters), and a line in the wrong place.
"""

from __future__ import annotations

from collections.abc import Sequence

from wizard.engine import crockford
from wizard.engine.mnemonic import fault

_BYTES = 25
_CHARACTERS = 40
_CHECK_CHARACTERS = 2
_GROUP = 4
_MODULUS = 1021
_MOST_LINES = 9
"""The number is one digit."""

_READ = {character: character for character in crockford.ALPHABET} | {"I": "1", "L": "1", "O": "0"}


def encode_lines(data: bytes) -> list[str]:
    """Return the lines for 1 to 225 bytes; each is at most 56 columns wide."""
    text = crockford.encode(data)
    lines = []
    for number, start in enumerate(range(0, len(text), _CHARACTERS), 1):
        body = text[start : start + _CHARACTERS]
        groups = [body[at : at + _GROUP] for at in range(0, len(body), _GROUP)]
        lines.append(f"{number}  {' '.join(groups)}  {_check(number, body)}")
    return lines


def decode_lines(lines: Sequence[str], *, sheet: str = "") -> bytes:
    """Return the bytes; case, spaces, hyphens, I or L for 1 and O for 0 do not matter.

    Raises `InvalidRecoveryPhrase` that names the first wrong line.
    """
    if not 1 <= len(lines) <= _MOST_LINES:
        raise fault(f"there are {len(lines)} slot lines", sheet=sheet)
    bodies = [
        _body(line, number, last=number == len(lines), sheet=sheet)
        for number, line in enumerate(lines, 1)
    ]
    try:
        return crockford.decode("".join(bodies))
    except ValueError:
        raise fault("it does not end where bytes end", sheet=sheet, line=len(lines)) from None


def normalised(text: str) -> str:
    """Return base 32 as it is written. Raises `ValueError` for a character that is not in it."""
    compact = "".join(text.split()).replace("-", "")
    try:
        # Only ASCII is raised: a long s would become an S.
        return "".join(
            _READ[character.upper() if character.isascii() else ""] for character in compact
        )
    except KeyError:
        raise ValueError("not base 32") from None


def _body(line: str, number: int, *, last: bool, sheet: str) -> str:
    """Return the data characters of one line that has passed its check."""
    try:
        compact = normalised(line)
    except ValueError:
        raise fault(
            "it has a character that is never used there", sheet=sheet, line=number
        ) from None
    body, check = compact[1:-_CHECK_CHARACTERS], compact[-_CHECK_CHARACTERS:]
    if not body or len(body) > _CHARACTERS or (len(body) < _CHARACTERS and not last):
        raise fault("characters are missing, or there are too many", sheet=sheet, line=number)
    if compact[0] != str(number):
        raise fault(f"line {number} is expected here", sheet=sheet, line=number)
    if check != _check(number, body):
        raise fault("it has a wrong character; compare it with the sheet", sheet=sheet, line=number)
    return body


def _check(number: int, body: str) -> str:
    remainder = number
    for character in body:
        remainder = (remainder * 32 + crockford.ALPHABET.index(character)) % _MODULUS
    remainder = -remainder * 32 * 32 % _MODULUS
    return crockford.ALPHABET[remainder // 32] + crockford.ALPHABET[remainder % 32]
