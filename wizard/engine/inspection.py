"""What a target is, told without any secret (DESIGN's states of a target).

- Inspecting never changes anything, never waits, and never raises for what it finds.
- A state names the facts; ``ways_out`` names every step that exists from there, and no other.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

from wizard.engine.cut_off import is_cut_off
from wizard.engine.errors import (
    Busy,
    DamagedDatabase,
    DamagedMetadata,
    ForeignMetadata,
    ForeignTarget,
    Interrupted,
    NotProtected,
    NotVerified,
    TargetAbsent,
    Unreadable,
    WizardError,
)
from wizard.engine.filehead import FileKind, begins_with, classify, file_salt, looks_encrypted_by_us
from wizard.engine.leftovers import plaintext_left
from wizard.engine.metadata import Metadata
from wizard.engine.replacement import Sidecar, read_sidecar_bytes
from wizard.engine.sidecar import (
    read_sidecar,
    replaced_path,
    sidecar_path,
    staged_files,
    staged_path,
)
from wizard.engine.writerlock import lock_holder
from wizard.values import dataclass, replace


class State(StrEnum):
    """DESIGN, section 5."""

    ABSENT = "absent"
    PLAINTEXT = "plaintext"
    PROTECTED = "protected"
    INTERRUPTED = "interrupted"
    FOREIGN = "foreign"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is at ``path``; ``error`` is what a verb that needs a protected database raises for it.

    ``size`` is in bytes, ``modified`` in seconds since 1970; both None where nothing can be read.
    """

    path: Path
    state: State
    reason: str = ""
    size: int | None = None
    modified: float | None = None
    metadata: Metadata | None = None
    ways_out: tuple[str, ...] = ()
    plaintext_left: tuple[Path, ...] = ()
    error: WizardError | None = None

    @property
    def opens(self) -> bool:
        """Whether database and sidecar fit, so that the right secret opens it.

        Also while a change of its keys is unfinished: one of the two documents fits the file.
        """
        whole = (State.PROTECTED, State.INTERRUPTED)
        return self.metadata is not None and self.state in whole


