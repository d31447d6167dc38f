"""The archive of a backup, made of a copy of the database and its crypto metadata.

The manifest stands first and is signed last: its length is known before its digests are.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from wizard.engine import archive, sodium, transfer
from wizard.engine.backup_manifest import Manifest, Part, sign_manifest
from wizard.engine.backup_reading import members_of
from wizard.engine.encoding import timestamp
from wizard.engine.errors import VerificationFailed
from wizard.engine.keyed import open_private
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import Metadata
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage
from wizard.engine.sidecar import sync_directory, write_error
from wizard.version import TOOL


@dataclass(frozen=True, slots=True)
class Packing:
    """What goes into the archive: the copy, and the sidecar as it was when it was copied.

    ``log`` is a descriptor of the audit log, and how much of it is taken: what comes later may be
    of a later moment, but what was written stays as it is.
    """

    copy: Path
    log: tuple[int, int] | None
    metadata: Metadata
    sidecar: bytes
    master: SigningKey
    progress: ProgressSink
    cancel: CancelToken

    def into(self, packed: Path) -> None:
        """Write the new file ``packed``, durable, readable by its owner only; its database is compared.

        Raises `VerificationFailed`, `OutputExists`, `NoSpace`, `Unreadable` or `Cancelled`; removing it is the caller's.
        """
        size = self.copy.stat().st_size
        target = open_private(packed)
        try:
            with open(self.copy, "rb") as source:  # noqa: PTH123
                self._write(source.fileno(), target, size)
            os.fsync(target)
            sync_directory(packed.parent)
        except OSError as error:
            raise write_error(packed, size, error) from None
        finally:
            os.close(target)

    def _write(self, source: int, target: int, size: int) -> None:
        manifest = self._manifest(size)
        members = members_of(manifest, manifest.size)
        first, second, audit, last = members
        manifest = replace(
            manifest,
            audit=Part(audit.size, self._logged(target, audit)),
            database=Part(size, self._copied(source, target, last)),
        )
        contents = (sign_manifest(manifest, self.master), self.sidecar)
        for member, data in zip((first, second), contents, strict=True):
            _write_all(target, data, member.offset)
        for member in members:
            _write_all(target, member.header, member.offset - archive.BLOCK_BYTES)
        os.ftruncate(target, last.end + archive.END_BYTES)  # what was not written reads as zeros

    def _logged(self, target: int, member: archive.Member) -> bytes:
        if self.log is None:
            return sodium.digest(b"")
        transfer.copy(
            self.log[0],
            target,
            target_offset=member.offset,
            size=member.size,
            cancel=self.cancel,
        )
        return transfer.digest_of(target, offset=member.offset, size=member.size)

    def _copied(self, source: int, target: int, member: archive.Member) -> bytes:
        """On two cores: one takes the digest of the copy, the other writes it into the archive."""
        size = member.size

        def report(done: int) -> None:
            self.progress(Progress(Stage.COPY, done, size, "bytes", "into the backup"))

        with ThreadPoolExecutor(1) as pool:
            digest = pool.submit(
                partial(transfer.digest_of, source, offset=0, size=size, cancel=self.cancel)
            )
            transfer.copy(
                source,
                target,
                target_offset=member.offset,
                size=size,
                report=report,
                cancel=self.cancel,
            )
            # As it stands in the archive; a digest of that would say the same and cost more.
            if not transfer.same(
                source, target, other_offset=member.offset, size=size, cancel=self.cancel
            ):
                raise VerificationFailed("The backup did not read back as it was written.")
            return digest.result()

    def _manifest(self, size: int) -> Manifest:
        unknown = bytes(sodium.DIGEST_BYTES)  # until they have been copied
        return Manifest(
            tool=TOOL,
            created_at=timestamp(datetime.now(UTC)),
            database_id=self.metadata.database_id,
            generation=self.metadata.generation,
            revision=self.metadata.revision,
            metadata=Part(len(self.sidecar), sodium.digest(self.sidecar)),
            audit=Part(0 if self.log is None else self.log[1], unknown),
            database=Part(size, unknown),
        )


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    written = 0
    while written < len(data):
        written += os.pwrite(descriptor, data[written:], offset + written)
