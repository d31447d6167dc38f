"""A copy of an encrypted database as it is at one moment, while applications write to it.

- Everything is read in one read transaction. In WAL mode writers go on meanwhile, and SQLite's
  backup interface copies the pages of that moment. In the other journal modes a reader holds
  writers up, so the file is copied as it is, by the kernel, which takes the shortest time.
- Nothing is believed of the copy: it is opened from its own file, and every page of it read.
- It is under the same data key and has the same salt, so the sidecar fits it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import apsw

from wizard.engine import sqlite, transfer
from wizard.engine.copying import available_in
from wizard.engine.encoding import Malformed
from wizard.engine.errors import Busy, DamagedDatabase, NoSpace, WizardError
from wizard.engine.filehead import own_descriptors
from wizard.engine.keyed import create_private
from wizard.engine.metadata import Metadata
from wizard.engine.opening import open_database
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage
from wizard.engine.secret import Secret
from wizard.engine.sidecar import write_error
from wizard.engine.sqlite import Cipher
from wizard.engine.sqlite_refusals import translated

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.01
_STEP_PAGES = 1_000
_COPIES = 2  # the copy, and the archive that is made of it


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy in bytes. ``writers_waited`` is for how many seconds nobody could commit."""

    size: int
    writers_waited: float


@dataclass(frozen=True, slots=True)
class SnapshotTaker:
    """What is copied: the database ``path``, protected as ``metadata`` say, into ``copy``."""

    path: Path
    copy: Path
    metadata: Metadata
    data_key: Secret
    progress: ProgressSink
    cancel: CancelToken

    def take(self) -> Snapshot:
        """Copy; `checked` is what proves the copy. Raises `NoSpace`, `Busy`, `DamagedDatabase`, `Unreadable`, `Cancelled`.

        ``copy`` is the caller's to remove, whatever happens.
        """
        create_private(self.copy)
        with open_database(self.path, self.data_key, self.metadata, readonly=False) as database:
            return self._copied(database.connection)

    def _copied(self, connection: apsw.Connection) -> Snapshot:
        failure: WizardError
        try:
            with _reading(connection, self.cancel) as began:
                page_size = connection.pragma("page_size")
                size = page_size * connection.pragma("page_count")
                self._check_space(size)
                wal = connection.pragma("journal_mode") == "wal"
                if wal:
                    self._copy_pages(connection, size)
                else:
                    self._copy_bytes(size)
                return Snapshot(size, 0.0 if wal else time.monotonic() - began)
        except apsw.Error as error:
            failure = translated(error, self.path)
        except Malformed:
            failure = DamagedDatabase(f"{self.path} is shorter than it says.")
        except OSError as error:
            failure = write_error(self.copy, 0, error)
        # Raised after the except block has ended, so that no SQLite error stays in the chain.
        raise failure

    def _copy_pages(self, connection: apsw.Connection, size: int) -> None:
        """The pages of the transaction, whatever is written after them: decrypted, encrypted."""
        target = sqlite.open_keyed(
            self.copy,
            key=self.data_key,
            cipher=Cipher(self.metadata.cipher),
            page_size=self.metadata.page_size,
            create=True,
            salt=self.metadata.file_salt,
        )
        with closing(target):
            # What is cut off is removed, so nothing has to be undone or durable here.
            target.pragma("journal_mode", "off")
            target.pragma("synchronous", "off")
            with target.backup("main", connection, "main") as copying:
                while not copying.done:
                    self.cancel.check()
                    copying.step(_STEP_PAGES)
                    share = 1 - copying.remaining / max(1, copying.page_count)
                    self._report(int(size * share), size)

    def _copy_bytes(self, size: int) -> None:
        # SQLite's own descriptor: closing another one of the same file would drop its lock.
        source = next(each for each in own_descriptors(self.path) if _is_readable(each))
        target = os.open(self.copy, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            transfer.copy(
                source,
                target,
                size=size,
                report=lambda done: self._report(done, size),
                cancel=self.cancel,
            )
        finally:
            os.close(target)

    def _check_space(self, size: int) -> None:
        available = available_in(self.copy.parent)
        if available < _COPIES * size:
            raise NoSpace(directory=self.copy.parent, needed=_COPIES * size, available=available)

    def _report(self, done: int, size: int) -> None:
        self.progress(Progress(Stage.COPY, done, size, "bytes", self.path.name))


@contextmanager
def checked(
    copy: Path, data_key: Secret, metadata: Metadata, *, cancel: CancelToken
) -> Iterator[None]:
    """Open the copy, and read and check every page of it in a second thread while the block runs.

    At its end it has been found sound, or this raises `DamagedDatabase` or `Cancelled`.
    """
    with (
        open_database(copy, data_key, metadata, readonly=True) as copied,
        ThreadPoolExecutor(1) as pool,
    ):
        sound = pool.submit(
            partial(sqlite.integrity, copied.connection, cancel=cancel, check="quick_check")
        )
        try:
            yield
        except BaseException:
            copied.connection.interrupt()
            raise
        sound.result()


@contextmanager
def _reading(connection: apsw.Connection, cancel: CancelToken) -> Iterator[float]:
    """One read transaction; yields when it began. Waits for a writer for a minute at most."""
    deadline = time.monotonic() + _PATIENCE_SECONDS

    def wait(_times: int) -> bool:
        time.sleep(_PAUSE_SECONDS)
        return not cancel.cancelled and time.monotonic() < deadline

    connection.set_busy_handler(wait)
    connection.execute("BEGIN").close()
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        yield time.monotonic()
    except apsw.BusyError:
        cancel.check()
        raise Busy("An application has been writing for a minute without a pause.") from None
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK").close()


def _is_readable(descriptor: int) -> bool:
    try:
        os.pread(descriptor, 1, 0)
    except OSError:
        return False
    return True
