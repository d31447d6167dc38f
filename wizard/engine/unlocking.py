"""Opening a protected database: everything is verified before the first row can be read.

- Metadata, chain and cost are checked before a secret is asked for; a callable passphrase is
  called only then.
- The secret is right if it derives the public key in the metadata, compared in constant time.
- The database must then agree with the metadata it was opened by (FORMAT.md, section 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from wizard.engine import sqlite
from wizard.engine.chain import public_key_at
from wizard.engine.errors import (
    DamagedDatabase,
    DamagedMetadata,
    ForeignMetadata,
    NoRecovery,
    RolledBackMetadata,
    WrongPassphrase,
)
from wizard.engine.inspection import Inspection, State, inspect
from wizard.engine.kdf import KdfParams, derive
from wizard.engine.keyfile import KeyfileInput, keyfile_from
from wizard.engine.masterkey import MasterPublicKey, SigningKey
from wizard.engine.metadata import Metadata
from wizard.engine.passphrase import PassphraseSource, passphrase_from
from wizard.engine.progress import CancelToken, ProgressSink, ignore_progress
from wizard.engine.rescue import Rescue, open_kit
from wizard.engine.sealing import open_with_root
from wizard.engine.secret import Secret
from wizard.engine.sqlite import Cipher, FileKind, InnerIdentity, KeyRefused

if TYPE_CHECKING:
    import apsw

_OTHER_FILE = "The key does not open this file: sidecar or recovery kit are those of another database."
_DAMAGED_PAGE = (
    "The key is the right one, but the first page of the database fails its check: the file is "
    "damaged. Nothing was changed."
)


class Database:
    """An unlocked database; a context manager that closes the connection.

    ``metadata`` is None where a recovery kit opened a database whose sidecar is missing or damaged.
    """

    def __init__(
        self,
        path: Path,
        connection: apsw.Connection,
        *,
        metadata: Metadata | None,
        identity: InnerIdentity,
        opened_with: str,
    ) -> None:
        self.path = path
        self.connection = connection
        self.metadata = metadata
        self.identity = identity
        self.opened_with = opened_with

    @property
    def fingerprint(self) -> str:
        """Of the master key that the database itself names."""
        return MasterPublicKey(self.identity.master_public_key).fingerprint

    def close(self) -> None:
        """Close the connection; SQLite3MC wipes the key it holds."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` has proved: the secret opens the database, and every page of it is sound."""

    path: Path
    fingerprint: str
    generation: int
    opened_with: str
    tables: int
    rows: int
    warnings: tuple[str, ...]


def unlock(
    path: str | Path,
    passphrase: PassphraseSource | None = None,
    *,
    keyfile: KeyfileInput | None = None,
    recovery: Sequence[str] | None = None,
    readonly: bool = False,
    allow_high_cost: bool = False,
) -> Database:
    """Open a protected database by its passphrase, or by its recovery sheets.

    ``recovery`` takes the text of each sheet, or bare phrases of 33 words. Raises a subclass of
    `NotVerified` (metadata or database are not sound), `NotOpened` (the secret is not the right
    one), or the error of the target's state; the database is not touched then.
    """
    if recovery is not None:
        return _unlock_by_kit(path, recovery, readonly=readonly)
    found = inspect(path)
    metadata = found.metadata
    if metadata is None or not (found.state is State.PROTECTED or _only_salt_differs(found)):
        raise found.error or DamagedMetadata("The crypto metadata are missing.")
    if passphrase is None:
        raise TypeError("unlock() needs a passphrase or recovery sheets")
    check_cost(metadata.master_slot.params, allow_high_cost=allow_high_cost)
    with passphrase_from(passphrase) as secret:
        file = keyfile_from(keyfile)
        try:
            root = open_root(metadata, secret, file)
        except WrongPassphrase:
            # With the sidecar of another database every passphrase is wrong: that is the news.
            if found.error is not None:
                raise found.error from None
            raise
        finally:
            if file is not None:
                file.close()
    with root, open_data_key(metadata, root) as data_key:
        return open_database(found.path, data_key, metadata, readonly=readonly)