def resolve(path: str | os.PathLike[str]) -> Path:
    """The real file that ``path`` names: everything beside a database stands beside that one.

    Raises `Unreadable` for a name no file can have.
    """
    try:
        return Path(os.path.realpath(os.fspath(path)))
    except (OSError, ValueError):
        raise Unreadable("No file can have that name.") from None


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Look at a target. Raises only `Unreadable` for a name that no file can have."""
    return _with_facts(_with_holder(look(resolve(path))))


def look(target: Path) -> Inspection:
    """The state alone, for a resolved path, without asking whether somebody is at work on it."""
    try:
        return _look(target)
    except Unreadable as error:
        return Inspection(target, State.UNREADABLE, reason=str(error), error=error)


def _look(target: Path) -> Inspection:
    kind = classify(target)
    if kind is FileKind.UNREADABLE:
        raise Unreadable(f"{target} cannot be read: permission denied or an input/output error.")
    if kind in (FileKind.DIRECTORY, FileKind.OTHER):
        what = "a directory" if kind is FileKind.DIRECTORY else "not a regular file"
        return _foreign(target, f"{target} is {what}, not a database.")
    data = read_sidecar(sidecar_path(target))
    unfinished = any(os.path.lexists(path) for path in staged_files(target))
    if data is None:
        return _without_sidecar(target, kind, unfinished=unfinished)
    return _with_sidecar(target, kind, data, unfinished=unfinished)


def _without_sidecar(target: Path, kind: FileKind, *, unfinished: bool) -> Inspection:
    if kind is FileKind.OPAQUE:
        if looks_encrypted_by_us(target):
            return _damaged(
                target,
                DamagedMetadata(
                    f"{target.name} is encrypted, but {sidecar_path(target).name} is missing."
                ),
                ways_out=("Put the sidecar back from a backup.", _BY_KIT),
            )
        return _foreign(
            target,
            f"{target} is not an SQLite database, or another program encrypted it.",
            ways_out=("If it was protected here and lost its sidecar: put that back.", _BY_KIT),
        )
    if unfinished and classify(replaced_path(target)) is FileKind.OPAQUE:
        return _cut_off_and_lost(target)
    if unfinished:
        return _interrupted(target, kind)
    if kind is FileKind.ABSENT:
        error = TargetAbsent(f"There is no file {target}.")
        return Inspection(target, State.ABSENT, ways_out=("Create it, encrypted.",), error=error)
    return Inspection(
        target,
        State.PLAINTEXT,
        ways_out=("Encrypt it.",),
        error=NotProtected(f"{target} is a plaintext database."),
    )


_BY_KIT = "Open it with the recovery kit, which needs no sidecar; `decrypt --recovery` copies the data out."


def _with_sidecar(target: Path, kind: FileKind, data: bytes, *, unfinished: bool) -> Inspection:
    opaque = kind is FileKind.OPAQUE
    try:
        sidecar = read_sidecar_bytes(data)
    except NotVerified as error:
        kit = (_BY_KIT,) if opaque else ()
        return _damaged(target, error, ways_out=("Put the sidecar back from a backup.", *kit))
    if opaque:
        try:
            salt = file_salt(target)
        except DamagedDatabase as error:
            return _damaged(target, error, ways_out=("Put the database back from a backup.",))
        fitting = sidecar.for_file(salt)
        if fitting is not None:
            return _fitting(target, fitting, sidecar, unfinished=unfinished)
        if is_cut_off(target):
            return _starting_over(target)
        metadata = _likeliest(sidecar, target)
        foreign = ForeignMetadata(
            f"{sidecar_path(target).name} is sound, but belongs to another database file "
            f"(its fingerprint is {metadata.public_key.fingerprint})."
        )
        damaged = _damaged(target, foreign, ways_out=("Put the right sidecar back.", _BY_KIT))
        return replace(damaged, metadata=metadata)
    return _with_sidecar_alone(target, kind, sidecar)


def _with_sidecar_alone(target: Path, kind: FileKind, sidecar: Sidecar) -> Inspection:
    """No encrypted database has that name; one may be staged."""
    # An initialization has no pending document. A rotation has, and its sidecar is the only way
    # into a database that may be away just now: nothing of it may count as a leftover.
    if sidecar.pending is None and begins_with(staged_path(target), sidecar.current.file_salt):
        return _interrupted(target, kind)
    what = "is missing" if kind is FileKind.ABSENT else "is plaintext"
    ways_out = ("Put the encrypted database back from a backup.", "Move the sidecar aside.")
    for left in (replaced_path(target), staged_path(target)) if sidecar.pending else ():
        if any(begins_with(left, each.file_salt) for each in sidecar.documents):
            rename = (
                f"Or rename {left.name} to that: it is the database as it was when its "
                "rotation began, and opens."
            )
            ways_out = (f"Put {target.name} back to where it was.", rename)
            break
    error = DamagedMetadata(f"{sidecar_path(target).name} is there, but {target.name} {what}.")
    return _damaged(target, error, ways_out=ways_out)


def _fitting(target: Path, metadata: Metadata, sidecar: Sidecar, *, unfinished: bool) -> Inspection:
    """Protected, or a replacement of the encrypted file was cut off; it opens in either case."""
    if sidecar.pending is None and not unfinished:
        return Inspection(target, State.PROTECTED, metadata=metadata)
    done = metadata is sidecar.pending
    what = "is already the new one" if done else "is as it was before"
    return Inspection(
        target,
        State.INTERRUPTED,
        reason=f"A rotation of {target.name} did not finish. The database {what}, and opens.",
        metadata=metadata,
        ways_out=("Open it as always.", "Rotate again; what is left of the other run ends first."),
    )


def _likeliest(sidecar: Sidecar, target: Path) -> Metadata:
    """The document of a file whose first bytes fit none: told by the other file of a rotation.

    The exchange leaves the old file under the other name, so what is in place needs the pending
    document then. (16 damaged bytes there lose nothing where the cipher does not use them.)
    """
    if sidecar.pending and begins_with(replaced_path(target), sidecar.current.file_salt):
        return sidecar.pending
    return sidecar.current


def _cut_off_and_lost(target: Path) -> Inspection:
    """A rotation was cut off, and database and sidecar of then have gone since."""
    left = replaced_path(target).name
    error = Interrupted(
        f"A rotation of {target.name} did not finish, and its crypto metadata are gone since. "
        f"{left} is the database as it was before."
    )
    ways_out = (
        f"Put {target.name} and its .crypto.json file back to where they were.",
        f"Start anew; {left} is kept under a dated name then.",
    )
    return _unfinished(target, error, ways_out=ways_out)


def _starting_over(target: Path) -> Inspection:
    error = Interrupted(
        f"Starting over with {target.name} did not finish. The new database is complete, and the "
        "old files are kept under a dated name."
    )
    ways_out = ("Run reinit again: it ends this first, before it asks for anything.",)
    return _unfinished(target, error, ways_out=ways_out)


def _interrupted(target: Path, kind: FileKind) -> Inspection:
    kept = (
        "No database of that name existed, and none does."
        if kind is FileKind.ABSENT
        else "The plaintext database is as it was."
    )
    what = "An initialization or restoration" if kind is FileKind.ABSENT else "An initialization"
    error = Interrupted(f"{what} of {target.name} did not finish. {kept}")
    ways_out = ("Start again; what is left of the unfinished run is removed first.",)
    return _unfinished(target, error, ways_out=ways_out)


def _unfinished(target: Path, error: Interrupted, *, ways_out: tuple[str, ...]) -> Inspection:
    return Inspection(target, State.INTERRUPTED, reason=str(error), ways_out=ways_out, error=error)


def _damaged(target: Path, error: NotVerified, *, ways_out: tuple[str, ...]) -> Inspection:
    return Inspection(target, State.DAMAGED, reason=str(error), ways_out=ways_out, error=error)


def _foreign(target: Path, reason: str, *, ways_out: tuple[str, ...] = ()) -> Inspection:
    error = ForeignTarget(reason)
    return Inspection(target, State.FOREIGN, reason=reason, ways_out=ways_out, error=error)


def _with_holder(found: Inspection) -> Inspection:
    """While somebody is at work, an unfinished state is simply not finished yet."""
    holder = None if found.state is State.UNREADABLE else lock_holder(found.path)
    if holder is None:
        return found
    error = Busy(f"{holder} is changing the keys of {found.path.name}.", holders=(holder,))
    return replace(found, reason=str(error), ways_out=("Wait for it to end.",), error=error)


def _with_facts(found: Inspection) -> Inspection:
    try:
        facts = found.path.stat()
    except (OSError, ValueError):
        return found
    return replace(
        found,
        size=facts.st_size,
        modified=facts.st_mtime,
        plaintext_left=_plaintext_left(found),
    )


def _plaintext_left(found: Inspection) -> tuple[Path, ...]:
    told_for = (State.PROTECTED, State.DAMAGED)
    return plaintext_left(found.path) if found.state in told_for else ()
