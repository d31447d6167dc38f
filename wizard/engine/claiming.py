"""Whether an initialization may begin, and what one that was killed has left.

An interrupted initialization is undone, never resumed: an application may have written to the
plaintext database since, and undoing loses nothing.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wizard.engine import audit, inspection
from wizard.engine.cut_off import is_cut_off
from wizard.engine.dated_names import dated_names_of
from wizard.engine.errors import AlreadyProtected, DamagedMetadata
from wizard.engine.inspection import State
from wizard.engine.moving_aside import keep_replaced
from wizard.engine.settling import settle
from wizard.engine.sidecar import remove, sidecar_path, staged_files, sync_directory
from wizard.engine.tidying import tidy


def check_target(target: Path) -> State:
    """The state, if an initialization can begin from it; otherwise raise what stands against it."""
    found = inspection.inspect(target)
    return _initializable(found)


def claim_target(target: Path) -> State:
    """Like `check_target`, for the holder of the writer lock: removes what a killed run has left."""
    found = inspection.look(target)
    if found.state is State.INTERRUPTED and not found.opens:
        undo(target)
        found = inspection.look(target)
    return _initializable(found)


def undo(target: Path) -> str | None:
    """Remove what a killed initialization has left; the caller holds the writer lock.

    In that state the sidecar describes the staged database, not one that was ever in use. In any
    other one staged files may be the old database of a rotation, which alone still opens if the
    sidecar is lost; so they stay, and None is returned.
    """
    found = inspection.look(target)
    if found.opens or is_cut_off(target):
        return settle(target)
    left = [path for path in staged_files(target) if os.path.lexists(path)]
    if found.state is not State.INTERRUPTED or not left:
        return None
    kept = keep_replaced(target)
    if kept is not None:
        return (
            f"A rotation of {target.name} had been cut off, and its crypto metadata are gone. The "
            f"database of before that was kept as {kept.name}."
        )
    remove(sidecar_path(target))
    for name in _other_names(target):
        remove(name)
    with audit.attempt(target, "undo") as entry:
        entry.details["files"] = len(left)
        for path in left:
            remove(path)
        sync_directory(target.parent)
    return (
        f"An earlier initialization of {target.name} had not finished; its "
        f"{len(left)} staged files were removed, and the database is as it was before."
    )


def remove_staged(target: Path) -> None:
    """Make room for a run of our own. Raises `Unreadable` for what is in the way."""
    for path in staged_files(target):
        remove(path)


def discard_staged(target: Path) -> None:
    """Take away what a run of our own has staged, when it is over."""
    tidy(*staged_files(target))


def _other_names(target: Path) -> list[Path]:
    """Second names of the plaintext original, given just before a swap that did not happen."""
    if not os.path.lexists(target):
        return []
    facts = target.stat(follow_symlinks=False)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink < 2:  # noqa: PLR2004 - a second name
        return []
    return dated_names_of(target, "plaintext", facts)


def _initializable(found: inspection.Inspection) -> State:
    if found.opens:
        raise AlreadyProtected(f"{found.path} is already protected.")
    if found.state in (State.ABSENT, State.PLAINTEXT, State.INTERRUPTED):
        return found.state
    raise found.error or DamagedMetadata(found.reason)
