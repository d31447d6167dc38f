"""What can be told without any secret: targets, paths, and the machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from wizard import engine, node

if TYPE_CHECKING:
    from wizard.engine import Inspection
    from wizard.tui.process.request import Call, Request

_MAXIMUM_CANDIDATES = 200

Answer = Mapping[str, object]


def discover(_request: Request, _call: Call) -> Answer:
    """Return the databases that the configuration names, and those in the usual places."""
    return {"databases": [_summary(found) for found in node.known_databases()]}


def inspect(request: Request, _call: Call) -> Answer:
    """Return what is at one path."""
    return _summary(engine.inspect(request.path("path")))


def survey(request: Request, _call: Call) -> Answer:
    """Return the tables of a plain database and how long encrypting it will take here."""
    found = engine.survey_database(request.path("path"), size=request.integer("size"))
    return {"tables": found.tables, "seconds": found.seconds}


def complete_path(request: Request, _call: Call) -> Answer:
    """Return the paths that start with what is typed so far; directories end in a slash."""
    typed = request.text("prefix")
    expanded = os.path.expanduser(typed)  # noqa: PTH111 - a Path would drop the ending slash
    directory, start = os.path.split(expanded)
    candidates: list[str] = []
    try:
        with os.scandir(directory or ".") as entries:
            candidates.extend(
                os.path.join(directory, entry.name) + ("/" if _is_directory(entry) else "")  # noqa: PTH118 - keeps a relative path as it was typed
                for entry in islice(_matching(entries, start), _MAXIMUM_CANDIDATES + 1)
            )
    except (OSError, ValueError):
        candidates.clear()  # a place that cannot be listed completes to nothing
    truncated = len(candidates) > _MAXIMUM_CANDIDATES
    return {"candidates": sorted(candidates[:_MAXIMUM_CANDIDATES]), "truncated": truncated}


def machine(_request: Request, _call: Call) -> Answer:
    """Return the limits of this machine and what its memory protection is worth."""
    limit = engine.machine_limit()
    memory = engine.memory_protection()
    cipher = engine.recommended_cipher()
    return {
        "available_kib": limit.available_kib,
        "unattended_kib": limit.unattended_kib,
        "limited_by": limit.limited_by,
        "total_kib": limit.total_kib,
        "processors": engine.usable_processors(),
        "memory_locked": memory.locked,
        "memory_note": memory.reason,
        "aes": cipher is engine.Cipher.AEGIS,
        "recommended_cipher": cipher,
    }


def _summary(found: Inspection) -> Answer:
    metadata = found.metadata
    return {
        "path": str(found.path),
        "name": found.path.name,
        "state": found.state,
        "reason": found.reason,
        "size": found.size,
        "tables": None,
        "ways_out": found.ways_out,
        "fingerprint": None if metadata is None else metadata.public_key.fingerprint,
        "created_at": None if metadata is None else metadata.created_at,
        "modified": None if found.modified is None else utc(found.modified),
        "directory_there": found.path.parent.is_dir(),
        "plaintext_left": [str(path) for path in found.plaintext_left],
    }


def utc(seconds: float) -> str:
    """A moment of the clock as RFC 3339 has it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _matching(entries: Iterable[os.DirEntry[str]], start: str) -> Iterator[os.DirEntry[str]]:
    for entry in entries:
        # Hidden names are offered to those who type the dot.
        if entry.name.startswith(start) and (start or not entry.name.startswith(".")):
            yield entry
