"""A database that is being copied under a new key, and cannot change meanwhile.

- From entry to exit the source is locked exclusively: what was copied and compared is what is
  replaced, and nothing an application writes can be lost between.
- Nothing here touches the source. Whatever fails removes the copy it was making.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import apsw

from wizard.engine.copying import available_in, space_needed, vacuum_into
from wizard.engine.errors import NoSpace, UnsupportedDatabase
from wizard.engine.hold import Held
from wizard.engine.identity import InnerIdentity, write_identity
from wizard.engine.keyed import Cipher, create_private, discard_database, open_keyed
from wizard.engine.leftovers import sync_path
from wizard.engine.progress import CancelToken, ProgressSink, ignore_progress
from wizard.engine.secret import Secret
from wizard.engine.source_facts import SourceFacts
from wizard.engine.sqlite_refusals import translated
from wizard.engine.verification import Verified, verify_copy


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What `encrypt_into` wrote: an encrypted database of ``bytes``, with pages of ``page_size``.

    ``notes`` says what is not as it was in the source.
    """

    source: SourceFacts
    cipher: Cipher
    bytes: int
    page_size: int
    seconds: float
    notes: tuple[str, ...]

    @property
    def tables(self) -> int:
        """How many tables were copied, shadow tables and SQLite's own included."""
        return len(self.source.tables)

    @property
    def rows(self) -> int:
        """How many rows they have."""
        return sum(table.rows for table in self.source.tables)


class HeldSource(ABC):
    """A database under an exclusive lock; a context manager.

    Symbolic links are followed once, at the start: ``path`` is the real file, and everything is
    written beside that.

    While it is held, this process must not open and close the file by other means than this
    package's: that would drop the lock. (`check_unchanged` finds out.)
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))
        self._held: Held | None = None
        self._written: os.stat_result | None = None
        self._facts: SourceFacts | None = None

    @abstractmethod
    def _hold(self) -> Held:
        """Lock it. Raises what stands against that."""

    @abstractmethod
    def _look(self, held: Held) -> SourceFacts:
        """What is known of it, or raise what stands against copying it."""

    @abstractmethod
    def _copied_page_size(self, cipher: Cipher) -> int:
        """The page size that its copy gets."""

    def __enter__(self) -> Self:
        self._held = self._hold()
        try:
            self._facts = self._look(self._held)
        except apsw.Error as error:
            self.close()
            raise UnsupportedDatabase(_unreadable(self.path, error)) from None
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the source go, as it was found but for an emptied write-ahead log. Idempotent."""
        if self._held is not None:
            self._held.connection.close()
            self._held = None

    @property
    def facts(self) -> SourceFacts:
        """What is known of the source; `ValueError` before it was entered."""
        if self._facts is None:
            raise ValueError("the source was not entered")
        return self._facts

    def check_space(self, directory: Path) -> None:
        """Raise `NoSpace` unless the encrypted copy fits into ``directory``, by an upper estimate."""
        facts = self.facts
        needed = space_needed(facts.page_count - facts.free_pages, facts.page_size)
        available = available_in(directory)
        if available < needed:
            raise NoSpace(directory=directory, needed=needed, available=available)

    def encrypt_into(
        self,
        staged: Path,
        *,
        key: Secret,
        cipher: Cipher,
        identity: InnerIdentity,
        progress: ProgressSink = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> ConversionReport:
        """Write the encrypted copy with its identity, durable, under a name that must be free.

        Raises `OutputExists`, `NoSpace`, `UnsupportedDatabase`, `Unreadable` or `Cancelled`; nothing
        is left of the copy then. It has not been verified when this returns: `verify` does that.
        """
        held, facts = self._require()
        begun = time.monotonic()
        page_size = self._copied_page_size(cipher)
        needed = space_needed(facts.page_count - facts.free_pages, facts.page_size)
        create_private(staged)
        try:
            vacuum_into(
                held.connection,
                staged,
                key=key,
                cipher=cipher,
                expected=(facts.page_count - facts.free_pages) * facts.page_size,
                needed=needed,
                progress=progress,
                cancel=cancel,
            )
            _finish(staged, key, cipher, page_size, identity, wal=facts.header.wal, needed=needed)
        except BaseException:
            discard_database(staged)
            raise
        self._written = staged.lstat()
        return ConversionReport(
            source=facts,
            cipher=cipher,
            bytes=staged.stat().st_size,
            page_size=page_size,
            seconds=time.monotonic() - begun,
            notes=facts.notes + _page_size_note(facts.page_size, page_size),
        )

    def verify(
        self,
        staged: Path,
        *,
        key: Secret,
        cipher: Cipher,
        progress: ProgressSink = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Verified:
        """Prove that ``staged`` says the same as the source. Raises what `verify_copy` raises."""
        held, facts = self._require()
        return verify_copy(
            held.connection,
            staged,
            key=key,
            cipher=cipher,
            page_size=self._copied_page_size(cipher),
            counted=facts.tables,
            progress=progress,
            cancel=cancel,
        )

    def _require(self) -> tuple[Held, SourceFacts]:
        if self._held is None:
            raise ValueError("the source is not held")
        return self._held, self.facts

    def _require_written(self) -> os.stat_result:
        if self._written is None:
            raise ValueError("nothing was encrypted yet")
        return self._written


def _page_size_note(before: int, after: int) -> tuple[str, ...]:
    if before == after:
        return ()
    return (f"The page size becomes {after} bytes; it was {before}.",)


def _unreadable(path: Path, error: apsw.Error) -> str:
    return f"{path} cannot be read as a whole: {error}"


def _finish(
    staged: Path,
    key: Secret,
    cipher: Cipher,
    page_size: int,
    identity: InnerIdentity,
    *,
    wal: bool,
    needed: int,
) -> None:
    connection = open_keyed(staged, key=key, cipher=cipher, page_size=page_size)
    try:
        write_identity(connection, identity)
        if wal:
            connection.pragma("journal_mode", "wal")  # not copied by VACUUM INTO
    except apsw.FullError:
        raise NoSpace(
            directory=staged.parent,
            needed=needed,
            available=available_in(staged.parent) + staged.stat().st_size,
        ) from None
    except apsw.Error as error:
        raise translated(error, staged, connection=connection) from None
    finally:
        connection.close()
    sync_path(staged)
    sync_path(staged.parent)
