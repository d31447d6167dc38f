"""One sheet's 33 words, judged on their own: each fault is refused, and located where it can be.

- Only what this program writes is read: SLIP-39, extendable, one group, iteration exponent 0, and a
  share of 32 bytes. An exponent is a cost chosen by whoever wrote the words (up to 2^15 times
  10,000 hash rounds), so it is refused before it is spent.
- A message names places, never the words that were given. For a word that is not in the list it
  offers the nearest ones; that is at most one word of 33, and only the first fault is reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from shamir_mnemonic import MnemonicError, Share
from shamir_mnemonic.wordlist import WORD_INDEX_MAP, WORDLIST

from wizard.engine import word_faults
from wizard.engine.errors import InvalidRecoveryPhrase

WORD_COUNT = 33
MAXIMUM_TEXT = 64 * 1024
"""Characters that are looked at in one go; a sheet has about 4,000."""

Mnemonic = tuple[str, ...]

_SHARE_BYTES = 32
_LONGEST_WORD = 8
_NUMBER = re.compile(r"\(?([0-9]{1,3})(?:[.):]+|(?![0-9]))", re.ASCII)
_PUNCTUATION = ".,;:"


@dataclass(frozen=True, slots=True)
class ShareParameters:
    """What one sheet's words say about themselves; none of it is secret.

    ``identifier`` is the same on all sheets of a kit, ``threshold`` is how many of them are needed
    and ``index`` counts the sheets from 0.
    """

    identifier: int
    threshold: int
    index: int


def is_word(word: str) -> bool:
    """Whether this is a word of the SLIP-39 list, whatever its case."""
    return word.isascii() and word.lower() in WORD_INDEX_MAP


def complete_word(prefix: str) -> tuple[str, ...]:
    """Return the words of the list that begin so, in order; none for an empty prefix.

    Four letters are always enough for at most one word (SLIP-39, "Wordlist").
    """
    start = prefix.strip().lower()
    return tuple(word for word in WORDLIST if word.startswith(start)) if start else ()


def possible_words(typed: str) -> tuple[str, ...]:
    """Return the word that was typed, or where it is none those that begin so, in order."""
    word = typed.strip().lower()
    return (word,) if is_word(word) else complete_word(word)


def read_words(given: str | Sequence[str], *, sheet: str = "") -> Mnemonic:
    """Return the 33 words in their order, in lower case.

    Case, spacing, line breaks and numbering ("7. word") do not matter; where the words are
    numbered, the numbers are their order. ``sheet`` names the sheet in errors ("sheet 2").

    Raises `InvalidRecoveryPhrase` for a word that is not in the list, wrong numbers or a wrong
    count. The checksum is not looked at, except to find a word that is missing or too many.
    """
    text = given if isinstance(given, str) else " ".join(given)
    if len(text) > MAXIMUM_TEXT:
        raise fault("this is far too long to be a recovery phrase", sheet=sheet)
    words = _in_order(_numbered(text), sheet)
    for position, word in enumerate(words):
        if word not in WORD_INDEX_MAP:
            raise fault(
                f"this is not a word of the list{_nearest(word)}", sheet=sheet, word=position + 1
            )
    if len(words) != WORD_COUNT:
        raise _wrong_count(words, sheet)
    return words


def decode_share(words: Mnemonic, *, sheet: str = "") -> Share:
    """Return the SLIP-39 share that 33 words of the list stand for.

    Raises `InvalidRecoveryPhrase` where the checksum or the padding is wrong (with the place, if
    one word or two neighbours explain it) or the share is not of the one kind we write.
    """
    try:
        share = Share.from_mnemonic(" ".join(words))
    except MnemonicError:
        share = None
    if share is None:
        # Raised out here: the library's own message quotes the first four words, and an exception
        # raised above would hold it as its context.
        raise _wrong_checksum(words, sheet)
    if (
        not share.extendable
        or share.iteration_exponent != 0
        or share.group_count != 1
        or share.group_index != 0
        or len(share.value) != _SHARE_BYTES
    ):
        raise fault(
            "these words are a SLIP-39 phrase of another program; "
            "datafold-wizard writes one group, extendable, without extra iterations",
            sheet=sheet,
        )
    return share


def share_parameters(mnemonic: str | Sequence[str]) -> ShareParameters:
    """Return what the words say about themselves. Raises `InvalidRecoveryPhrase`."""
    share = decode_share(read_words(mnemonic))
    return ShareParameters(
        identifier=share.identifier, threshold=share.member_threshold, index=share.index
    )


def fault(message: str, *, sheet: str = "", word: int = 0, line: int = 0) -> InvalidRecoveryPhrase:
    """Return the error for one place; its message opens with the place, which is also ``where``."""
    parts = [sheet] if sheet else []
    if word:
        parts.append(f"word {word}")
    if line:
        parts.append(f"slot line {line}")
    where = ", ".join(parts)
    sentence = f"{where}: {message}" if where else message
    return InvalidRecoveryPhrase(f"{sentence[0].upper()}{sentence[1:]}.", where=where)


def _numbered(text: str) -> list[tuple[int | None, str]]:
    """Return each word with the number that stood before it."""
    words: list[tuple[int | None, str]] = []
    number: int | None = None
    for token in text.replace("\ufeff", " ").split():
        rest = token
        found = _NUMBER.match(token)
        if found:
            number = int(found[1])
            rest = token[found.end() :]
        word = rest.strip(_PUNCTUATION)
        if word:
            # Only ASCII is lowered: the Kelvin sign would become a k.
            words.append((number, word.lower() if word.isascii() else word))
            number = None
    return words


def _in_order(numbered: list[tuple[int | None, str]], sheet: str) -> Mnemonic:
    """Return the words by their numbers if they have any; the numbers must then be 1, 2, 3 ..."""
    if all(number is None for number, _ in numbered):
        return tuple(word for _, word in numbered)
    ordered: dict[int, str] = {}
    for position, (number, word) in enumerate(numbered):
        if number is None:
            raise fault("a word without a number", sheet=sheet, word=position + 1)
        if number in ordered:
            raise fault("this number stands there twice", sheet=sheet, word=number)
        ordered[number] = word
    for number in range(1, len(ordered) + 1):
        if number not in ordered:
            raise fault("this number is missing", sheet=sheet, word=number)
    return tuple(ordered[number] for number in range(1, len(ordered) + 1))


def _nearest(word: str) -> str:
    """Return a question with the words that this could have been, or nothing."""
    if len(word) > 2 * _LONGEST_WORD:  # comparing costs the square of the length
        return ""
    found = complete_word(word[:4]) if len(word) >= 4 else ()  # noqa: PLR2004 - unique by 4 letters
    found = found or tuple(get_close_matches(word, WORDLIST, n=3, cutoff=0.6))
    return f" (perhaps {' or '.join(found)}?)" if found else ""


def _indices(words: Mnemonic) -> list[int]:
    return [WORD_INDEX_MAP[word] for word in words]


def _wrong_count(words: Mnemonic, sheet: str) -> InvalidRecoveryPhrase:
    position: int | None = None
    guess = ""
    if len(words) == WORD_COUNT - 1:
        position = word_faults.missing_word(_indices(words))
        guess = "it seems to be missing"
    elif len(words) == WORD_COUNT + 1:
        position = word_faults.surplus_word(_indices(words))
        guess = "it seems to be one too many"
    count = f"{WORD_COUNT} words are needed, and there are {len(words)}"
    if position is None:
        return fault(count, sheet=sheet)
    return fault(f"{guess}: {count}", sheet=sheet, word=position + 1)


def _wrong_checksum(words: Mnemonic, sheet: str) -> InvalidRecoveryPhrase:
    indices = _indices(words)
    position = word_faults.wrong_word(indices)
    if position is not None:
        return fault(
            "it does not fit the other words; compare it with the sheet",
            sheet=sheet,
            word=position + 1,
        )
    position = word_faults.exchanged_words(indices)
    if position is not None:
        return fault(
            "it seems to have changed places with the next word", sheet=sheet, word=position + 1
        )
    return fault("the words do not fit together; compare each with the sheet", sheet=sheet)
