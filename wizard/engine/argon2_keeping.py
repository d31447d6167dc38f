"""Where a built Argon2 is kept, and how it gets there: whole, or not at all.

- It is made in a directory beside its place, with the permissions of the rest of the installation, and
  then gets its name in one step. Several that do this at once replace each other, whole.
- What a killed run left there is removed by the next one, an hour later.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.engine import argon2_choice
from wizard.engine.argon2_choice import RECORD, Record
from wizard.engine.errors import CannotBuild
from wizard.engine.sidecar import create_file, sync_directory, write_error

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORKSPACE = ".datafold-wizard-argon2-"
_LEFT_SECONDS = 3600
_TRIES = 10


def place_of_a_build() -> Path:
    """Return it for this installation. Raises `CannotBuild`."""
    place = argon2_choice.built_place()
    if place is None:
        raise CannotBuild("shipped", "The shipped Argon2 is not where Python finds packages.")
    return place


@contextmanager
def workspace_in(parent: Path) -> Iterator[Path]:
    """Yield a directory beside the place, so that what is in it can be renamed; it goes at the end.

    Raises `CannotBuild` where it may not be made, `NoSpace` or `Unreadable`.
    """
    with suppress(OSError):
        for left in parent.glob(f"{_WORKSPACE}*"):  # of a run that was killed
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    try:
        directory = Path(tempfile.mkdtemp(prefix=_WORKSPACE, dir=parent))
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise CannotBuild(
                "place", f"{parent}, where this program is installed, cannot be written."
            ) from None
        raise write_error(parent, 0, error) from None
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def publish(library: Path, record: Record, workspace: Path, goal: Path) -> None:
    """Put a library and its record in place; what was there is replaced.

    Raises `CannotBuild`, `NoSpace` or `Unreadable`.
    """
    whole = workspace / "whole"
    shipped = argon2_choice.shipped_library()
    like = None if shipped is None else shipped.stat()
    try:
        whole.mkdir()
        create_file(whole / library.name, library.read_bytes(), public=True)
        create_file(whole / RECORD, record.as_json(), public=True)
        whole.chmod(0o755)
        if like is not None and os.geteuid() == 0:  # root works for whoever owns the installation
            for path in (whole / library.name, whole / RECORD, whole):
                os.chown(path, like.st_uid, like.st_gid)
        for number in range(_TRIES):
            with suppress(FileNotFoundError):
                goal.rename(workspace / f"replaced-{number}")
            with suppress(FileExistsError):
                return _rename(whole, goal)
    except OSError as error:
        raise write_error(goal, len(record.digest), error) from None
    raise CannotBuild("kept", f"Another process keeps changing {goal}.")


def _rename(whole: Path, goal: Path) -> None:
    try:
        whole.rename(goal)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:
            raise FileExistsError(goal) from None
        raise
    sync_directory(goal.parent)
