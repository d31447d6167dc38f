"""The crypto metadata: a public document, signed by the master key (FORMAT.md, section 5).

- Bytes are sliced and parsed strictly, rendered again and compared, the chain verified, and the
  signature verified over the very bytes that were read. Only then is a `Metadata` returned.
- What comes from a file is never half trusted: a `Metadata` exists only verified, or built by us.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wizard.engine import chain, sodium
from wizard.engine.binding import Binding
from wizard.engine.chain import Link
from wizard.engine.encoding import (
    MAXIMUM_INTEGER,
    Json,
    Malformed,
    Reader,
    canonical,
    parse_rendered,
    rendered,
    unhex,
)
from wizard.engine.errors import DamagedMetadata, InvalidParameters, UnsupportedVersion
from wizard.engine.masterkey import MasterPublicKey, SigningKey
from wizard.engine.slots import (
    MAXIMUM_OPERATORS,
    BoxedSlot,
    MasterSlot,
    OperatorSlot,
    RecoverySlot,
    read_slots,
)
from wizard.values import dataclass

FORMAT = "datafold-crypto-metadata"
VERSION = 1
MAXIMUM_BYTES = 2 * 1024 * 1024
CIPHERS = ("aegis", "chacha20", "sqlcipher")
MAXIMUM_REVOKED = 4096
GRANT_ID_BYTES = 8
PAGE_SIZES = tuple(2**power for power in range(9, 17))
_CONTEXT = b"datafold-wizard/v1/metadata\n"


@dataclass(frozen=True, slots=True)
class AuditHead:
    """How long the audit log is, and the digest of its last entry: 32 bytes, or empty for none."""

    entries: int = 0
    head: bytes = b""


@dataclass(frozen=True, slots=True)
class DataKeyFacts:
    """Since when the data key is in use, and how many slots that had it are no more."""

    created_at: str
    retired_slots: int = 0


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
    data_key: DataKeyFacts
    revision: int = 1
    operator_slots: tuple[OperatorSlot, ...] = ()
    audit: AuditHead = AuditHead()
    revoked_grants: tuple[bytes, ...] = ()

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

    @property
    def boxed_slots(self) -> tuple[BoxedSlot, ...]:
        """The recovery slot, if there is one, and those of operators."""
        recovery = () if self.recovery_slot is None else (self.recovery_slot,)
        return (*recovery, *self.operator_slots)

    def operator(self, label: str) -> OperatorSlot | None:
        """The slot of the operator of that label, if there is one."""
        return next((slot for slot in self.operator_slots if slot.label == label), None)

    def as_json(self) -> dict[str, Json]:
        """The ``signed`` member."""
        slots = [self.master_slot.as_json(), *(slot.as_json() for slot in self.boxed_slots)]
        # Left out where there are none.
        revoked = {"revoked_grants": [each.hex() for each in self.revoked_grants]}
        return {
            **(revoked if self.revoked_grants else {}),
            "audit": {"entries": self.audit.entries, "head": self.audit.head.hex()},
            "chain": [link.as_json() for link in self.chain],
            "created_at": self.created_at,
            "data_key": {
                "created_at": self.data_key.created_at,
                "retired_slots": self.data_key.retired_slots,
            },
            "database": {
                "cipher": self.cipher,
                "file_salt": self.file_salt.hex(),
                "id": self.database_id.hex(),
                "kind": "sqlite",
                "page_size": self.page_size,
            },
            "format": FORMAT,
            "revision": self.revision,
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
    """Parse and verify one document.

    Raises `UnsupportedVersion` for a newer format and `DamagedMetadata` for everything else.
    """
    with damage_told(data):
        return read_document(Reader(parse_rendered(data), "the document"))


@contextmanager
def damage_told(data: bytes) -> Iterator[None]:
    """Raise `DamagedMetadata` for what does not parse, and before that for what is too large."""
    if len(data) > MAXIMUM_BYTES:
        raise DamagedMetadata("The crypto metadata are too large to be any.")
    try:
        yield
    except Malformed as error:
        raise DamagedMetadata(f"The crypto metadata are damaged: {error}.") from None
    except InvalidParameters as error:
        raise DamagedMetadata(f"The crypto metadata are damaged or forged: {error}") from None


def read_document(outer: Reader, *, spare: tuple[str, ...] = ()) -> Metadata:
    """Take and verify `signature` and `signed`; nothing else may be there but names in ``spare``.

    Raises `Malformed`, `InvalidParameters` or `UnsupportedVersion`.
    """
    signature = outer.hex("signature", sodium.SIGNATURE_BYTES)
    signed = outer.take("signed")
    outer.finish(spare=spare)
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
    master_slot, recovery_slot, operator_slots = read_slots(
        reader.array("slots", least=1, most=2 + MAXIMUM_OPERATORS)
    )
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
        data_key=_read_data_key(reader.object("data_key")),
        revision=reader.integer("revision", least=1, most=MAXIMUM_INTEGER),
        operator_slots=operator_slots,
        audit=_read_audit(reader.object("audit")),
        revoked_grants=_read_revoked(reader),
    )
    database.finish()
    reader.finish()
    _check_consistency(metadata)
    return metadata


def _read_data_key(reader: Reader) -> DataKeyFacts:
    facts = DataKeyFacts(
        created_at=reader.time("created_at"),
        retired_slots=reader.integer("retired_slots", least=0, most=MAXIMUM_INTEGER),
    )
    reader.finish()
    return facts


def _read_revoked(reader: Reader) -> tuple[bytes, ...]:
    name = "revoked_grants"
    if name not in reader.members():
        return ()
    items = reader.array(name, least=1, most=MAXIMUM_REVOKED)
    revoked = tuple(unhex(item, GRANT_ID_BYTES, f"{reader.where}.{name}") for item in items)
    if list(revoked) != sorted(set(revoked)):
        raise Malformed("the revoked grants are not in order, or one is there twice")
    return revoked


def _read_audit(reader: Reader) -> AuditHead:
    audit = AuditHead(
        entries=reader.integer("entries", least=0, most=MAXIMUM_INTEGER),
        head=reader.hex_or_empty("head", 32),
    )
    reader.finish()
    if (audit.entries == 0) != (audit.head == b""):
        raise Malformed("the audit log has a length and a last entry that do not agree")
    return audit


def _check_consistency(metadata: Metadata) -> None:
    if metadata.page_size not in PAGE_SIZES:
        raise Malformed("the page size is not a power of two")
    if metadata.created_at != metadata.chain[0].created_at:
        raise Malformed("created_at is not that of generation 1")
    # Before anything is derived: a forged cost must not get as far as being run.
    metadata.master_slot.params.check()
    for operator in metadata.operator_slots:
        operator.params.check()
    if metadata.master_slot.generation != metadata.generation:
        raise Malformed("the master slot is not of the current generation")
    recovery, authority = metadata.recovery_slot, metadata.chain[-1].recovery_authority
    if (recovery.authority_public_key if recovery else b"") != authority:
        raise Malformed("the recovery slot and the chain name different authorities")
    if any(slot.generation > metadata.generation for slot in metadata.boxed_slots):
        raise Malformed("a slot is from a later generation")
