"""What the node's configuration asks of a passphrase; without a configuration, the engine's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.settings import find_file
from wizard.settings.finding import PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from wizard.settings import CryptoSettings
    from wizard.tui.process.request import Call, Request


def policy(request: Request, _call: Call) -> Mapping[str, object]:
    """Return the least score for a database, by its path. Raises `InvalidConfiguration`."""
    found = _configured(request.path("path"))
    return {"minimum_score": _score(found), "configured": found is not None}


def minimum_score(path: Path) -> int:
    """The same for a caller without a protocol."""
    return _score(_configured(path))


def _score(found: CryptoSettings | None) -> int:
    return engine.DEFAULT_MINIMUM_SCORE if found is None else found.minimum_score


def _configured(path: Path) -> CryptoSettings | None:
    if find_file() is None and not any(name.startswith(PREFIX) for name in os.environ):
        return None  # nothing to read: pydantic is not loaded for that
    from wizard.settings import load  # noqa: PLC0415 - see above

    for database in load().settings.databases.values():
        if database.path == path:
            return database.crypto
    return None
