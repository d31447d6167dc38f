"""The chain of generations: which master key is valid when, and who authorised it (FORMAT.md, 6).

- Generation 1 authorises itself; trust in it starts where somebody pins its fingerprint.
- Every later link is signed by the master key before it, or by the recovery authority before it.
- A chain is verified whole, from the first link; a chain that is not verified is never returned.
"""

from __future__ import annotations

from collections.abc import Sequence

from wizard.engine import sodium
from wizard.engine.encoding import Json, Malformed, Reader, canonical
from wizard.engine.masterkey import MasterPublicKey, SigningKey
from wizard.values import dataclass, replace

MAXIMUM_LINKS = 1024
_CONTEXT = b"datafold-wizard/v1/link\n"
_AUTHORISERS = ("self", "master", "recovery")


@dataclass(frozen=True, slots=True)
class Link:
    """One generation. ``recovery_authority`` and ``previous`` are empty where there is none."""

    database_id: bytes
    generation: int
    created_at: str
    master_public_key: bytes
    recovery_authority: bytes
    authorised_by: str
    previous: bytes
    signature: bytes = b""

    def as_json(self) -> dict[str, Json]:
        """The link as it stands in the document."""
        return {**self._unsigned(), "signature": self.signature.hex()}

    def signed_bytes(self) -> bytes:
        """What the authoriser signs."""
        return _CONTEXT + canonical(self._unsigned())

    def digest(self) -> bytes:
        """What the next link repeats as ``previous``."""
        return sodium.digest(canonical(self.as_json()))

    def _unsigned(self) -> dict[str, Json]:
        return {
            "authorised_by": self.authorised_by,
            "created_at": self.created_at,
            "database_id": self.database_id.hex(),
            "generation": self.generation,
            "master_public_key": self.master_public_key.hex(),
            "previous": self.previous.hex(),
            "recovery_authority": self.recovery_authority.hex(),
        }


def first_link(
    master: SigningKey, *, database_id: bytes, created_at: str, recovery_authority: bytes
) -> Link:
    """Generation 1, signed by its own master key."""
    link = Link(
        database_id=database_id,
        generation=1,
        created_at=created_at,
        master_public_key=master.public.raw,
        recovery_authority=recovery_authority,
        authorised_by="self",
        previous=b"",
    )
    return replace(link, signature=master.sign(link.signed_bytes()))


def next_link(
    previous: Link,
    authoriser: SigningKey,
    *,
    authorised_by: str,
    master_public_key: bytes,
    created_at: str,
    recovery_authority: bytes,
) -> Link:
    """The link after ``previous``, signed by the key that ``authorised_by`` names."""
    link = Link(
        database_id=previous.database_id,
        generation=previous.generation + 1,
        created_at=created_at,
        master_public_key=master_public_key,
        recovery_authority=recovery_authority,
        authorised_by=authorised_by,
        previous=previous.digest(),
    )
    return replace(link, signature=authoriser.sign(link.signed_bytes()))


def read_chain(items: Sequence[Json], *, database_id: bytes) -> tuple[Link, ...]:
    """Parse and verify. Raises `Malformed` naming the generation that fails."""
    links: list[Link] = []
    for item in items:
        link = _read_link(item, number=len(links) + 1)
        _verify(link, links[-1] if links else None, database_id=database_id)
        links.append(link)
    return tuple(links)


def _read_link(item: Json, *, number: int) -> Link:
    reader = Reader(item, f"chain[{number}]")
    link = Link(
        database_id=reader.hex("database_id", 16),
        generation=reader.integer("generation", least=number, most=number),
        created_at=reader.time("created_at"),
        master_public_key=reader.hex("master_public_key", sodium.PUBLIC_KEY_BYTES),
        recovery_authority=reader.hex_or_empty("recovery_authority", sodium.PUBLIC_KEY_BYTES),
        authorised_by=reader.choice("authorised_by", _AUTHORISERS),
        previous=reader.hex_or_empty("previous", 32),
        signature=reader.hex("signature", sodium.SIGNATURE_BYTES),
    )
    reader.finish()
    return link


def _verify(link: Link, previous: Link | None, *, database_id: bytes) -> None:
    where = f"chain[{link.generation}]"
    if link.database_id != database_id:
        raise Malformed(f"{where} is of another database")
    if (previous is None) != (link.authorised_by == "self"):
        raise Malformed(
            f"{where} is authorised by {link.authorised_by!r} in generation {link.generation}"
        )
    if link.previous != (previous.digest() if previous else b""):
        raise Malformed(f"{where} does not follow the link before it")
    keys = (link.master_public_key, link.recovery_authority or link.master_public_key)
    if not all(map(is_public_key, keys)):
        raise Malformed(f"{where} has a public key that is none")
    if not sodium.verify(_authoriser(link, previous), link.signed_bytes(), link.signature):
        raise Malformed(f"the signature of {where} is wrong")


def _authoriser(link: Link, previous: Link | None) -> bytes:
    if previous is None:
        return link.master_public_key
    if link.authorised_by == "master":
        return previous.master_public_key
    if not previous.recovery_authority:
        raise Malformed(f"chain[{link.generation}] is authorised by a recovery that did not exist")
    return previous.recovery_authority


def is_public_key(raw: bytes) -> bool:
    """Whether Ed25519 could verify anything under these 32 bytes.

    A key of small order or in a non-canonical encoding converts to no Curve25519 key, and libsodium
    says so. (`sodium.verify` refuses it too, but only the last key of a chain is ever verified
    under.)
    """
    return sodium.converts_to_curve25519(raw)


def public_key_at(chain: tuple[Link, ...], generation: int) -> MasterPublicKey | None:
    """The master key of a generation, if the chain has it."""
    if 1 <= generation <= len(chain):
        return MasterPublicKey(chain[generation - 1].master_public_key)
    return None
