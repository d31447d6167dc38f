"""What the audit log says, read from its end and unverified; nothing here writes to it.

`wizard.engine.audit_verification` says what of it can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from wizard.engine import audit_file
from wizard.engine.audit_entry import AuditEntry, Outcome, audit_path, parse_line
from wizard.engine.encoding import Malformed
from wizard.engine.metadata import AuditHead


def head(target: Path) -> AuditHead:
    """How far the log beside ``target`` has come, for an anchor. Raises `AuditUnavailable`."""
    try:
        with audit_file.open_to_read(target) as descriptor:
            return audit_file.tail(descriptor, audit_path(target))[0]
    except FileNotFoundError:
        return AuditHead()


def holds(target: Path, anchor: AuditHead) -> bool:
    """Whether the log still has the line that ``anchor`` names. Raises `AuditUnavailable`."""
    if not anchor.entries:
        return True
    path = audit_path(target)
    try:
        with audit_file.open_to_read(target) as descriptor:
            now = audit_file.tail(descriptor, path)[0].entries
            if now < anchor.entries:
                return False
            return audit_file.tail(descriptor, path, skip=now - anchor.entries)[0] == anchor
    except FileNotFoundError:
        return False


def read_log(target: Path, *, last: int | None = None) -> Iterator[AuditEntry]:
    """The entries from the newest to the oldest, unverified; lines that are none are left out.

    Raises `AuditUnavailable`.
    """
    left = last
    with suppress(FileNotFoundError), audit_file.open_to_read(target) as descriptor:
        for line, _ended in audit_file.lines_backward(descriptor, audit_path(target)):
            if left is not None and left <= 0:
                return
            with suppress(Malformed):
                yield parse_line(line)
                left = None if left is None else left - 1


def last_event(target: Path, *events: str) -> AuditEntry | None:
    """The newest entry of one of these events that is `done`, unverified. Raises `AuditUnavailable`."""
    return next(done_events(target, *events), None)


def done_events(target: Path, *events: str) -> Iterator[AuditEntry]:
    """All of them, from the newest to the oldest, unverified. Raises `AuditUnavailable`."""
    words = tuple(f'"event":"{event}"'.encode("ascii") for event in events)
    with suppress(FileNotFoundError), audit_file.open_to_read(target) as descriptor:
        for line, _ended in audit_file.lines_backward(descriptor, audit_path(target)):
            # Parsing every line of a long log would take seconds.
            if not any(word in line for word in words):
                continue
            with suppress(Malformed):
                entry = parse_line(line)
                if entry.event in events and entry.outcome is Outcome.DONE:
                    yield entry
