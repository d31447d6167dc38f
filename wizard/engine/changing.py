"""What every change of keys has in common.

- One process at a time, under the writer lock; what a killed run has left is ended first.
- A change is one new document, signed, that takes the place of the old one in one step. It is
  believed when it was read back.
- Whoever signs, the revision goes up: an older sidecar that is put back is noticed, because the
  database remembers the newest revision it has seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wizard.engine import audit, inspection
from wizard.engine.cut_off import is_cut_off
from wizard.engine.encoding import timestamp
from wizard.engine.errors import DamagedMetadata, Interrupted, NoSpace, Unreadable, WizardError
from wizard.engine.inspection import State
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import Metadata, sign_metadata
from wizard.engine.opening import open_database
from wizard.engine.secret import Secret
from wizard.engine.settling import settle
from wizard.engine.sidecar import read_sidecar, replace_sidecar, sidecar_path
from wizard.engine.writerlock import WriterLock
from wizard.version import TOOL


@dataclass(frozen=True, slots=True)
class Change:
    """A database whose keys may be changed now. ``settled`` says what was ended first, if anything."""

    target: Path
    metadata: Metadata
    settled: str | None


@contextmanager
def changing(path: str | os.PathLike[str]) -> Iterator[Change]:
    """Hold a protected database for a change of its keys.

    Raises the error of the target's state, and `Busy` while another process changes them.
    """
    target = inspection.resolve(path)
    if not is_cut_off(target):
        _fit(inspection.look(target))
    with WriterLock(target):
        ended = settle(target)
        metadata = _fit(inspection.look(target))
        if ended is not None:
            with audit.attempt(target, "settle") as entry:
                entry.concerns(metadata)
        yield Change(target, metadata, ended)


@contextmanager
def held_to_read(path: str | os.PathLike[str]) -> Iterator[Change]:
    """As `changing`, for what writes nothing beside the database, such as a backup elsewhere.

    On a full disk or a read-only file system, where no lock can be taken, it goes on without one:
    that is when a backup is wanted most. What is read has to be proved to belong together then.
    """
    target = inspection.resolve(path)
    with ExitStack() as stack:
        try:
            change = stack.enter_context(changing(target))
        except (NoSpace, Unreadable):
            if is_cut_off(target):
                raise
            change = Change(target, _fit(inspection.look(target)), None)
        yield change


def end_interrupted(path: str | os.PathLike[str]) -> str | None:
    """Finish or undo a change of keys that was cut off, and say which; None if there is nothing.

    Needs no secret and loses nothing. Raises `Busy` while it is still under way, and what replacing
    a sidecar raises.
    """
    target = inspection.resolve(path)
    with WriterLock(target):
        ended = settle(target)
        if ended is not None:
            with audit.attempt(target, "settle") as entry:
                found = inspection.look(target)
                if found.metadata is not None:
                    entry.concerns(found.metadata)
        return ended


def revised(metadata: Metadata, **changes: Any) -> Metadata:
    """The next document: ``changes``, a higher revision, and the time and tool that made it."""
    facts: dict[str, Any] = {
        "revision": metadata.revision + 1,
        "written_at": timestamp(datetime.now(UTC)),
        "tool": TOOL,
    }
    return replace(metadata, **{**facts, **changes})


def publish(
    target: Path,
    metadata: Metadata,
    master: SigningKey,
    *,
    entry: audit.Audited,
    prove: Callable[[bytes], object] | None = None,
) -> None:
    """Sign, replace the sidecar, read it back and record it. Raises what `replace_sidecar` raises.

    ``prove`` gets the new sidecar as the disk gives it back, before it takes the old one's place.
    Raises `Interrupted` for what fails after that, when the change is in force already.
    """
    data = sign_metadata(metadata, master)
    try:
        replace_sidecar(target, data, prove=prove)
        read_back(target, data)
        record_in_force(entry, metadata, master)
    except BaseException as error:
        if not is_in_place(target, data):
            raise
        # Also for a signal: what is in force was not cancelled.
        record_in_force(entry, metadata, master)
        if not isinstance(error, WizardError):
            raise
        raise Interrupted(
            f"The change of {target.name} is in force, but the disk did not confirm it: {error} "
            "After a power failure what was valid before may be valid again: keep both."
        ) from None


def record_in_force(entry: audit.Audited, metadata: Metadata, master: SigningKey) -> None:
    """Record that the document is in force, signed by its own key; once, however often called."""
    entry.concerns(metadata)
    entry.signer = master
    entry.done()


def read_back(target: Path, data: bytes) -> None:
    """Raise `DamagedMetadata` unless the sidecar is ``data``."""
    if read_sidecar(sidecar_path(target)) != data:
        raise DamagedMetadata("The new crypto metadata did not read back from the disk.")


def is_in_place(target: Path, data: bytes) -> bool:
    """Whether the sidecar is ``data``, whatever an error said that was raised meanwhile."""
    try:
        return read_sidecar(sidecar_path(target)) == data
    except WizardError:
        return False


def remember(target: Path, metadata: Metadata, data_key: Secret) -> bool:
    """Let the database itself know the newest revision; False where it is busy or not writable.

    Then it learns it when it is next opened for writing. The change is in force in either case, so
    nothing that happens here may look as if it was not.
    """
    try:
        with open_database(target, data_key, metadata, readonly=False) as database:
            return database.identity.revision == metadata.revision
    except WizardError:
        return False


def _fit(found: inspection.Inspection) -> Metadata:
    if found.metadata is None or found.state not in (State.PROTECTED, State.INTERRUPTED):
        raise found.error or DamagedMetadata(found.reason)
    return found.metadata
