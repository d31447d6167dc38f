"""A public key in the forms that people compare: read aloud as words, or looked at as a picture.

Only public keys come in here. The words are the fingerprint's own bits, so groups and words can be
turned into each other; the picture is the one that OpenSSH draws of the same key.
"""

from __future__ import annotations

import base64
import hashlib

from wizard.engine.crockford import ALPHABET
from wizard.engine.masterkey import MasterPublicKey

WIDTH, HEIGHT = 17, 9
# OpenSSH, sshkey.c, fingerprint_randomart(): how often a field was visited; then start and end.
_MARKS = " .o+=*BOX@%&#/^SE"
_START, _END = len(_MARKS) - 2, len(_MARKS) - 1
_MOST = _START - 1
_BITS_OF_A_WORD = 10


def fingerprint_words(key: MasterPublicKey) -> tuple[str, ...]:
    """Ten words of the SLIP-39 list, two characters of the fingerprint each: FORMAT.md, section 3."""
    from shamir_mnemonic.wordlist import WORDLIST  # noqa: PLC0415 - a second of few commands' time

    characters = key.fingerprint.replace("-", "")
    pairs = zip(characters[::2], characters[1::2], strict=True)
    indexes = [
        (ALPHABET.index(first) << _BITS_OF_A_WORD // 2) | ALPHABET.index(second)
        for first, second in pairs
    ]
    return tuple(WORDLIST[index] for index in indexes)


def openssh_fingerprint(key: MasterPublicKey) -> str:
    """``SHA256:`` and base 64, as ``ssh-keygen -l`` prints it for the OpenSSH line."""
    return "SHA256:" + base64.b64encode(_digest(key)).decode("ascii").rstrip("=")


def randomart(key: MasterPublicKey) -> tuple[str, ...]:
    """Eleven lines of 19 ASCII characters: what ``ssh-keygen -lv`` draws of the OpenSSH line."""
    field = [[0] * HEIGHT for _column in range(WIDTH)]
    column, row = WIDTH // 2, HEIGHT // 2
    for byte in _digest(key):
        for shift in (0, 2, 4, 6):
            step = byte >> shift
            column = min(max(column + (1 if step & 1 else -1), 0), WIDTH - 1)
            row = min(max(row + (1 if step & 2 else -1), 0), HEIGHT - 1)
            field[column][row] = min(field[column][row] + 1, _MOST)
    field[WIDTH // 2][HEIGHT // 2] = _START
    field[column][row] = _END
    lines = ["".join(_MARKS[field[at][line]] for at in range(WIDTH)) for line in range(HEIGHT)]
    return (
        f"+{'[ED25519 256]':-^{WIDTH}}+",
        *(f"|{line}|" for line in lines),
        f"+{'[SHA256]':-^{WIDTH}}+",
    )


def _digest(key: MasterPublicKey) -> bytes:
    _kind, blob = key.openssh().split(" ")
    return hashlib.sha256(base64.b64decode(blob)).digest()
