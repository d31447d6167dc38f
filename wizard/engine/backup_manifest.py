"""What a backup holds, signed by the master key (FORMAT.md, section 14).

The signature is checked under the key of the metadata inside the backup, so it stays unchecked,
and its manifest unbelieved, until those have been read.
"""

from __future__ import annotations

from dataclasses import dataclass

from wizard.engine import sodium
from wizard.engine.encoding import (
    MAXIMUM_INTEGER,
    Json,
    Malformed,
    Reader,
    canonical,
    parse_rendered,
    rendered,
)
from wizard.engine.errors import UnsupportedVersion
from wizard.engine.masterkey import MasterPublicKey, SigningKey
from wizard.engine.metadata import MAXIMUM_BYTES, PAGE_SIZES

FORMAT = "datafold-backup"
VERSION = 1
MAXIMUM_MANIFEST_BYTES = 65_536
MAXIMUM_AUDIT_BYTES = 2**30
MAXIMUM_DATABASE_BYTES = 2**48  # what SQLite can address: 281 TB
_CONTEXT = b"datafold-wizard/v1/backup\n"


@dataclass(frozen=True, slots=True)
class Part:
    """A member of the backup: its size in bytes, and its digest of 32 bytes."""

    size: int
    digest: bytes

    def as_json(self) -> dict[str, Json]:
        """As it stands in the manifest."""
        return {"digest": self.digest.hex(), "size": self.size}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the archive says about itself. Public values only."""

    tool: str
    created_at: str
    database_id: bytes
    generation: int
    revision: int
    metadata: Part
    audit: Part
    database: Part

    def as_json(self) -> dict[str, Json]:
        """The ``signed`` member."""
        return {
            "audit": self.audit.as_json(),
            "created_at": self.created_at,
            "database": self.database.as_json(),
            "database_id": self.database_id.hex(),
            "format": FORMAT,
            "generation": self.generation,
            "metadata": self.metadata.as_json(),
            "revision": self.revision,
            "tool": self.tool,
            "version": VERSION,
        }

    @property
    def size(self) -> int:
        """Of the signed manifest in bytes: digests and signature are of fixed length."""
        return len(_document(self.as_json(), bytes(sodium.SIGNATURE_BYTES)))


@dataclass(frozen=True, slots=True)
class Claim:
    """A manifest as it was read, with a signature that nobody has checked yet."""

    manifest: Manifest
    signature: bytes

    def verify(self, master: MasterPublicKey) -> None:
        """Raise `Malformed` unless ``master`` has signed it."""
        message = _CONTEXT + canonical(self.manifest.as_json())
        if not sodium.verify(master.raw, message, self.signature):
            raise Malformed("the signature of its manifest is wrong")


def sign_manifest(manifest: Manifest, master: SigningKey) -> bytes:
    """The bytes of ``manifest.json``. They are read back and verified before they are returned."""
    signed = manifest.as_json()
    data = _document(signed, master.sign(_CONTEXT + canonical(signed)))
    claim = read_manifest(data)
    claim.verify(master.public)
    if claim.manifest != manifest:
        raise AssertionError("the manifest does not read back as it was written")
    return data


def read_manifest(data: bytes) -> Claim:
    """Parse ``manifest.json``. Raises `Malformed`, and `UnsupportedVersion` for a newer format."""
    outer = Reader(parse_rendered(data), "the manifest")
    signature = outer.hex("signature", sodium.SIGNATURE_BYTES)
    reader = outer.object("signed")
    outer.finish()
    reader.choice("format", (FORMAT,))
    version = reader.integer("version", least=1, most=MAXIMUM_INTEGER)
    if version > VERSION:
        raise UnsupportedVersion(
            f"The backup is of format version {version}; this program reads version {VERSION}."
        )
    manifest = Manifest(
        tool=reader.text("tool"),
        created_at=reader.time("created_at"),
        database_id=reader.hex("database_id", 16),
        generation=reader.integer("generation", least=1, most=MAXIMUM_INTEGER),
        revision=reader.integer("revision", least=1, most=MAXIMUM_INTEGER),
        metadata=_part(reader.object("metadata"), least=1, most=MAXIMUM_BYTES),
        audit=_part(reader.object("audit"), least=0, most=MAXIMUM_AUDIT_BYTES),
        database=_part(reader.object("database"), least=PAGE_SIZES[0], most=MAXIMUM_DATABASE_BYTES),
    )
    reader.finish()
    return Claim(manifest, signature)


def _part(reader: Reader, *, least: int, most: int) -> Part:
    part = Part(
        size=reader.integer("size", least=least, most=most),
        digest=reader.hex("digest", sodium.DIGEST_BYTES),
    )
    reader.finish()
    return part


def _document(signed: dict[str, Json], signature: bytes) -> bytes:
    return rendered({"signature": signature.hex(), "signed": signed})
