"""Where databases are looked for.

Hidden directories and links are not entered, and what cannot be read is passed over: discovery is a
convenience, a path can always be typed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from wizard.engine import sqlite
from wizard.engine.inspection import Inspection, inspect
from wizard.engine.sqlite import FileKind

APPLICATION = "datafold"
_MAXIMUM_FOUND = 500
_MAXIMUM_DEPTH = 2
_MAXIMUM_ENTRIES = 20_000


def discover(directories: Sequence[Path] | None = None) -> tuple[Inspection, ...]:
    """Databases, protected or not, in ``directories`` and up to two levels below; sorted by path.

    Hidden directories and links are not entered, at most 500 databases are returned, and what
    cannot be read is passed over.
    """
    where = default_directories() if directories is None else directories
    found: dict[Path, None] = {}
    for directory in where:
        for path in _candidates(directory):
            found[path] = None
            if len(found) >= _MAXIMUM_FOUND:
                break
    return tuple(inspect(path) for path in sorted(found))


def default_directories() -> tuple[Path, ...]:
    """The user's data directory (as root, the site's), then the current directory."""
    import platformdirs  # noqa: PLC0415 - needed for discovery only

    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    data = platformdirs.site_data_path if as_root else platformdirs.user_data_path
    return (data(APPLICATION), Path.cwd())


def _candidates(directory: Path) -> Iterator[Path]:
    seen = 0
    base = len(directory.parts)
    for root, directories, files in os.walk(directory):
        here = Path(root)
        at_limit = len(here.parts) - base >= _MAXIMUM_DEPTH
        directories[:] = [] if at_limit else sorted(n for n in directories if n[0] != ".")
        seen += len(files)
        if seen > _MAXIMUM_ENTRIES:
            return
        names = set(files)
        for name in sorted(names):
            if _is_database(here / name, names):
                yield here / name


def _is_database(path: Path, names: set[str]) -> bool:
    if path.name.startswith(".") or ".plaintext-" in path.name or path.is_symlink():
        return False
    if f"{path.name}.crypto.json" in names:
        return True
    return sqlite.classify(path) is FileKind.PLAINTEXT
