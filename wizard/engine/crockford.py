"""Crockford's base 32: the standard library's RFC 4648 letters, exchanged for ones people can read.

No I, L, O or U is ever written; I and L are read as 1, and O as 0.
"""

from __future__ import annotations

import base64
import binascii

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RFC_4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_WRITE = str.maketrans(_RFC_4648, ALPHABET)
# U is not in the alphabet, but would read as RFC 4648's own U: it becomes a character that is refused.
_READ = str.maketrans(ALPHABET + "ILOU", _RFC_4648 + "BBA=")
_BITS = 5


def encode(data: bytes) -> str:
    """Upper case, without padding; the last character is filled with zero bits."""
    return base64.b32encode(data).decode("ascii").rstrip("=").translate(_WRITE)


def decode(text: str) -> bytes:
    """Read what `encode` wrote, in any case. Raises `ValueError` for anything else."""
    # Tested before upper(), which turns some foreign letters into ASCII ones.
    if not text.isascii() or "=" in text:
        raise ValueError("not base 32")
    wanted = text.upper().translate(_READ)
    if "=" in wanted:
        raise ValueError("not base 32")
    try:
        data = base64.b32decode(wanted + "=" * (-len(wanted) % 8))
    except binascii.Error:
        raise ValueError("not base 32") from None
    # b32decode ignores the bits that do not fill a byte; two spellings of one value are refused.
    if base64.b32encode(data).decode("ascii").rstrip("=") != wanted:
        raise ValueError("not base 32")
    return data
