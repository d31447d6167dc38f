"""What a killed change of keys has left is ended here, before anything else is changed.

- The file that has the database's name decides: if it is the new one the change is finished,
  otherwise it is undone. Neither needs a secret, and neither loses anything.
- The caller holds the writer lock, so nobody else is at work.
"""

from __future__ import annotations

import os
from pathlib import Path

from wizard.engine import audit, inspection, sqlite
from wizard.engine.cut_off import is_cut_off
from wizard.engine.errors import Interrupted, WizardError
from wizard.engine.moving_aside import finish, unlink_aside
from wizard.engine.replacement import read_sidecar_bytes, settled
from wizard.engine.sidecar import (
    new_sidecar_path,
    read_sidecar,
    remove,
    replace_sidecar,
    sidecar_path,
    staged_files,
    sync_directory,
)


def settle(target: Path) -> str | None:
    """Finish or undo; return a sentence that says which, or None where there was nothing to end.

    Raises what reading and replacing the sidecar raise, and `Unreadable` for what is in the way.
    """
    if is_cut_off(target):
        return _start_over(target)
    if not inspection.look(target).opens:
        return None  # Not a protected database: what is there is for others to judge.
    data = read_sidecar(sidecar_path(target)) or b""
    pending = read_sidecar_bytes(data).pending
    finished = pending is not None and pending.file_salt == sqlite.file_salt(target)
    if pending is not None:
        # The run that was cut off may not have made the exchange of the files durable.
        sync_directory(target.parent)
    left = [path for path in _leftovers(target) if os.path.lexists(path)]
    if not finished:
        # Before the sidecar, which opens the old file with and without its second half: on a full
        # disk the copy takes the room that the sidecar needs.
        _remove(left)
    if pending is not None:
        replace_sidecar(target, settled(data, take_pending=finished))
    if finished:
        _remove(left)
    if left:
        unlink_aside(target)
    if pending is None and not left:
        return None
    sync_directory(target.parent)
    what = "was finished" if finished else "was undone: the database is as it was before"
    return f"An earlier change of the keys of {target.name} had been cut off; it {what}."


def _start_over(target: Path) -> str:
    """The new sidecar is in place and its kit was proved: the new database follows it."""
    metadata = read_sidecar_bytes(read_sidecar(sidecar_path(target)) or b"").current
    entry = audit.Audited(target, "reinitialize")
    entry.concerns(metadata)
    try:
        finish(target)
    except WizardError as error:
        if is_cut_off(target):
            raise
        entry.done()
        raise Interrupted(
            f"Starting over with {target.name} was finished, but the disk did not confirm it: {error} "
            "The old files are beside it under a dated name."
        ) from None
    entry.done()
    return (
        f"Starting over with {target.name} had been cut off; it was finished: the new database is "
        "in place, and the old files are beside it under a dated name."
    )


def _remove(left: list[Path]) -> None:
    for path in left:
        remove(path)


def _leftovers(target: Path) -> tuple[Path, ...]:
    return (*staged_files(target), new_sidecar_path(target))
