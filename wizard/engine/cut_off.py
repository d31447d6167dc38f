"""Whether starting over with a database was cut off between its new sidecar and its new database.

Told from the files alone, before anything is moved: `wizard.engine.moving_aside` moves them.
"""

from __future__ import annotations

from pathlib import Path

from wizard.engine.errors import NotVerified
from wizard.engine.filehead import FileKind, begins_with, classify
from wizard.engine.replacement import read_sidecar_bytes
from wizard.engine.sidecar import read_sidecar, sidecar_path, staged_path


def is_cut_off(target: Path) -> bool:
    """Whether the new sidecar is in place, and its database still waits to follow."""
    staged = staged_path(target)
    if any(classify(path) is not FileKind.OPAQUE for path in (target, staged)):
        return False
    data = read_sidecar(sidecar_path(target))
    try:
        sidecar = None if data is None else read_sidecar_bytes(data)
    except NotVerified:
        return False
    return (
        sidecar is not None
        # With a document pending it is a rotation, whose old database waits under that name to go.
        and sidecar.pending is None
        and begins_with(staged, sidecar.current.file_salt)
        and not begins_with(target, sidecar.current.file_salt)
        # Else the old database would lose its only name, as with a saved sidecar that was put
        # beside what a rotation has left.
        and bool(second_names(target))
    )


def second_names(target: Path) -> list[Path]:
    """Dated names of the very file that is the database."""
    from wizard.engine.dated_names import dated_names_of  # noqa: PLC0415 - most states need none

    try:
        return dated_names_of(target, "replaced", target.lstat())
    except OSError:
        return []
