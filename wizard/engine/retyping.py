"""What may go wrong when a passphrase is typed again elsewhere is said early, and refuses nothing.

A warning is a code; its sentence quotes nothing of the passphrase. What is refused outright, as
U+FFFD and invisible characters are, is `passphrase`'s to say.
"""

from __future__ import annotations

import string
import unicodedata
from enum import StrEnum

from wizard.engine.passphrase import SPACES
from wizard.engine.secret import Secret

_SIGNS = frozenset(string.punctuation)
_SWAPPED = frozenset("yzYZ")  # between QWERTY and QWERTZ: the layouts that are confused most


class PassphraseWarning(StrEnum):
    """In the order of their weight; `sentence` is what is read."""

    REPLACEMENT = "replacement"
    CAPITALS = "capitals"
    LEADING_BLANK = "leading_blank"
    TRAILING_BLANK = "trailing_blank"
    NORMALISED = "normalised"
    COMPATIBILITY = "compatibility"
    BEYOND_ASCII = "beyond_ascii"
    SIGNS = "signs"
    SWAPPED_LETTERS = "swapped_letters"

    @property
    def sentence(self) -> str:
        """The warning in plain words."""
        return _SENTENCES[self]


_SENTENCES = {
    PassphraseWarning.REPLACEMENT: "A character was damaged on its way here (U+FFFD).",
    PassphraseWarning.CAPITALS: "All letters are capitals. Is Caps Lock on?",
    PassphraseWarning.LEADING_BLANK: "It begins with a blank, which is part of it.",
    PassphraseWarning.TRAILING_BLANK: "It ends with a blank, which is part of it.",
    PassphraseWarning.NORMALISED: "Some characters were put into Unicode's normal form (NFC).",
    PassphraseWarning.COMPATIBILITY: "Some characters look like others but are typed differently.",
    PassphraseWarning.BEYOND_ASCII: "Some characters are missing on other keyboards.",
    PassphraseWarning.SIGNS: "Signs lie on other keys in other keyboard layouts.",
    PassphraseWarning.SWAPPED_LETTERS: "Keyboard layouts differ in where y and z are.",
}


def passphrase_warnings(passphrase: Secret) -> tuple[PassphraseWarning, ...]:
    """Return what could make typing it again go wrong, the weightiest first. Refuses nothing.

    Give it what was typed, before `new_passphrase_from`: that takes away what NORMALISED and
    REPLACEMENT are about. Bytes that are not UTF-8 count as REPLACEMENT.
    """
    with passphrase.expose() as view:
        found = _warnings(str(view, "utf-8", "replace"))
    return tuple(warning for warning in PassphraseWarning if warning in found)


def _warnings(text: str) -> set[PassphraseWarning]:
    letters = [character for character in text if character.isalpha()]
    composed = unicodedata.normalize("NFC", text)
    judged = {
        PassphraseWarning.REPLACEMENT: "\ufffd" in text,
        # One capital is a word's beginning, not a lock.
        PassphraseWarning.CAPITALS: len(letters) > 1
        and all(character.isupper() for character in letters),
        PassphraseWarning.LEADING_BLANK: text[:1].isspace(),
        PassphraseWarning.TRAILING_BLANK: text[-1:].isspace(),
        PassphraseWarning.NORMALISED: composed.translate(SPACES) != text,
        PassphraseWarning.COMPATIBILITY: unicodedata.normalize("NFKC", composed)
        != composed.translate(SPACES),
        PassphraseWarning.BEYOND_ASCII: not text.isascii() and "\ufffd" not in text,
        PassphraseWarning.SIGNS: any(character in _SIGNS for character in text),
        PassphraseWarning.SWAPPED_LETTERS: any(character in _SWAPPED for character in text),
    }
    return {warning for warning, holds in judged.items() if holds}
