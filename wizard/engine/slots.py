"""The slots of the crypto metadata as values: what each says in public (FORMAT.md, section 5).

Reading is strict, and nothing here knows a key: `wizard.engine.sealing` fills and opens slots.
"""

from __future__ import annotations

from collections.abc import Sequence

from wizard.engine import sodium
from wizard.engine.boxing import Boxed
from wizard.engine.encoding import Json, Malformed, Reader, printable
from wizard.engine.kdf import KdfParams
from wizard.values import dataclass

DATA_KEY_BYTES = 32
SALT_BYTES = 16
SLOT_ID_BYTES = 8
MAXIMUM_SHARES = 16
MAXIMUM_OPERATORS = 32
_SEALED_BYTES = DATA_KEY_BYTES + sodium.TAG_BYTES
_LAST_GENERATION = 2**31


@dataclass(frozen=True, slots=True)
class Sealed:
    """XChaCha20-Poly1305 of 32 bytes."""

    nonce: bytes
    ciphertext: bytes

    def as_json(self) -> dict[str, Json]:
        """As in the document."""
        return {"ciphertext": self.ciphertext.hex(), "nonce": self.nonce.hex()}

    @classmethod
    def read(cls, reader: Reader) -> Sealed:
        """Take both members. Raises `Malformed`."""
        sealed = cls(
            nonce=reader.hex("nonce", sodium.NONCE_BYTES),
            ciphertext=reader.hex("ciphertext", _SEALED_BYTES),
        )
        reader.finish()
        return sealed


@dataclass(frozen=True, slots=True)
class Box:
    """For whom a data key is boxed, the shared secret that whoever reseals needs, and the box."""

    public_key: bytes
    preshared: Sealed
    sealed: Boxed

    def as_json(self) -> dict[str, Json]:
        """The three members of a slot."""
        return {
            "box_public_key": self.public_key.hex(),
            "preshared": self.preshared.as_json(),
            "sealed": {
                "ciphertext": self.sealed.ciphertext.hex(),
                "ephemeral": self.sealed.ephemeral.hex(),
            },
        }

    @classmethod
    def read(cls, slot: Reader) -> Box:
        """Take the three members of a slot. Raises `Malformed`."""
        sealed = slot.object("sealed")
        box = cls(
            public_key=slot.hex("box_public_key", sodium.PUBLIC_KEY_BYTES),
            preshared=Sealed.read(slot.object("preshared")),
            sealed=Boxed(
                ephemeral=sealed.hex("ephemeral", sodium.PUBLIC_KEY_BYTES),
                ciphertext=sealed.hex("ciphertext", _SEALED_BYTES),
            ),
        )
        sealed.finish()
        return box


@dataclass(frozen=True, slots=True)
class MasterSlot:
    """Opened by what the passphrase derives."""

    slot_id: bytes
    generation: int
    salt: bytes
    params: KdfParams
    keyfile: bool
    sealed: Sealed | None = None

    def public_fields(self) -> dict[str, Json]:
        """What the seal is bound to."""
        return {
            "generation": self.generation,
            "id": self.slot_id.hex(),
            "kdf": _kdf_json(self.params, self.salt, keyfile=self.keyfile),
            "kind": "master",
        }

    def as_json(self) -> dict[str, Json]:
        """As in the document."""
        if self.sealed is None:
            raise Malformed("the slot holds no key")
        return {**self.public_fields(), "sealed": self.sealed.as_json()}


@dataclass(frozen=True, slots=True)
class RecoverySlot:
    """Opened by ``threshold`` of ``shares`` recovery sheets; ``holders`` says who has them."""

    slot_id: bytes
    generation: int
    identifier: int
    threshold: int
    shares: int
    holders: tuple[str, ...]
    authority_public_key: bytes
    box: Box | None = None

    def public_fields(self, box_public_key: bytes) -> dict[str, Json]:
        """What the seals are bound to: all but the holders, who may be corrected later."""
        return {
            "authority_public_key": self.authority_public_key.hex(),
            "box_public_key": box_public_key.hex(),
            "generation": self.generation,
            "id": self.slot_id.hex(),
            "identifier": self.identifier,
            "kind": "recovery",
            "scheme": "slip39",
            "shares": self.shares,
            "threshold": self.threshold,
        }

    def as_json(self) -> dict[str, Json]:
        """As in the document."""
        box = _filled(self.box)
        return {
            **self.public_fields(box.public_key),
            **box.as_json(),
            "holders": list(self.holders),
        }


@dataclass(frozen=True, slots=True)
class OperatorSlot:
    """Opened by an operator's own passphrase; ``label`` says who has it."""

    slot_id: bytes
    label: str
    created_at: str
    generation: int
    salt: bytes
    params: KdfParams
    box: Box | None = None

    def public_fields(self, box_public_key: bytes) -> dict[str, Json]:
        """What the seals are bound to: all but label and time, which open nothing."""
        return {
            "box_public_key": box_public_key.hex(),
            "generation": self.generation,
            "id": self.slot_id.hex(),
            "kdf": _kdf_json(self.params, self.salt, keyfile=False),
            "kind": "operator",
        }

    def as_json(self) -> dict[str, Json]:
        """As in the document."""
        box = _filled(self.box)
        return {
            **self.public_fields(box.public_key),
            **box.as_json(),
            "created_at": self.created_at,
            "label": self.label,
        }


