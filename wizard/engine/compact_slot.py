"""The recovery slot in 199 bytes, for paper: what the sidecar says that the words do not.

Public values only, and not signed: it opens nothing without the words, and what it opens must agree
with the database (FORMAT.md, section 8). Its checksum finds accidents, not forgers.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.engine import crockford, slot_lines
from wizard.engine.errors import UnsupportedVersion
from wizard.engine.mnemonic import MAXIMUM_TEXT, fault

VERSION = 1
_LAYOUT = struct.Struct(">B16sIBB16s8sHBB32s32s32s48s")
_CHECKSUM_BYTES = 4
_PERSON = b"dfw-slot"
_CIPHERS = {"aegis": 1, "chacha20": 2, "sqlcipher": 3}
_CIPHER_NAMES = {code: name for name, code in _CIPHERS.items()}
_PAGE_SIZE_POWERS = range(9, 17)
_GENERATIONS = range(1, 2**31 + 1)
_IDENTIFIERS = range(2**15)
_MOST_SHARES = 16
_PAYLOAD_PREFIX = "DFWR"
_PAYLOAD = re.compile(
    rf"{_PAYLOAD_PREFIX}([0-9]{{1,3}}):(.*)", re.ASCII | re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class CompactSlot:
    """A recovery slot and what it is bound to; sizes in bytes are fixed.

    ``database_id`` 16, ``file_salt`` 16, ``slot_id`` 8, both public keys and ``ephemeral`` 32,
    ``ciphertext`` 48. ``master_public_key`` is that of the time of sealing. Raises `ValueError` for
    values that no slot can have.
    """

    database_id: bytes
    generation: int
    cipher: str
    page_size: int
    file_salt: bytes
    slot_id: bytes
    share_identifier: int
    threshold: int
    shares: int
    authority_public_key: bytes
    master_public_key: bytes
    ephemeral: bytes
    ciphertext: bytes

    def __post_init__(self) -> None:
        sizes = (
            (self.database_id, 16),
            (self.file_salt, 16),
            (self.slot_id, 8),
            (self.authority_public_key, 32),
            (self.master_public_key, 32),
            (self.ephemeral, 32),
            (self.ciphertext, 48),
        )
        possible = (
            all(len(value) == size for value, size in sizes)
            and self.generation in _GENERATIONS
            and self.cipher in _CIPHERS
            and self.page_size in {2**power for power in _PAGE_SIZE_POWERS}
            and self.share_identifier in _IDENTIFIERS
            and (self.threshold == self.shares == 1 or 2 <= self.threshold <= self.shares)  # noqa: PLR2004 - SLIP-39 has no 1 of several
            and self.shares <= _MOST_SHARES
        )
        if not possible:
            raise ValueError("no recovery slot has these values")

    def to_bytes(self) -> bytes:
        """Return version, fields and checksum: 199 bytes."""
        fields = _LAYOUT.pack(
            VERSION,
            self.database_id,
            self.generation,
            _CIPHERS[self.cipher],
            self.page_size.bit_length() - 1,
            self.file_salt,
            self.slot_id,
            self.share_identifier,
            self.threshold,
            self.shares,
            self.authority_public_key,
            self.master_public_key,
            self.ephemeral,
            self.ciphertext,
        )
        return fields + _checksum(fields)

    @classmethod
    def from_bytes(cls, data: bytes, *, sheet: str = "") -> CompactSlot:
        """Read what `to_bytes` wrote.

        Raises `InvalidRecoveryPhrase` for bytes that are damaged and `UnsupportedVersion` for sound
        bytes of another version. Every version ends in the same checksum, so the two are told apart.
        """
        fields, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
        if not fields or checksum != _checksum(fields):
            raise fault("the slot is incomplete or has a wrong character", sheet=sheet)
        if fields[0] != VERSION:
            raise _newer(fields[0])
        if len(fields) != _LAYOUT.size:
            raise fault("the slot has a wrong length", sheet=sheet)
        return cls._from_fields(fields, sheet=sheet)

    def to_lines(self) -> list[str]:
        """Return 8 numbered lines with check characters, at most 56 columns wide."""
        return slot_lines.encode_lines(self.to_bytes())

    @classmethod
    def from_lines(cls, lines: Sequence[str], *, sheet: str = "") -> CompactSlot:
        """Read what `to_lines` wrote; raises like `from_bytes`, and names the wrong line."""
        return cls.from_bytes(slot_lines.decode_lines(lines, sheet=sheet), sheet=sheet)

    def to_payload(self) -> str:
        """Return the text for a QR code; all of it is in QR's alphanumeric set."""
        return f"{_PAYLOAD_PREFIX}{VERSION}:{crockford.encode(self.to_bytes())}"

    @classmethod
    def from_payload(cls, text: str, *, sheet: str = "") -> CompactSlot:
        """Read what `to_payload` wrote; raises like `from_bytes`."""
        found = _PAYLOAD.fullmatch(text.strip()) if len(text) <= MAXIMUM_TEXT else None
        if found is None:
            raise fault("this is not the text of a recovery QR code", sheet=sheet)
        if int(found[1]) != VERSION:
            raise _newer(int(found[1]))
        try:
            data = crockford.decode(slot_lines.normalised(found[2]))
        except ValueError:
            raise fault("the text of the QR code has a wrong character", sheet=sheet) from None
        return cls.from_bytes(data, sheet=sheet)

    @classmethod
    def _from_fields(cls, fields: bytes, *, sheet: str) -> CompactSlot:
        _, database_id, generation, cipher, power, *rest = _LAYOUT.unpack(fields)
        if cipher not in _CIPHER_NAMES or power not in _PAGE_SIZE_POWERS:
            raise fault("the slot has values that no slot can have", sheet=sheet)
        try:
            return cls(database_id, generation, _CIPHER_NAMES[cipher], 2**power, *rest)
        except ValueError:
            raise fault("the slot has values that no slot can have", sheet=sheet) from None


def is_payload(text: str) -> bool:
    """Whether a line of text means to be what a recovery QR code holds."""
    return text.strip()[: len(_PAYLOAD_PREFIX)].upper() == _PAYLOAD_PREFIX


def _checksum(fields: bytes) -> bytes:
    return hashlib.blake2b(fields, digest_size=_CHECKSUM_BYTES, person=_PERSON).digest()


def _newer(version: int) -> UnsupportedVersion:
    return UnsupportedVersion(
        f"The recovery slot on the sheet is of version {version}; "
        f"this program reads version {VERSION}."
    )
