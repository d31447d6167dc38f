"""Four words stand for what was typed, so that two typings can be compared without showing either.

- The words are a keyed hash. The key is random, lives in a `Secret`, and is gone with the process:
  whoever reads the words, or writes them down, holds nothing that a guess could be tried on, however
  fast he hashes. A slow hash without such a key would be one more oracle, cheaper than the database.
- For the same reason they compare typings of one session only. FORMAT.md section 10 says why.
- The hash is of the normal form: what opens the same database has the same words.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from wizard.engine.passphrase import passphrase_from
from wizard.engine.secret import Secret

WORDPRINT_WORDS = 4
"""41 bits: two typings that differ look alike once in two million million."""

_KEY_BYTES = 32
_CONTEXT = b"datafold-words"  # BLAKE2b's personalisation, at most 16 bytes


class Wordprint:
    """One session's key. Close it with the session; `Secret` wipes it at the process's end."""

    def __init__(self) -> None:
        self._key = Secret.random(_KEY_BYTES)

    def of(self, typed: Secret) -> tuple[str, ...]:
        """Return four short words. Raises `InvalidPassphrase` for what no passphrase can be."""
        with passphrase_from(typed) as normal, normal.expose() as view, self._key.expose() as key:
            digest = hashlib.blake2b(view, key=key, person=_CONTEXT, digest_size=16).digest()
        number = int.from_bytes(digest, "big")
        known = _short_list()
        words = []
        for _ in range(WORDPRINT_WORDS):
            number, at = divmod(number, len(known))
            words.append(known[at])
        return tuple(words)

    def close(self) -> None:
        """Forget the key: no words of this session can be made again."""
        self._key.close()


@cache
def _short_list() -> tuple[str, ...]:
    """Return the EFF's short list: 1,296 words of at most five letters."""
    text = resources.files("xkcdpass").joinpath("static", "eff-short").read_text(encoding="utf-8")
    return tuple(text.split())
