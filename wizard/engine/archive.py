"""The file of a backup: a POSIX ustar archive of which nothing is free but names and sizes.

- A header is built from name and size; one that was read must be the same to the byte. So there is
  nothing to parse, no link, no extension and no second spelling (FORMAT.md, section 14).
- Where every member begins, and how long the file is, is known before a content is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wizard.engine.encoding import Malformed

BLOCK_BYTES = 512
END_BYTES = 2 * BLOCK_BYTES
_SIZE = slice(124, 136)
_CHECKSUM = slice(148, 156)
_OCTAL_DIGITS = 11
_BASE_256 = 0x80


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive; ``offset`` is that of its content, all in bytes."""

    name: str
    size: int
    offset: int

    @property
    def header(self) -> bytes:
        """The 512 bytes before the content."""
        return header(self.name, self.size)

    @property
    def padding(self) -> int:
        """How many zeros follow the content."""
        return -self.size % BLOCK_BYTES

    @property
    def end(self) -> int:
        """Where the next header begins, or the end of the archive."""
        return self.offset + self.size + self.padding


def members(sizes: Sequence[tuple[str, int]]) -> tuple[Member, ...]:
    """The members of an archive in their order, from names and sizes."""
    placed: list[Member] = []
    at = 0
    for name, size in sizes:
        member = Member(name, size, at + BLOCK_BYTES)
        placed.append(member)
        at = member.end
    return tuple(placed)


def header(name: str, size: int) -> bytes:
    """The one header of a member (POSIX.1-2017, pax, "ustar Interchange Format")."""
    block = bytearray(BLOCK_BYTES)
    fields = (
        (0, name.encode("ascii")),
        (100, b"0000600"),
        (108, b"0000000"),
        (116, b"0000000"),
        (_SIZE.start, _number(size)),
        (136, b"00000000000"),
        (_CHECKSUM.start, b" " * 8),
        (156, b"0"),
        (257, b"ustar\x0000"),
        (329, b"0000000"),
        (337, b"0000000"),
    )
    for offset, value in fields:
        block[offset : offset + len(value)] = value
    block[_CHECKSUM] = b"%06o\x00 " % sum(block)
    return bytes(block)


def size_in(block: bytes, name: str) -> int:
    """The size that a header of the member ``name`` says. Raises `Malformed` if it is not one."""
    field = block[_SIZE]
    if field[:1] == bytes([_BASE_256]):
        size = int.from_bytes(field[1:], "big")
    else:
        digits = field[:_OCTAL_DIGITS]
        size = int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else -1
    if size < 0 or header(name, size) != block:
        raise Malformed(f"there is no {name} where it has to be")
    return size


def _number(size: int) -> bytes:
    if size < 8**_OCTAL_DIGITS:
        return b"%011o\x00" % size
    return bytes([_BASE_256]) + size.to_bytes(_OCTAL_DIGITS, "big")
