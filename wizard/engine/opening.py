"""A key becomes an open database, or one of the errors that say why not.

- The secret is right if it derives the public key in the metadata, compared in constant time.
- The database must agree with the metadata or the kit that it was opened by (FORMAT.md, section 7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from wizard.engine import sodium, sqlite
from wizard.engine.boxing import BoxKeys
from wizard.engine.chain import public_key_at
from wizard.engine.errors import (
    Busy,
    DamagedDatabase,
    DamagedMetadata,
    ForeignMetadata,
    NoSpace,
    RolledBackMetadata,
    Unreadable,
    WrongPassphrase,
)
from wizard.engine.kdf import derive
from wizard.engine.masterkey import MasterPublicKey, SigningKey
from wizard.engine.metadata import Metadata
from wizard.engine.rescue import Rescue, open_kit
from wizard.engine.sealing import open_box, open_with_root
from wizard.engine.secret import Secret
from wizard.engine.slots import OperatorSlot
from wizard.engine.sqlite import Cipher, InnerIdentity, KeyRefused

if TYPE_CHECKING:
    import apsw

_OTHER_FILE = (
    "The key does not open this file: sidecar or recovery kit are those of another database, or the "
    "data key was changed after the sheets were printed, and then the sidecar is needed, too."
)
_DAMAGED_PAGE = (
    "The key is the right one, but the first page of the database fails its check: the file is "
    "damaged. Nothing was changed."
)


class Database:
    """An unlocked database; a context manager that closes the connection.

    ``metadata`` is None where a recovery kit opened a database whose sidecar is missing or damaged.
    ``opened_with`` is "passphrase", "operator" or "recovery"; ``operator`` is the operator's label.
    ``warnings``: what has to be said although it opened, one sentence each.
    """

    def __init__(
        self,
        path: Path,
        connection: apsw.Connection,
        *,
        metadata: Metadata | None,
        identity: InnerIdentity,
        opened_with: str,
        operator: str = "",
    ) -> None:
        self.path = path
        self.connection = connection
        self.metadata = metadata
        self.identity = identity
        self.opened_with = opened_with
        self.operator = operator
        self.warnings: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Of the master key in force: the metadata's, which the database itself may not have seen yet.

        Without metadata it is that of the key which the database names.
        """
        if self.metadata is not None:
            return self.metadata.public_key.fingerprint
        return MasterPublicKey(self.identity.master_public_key).fingerprint

    @property
    def generation(self) -> int:
        """Of the same key as `fingerprint`."""
        return self.identity.generation if self.metadata is None else self.metadata.generation

    def close(self) -> None:
        """Close the connection; SQLite3MC wipes the key it holds."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


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


def open_operator(metadata: Metadata, slot: OperatorSlot, passphrase: Secret) -> Secret | None:
    """The data key, or None where this is not the passphrase of the slot."""
    with (
        derive(passphrase, salt=slot.salt, params=slot.params) as root,
        BoxKeys.operator(root) as keys,
    ):
        if slot.box is None or not sodium.equal(keys.public, slot.box.public_key):
            return None
        data_key = open_box(slot, slot.box.sealed, keys, metadata.binding)
    if data_key is None:
        raise DamagedMetadata(
            "The operator's slot does not open, although his passphrase is right."
        )
    return data_key


def whose_passphrase(
    metadata: Metadata, passphrase: Secret, slots: Sequence[OperatorSlot]
) -> str | None:
    """The label of the operator whose passphrase it is, or None. A derivation for each slot."""
    for slot in slots:
        data_key = open_operator(metadata, slot, passphrase)
        if data_key is not None:
            data_key.close()
            return slot.label
    return None


def open_database(
    path: Path, data_key: Secret, metadata: Metadata, *, readonly: bool, operator: str = ""
) -> Database:
    """Open the file and compare its inner table with the metadata.

    Opened for writing, the table learns the newest revision of the metadata, unless another
    connection is writing just now.
    """

    def agree(identity: InnerIdentity) -> None:
        _agree(identity, metadata)

    connection, identity = _open(path, data_key, metadata, agree, readonly=readonly)
    if not readonly:
        identity = _caught_up(connection, identity, metadata)
    return Database(
        path,
        connection,
        metadata=metadata,
        identity=identity,
        opened_with="operator" if operator else "passphrase",
        operator=operator,
    )


def open_by_kit(
    path: Path, sheets: Sequence[str], *, metadata: Metadata | None, readonly: bool
) -> Database:
    """Open ``path`` with recovery sheets; without metadata the compact slot on them is used."""
    with open_kit(sheets, metadata=metadata, file_salt=sqlite.file_salt(path)) as rescue:

        def agree(identity: InnerIdentity) -> None:
            if metadata is None:
                rescue.check(identity)
            else:
                _agree(identity, metadata)

        connection, identity = _open(path, rescue.data_key, rescue, agree, readonly=readonly)
    return Database(path, connection, metadata=metadata, identity=identity, opened_with="recovery")


def _open(
    path: Path,
    data_key: Secret,
    facts: Metadata | Rescue,
    agree: Callable[[InnerIdentity], None],
    *,
    readonly: bool,
) -> tuple[apsw.Connection, InnerIdentity]:
    try:
        connection = sqlite.open_keyed(
            path,
            key=data_key,
            cipher=Cipher(facts.cipher),
            page_size=facts.page_size,
            readonly=readonly,
        )
    except KeyRefused:
        if sqlite.file_salt(path) != facts.file_salt:
            raise ForeignMetadata(_OTHER_FILE) from None
        raise DamagedDatabase(_DAMAGED_PAGE) from None
    try:
        identity = sqlite.read_identity(connection)
        agree(identity)
    except BaseException:
        connection.close()
        raise
    return connection, identity


def _caught_up(
    connection: apsw.Connection, identity: InnerIdentity, metadata: Metadata
) -> InnerIdentity:
    newest = replace(
        identity,
        generation=metadata.generation,
        master_public_key=metadata.public_key.raw,
        revision=metadata.revision,
    )
    if newest == identity:
        return identity
    try:
        sqlite.note_revision(connection, newest)
    except (Busy, NoSpace, Unreadable):
        return identity
    return sqlite.read_identity(connection)


def _agree(identity: InnerIdentity, metadata: Metadata) -> None:
    if identity.database_id != metadata.database_id:
        raise ForeignMetadata("The sidecar is sound, but it is that of another database.")
    if identity.generation > metadata.generation or identity.revision > metadata.revision:
        raise RolledBackMetadata(
            f"The sidecar is revision {metadata.revision} of generation {metadata.generation}, but "
            f"the database has seen revision {identity.revision} of generation "
            f"{identity.generation}: an older sidecar was put back."
        )
    key = public_key_at(metadata.chain, identity.generation)
    if key is None or key.raw != identity.master_public_key:
        raise ForeignMetadata(
            "The sidecar's chain of master keys is not the one this database was protected under."
        )
