"""The dated names under which files are kept: ``node.db.replaced-20261124T034600Z``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path


def free_name(path: Path, word: str, *, taken: Callable[[Path], bool] = os.path.lexists) -> Path:
    """A name for ``path`` with ``word`` and the time in it, numbered until it is not ``taken``."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = path.with_name(f"{path.name}.{word}-{stamp}")
    number = 1
    while taken(name):
        number += 1
        name = path.with_name(f"{path.name}.{word}-{stamp}-{number}")
    return name


def dated_names_of(path: Path, word: str, facts: os.stat_result) -> list[Path]:
    """The dated names with ``word`` of the very file of ``facts``. Raises `OSError`."""
    dated = re.compile(rf"\.{word}-\d{{8}}T\d{{6}}Z(-\d+)?", re.ASCII)
    return [
        each
        for each in path.parent.iterdir()
        if each.name.startswith(path.name)
        and dated.fullmatch(each.name.removeprefix(path.name))
        and os.path.samestat(each.lstat(), facts)
    ]
