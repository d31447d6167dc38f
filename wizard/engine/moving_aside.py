"""The files of a database get second, dated names, so that a new one can take their place.

- Every file has its second name, on the disk, before it can lose its first; nothing is deleted.
- The new sidecar comes first, then the new database. Between the two the sidecar describes the
  staged database and not the one in place: that state is recognised, and can only be finished, for
  it needs no secret and the kit of the new database has been proved.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from wizard.engine.audit_entry import audit_path
from wizard.engine.beside import BESIDE
from wizard.engine.cut_off import second_names
from wizard.engine.dated_names import free_name
from wizard.engine.errors import OutputExists, UnsupportedDatabase
from wizard.engine.filehead import FileKind, classify
from wizard.engine.sidecar import (
    create_file,
    replaced_path,
    sidecar_path,
    staged_path,
    sync_directory,
    write_error,
)
from wizard.engine.tidying import tidy

_NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def aside_name(target: Path) -> Path:
    """A free name that says what it holds: ``node.db.replaced-20261124T034600Z``."""
    return free_name(
        target,
        "replaced",
        taken=lambda name: os.path.lexists(name) or os.path.lexists(sidecar_path(name)),
    )


def link_aside(target: Path) -> tuple[Path, ...]:
    """Give database, sidecar, log and journals second names; return them, the database's first.

    The audit log is copied: the one in place goes on, and tells of the new database, too. Raises
    `UnsupportedDatabase` where there are no hard links, `NoSpace`, `Unreadable`.
    """
    name = aside_name(target)
    pairs = [(sidecar_path(target), sidecar_path(name))]
    pairs += [
        (target.with_name(target.name + each), name.with_name(name.name + each)) for each in BESIDE
    ]
    made: list[Path] = []
    try:
        for old, new in ((target, name), *pairs):
            if os.path.lexists(old):
                _link(old, new)
                made.append(new)
        log = audit_path(target)
        if log.is_file() and not log.is_symlink():
            create_file(audit_path(name), log.read_bytes())
            made.append(audit_path(name))
        sync_directory(target.parent)
    except BaseException:
        tidy(*made)
        raise
    return tuple(made)


def unlink_aside(target: Path) -> None:
    """Take the second names back, while the files still have their first: nothing was replaced.

    Where the sidecar has been replaced, the second name is the only one of what opens the database,
    and stays.
    """
    for path in second_names(target):
        if not _is_second_name(sidecar_path(path), sidecar_path(target)):
            continue
        for each in (path, sidecar_path(path), audit_path(path)):
            each.unlink(missing_ok=True)
        for suffix in BESIDE:
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def keep_replaced(target: Path) -> Path | None:
    """Give the database that a rotation has left a dated name, and return that; None without one.

    Whoever lost the sidecar since, or the database, may have nothing else. Raises `Unreadable`.
    """
    replaced = replaced_path(target)
    if classify(replaced) is not FileKind.OPAQUE:
        return None
    name = aside_name(target)
    put_aside(replaced, name)
    return name


def put_aside(path: Path, name: Path) -> None:
    """Give ``path`` its dated name, durably. Raises `Unreadable`."""
    try:
        path.rename(name)
    except OSError as error:
        raise write_error(path, 0, error) from None
    sync_directory(path.parent)


def _is_second_name(name: Path, first: Path) -> bool:
    """Whether nothing is lost with ``name``: it is missing, or another name of ``first``."""
    if not os.path.lexists(name):
        return True
    return os.path.lexists(first) and os.path.samestat(name.lstat(), first.lstat())


def finish(target: Path) -> None:
    """Let the staged database take its place. The old one has its second name since long.

    Raises `Unreadable` or `NoSpace`.
    """
    try:
        # Those of the old database; with the new one they would be taken for its own.
        for suffix in BESIDE:
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        staged_path(target).replace(target)
    except OSError as error:
        raise write_error(target, 0, error) from None
    sync_directory(target.parent)


def _link(old: Path, new: Path) -> None:
    try:
        new.hardlink_to(old)
    except FileExistsError:
        raise OutputExists(new) from None
    except OSError as error:
        if error.errno in _NO_HARD_LINKS:
            raise UnsupportedDatabase(
                f"The file system of {old} has no hard links, without which a crash could lose "
                "the old files. Move them to another one first."
            ) from None
        raise write_error(new, 0, error, what="created") from None