BoxedSlot = RecoverySlot | OperatorSlot


def read_slots(
    items: Sequence[Json],
) -> tuple[MasterSlot, RecoverySlot | None, tuple[OperatorSlot, ...]]:
    """Parse: one master slot, then perhaps a recovery slot, then operators. Raises `Malformed`."""
    master = _read_master(Reader(items[0], "slots[1]"))
    rest = list(items[1:])
    recovery = None
    if rest and isinstance(rest[0], dict) and rest[0].get("kind") == "recovery":
        recovery = _read_recovery(Reader(rest.pop(0), "slots[2]"))
    first = len(items) - len(rest) + 1
    operators = tuple(
        _read_operator(Reader(item, f"slots[{number}]")) for number, item in enumerate(rest, first)
    )
    _check_distinct(master, recovery, operators)
    return master, recovery, operators


def _check_distinct(
    master: MasterSlot, recovery: RecoverySlot | None, operators: tuple[OperatorSlot, ...]
) -> None:
    identifiers = [master.slot_id, *(slot.slot_id for slot in operators)]
    if recovery is not None:
        identifiers.append(recovery.slot_id)
    if len(set(identifiers)) != len(identifiers):
        raise Malformed("two slots have the same id")
    if len({slot.label for slot in operators}) != len(operators):
        raise Malformed("two operators have the same label")
    if len(operators) > MAXIMUM_OPERATORS:
        raise Malformed(f"there are {len(operators)} operators")


def _read_master(reader: Reader) -> MasterSlot:
    reader.choice("kind", ("master",))
    params, salt, keyfile = _read_kdf(reader.object("kdf"))
    slot = MasterSlot(
        slot_id=reader.hex("id", SLOT_ID_BYTES),
        generation=reader.integer("generation", least=1, most=_LAST_GENERATION),
        salt=salt,
        params=params,
        keyfile=keyfile,
        sealed=Sealed.read(reader.object("sealed")),
    )
    reader.finish()
    return slot


def _read_recovery(reader: Reader) -> RecoverySlot:
    reader.choice("kind", ("recovery",))
    reader.choice("scheme", ("slip39",))
    shares = reader.integer("shares", least=1, most=MAXIMUM_SHARES)
    least = 1 if shares == 1 else 2
    slot = RecoverySlot(
        slot_id=reader.hex("id", SLOT_ID_BYTES),
        generation=reader.integer("generation", least=1, most=_LAST_GENERATION),
        identifier=reader.integer("identifier", least=0, most=2**15 - 1),
        threshold=reader.integer("threshold", least=least, most=shares),
        shares=shares,
        holders=tuple(
            printable(holder, where=f"{reader.where}.holders")
            for holder in reader.array("holders", least=shares, most=shares)
        ),
        authority_public_key=reader.hex("authority_public_key", sodium.PUBLIC_KEY_BYTES),
        box=Box.read(reader),
    )
    reader.finish()
    return slot


def _read_operator(reader: Reader) -> OperatorSlot:
    reader.choice("kind", ("operator",))
    params, salt, keyfile = _read_kdf(reader.object("kdf"))
    if keyfile:
        raise Malformed(f"{reader.where} asks for a keyfile")
    slot = OperatorSlot(
        slot_id=reader.hex("id", SLOT_ID_BYTES),
        label=reader.text("label"),
        created_at=reader.time("created_at"),
        generation=reader.integer("generation", least=1, most=_LAST_GENERATION),
        salt=salt,
        params=params,
        box=Box.read(reader),
    )
    reader.finish()
    return slot


def _read_kdf(kdf: Reader) -> tuple[KdfParams, bytes, bool]:
    kdf.choice("algorithm", ("argon2id",))
    kdf.integer("version", least=19, most=19)
    # The ranges that matter are those of KdfParams.check(); these only bound the arithmetic.
    params = KdfParams(
        memory_kib=kdf.integer("memory_kib", least=0, most=2**53 - 1),
        passes=kdf.integer("passes", least=0, most=2**53 - 1),
        lanes=kdf.integer("lanes", least=0, most=2**53 - 1),
    )
    salt, keyfile = kdf.hex("salt", SALT_BYTES), kdf.boolean("keyfile")
    kdf.finish()
    return params, salt, keyfile


def _kdf_json(params: KdfParams, salt: bytes, *, keyfile: bool) -> dict[str, Json]:
    return {
        "algorithm": "argon2id",
        "keyfile": keyfile,
        "lanes": params.lanes,
        "memory_kib": params.memory_kib,
        "passes": params.passes,
        "salt": salt.hex(),
        "version": 19,
    }


def _filled(box: Box | None) -> Box:
    if box is None:
        raise Malformed("the slot holds no key")
    return box