def verify(
    path: str | Path,
    passphrase: PassphraseSource | None = None,
    *,
    keyfile: KeyfileInput | None = None,
    recovery: Sequence[str] | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Verification:
    """Prove that a secret opens the database, and read and check all of it. Changes nothing."""
    with unlock(
        path,
        passphrase,
        keyfile=keyfile,
        recovery=recovery,
        readonly=True,
        allow_high_cost=allow_high_cost,
    ) as database:
        sqlite.integrity(database.connection, progress=progress, cancel=cancel)
        counts = sqlite.row_counts(database.connection)
        warnings = []
        if database.metadata is None:
            warnings.append(
                "The sidecar is missing or damaged; only the recovery kit opens this database."
            )
        return Verification(
            path=database.path,
            fingerprint=database.fingerprint,
            generation=database.identity.generation,
            opened_with=database.opened_with,
            tables=len(counts),
            rows=sum(counts.values()),
            warnings=tuple(warnings),
        )


def check_cost(params: KdfParams, *, allow_high_cost: bool) -> None:
    """Refuse parameters out of bounds, and those this machine does not run without asking."""
    from wizard.engine.memory import check_unattended  # noqa: PLC0415 - reads /proc and cgroups

    params.check()
    if not allow_high_cost:
        check_unattended(params)


def open_root(metadata: Metadata, passphrase: Secret, keyfile: Secret | None) -> Secret:
    """The root secret, proved to be the one behind the metadata. Raises `WrongPassphrase`."""
    slot = metadata.master_slot
    root = derive(passphrase, salt=slot.salt, params=slot.params, keyfile=keyfile)
    with SigningKey.master(root) as master:
        if master.public.matches(metadata.public_key):
            return root
    root.close()
    raise WrongPassphrase(
        metadata.public_key.fingerprint,
        keyfile_expected=slot.keyfile,
        keyfile_given=keyfile is not None,
    )


def open_data_key(metadata: Metadata, root: Secret) -> Secret:
    """The data key. The master key has signed the slot, so failing here means forged metadata."""
    data_key = open_with_root(metadata.master_slot, root, metadata.binding)
    if data_key is None:
        raise DamagedMetadata("The master slot does not open, although the passphrase is right.")
    return data_key


def open_database(
    path: Path,
    data_key: Secret,
    metadata: Metadata,
    *,
    readonly: bool,
    opened_with: str = "passphrase",
) -> Database:
    """Open the file and compare its inner table with the metadata."""
    return _checked(
        path,
        data_key,
        cipher=metadata.cipher,
        page_size=metadata.page_size,
        file_salt=metadata.file_salt,
        metadata=metadata,
        rescue=None,
        readonly=readonly,
        opened_with=opened_with,
    )


def _only_salt_differs(found: Inspection) -> bool:
    """Whether the first 16 bytes may just be damaged: `aegis` under a raw key does not use them."""
    return (
        isinstance(found.error, ForeignMetadata)
        and found.metadata is not None
        and found.metadata.cipher == Cipher.AEGIS
    )


def _unlock_by_kit(path: str | Path, sheets: Sequence[str], *, readonly: bool) -> Database:
    found = inspect(path)
    # Without its sidecar an `sqlcipher` file looks like anybody's: the kit decides whose it is.
    possible = (State.PROTECTED, State.DAMAGED, State.FOREIGN)
    if found.state not in possible or sqlite.classify(found.path) is not FileKind.OPAQUE:
        raise found.error or DamagedMetadata("The crypto metadata are missing.")
    metadata = found.metadata
    if metadata is not None and metadata.recovery_slot is None:
        raise NoRecovery("This database was protected without a recovery phrase.")
    return open_by_kit(found.path, sheets, metadata=metadata, readonly=readonly)


def open_by_kit(
    path: Path, sheets: Sequence[str], *, metadata: Metadata | None, readonly: bool
) -> Database:
    """Open ``path`` with recovery sheets; without metadata the compact slot on them is used."""
    with open_kit(sheets, metadata=metadata, file_salt=sqlite.file_salt(path)) as rescue:
        return _checked(
            path,
            rescue.data_key,
            cipher=rescue.cipher,
            page_size=rescue.page_size,
            file_salt=rescue.file_salt,
            metadata=metadata,
            rescue=rescue,
            readonly=readonly,
            opened_with="recovery",
        )


def _checked(
    path: Path,
    data_key: Secret,
    *,
    cipher: str,
    page_size: int,
    file_salt: bytes,
    metadata: Metadata | None,
    rescue: Rescue | None,
    readonly: bool,
    opened_with: str,
) -> Database:
    try:
        connection = sqlite.open_keyed(
            path, key=data_key, cipher=Cipher(cipher), page_size=page_size, readonly=readonly
        )
    except KeyRefused:
        if sqlite.file_salt(path) != file_salt:
            raise ForeignMetadata(_OTHER_FILE) from None
        raise DamagedDatabase(_DAMAGED_PAGE) from None
    try:
        identity = sqlite.read_identity(connection)
        if metadata is not None:
            _agree(identity, metadata)
        elif rescue is not None:
            rescue.check(identity)
        return Database(
            path, connection, metadata=metadata, identity=identity, opened_with=opened_with
        )
    except BaseException:
        connection.close()
        raise


def _agree(identity: InnerIdentity, metadata: Metadata) -> None:
    if identity.database_id != metadata.database_id:
        raise ForeignMetadata("The sidecar is sound, but it is that of another database.")
    if identity.generation > metadata.generation:
        raise RolledBackMetadata(
            f"The sidecar is of generation {metadata.generation}, but the database has seen "
            f"generation {identity.generation}: an older sidecar was put back."
        )
    key = public_key_at(metadata.chain, identity.generation)
    if key is None or key.raw != identity.master_public_key:
        raise ForeignMetadata(
            "The sidecar's chain of master keys is not the one this database was protected under."
        )
