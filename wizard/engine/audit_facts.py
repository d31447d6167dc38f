"""What the audit log tells at a glance, without a secret and without reading all of it.

This is no verification: only the newest entries are read, and the anchor in the signed metadata is
compared.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum

from wizard.engine import audit_file, audit_reading
from wizard.engine.audit_entry import AuditEntry, audit_path
from wizard.engine.encoding import Json, read_timestamp
from wizard.engine.errors import AuditUnavailable
from wizard.engine.inspection import Inspection
from wizard.values import dataclass

_PROOFS = ("kit_proved", "recovery_rehearsed")


class LogState(StrEnum):
    """`CUT`: it does not hold what the signed metadata name; `READ_ONLY`: nothing can be added."""

    ABSENT = "absent"
    WRITABLE = "writable"
    READ_ONLY = "read_only"
    CUT = "cut"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class AuditStatus:
    """The log's state, its length, its newest entry, and when the kit was last proved to open.

    ``kit_proved_days`` are whole days since then; None if the log knows of no proof.
    """

    state: LogState
    reason: str = ""
    entries: int = 0
    last: AuditEntry | None = None
    kit_proved: AuditEntry | None = None
    kit_proved_days: int | None = None

    def as_json(self) -> dict[str, Json]:
        """The ``audit`` member of a status report; members that do not apply are left out."""
        report: dict[str, Json] = {"entries": self.entries, "state": self.state.value}
        if self.reason:
            report["reason"] = self.reason
        if self.last is not None:
            report["last"] = {
                "event": self.last.event,
                "outcome": self.last.outcome.value,
                "time": self.last.time,
                "user": self.last.actor.user,
            }
        if self.kit_proved is not None and self.kit_proved_days is not None:
            report["kit_proved_at"] = self.kit_proved.time
            report["kit_proved_days"] = self.kit_proved_days
        return report


def audit_status(found: Inspection, *, now: datetime | None = None) -> AuditStatus:
    """Look at the log of an inspected target. Raises nothing for what it finds."""
    try:
        return _look(found, now or datetime.now(UTC))
    except AuditUnavailable as error:
        return AuditStatus(LogState.UNREADABLE, reason=str(error))


def _look(found: Inspection, now: datetime) -> AuditStatus:
    anchored = found.metadata is None or audit_reading.holds(found.path, found.metadata.audit)
    if not anchored:
        state, reason = LogState.CUT, "Entries that the crypto metadata name are gone or changed."
    elif not audit_file.wrote(found.path):
        return AuditStatus(LogState.ABSENT)
    elif os.access(audit_path(found.path), os.W_OK):
        state, reason = LogState.WRITABLE, ""
    else:
        state, reason = LogState.READ_ONLY, "This user cannot add to it."
    proved = audit_reading.last_event(found.path, *_PROOFS)
    return AuditStatus(
        state,
        reason=reason,
        entries=audit_reading.head(found.path).entries,
        last=next(audit_reading.read_log(found.path, last=1), None),
        kit_proved=proved,
        # A clock that was set back makes no negative days.
        kit_proved_days=None
        if proved is None
        else max(0, (now - read_timestamp(proved.time)).days),
    )
