"""Permissions that a master key has signed: EdDSA JSON Web Tokens (RFC 7519, RFC 8037).

- Any JWT library verifies one with the master public key. Here the header must be, byte for byte,
  the one that we write: so there is no algorithm to choose and none to confuse.
- A grant is for one database and one generation: whoever changes the passphrase ends all grants.
- What is signed begins with the header's ``eyJ``, and so is never a link, a document or any other
  thing that a master key signs.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wizard.engine.authority import Changed, authorised
from wizard.engine.changing import revised
from wizard.engine.encoding import Json, Malformed, Reader, canonical, parse_canonical, unhex
from wizard.engine.errors import InvalidInput, NotVerified
from wizard.engine.keyfile import KeyfileInput
from wizard.engine.metadata import GRANT_ID_BYTES, MAXIMUM_REVOKED, Metadata
from wizard.engine.passphrase import PassphraseSource

AUDIENCE = "datafold-wizard"
LONGEST = timedelta(days=3650)
_MOST_CHARACTERS = 2048
_PARTS = 3
_EARLY_SECONDS = 60
_MAXIMUM_TIME = 2**53 - 1


class Role(StrEnum):
    """What a grant allows, each more than the one before."""

    AUDITOR = "auditor"
    OPERATOR = "operator"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission. Times are seconds since 1970, ``id`` is hexadecimal."""

    id: str
    subject: str
    role: Role
    database_id: bytes
    generation: int
    issued_at: int
    expires_at: int


def issue_grant(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    role: Role | str,
    subject: str,
    lifetime: timedelta,
    now: datetime,
    keyfile: KeyfileInput | None = None,
    allow_high_cost: bool = False,
) -> tuple[str, Grant]:
    """A token for ``subject``, signed by the master key, and what it says.

    Raises `InvalidInput` for a lifetime that is not above zero and up to ten years or a subject
    that is not 1 to 64 printable characters, and what opening the database by its passphrase does.
    """
    if not timedelta(0) < lifetime <= LONGEST:
        raise InvalidInput("A grant is for at least a second and at most ten years.")
    issued = int(now.timestamp())
    grant_id = os.urandom(GRANT_ID_BYTES).hex()
    with authorised(
        path,
        passphrase,
        "grant",
        keyfile=keyfile,
        allow_high_cost=allow_high_cost,
        details={"grant": grant_id, "role": Role(role).value},
    ) as held:
        grant = Grant(
            id=grant_id,
            subject=subject,
            role=Role(role),
            database_id=held.metadata.database_id,
            generation=held.metadata.generation,
            issued_at=issued,
            expires_at=issued + int(lifetime.total_seconds()),
        )
        try:
            _read_claims(canonical(_claims(grant)))
        except Malformed as error:
            raise InvalidInput(f"Such a grant cannot be written: {error}.") from None
        unsigned = f"{_header(held.metadata)}.{_encode(canonical(_claims(grant)))}"
        signature = held.signing.sign(unsigned.encode("ascii"))
        held.entry.signer = held.signing
        held.entry.done()
    return f"{unsigned}.{_encode(signature)}", grant


def revoke_grant(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    grant_id: str,
    *,
    keyfile: KeyfileInput | None = None,
    allow_high_cost: bool = False,
) -> Changed:
    """End a grant before its time, in the signed metadata.

    Raises `InvalidInput` for what is no id, or where there is no room for one more, and what
    `authorised` raises.
    """
    try:
        raw = unhex(grant_id, GRANT_ID_BYTES, "A grant's id")
    except Malformed as error:
        raise InvalidInput(f"{error}.") from None
    with authorised(
        path,
        passphrase,
        "revoke_grant",
        keyfile=keyfile,
        allow_high_cost=allow_high_cost,
        details={"grant": grant_id},
    ) as held:
        revoked = {*held.metadata.revoked_grants, raw}
        if len(revoked) > MAXIMUM_REVOKED:
            raise InvalidInput(
                "Too many grants are revoked: change the passphrase, which ends all."
            )
        return held.publish(revised(held.metadata, revoked_grants=tuple(sorted(revoked))))


def claimed_database(token: str) -> bytes | None:
    """Which database a token says it is for, before anything is verified; None if it says none."""
    try:
        _header_part, payload, _signature = _split(token)
        return _read_claims(_decode(payload)).database_id
    except Malformed:
        return None


def verify_grant(token: str, metadata: Metadata, *, now: datetime) -> Grant:
    """The grant, if it is one of this database's current master key and has not ended.

    Raises `NotVerified`; the sentence says why, and never repeats the token.
    """
    try:
        header, payload, signature = _split(token)
        if header != _header(metadata):
            raise NotVerified("The token was not signed by the current master key.")
        metadata.public_key.verify(f"{header}.{payload}".encode("ascii"), _decode(signature))
        grant = _read_claims(_decode(payload))
    except Malformed as error:
        raise NotVerified(f"The token is malformed: {error}.") from None
    if grant.database_id != metadata.database_id or grant.generation != metadata.generation:
        raise NotVerified("The token is for another database or an older generation.")
    if bytes.fromhex(grant.id) in metadata.revoked_grants:
        raise NotVerified("The token was revoked.")
    # A minute before its begin: clocks differ, and who just got a token uses it at once.
    if not grant.issued_at - _EARLY_SECONDS <= now.timestamp() < grant.expires_at:
        raise NotVerified("The token has ended, or has not begun.")
    return grant


def _header(metadata: Metadata) -> str:
    header: Json = {"alg": "EdDSA", "kid": metadata.public_key.fingerprint, "typ": "JWT"}
    return _encode(canonical(header))


def _claims(grant: Grant) -> Json:
    return {
        "aud": AUDIENCE,
        "database": grant.database_id.hex(),
        "exp": grant.expires_at,
        "generation": grant.generation,
        "iat": grant.issued_at,
        "jti": grant.id,
        "role": grant.role.value,
        "sub": grant.subject,
    }


def _read_claims(data: bytes) -> Grant:
    reader = Reader(parse_canonical(data), "the token")
    reader.choice("aud", (AUDIENCE,))
    grant = Grant(
        id=reader.hex("jti", GRANT_ID_BYTES).hex(),
        subject=reader.text("sub"),
        role=Role(reader.choice("role", tuple(Role))),
        database_id=reader.hex("database", 16),
        generation=reader.integer("generation", least=1, most=_MAXIMUM_TIME),
        issued_at=reader.integer("iat", least=0, most=_MAXIMUM_TIME),
        expires_at=reader.integer("exp", least=0, most=_MAXIMUM_TIME),
    )
    reader.finish()
    return grant


def _split(token: str) -> tuple[str, str, str]:
    parts = token.split(".") if len(token) <= _MOST_CHARACTERS else []
    if len(parts) != _PARTS or not token.isascii():
        raise Malformed("it does not have three parts of ASCII")
    return parts[0], parts[1], parts[2]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("a part is not base64url") from None
    if _encode(data) != text:  # a second spelling of the same bytes
        raise Malformed("a part is not base64url")
    return data
