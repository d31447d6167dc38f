"""What is left to do for a protected database: copies, plaintext, and the forms of its fingerprint.

- It serves the database that was committed in this session, or a protected one that was adopted to
  be finished later; one at a time, and nothing before there is one.
- A copy counts when it was read back, its signature holds and it describes this very database.
- Only originals that this program kept are removed; other plaintext is named and left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import DamagedMetadata, Item, ItemState, ItemStatus, VerificationFailed
from wizard.tui.process import keeping
from wizard.tui.process.request import Call, InvalidRequest, Request

if TYPE_CHECKING:
    from wizard.engine import Inspection, Metadata

_KEPT = re.compile(r"\.plaintext-\d{8}T\d{6}Z(-\d+)?", re.ASCII)

Answer = Mapping[str, object]


class Aftercare:
    """Answers what can be asked once a database is protected. All methods run on one lane."""

    def __init__(self) -> None:
        self._path: Path | None = None

    def begin(self, path: Path, notes: Mapping[Item, ItemState] | None = None) -> Answer:
        """Serve the database at ``path`` from now on, and describe it."""
        found = _protected(path)
        self._path = path
        for item, state in (notes or {}).items():
            engine.record_item(found, item, state)
        return self._described(found)

    def forget(self) -> None:
        """Serve none: another database is being prepared."""
        self._path = None

    def adopt(self, request: Request, _call: Call) -> Answer:
        """Take up a protected database. Raises what opening it would, if it is not one."""
        return self.begin(request.path("path"))

    def look_again(self, _request: Request, _call: Call) -> Answer:
        """Describe it as it is now."""
        return self._described(_protected(self._needed()))

    def save_sidecar(self, request: Request, _call: Call) -> Answer:
        """Copy the sidecar, read the copy back, and verify what was read."""
        database = self._needed()
        found = _protected(database)
        written = copy_sidecar(found, request.path("path"), beside=request.decision("beside"))
        warning = engine.record_item(found, Item.SIDECAR_COPIED, ItemState.DONE)
        return {**self._described(found), "copy": str(written), "warning": warning}

    def remove_plaintext(self, request: Request, _call: Call) -> Answer:
        """Remove an original that was kept beside the database, and no other file."""
        database = self._needed()
        path = request.path("path")
        if path not in kept_originals(_protected(database)):
            raise InvalidRequest("That is not the original that was kept.")
        keeping.remove(path)
        found = _protected(database)
        if not found.plaintext_left:
            engine.record_item(found, Item.PLAINTEXT_HANDLED, ItemState.DONE)
        return self._described(found)

    def record(self, request: Request, _call: Call) -> Answer:
        """Note that one thing was done, or is skipped for now."""
        found = _protected(self._needed())
        warning = engine.record_item(
            found, request.choice("item", Item), request.choice("state", ItemState)
        )
        return {**self._described(found), "warning": warning}

    def _needed(self) -> Path:
        if self._path is None:
            raise InvalidRequest("No database has been protected in this session.")
        return self._path

    def _described(self, found: Inspection) -> Answer:
        key = _metadata(found).public_key
        kept, items = kept_originals(found), checklist(found)
        return {
            "path": str(found.path),
            "sidecar": str(engine.sidecar_path(found.path)),
            "fingerprint": key.fingerprint,
            "fingerprint_words": engine.fingerprint_words(key),
            "randomart": engine.randomart(key),
            "openssh_fingerprint": engine.openssh_fingerprint(key),
            "public_key": key.hex,
            "original_kept": str(kept[-1]) if kept else None,
            "plaintext_left": [str(path) for path in found.plaintext_left],
            "checklist": {item: status.state for item, status in items.items()},
            "outdated": [item for item, status in items.items() if status.outdated],
        }


def copy_sidecar(found: Inspection, target: Path, *, beside: bool) -> Path:
    """Copy the sidecar to a new file, or into a directory; return the copy once it has verified.

    Raises `FieldFault` for the database's own directory unless ``beside``, `OutputExists`,
    `VerificationFailed` and system errors.
    """
    sidecar = engine.sidecar_path(found.path)
    if target.is_dir():
        target = target / sidecar.name
    keeping.check_elsewhere(target, found.path, allowed=beside)
    written = keeping.write_new(target, sidecar.read_bytes())
    try:
        same = engine.read_metadata(written.read_bytes()) == _metadata(found)
    except engine.WizardError:
        same = False
    if not same:
        written.unlink(missing_ok=True)
        raise VerificationFailed(f"{written} did not verify and was removed again.")
    return written


def checklist(found: Inspection) -> Mapping[Item, ItemStatus]:
    """All items; without a log to go by nothing is known to be done."""
    try:
        items = engine.checklist_of(found)
    except engine.AuditUnavailable:
        items = {}
    return {item: items.get(item, ItemStatus(ItemState.OPEN)) for item in Item}


def kept_originals(found: Inspection) -> tuple[Path, ...]:
    """The originals that this program kept beside a protected database, oldest first."""
    return tuple(
        path
        for path in found.plaintext_left
        if _KEPT.fullmatch(path.name.removeprefix(found.path.name))
    )


def _protected(path: Path) -> Inspection:
    found = engine.inspect(path)
    if found.state is not engine.State.PROTECTED:
        raise found.error or DamagedMetadata(found.reason)
    return found


def _metadata(found: Inspection) -> Metadata:
    if found.metadata is None:
        raise DamagedMetadata("The crypto metadata cannot be read.")
    return found.metadata
