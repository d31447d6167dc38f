"""A sidecar while the database file is being replaced: two documents, each whole and signed.

- The document in force is not touched by the one that is pending, nor is its signature; so the
  replacement can be finished or undone without a secret (FORMAT.md, section 5).
- Which of the two counts is told by the file that has the database's name.
"""

from __future__ import annotations

from collections.abc import Mapping

from wizard.engine.encoding import Json, Malformed, Reader, parse_rendered, rendered
from wizard.engine.metadata import Metadata, damage_told, read_document
from wizard.values import dataclass

_PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a sidecar says: the document in force, and the one that a replacement will need."""

    current: Metadata
    pending: Metadata | None = None

    @property
    def documents(self) -> tuple[Metadata, ...]:
        """One, or two."""
        return (self.current,) if self.pending is None else (self.current, self.pending)

    def for_file(self, file_salt: bytes) -> Metadata | None:
        """The document of the file with these first 16 bytes, or None."""
        for metadata in self.documents:
            if metadata.file_salt == file_salt:
                return metadata
        return None


def read_sidecar_bytes(data: bytes) -> Sidecar:
    """Parse and verify a sidecar, with what is pending in it.

    Raises `UnsupportedVersion` for a newer format and `DamagedMetadata` for everything else.
    """
    with damage_told(data):
        return _read(_members(data))


def with_pending(current: bytes, pending: bytes) -> bytes:
    """The sidecar that holds both documents; it is read back before it is returned."""
    with damage_told(current):
        document = _members(current)
        data = rendered({**_document(document), _PENDING: parse_rendered(pending)})
    read_sidecar_bytes(data)
    return data


def settled(data: bytes, *, take_pending: bool) -> bytes:
    """The sidecar with one document of the two: the pending one, or the one in force."""
    with damage_told(data):
        members = _members(data)
        _read(members)
        pending = members.get(_PENDING)
        return rendered(pending if take_pending and pending is not None else _document(members))


def _members(data: bytes) -> Mapping[str, Json]:
    return Reader(parse_rendered(data), "the document").members()


def _document(members: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if name != _PENDING}


def _read(members: Mapping[str, Json]) -> Sidecar:
    # The document in force first: its version decides whether the rest can be understood.
    current = read_document(Reader(members, "the document"), spare=(_PENDING,))
    if _PENDING not in members:
        return Sidecar(current)
    pending = read_document(Reader(members[_PENDING], _PENDING))
    _check_follows(pending, current)
    return Sidecar(current, pending)


def _check_follows(pending: Metadata, current: Metadata) -> None:
    if pending.database_id != current.database_id:
        raise Malformed("pending is of another database")
    if pending.revision <= current.revision:
        raise Malformed("pending does not come after the document in force")
    if pending.file_salt == current.file_salt:
        raise Malformed("pending is for the same file")
    links = len(current.chain)
    if pending.chain[:links] != current.chain or len(pending.chain) > links + 1:
        raise Malformed("pending does not continue the chain")
