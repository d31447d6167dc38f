"""What is written beside a protected database, or put back: backups, plaintext copies, sidecars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.tui.process.wanted import stoppable

if TYPE_CHECKING:
    from wizard.engine import BackupFacts, Decrypted
    from wizard.tui.process.present import Key
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]


def backup(request: Request, call: Call, key: Key) -> Answer:
    """Save database and crypto metadata into one new file."""
    done = engine.backup(
        key.path,
        key.passphrase,
        to=request.path("file"),
        **stoppable(request, call, key),
    )
    return _backup(done)


def verify_backup(request: Request, call: Call) -> Answer:
    """Check all of a backup, without any secret."""
    done = engine.verify_backup(request.path("file"), progress=call.progress, cancel=call.cancel)
    return _backup(done)


def restore_sidecar(request: Request, _call: Call) -> Answer:
    """Put a saved sidecar beside the database; what it replaces is kept."""
    done = engine.restore_metadata(request.path("file"), request.path("path"))
    return {
        "fingerprint": done.fingerprint,
        "generation": done.generation,
        "revision": done.revision,
        "kept": None if done.kept is None else str(done.kept),
        "warnings": done.notes,
    }


def decrypt(request: Request, call: Call, key: Key) -> Answer:
    """A plaintext copy; the original stays as it is."""
    done = engine.decrypt(
        key.path,
        request.path("file"),
        key.passphrase,
        confirm=request.text("confirm"),
        **stoppable(request, call, key),
    )
    return _copied(done)


def decrypt_by_kit(request: Request, call: Call, sheets: list[str]) -> Answer:
    """The same by the recovery sheets, also without the sidecar."""
    done = engine.decrypt(
        request.path("path"),
        request.path("file"),
        confirm=request.text("confirm"),
        recovery=sheets,
        progress=call.progress,
        cancel=call.cancel,
    )
    return _copied(done)


def settle(request: Request, _call: Call) -> Answer:
    """End a change of keys that was cut off."""
    return {"done": engine.end_interrupted(request.path("path"))}


def _copied(done: Decrypted) -> Answer:
    return {
        "copy": str(done.copy),
        "tables": done.tables,
        "rows": done.rows,
        "warnings": done.warnings,
    }


def _backup(done: BackupFacts) -> Answer:
    return {
        "file": str(done.path),
        "kind": done.kind,
        "fingerprint": done.fingerprint,
        "generation": done.generation,
        "created_at": done.created_at,
        "size": done.size,
        "database_size": done.database_size,
        "warnings": done.notes,
    }
