"""The databases of this node as a status request sees them: looked at again when a file changed.

What is remembered is only what was true for files of exactly these sizes and times; a database that
somebody is changing is never remembered.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wizard import engine
from wizard.settings.model import CryptoSettings

# A file that changed a moment ago may change again within the same tick of its clock.
_SETTLED_NS = 100_000_000
_SHORT_NS = 20_000_000
_LONG_NS = 3_600_000_000_000


@dataclass(frozen=True, slots=True)
class Look:
    """One inspection, and the answer to a status request, rendered."""

    inspection: engine.Inspection
    report: dict[str, Any]
    body: bytes


class DatabaseView:
    """One named database."""

    def __init__(self, name: str, path: Path, crypto: CryptoSettings) -> None:
        self.name = name
        self.path = path
        self.crypto = crypto
        self._stamp: tuple[int, ...] | None = None
        self._look: Look | None = None
        self._good_until = 0
        self._newest: dict[tuple[bytes, bytes], int] = {}

    def look(self) -> Look:
        """Return what is there now. Raises nothing for what it finds."""
        stamp, newest = self._files()
        now = time.monotonic_ns()
        if self._look is not None and stamp == self._stamp and now < self._good_until:
            return self._look
        look = self._inspect()
        settled = time.time_ns() - newest > _SETTLED_NS
        busy = isinstance(look.inspection.error, engine.Busy)
        self._stamp, self._look = (None, None) if busy else (stamp, look)
        # A file can change twice within one tick of its time stamp: such a look is soon repeated.
        self._good_until = now + (_LONG_NS if settled else _SHORT_NS)
        return look

    def _inspect(self) -> Look:
        found = self._not_rolled_back(engine.inspect(self.path))
        report = {"name": self.name, **engine.status_report(found)}
        report["enabled"] = self.crypto.enabled
        return Look(found, report, json.dumps(report, ensure_ascii=False).encode())

    def _not_rolled_back(self, found: engine.Inspection) -> engine.Inspection:
        """Refuse a sidecar that is older than one that this server has seen here.

        The database itself notices that when it is opened; grants and signatures open nothing.
        """
        metadata = found.metadata
        if metadata is None or not found.opens:
            return found
        # With its first key: anybody can make a chain of his own under the id of another's.
        whose = (metadata.database_id, metadata.chain[0].master_public_key)
        newest = self._newest.get(whose, 0)
        if metadata.revision >= newest:
            self._newest[whose] = metadata.revision
            return found
        error = engine.RolledBackMetadata(
            f"The sidecar is revision {metadata.revision}, but this server has seen revision "
            f"{newest}: an older sidecar was put back."
        )
        return replace(
            found,
            state=engine.State.DAMAGED,
            reason=str(error),
            error=error,
            ways_out=(
                "Put the newer sidecar back.",
                "If an older database was restored on purpose: restart the server.",
            ),
        )

    def _files(self) -> tuple[tuple[int, ...], int]:
        stamp: list[int] = []
        newest = 0
        # The directory as well: locks, staged files and plaintext copies come and go in it.
        for path in (self.path, f"{self.path}.crypto.json", self.path.parent):
            try:
                facts = os.stat(path)  # noqa: PTH116 - this runs for every request
            except OSError as error:
                stamp.append(-(error.errno or 1))
            else:
                stamp += (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino)
                newest = max(newest, facts.st_mtime_ns, facts.st_ctime_ns)
        return tuple(stamp), newest
