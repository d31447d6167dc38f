"""A generated passphrase is words of the EFF's long list, and as strong as its count says.

The words are drawn by the operating system's randomness, each with the same chance. The list is the
one that xkcdpass ships, unchanged since 2016; nothing else of that package runs.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from functools import cache
from importlib import resources

from wizard.engine.errors import InvalidInput
from wizard.engine.secret import Secret

GENERATED_WORDS = 6
"""77.5 bits. Fewer are refused: against Argon2id at its floor they are within reach of money."""

MOST_GENERATED_WORDS = 12


@dataclass(frozen=True, slots=True)
class GeneratedPassphrase:
    """What was drawn; the caller closes ``secret``. ``bits`` is the entropy, not an estimate."""

    secret: Secret
    words: int
    bits: float

    @property
    def guesses_log10(self) -> float:
        """Decimal logarithm of the guesses that find it: half of all on average."""
        return (self.bits - 1) * math.log10(2)


def generate_passphrase(words: int = GENERATED_WORDS) -> GeneratedPassphrase:
    """Return ``words`` random words with single blanks between them.

    Raises `InvalidInput` outside of 6 to 12 words.
    """
    if not GENERATED_WORDS <= words <= MOST_GENERATED_WORDS:
        raise InvalidInput(
            f"A generated passphrase has {GENERATED_WORDS} to {MOST_GENERATED_WORDS} words."
        )
    known = long_list()
    buffer = bytearray()
    for number in range(words):
        if number:
            buffer += b" "
        # Words of the shared list: no string of the whole passphrase is ever made.
        buffer += known[secrets.randbelow(len(known))]
    return GeneratedPassphrase(Secret.take(buffer), words, words * math.log2(len(known)))


@cache
def long_list() -> tuple[bytes, ...]:
    """Return the EFF's long list: 7,776 distinct words in lower case."""
    data = resources.files("xkcdpass").joinpath("static", "eff-long").read_bytes()
    # A set: a word that stood there twice would come twice as often.
    return tuple(sorted(set(data.split())))
