"""A backup that was given to us is hostile until everything in it agrees (FORMAT.md, section 14).

- Nothing is taken from it but bytes whose place and length are known beforehand.
- Nothing needs a secret: the manifest is signed by the master key that the metadata inside name.
- Memory is constant: the database is read in pieces, and only after all else was found right.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wizard.engine import archive, sodium, transfer
from wizard.engine.archive import BLOCK_BYTES, Member
from wizard.engine.backup_manifest import (
    MAXIMUM_MANIFEST_BYTES,
    Claim,
    Manifest,
    read_manifest,
)
from wizard.engine.encoding import Malformed
from wizard.engine.errors import DamagedBackup, DamagedMetadata, Unreadable
from wizard.engine.metadata import MAXIMUM_BYTES, Metadata
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage
from wizard.engine.replacement import read_sidecar_bytes
from wizard.engine.sidecar import open_regular

MANIFEST_NAME = "manifest.json"
METADATA_NAME = "database.crypto.json"
AUDIT_NAME = "database.audit.jsonl"
DATABASE_NAME = "database"
_SIDECAR_BEGINS = b"{"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a sound backup holds; the last three are None for a sidecar alone.

    The digests of database and audit log are checked by `check_digests`, and by nothing else.
    """

    metadata: Metadata
    metadata_bytes: bytes
    size: int
    manifest: Manifest | None = None
    audit: Member | None = None
    database: Member | None = None


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A backup's descriptor; reading errors are told as `Unreadable`, damage as `DamagedBackup`.

    Raises `FileNotFoundError` as it is: a missing backup is no missing database.
    """
    descriptor = open_regular(path)
    try:
        yield descriptor
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    except Malformed as error:
        raise DamagedBackup(f"{path} is not a sound backup: {error}.") from None
    finally:
        os.close(descriptor)


def read_contents(descriptor: int) -> Contents:
    """Everything but the bytes of database and audit log, verified.

    Raises `Malformed`, `UnsupportedVersion` or `OSError`.
    """
    size = os.fstat(descriptor).st_size
    if os.pread(descriptor, 1, 0) == _SIDECAR_BEGINS:
        data = _exactly(descriptor, 0, size, most=MAXIMUM_BYTES)
        return Contents(_metadata(data), data, size)
    claim, manifest_size = _manifest(descriptor)
    manifest = claim.manifest
    _first, sidecar, audit, database = members_of(manifest, manifest_size)
    if size != database.end + archive.END_BYTES:
        raise Malformed(
            f"it has {size:,} bytes, and {database.end + archive.END_BYTES:,} belong to it"
        )
    _check_header(descriptor, sidecar)
    data = _exactly(descriptor, sidecar.offset, sidecar.size, most=MAXIMUM_BYTES)
    if sodium.digest(data) != manifest.metadata.digest:
        raise Malformed("the crypto metadata in it are not those of its manifest")
    metadata = _metadata(data)
    claim.verify(metadata.public_key)
    _check_agreement(manifest, metadata)
    for member in (audit, database):
        _check_header(descriptor, member)
    for member, more in ((sidecar, 0), (audit, 0), (database, archive.END_BYTES)):
        _check_zeros(descriptor, member.offset + member.size, member.padding + more)
    if os.pread(descriptor, len(metadata.file_salt), database.offset) != metadata.file_salt:
        raise Malformed("the database in it is not the one of the crypto metadata in it")
    return Contents(metadata, data, size, manifest, audit, database)


def check_digests(
    descriptor: int, contents: Contents, *, progress: ProgressSink, cancel: CancelToken | None
) -> None:
    """Read audit log and database, and compare. Raises `Malformed`, `Cancelled` or `OSError`."""
    if contents.manifest is None or contents.audit is None or contents.database is None:
        return
    total = contents.audit.size + contents.database.size
    before = 0
    for member, part in (
        (contents.audit, contents.manifest.audit),
        (contents.database, contents.manifest.database),
    ):
        report = partial(_report, progress, total, before)
        found = transfer.digest_of(
            descriptor, offset=member.offset, size=member.size, report=report, cancel=cancel
        )
        if found != part.digest:
            raise Malformed(f"{member.name} in it is not the one of its manifest")
        before += member.size


def members_of(manifest: Manifest, manifest_size: int) -> tuple[Member, ...]:
    """Manifest, sidecar, audit log and database, each in its place."""
    return archive.members(
        (
            (MANIFEST_NAME, manifest_size),
            (METADATA_NAME, manifest.metadata.size),
            (AUDIT_NAME, manifest.audit.size),
            (DATABASE_NAME, manifest.database.size),
        )
    )


def _report(progress: ProgressSink, total: int, before: int, done: int) -> None:
    progress(Progress(Stage.CHECK, before + done, total, "bytes", "the backup"))


def _manifest(descriptor: int) -> tuple[Claim, int]:
    block = os.pread(descriptor, BLOCK_BYTES, 0)
    size = archive.size_in(block, MANIFEST_NAME)
    data = _exactly(descriptor, BLOCK_BYTES, size, most=MAXIMUM_MANIFEST_BYTES)
    claim = read_manifest(data)
    (member,) = archive.members(((MANIFEST_NAME, size),))
    _check_zeros(descriptor, member.offset + size, member.padding)
    return claim, size


def _metadata(data: bytes) -> Metadata:
    try:
        sidecar = read_sidecar_bytes(data)
    except DamagedMetadata as error:
        raise Malformed(str(error).rstrip(".")) from None
    if sidecar.pending is not None:
        raise Malformed("its crypto metadata are those of a replacement under way")
    return sidecar.current


def _check_agreement(manifest: Manifest, metadata: Metadata) -> None:
    said = (manifest.database_id, manifest.generation, manifest.revision)
    if said != (metadata.database_id, metadata.generation, metadata.revision):
        raise Malformed("its manifest and its crypto metadata are not of the same moment")
    if manifest.database.size % metadata.page_size:
        raise Malformed("the database in it does not have whole pages")


def _check_header(descriptor: int, member: Member) -> None:
    if os.pread(descriptor, BLOCK_BYTES, member.offset - BLOCK_BYTES) != member.header:
        raise Malformed(f"there is no {member.name} where it has to be")


def _check_zeros(descriptor: int, offset: int, size: int) -> None:
    if os.pread(descriptor, size, offset) != bytes(size):
        raise Malformed("there is something between or behind its parts")


def _exactly(descriptor: int, offset: int, size: int, *, most: int) -> bytes:
    if size > most:
        raise Malformed(f"a part has {size:,} bytes, and at most {most:,} are possible")
    data = os.pread(descriptor, size, offset)
    if len(data) != size:
        raise Malformed("it ends too early")
    return data
