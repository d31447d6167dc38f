"""The crypto metadata: a public document, signed by the master key (FORMAT.md, section 5).

- Bytes are sliced and parsed strictly, rendered again and compared, the chain verified, and the
  signature verified over the very bytes that were read. Only then is a `Metadata` returned.
- What comes from a file is never half trusted: a `Metadata` exists only verified, or built by us.
"""

from __future__ import annotations

from dataclasses import dataclass

from wizard.engine import chain, sodium
from wizard.engine.chain import Link
from wizard.engine.encoding import (
    MAXIMUM_INTEGER,
    Json,
    Malformed,
    Reader,
    canonical,
    parse_rendered,
    rendered,
)
from wizard.engine.errors import DamagedMetadata, InvalidParameters, UnsupportedVersion
from wizard.engine.masterkey import MasterPublicKey, SigningKey
from wizard.engine.sealing import Binding, MasterSlot, RecoverySlot, read_slots

FORMAT = "datafold-crypto-metadata"
VERSION = 1
MAXIMUM_BYTES = 1024 * 1024
CIPHERS = ("aegis", "chacha20", "sqlcipher")
PAGE_SIZES = tuple(2**power for power in range(9, 17))
_CONTEXT = b"datafold-wizard/v1/metadata\n"


@dataclass(frozen=True, slots=True)
class Metadata:
    """How one database is protected. Public values only."""

    tool: str
    created_at: str
    written_at: str
    database_id: bytes
    file_salt: bytes
    cipher: str
    page_size: int
    chain: tuple[Link, ...]
    master_slot: MasterSlot
    recovery_slot: RecoverySlot | None

    @property
    def generation(self) -> int:
        """The current one."""
        return self.chain[-1].generation

    @property
    def public_key(self) -> MasterPublicKey:
        """Of the current generation."""
        return MasterPublicKey(self.chain[-1].master_public_key)

    @property
    def binding(self) -> Binding:
        """What its slots are bound to."""
        return Binding(database_id=self.database_id, cipher=self.cipher)

    def as_json(self) -> dict[str, Json]:
        """The ``signed`` member."""
        slots = [self.master_slot.as_json()]
        if self.recovery_slot is not None:
            slots.append(self.recovery_slot.as_json())
        return {
            "chain": [link.as_json() for link in self.chain],
            "created_at": self.created_at,
            "database": {
                "cipher": self.cipher,
                "file_salt": self.file_salt.hex(),
                "id": self.database_id.hex(),
                "kind": "sqlite",
                "page_size": self.page_size,
            },
            "format": FORMAT,
            "slots": slots,
            "tool": self.tool,
            "version": VERSION,
            "written_at": self.written_at,
        }


def sign_metadata(metadata: Metadata, master: SigningKey) -> bytes:
    """The bytes of the sidecar. They are read back and verified before they are returned."""
    signed = metadata.as_json()
    signature = master.sign(_CONTEXT + canonical(signed))
    data = rendered({"signature": signature.hex(), "signed": signed})
    if read_metadata(data) != metadata:
        raise AssertionError("the metadata do not read back as they were written")
    return data


def read_metadata(data: bytes) -> Metadata:
    """Parse and verify a sidecar.

    Raises `UnsupportedVersion` for a newer format and `DamagedMetadata` for everything else.
    """
    if len(data) > MAXIMUM_BYTES:
        raise DamagedMetadata("The crypto metadata are too large to be any.")
    try:
        return _read(data)
    except Malformed as error:
        raise DamagedMetadata(f"The crypto metadata are damaged: {error}.") from None
    except InvalidParameters as error:
        raise DamagedMetadata(f"The crypto metadata are damaged or forged: {error}") from None


def _read(data: bytes) -> Metadata:
    outer = Reader(parse_rendered(data), "the document")
    signature = outer.hex("signature", sodium.SIGNATURE_BYTES)
    signed = outer.take("signed")
    outer.finish()

    reader = Reader(signed, "signed")
    reader.choice("format", (FORMAT,))
    version = reader.integer("version", least=1, most=MAXIMUM_INTEGER)
    if version > VERSION:
        raise UnsupportedVersion(
            f"The crypto metadata are of format version {version}; "
            f"this program reads version {VERSION}."
        )
    metadata = _read_signed(reader)
    if not sodium.verify(metadata.public_key.raw, _CONTEXT + canonical(signed), signature):
        raise Malformed("the signature is wrong")
    return metadata


def _read_signed(reader: Reader) -> Metadata:
    database = reader.object("database")
    database.choice("kind", ("sqlite",))
    database_id = database.hex("id", 16)
    master_slot, recovery_slot = read_slots(list(reader.array("slots", least=1, most=2)))
    metadata = Metadata(
        tool=reader.text("tool"),
        created_at=reader.time("created_at"),
        written_at=reader.time("written_at"),
        database_id=database_id,
        file_salt=database.hex("file_salt", 16),
        cipher=database.choice("cipher", CIPHERS),
        page_size=database.integer("page_size", least=PAGE_SIZES[0], most=PAGE_SIZES[-1]),
        chain=chain.read_chain(
            reader.array("chain", least=1, most=chain.MAXIMUM_LINKS), database_id=database_id
        ),
        master_slot=master_slot,
        recovery_slot=recovery_slot,
    )
    database.finish()
    reader.finish()
    _check_consistency(metadata)
    return metadata


def _check_consistency(metadata: Metadata) -> None:
    if metadata.page_size not in PAGE_SIZES:
        raise Malformed("the page size is not a power of two")
    if metadata.created_at != metadata.chain[0].created_at:
        raise Malformed("created_at is not that of generation 1")
    # Before anything is derived: a forged cost must not get as far as being run.
    metadata.master_slot.params.check()
    if metadata.master_slot.generation != metadata.generation:
        raise Malformed("the master slot is not of the current generation")
    recovery, authority = metadata.recovery_slot, metadata.chain[-1].recovery_authority
    if (recovery.authority_public_key if recovery else b"") != authority:
        raise Malformed("the recovery slot and the chain name different authorities")
    if recovery is not None:
        if recovery.generation > metadata.generation:
            raise Malformed("the recovery slot is from a later generation")
        if not chain.is_public_key(authority):
            raise Malformed("the recovery authority has a public key that is none")
