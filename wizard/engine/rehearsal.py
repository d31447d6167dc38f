"""The recovery kit proved again, long after it was made: nothing is changed, and it is recorded.

Sheets stay valid when the data key is changed, but the slot lines on them do not: whoever proves his
sheets is told, and gets the present lines.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wizard.engine import audit, audit_reading
from wizard.engine.encoding import Json
from wizard.engine.errors import AuditUnavailable, DamagedMetadata, NoRecovery
from wizard.engine.inspection import inspect, resolve
from wizard.engine.kit import parse_sheets
from wizard.engine.metadata import Metadata
from wizard.engine.progress import ProgressSink, ignore_progress
from wizard.engine.rescue import compact
from wizard.engine.slot_qr import Drawing, SlotQr
from wizard.engine.sqlite import integrity
from wizard.engine.unlocking import open_recorded


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A kit that has opened the database. ``lines_outdated`` is None where no slot lines were given."""

    path: Path
    fingerprint: str
    generation: int
    lines_outdated: bool | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlotLines:
    """What stands below the words on each sheet, as it is now. Public: without words it opens nothing."""

    path: Path
    metadata: Metadata
    lines: tuple[str, ...]
    payload: str
    qr: SlotQr

    def qr_terminal(self, *, ascii_only: bool = False) -> list[str]:
        """The QR code as lines for a terminal; see `KitSheet.qr_terminal`."""
        return self.qr.lines(Drawing.SPACES if ascii_only else Drawing.HALF_BLOCKS)


def rehearse_recovery(
    path: str | os.PathLike[str],
    sheets: Sequence[str],
    *,
    progress: ProgressSink = ignore_progress,
) -> Rehearsal:
    """Open the database with its recovery sheets, read and check all of it, and record that.

    Raises `InvalidRecoveryPhrase`, `WrongRecoveryPhrase`, `NoRecovery`, a subclass of `NotVerified`,
    or the error of the target's state.
    """
    with (
        ExitStack() as keys,
        audit.attempt(resolve(path), "kit_proved") as entry,
        open_recorded(
            entry,
            keys,
            None,
            keyfile=None,
            recovery=sheets,
            operator=None,
            readonly=True,
            allow_high_cost=False,
        ) as database,
    ):
        integrity(database.connection, progress=progress)
        metadata = database.metadata
    # Each sheet on its own: one with the present lines does not make up for the others.
    on_sheets = [
        slot for slot in (parse_sheets([text]).slot for text in sheets) if slot is not None
    ]
    outdated = None
    if metadata is not None and on_sheets:
        present = compact(metadata)
        outdated = any(slot != present for slot in on_sheets)
    return Rehearsal(
        path=database.path,
        fingerprint=database.fingerprint,
        generation=database.generation,
        lines_outdated=outdated,
        warnings=(entry.warning,) if entry.warning else (),
    )


def recovery_status(path: str | os.PathLike[str]) -> dict[str, Json]:
    """Which recovery kit there is, and when it was last proved by the audit log; no secret.

    ``proved_at`` and ``proved_days_ago`` are left out where the log knows of no proof. Raises the error
    of the target's state.
    """
    found = inspect(path)
    if found.metadata is None or not found.opens:
        raise found.error or DamagedMetadata("The crypto metadata cannot be used.")
    return status_of(found.path, found.metadata)


def status_of(target: Path, metadata: Metadata) -> dict[str, Json]:
    """As `recovery_status`, for metadata that were read already."""
    slot = metadata.recovery_slot
    if slot is None:
        return {"exists": False}
    made = metadata.chain[slot.generation - 1].created_at
    facts: dict[str, Json] = {
        "exists": True,
        "generation": slot.generation,
        "holders": list(slot.holders),
        "made_at": made,
        "shares": slot.shares,
        "threshold": slot.threshold,
    }
    proved = _last_proved(target)
    # A proof from before this kit was made was one of the kit before.
    if proved is not None and proved >= made:
        facts |= {"proved_at": proved, "proved_days_ago": _days_since(proved)}
    return facts


def _last_proved(target: Path) -> str | None:
    try:
        entry = audit_reading.last_event(target, "kit_proved")
    except AuditUnavailable:
        return None
    return None if entry is None else entry.time


def _days_since(moment: str) -> int:
    return max(0, (datetime.now(UTC) - datetime.fromisoformat(moment)).days)


def recovery_lines(path: str | os.PathLike[str]) -> SlotLines:
    """The present slot lines, for sheets whose own are outdated. Needs no secret.

    Raises `NoRecovery`, or the error of the target's state.
    """
    found = inspect(path)
    if found.metadata is None or not found.opens:
        raise found.error or DamagedMetadata("The crypto metadata cannot be used.")
    if found.metadata.recovery_slot is None:
        raise NoRecovery("This database was protected without a recovery phrase.")
    slot = compact(found.metadata)
    return SlotLines(
        path=found.path,
        metadata=found.metadata,
        lines=tuple(slot.to_lines()),
        payload=slot.to_payload(),
        qr=SlotQr.of(slot),
    )
