"""A saved sidecar gets the place of one that is lost or damaged, in one step.

- What it replaces has a second, dated name first, and keeps it; where nothing is replaced after all,
  that name is taken back.
- Once it is in its place, no error may say that nothing was changed.
"""

from __future__ import annotations

from pathlib import Path

from wizard.engine import audit
from wizard.engine.changing import is_in_place, read_back
from wizard.engine.dated_names import free_name
from wizard.engine.errors import Interrupted, OutputExists, Unreadable, WizardError
from wizard.engine.metadata import MAXIMUM_BYTES
from wizard.engine.sidecar import (
    create_file,
    new_sidecar_path,
    publish,
    read_sidecar,
    remove,
    replace_sidecar,
    sidecar_path,
    sync_directory,
)
from wizard.engine.tidying import tidy


def put_back(data: bytes, target: Path, entry: audit.Audited) -> Path | None:
    """Let a saved sidecar take its place in one step; returns where the old one is kept.

    The caller holds the writer lock; ``entry`` is what it records. Raises what `replace_sidecar`
    raises, when nothing has changed, and `Interrupted` for what fails after that.
    """
    sidecar = sidecar_path(target)
    there = read_sidecar(sidecar)
    if there == data:
        return None
    kept = None if there is None else _keep(sidecar, there)
    try:
        if kept is None:
            _put_where_none_is(target, data)
        else:
            replace_sidecar(target, data)
        read_back(target, data)
    except BaseException as error:
        if not is_in_place(target, data):
            if kept is not None:
                tidy(kept)  # the second name of what was not replaced
            raise
        entry.done()
        if not isinstance(error, WizardError):
            raise
        raise Interrupted(
            f"The crypto metadata of {target.name} are in their place, but the disk did not confirm "
            f"it: {error} After a power failure what was there before may be there again: keep the "
            "saved file."
        ) from None
    return kept


def _put_where_none_is(target: Path, data: bytes) -> None:
    waiting = new_sidecar_path(target)
    remove(waiting)  # of a run that was killed
    create_file(waiting, data, public=True)
    try:
        publish(waiting, sidecar_path(target))
    finally:
        tidy(waiting)


def _keep(sidecar: Path, data: bytes) -> Path:
    """A second name for what is about to be replaced; a copy where there are no hard links."""
    kept = free_name(sidecar, "replaced")
    try:
        kept.hardlink_to(sidecar)
        _sync_or_take_back(kept)
    except FileExistsError:
        raise OutputExists(kept) from None
    except OSError:
        if len(data) > MAXIMUM_BYTES:
            raise Unreadable(f"{sidecar} is too large to be kept; move it away first.") from None
        create_file(kept, data, public=True)
    return kept


def _sync_or_take_back(kept: Path) -> None:
    try:
        sync_directory(kept.parent)
    except WizardError:
        tidy(kept)
        raise
