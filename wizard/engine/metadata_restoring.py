"""A saved sidecar takes the place of one that is lost or damaged.

- It must be this database's: its salt is the file's, and with the passphrase the row inside agrees.
- It must not be older than what is known: the sidecar that is there, if that is sound, and the row
  inside the database, if the passphrase is given. Who means an older one has to say so.
- What it replaces is kept under a dated name, and never deleted.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.engine import audit, backup_reading, sqlite
from wizard.engine.chain import public_key_at
from wizard.engine.errors import (
    ForeignMetadata,
    ForeignTarget,
    NotVerified,
    OlderMetadata,
)
from wizard.engine.inspection import look, resolve
from wizard.engine.keyfile import KeyfileInput
from wizard.engine.master_only import master_keys
from wizard.engine.metadata import Metadata
from wizard.engine.passphrase import PassphraseSource
from wizard.engine.putting_back import put_back
from wizard.engine.replacement import read_sidecar_bytes
from wizard.engine.secret import Secret
from wizard.engine.settling import settle
from wizard.engine.sidecar import (
    read_sidecar,
    sidecar_path,
)
from wizard.engine.sqlite import Cipher, FileKind, InnerIdentity, KeyRefused
from wizard.engine.writerlock import WriterLock

if TYPE_CHECKING:
    import apsw

_OTHER = "The saved crypto metadata are sound, but they are those of another database"
_BEFORE = "of this one before its data key was changed"


@dataclass(frozen=True, slots=True)
class RestoredMetadata:
    """A sidecar that was put back.

    ``changed`` is False where the same was there already. ``kept`` is where the one that was there
    before is now, None if there was none. ``proved``: the passphrase has opened the database with it.
    """

    path: Path
    sidecar: Path
    fingerprint: str
    generation: int
    revision: int
    changed: bool
    kept: Path | None
    proved: bool
    notes: tuple[str, ...]


def restore_metadata(
    file: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    passphrase: PassphraseSource | None = None,
    keyfile: KeyfileInput | None = None,
    allow_older: bool = False,
    allow_high_cost: bool = False,
) -> RestoredMetadata:
    """Put the crypto metadata of ``file``, a saved sidecar or any backup, beside a database.

    The passphrase is that of the saved metadata; with it, and ``allow_older``, the row inside the
    database is brought back to them, or the database would not open with them. Raises
    `ForeignMetadata`, `OlderMetadata`, `DamagedBackup`, `UnsupportedVersion`, `NotOpened`, `Busy`,
    `Unreadable` and the error of a target that is no encrypted file; nothing has changed then. Only
    after `Interrupted` they are in their place, and may not be on the disk for good.
    """
    source, target = resolve(file), resolve(path)
    with backup_reading.opened(source) as descriptor:
        saved = backup_reading.read_contents(descriptor)
    _check_target(target)
    with (
        ExitStack() as secrets,
        audit.attempt(target, "restore_metadata") as entry,
        WriterLock(target),
    ):
        settle(target)
        metadata = saved.metadata
        _check_belongs(metadata, target, provable=passphrase is not None)
        entry.concerns(metadata)
        _check_age(metadata, _sound_sidecar(target), allow_older=allow_older)
        changed = read_sidecar(sidecar_path(target)) != saved.metadata_bytes
        if passphrase is None:
            kept = put_back(saved.metadata_bytes, target, entry)
        else:
            keys = secrets.enter_context(
                master_keys(metadata, passphrase, keyfile, allow_high_cost=allow_high_cost)
            )
            entry.details["using"] = "passphrase"
            entry.signer = keys.master
            with closing(_opened(target, metadata, keys.data_key)) as connection:
                identity = _check_row(connection, metadata, allow_older=allow_older)
                # The row first: with a newer sidecar beside it the database still opens, and
                # while an application holds it, nothing has changed.
                if _is_behind(metadata, identity):
                    _bring_back(connection, metadata, identity)
                kept = put_back(saved.metadata_bytes, target, entry)
    return RestoredMetadata(
        path=target,
        sidecar=sidecar_path(target),
        fingerprint=metadata.public_key.fingerprint,
        generation=metadata.generation,
        revision=metadata.revision,
        changed=changed,
        kept=kept,
        proved=passphrase is not None,
        notes=(entry.warning,) if entry.warning else (),
    )


def _check_target(target: Path) -> None:
    if sqlite.classify(target) is not FileKind.OPAQUE:
        raise look(target).error or ForeignTarget(f"{target} is not an encrypted database.")


def _check_belongs(saved: Metadata, target: Path, *, provable: bool) -> None:
    # `aegis` under a raw key does not use the salt, so there the row can decide instead.
    decided_by_row = provable and saved.cipher == Cipher.AEGIS
    if saved.file_salt != sqlite.file_salt(target) and not decided_by_row:
        raise ForeignMetadata(
            f"{_OTHER}, or {_BEFORE} (their fingerprint is {saved.public_key.fingerprint})."
        )


def _sound_sidecar(target: Path) -> Metadata | None:
    try:
        return read_sidecar_bytes(read_sidecar(sidecar_path(target)) or b"").current
    except NotVerified:
        return None


def _check_age(saved: Metadata, there: Metadata | None, *, allow_older: bool) -> None:
    if there is None or there.database_id != saved.database_id:
        return  # Damaged, or of another database: it says nothing about this one.
    links = min(len(there.chain), len(saved.chain))
    if there.chain[:links] != saved.chain[:links]:
        raise ForeignMetadata(
            "The sidecar beside the database and the saved one name different master keys for the "
            "same generation; one of them is forged."
        )
    if _age(saved) < _age(there) and not allow_older:
        raise _older(saved, "the sidecar beside the database", _age(there))


def _check_row(connection: apsw.Connection, saved: Metadata, *, allow_older: bool) -> InnerIdentity:
    identity = sqlite.read_identity(connection)
    key = public_key_at(saved.chain, identity.generation)
    known = (
        identity.generation > saved.generation
        if key is None
        else (key.raw == identity.master_public_key)
    )
    if identity.database_id != saved.database_id or not known:
        raise ForeignMetadata(f"{_OTHER}.")
    if _is_behind(saved, identity) and not allow_older:
        newer = (identity.generation, identity.revision)
        raise _older(saved, "what the database has seen", newer)
    return identity


def _bring_back(connection: apsw.Connection, saved: Metadata, identity: InnerIdentity) -> None:
    """Let the row inside say what the older metadata say, so that they open the database."""
    sqlite.write_identity_now(
        connection,
        replace(
            identity,
            generation=saved.generation,
            master_public_key=saved.public_key.raw,
            revision=saved.revision,
        ),
    )


def _opened(target: Path, saved: Metadata, data_key: Secret) -> apsw.Connection:
    try:
        return sqlite.open_keyed(
            target, key=data_key, cipher=Cipher(saved.cipher), page_size=saved.page_size
        )
    except KeyRefused:
        raise ForeignMetadata(
            f"{_OTHER}, or {_BEFORE}, or the first page of the file is damaged "
            f"(their fingerprint is {saved.public_key.fingerprint})."
        ) from None


def _is_behind(saved: Metadata, identity: InnerIdentity) -> bool:
    return identity.generation > saved.generation or identity.revision > saved.revision


def _age(metadata: Metadata) -> tuple[int, int]:
    return metadata.generation, metadata.revision


def _older(saved: Metadata, than: str, newer: tuple[int, int]) -> OlderMetadata:
    return OlderMetadata(
        f"The saved crypto metadata are revision {saved.revision} of generation "
        f"{saved.generation}; {than} is revision {newer[1]} of generation {newer[0]}. Passphrases "
        "and operators that were removed since would open the database again."
    )
