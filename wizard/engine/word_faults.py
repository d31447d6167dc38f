"""Where in a sheet's words the fault is: locates, and never proposes the right word.

SLIP-39's checksum (RS1024) is a Reed-Solomon code over GF(1024) with three check words: one wrong
word moves the checksum in a way that no other place can, so its place can be computed. The place is
all that is told: a program that filled in words by itself would hide a damaged sheet. Whether a
sheet is accepted is decided by the SLIP-39 library alone; nothing here accepts anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

_GENERATOR = (
    0xE0E040,
    0x1C1C080,
    0x3838100,
    0x7070200,
    0xE0E0009,
    0x1C0C2412,
    0x38086C24,
    0x3090FC48,
    0x21B1F890,
    0x3F3F120,
)
_RADIX_BITS = 10
_RADIX = 1 << _RADIX_BITS
_KEPT = (1 << 20) - 1
_CUSTOMIZATION = b"shamir_extendable"


@cache
def _feedback() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what each value adds as it leaves the register, and which value added a low word."""
    forward = []
    for leaving in range(_RADIX):
        added = 0
        for bit, term in enumerate(_GENERATOR):
            if leaving >> bit & 1:
                added ^= term
        forward.append(added)
    backward = [0] * _RADIX
    for leaving, added in enumerate(forward):
        backward[added % _RADIX] = leaving
    return tuple(forward), tuple(backward)


def residue(indices: Sequence[int]) -> int:
    """Return 0 for word indices whose RS1024 checksum is right (SLIP-39, extendable)."""
    forward, _ = _feedback()
    register = 1
    for value in (*_CUSTOMIZATION, *indices):
        register = (register & _KEPT) << _RADIX_BITS ^ value ^ forward[register >> 20]
    return register ^ 1


def _one_word_back(register: int) -> int:
    """Undo one step of the register that was fed a zero word."""
    forward, backward = _feedback()
    leaving = backward[register % _RADIX]
    return (register ^ forward[leaving]) >> _RADIX_BITS | leaving << 20


def wrong_word(indices: Sequence[int]) -> int | None:
    """Return the position (from 0) of the only word whose change alone repairs the checksum."""
    register = residue(indices)
    places = []
    for position in reversed(range(len(indices))):
        # A single wrong word, seen at its own place, is a difference that fits in one word.
        if 0 < register < _RADIX:
            places.append(position)
        register = _one_word_back(register)
    return places[0] if len(places) == 1 else None


def exchanged_words(indices: Sequence[int]) -> int | None:
    """Return the position of the first of the only two neighbours that are in the wrong order."""
    places = []
    for position in range(len(indices) - 1):
        swapped = list(indices)
        swapped[position : position + 2] = reversed(swapped[position : position + 2])
        if residue(swapped) == 0:
            places.append(position)
    return places[0] if len(places) == 1 else None


def missing_word(indices: Sequence[int]) -> int | None:
    """Return the only position at which one more word makes the checksum right.

    Beside an equal word there are several such positions; then it is the first of them.
    """
    places = []
    for position in range(len(indices) + 1):
        register = residue((*indices[:position], 0, *indices[position:]))
        for _ in range(len(indices) - position):
            register = _one_word_back(register)
        if register < _RADIX:
            places.append(position)
    return _first_of_run(places)


def surplus_word(indices: Sequence[int]) -> int | None:
    """Return the only position whose word, left out, makes the checksum right.

    Beside an equal word there are several such positions; then it is the first of them.
    """
    return _first_of_run(
        [
            position
            for position in range(len(indices))
            if residue((*indices[:position], *indices[position + 1 :])) == 0
        ]
    )


def _first_of_run(places: list[int]) -> int | None:
    if places and places == list(range(places[0], places[0] + len(places))):
        return places[0]
    return None
