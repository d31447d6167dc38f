"""What was done with the keys of a database, and tried, goes into its audit log.

- Every verb records itself: what changes keys with `auditing`, everything else with `attempt`.
- A change of keys begins only after its attempt is on the disk and there is room for its end.
- Opening a database never fails for the log's sake: what could not be recorded is a warning.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from wizard.engine import audit_file
from wizard.engine.audit_entry import (
    Actor,
    AuditEntry,
    Outcome,
    audit_path,
    hash_of,
    line_of,
    made_details,
)
from wizard.engine.encoding import timestamp
from wizard.engine.errors import AuditUnavailable, Cancelled
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import AuditHead, Metadata
from wizard.version import TOOL

_FREE_BYTES = 64 * 1024
_NOBODY_LOGGED_IN = 2**32 - 1
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


def record(
    target: Path,
    event: str,
    outcome: Outcome | str,
    *,
    database_id: bytes = b"",
    generation: int = 0,
    details: Mapping[str, str | int] | None = None,
    signer: SigningKey | None = None,
) -> AuditHead:
    """Append one entry, on the disk when this returns, and tell how far the log has come then.

    ``target`` is a resolved path. ``signer`` is the master key of ``generation``, where it is at
    hand. Raises `AuditUnavailable`, and `ValueError` for an event or details that are no words.
    """
    with audit_file.open_to_append(target) as descriptor:
        before, closed = audit_file.tail(descriptor, audit_path(target))
        entry = AuditEntry(
            number=before.entries + 1,
            time=timestamp(datetime.now(UTC)),
            event=event,
            outcome=Outcome(outcome),
            actor=actor(),
            database_id=database_id,
            generation=generation,
            details=made_details(details or {}),
            previous=before.head,
        )
        line = line_of(entry if signer is None else entry.signed(signer))
        audit_file.append(descriptor, target, line, closed=closed)
    return AuditHead(entry.number, hash_of(line))


class Audited:
    """A verb at work, as its entry will tell of it. The verb fills in what it learns.

    ``warning`` and ``head`` are set when it has ended: why it could not be recorded, or how far
    the log has come.
    """

    def __init__(self, target: Path, event: str, *, attempt: int = 0) -> None:
        self.target = target
        self.event = event
        self.details: dict[str, str | int] = {"attempt": attempt} if attempt else {}
        self.database_id = b""
        self.generation = 0
        self.signer: SigningKey | None = None
        self.head = AuditHead()
        self.warning = ""
        self.ended = False
        # Beside what is not protected no log is begun; one that is there is continued.
        self._may_begin_log = bool(attempt)

    def concerns(self, metadata: Metadata) -> None:
        """The database it is about."""
        self.is_of(database_id=metadata.database_id, generation=metadata.generation)

    def is_of(self, *, database_id: bytes, generation: int) -> None:
        """The database it is about, where there are no metadata."""
        self.database_id, self.generation = database_id, generation
        self._may_begin_log = True

    def done(self) -> None:
        """Record its success now, while the master key is at hand. Never raises for the log."""
        self._end(Outcome.DONE)

    def failed(self, error: BaseException | None) -> None:
        """Record that it ended by ``error``, or was left; nothing if its end is recorded."""
        if self.ended:
            return
        if error is None or isinstance(error, Cancelled) or not isinstance(error, Exception):
            self._end(Outcome.CANCELLED)
        else:
            self.details["error"] = error_word(error)
            self._end(Outcome.FAILED)

    def _end(self, outcome: Outcome) -> None:
        if self.ended or not (self._may_begin_log or audit_file.wrote(self.target)):
            return
        self.ended = True
        try:
            self.head = record(
                self.target,
                self.event,
                outcome,
                database_id=self.database_id,
                generation=self.generation,
                details=self.details,
                signer=self.signer,
            )
        except AuditUnavailable as error:
            self.warning = f"This was not recorded in the audit log: {error}"


def begin(
    target: Path,
    event: str,
    *,
    metadata: Metadata | None = None,
    details: Mapping[str, str | int] | None = None,
) -> Audited:
    """Record an attempt to change keys; whoever calls this ends it with `done` or `failed`.

    Raises `AuditUnavailable` if it cannot be recorded or there is no room for its end: the verb
    must not begin then.
    """
    _check_room(target)
    head = record(
        target,
        event,
        Outcome.ATTEMPTED,
        database_id=b"" if metadata is None else metadata.database_id,
        generation=0 if metadata is None else metadata.generation,
        details=details,
    )
    _check_room(target)
    begun = Audited(target, event, attempt=head.entries)
    begun.head = head
    begun.details |= dict(details or {})
    if metadata is not None:
        begun.concerns(metadata)
    return begun


@contextmanager
def auditing(
    target: Path,
    event: str,
    *,
    metadata: Metadata | None = None,
    details: Mapping[str, str | int] | None = None,
) -> Iterator[Audited]:
    """A verb that changes keys: its attempt before it, and how it ended after it.

    Yields what `begin` returns, and raises what it raises. Leaving without an error is success.
    A ``signer`` must still be open then; a verb whose key ends sooner calls ``done`` itself.
    """
    yield from _until_ended(begin(target, event, metadata=metadata, details=details))


@contextmanager
def attempt(target: Path, event: str) -> Iterator[Audited]:
    """A verb that changes no keys: one entry, when it has ended. Raises nothing for the log."""
    yield from _until_ended(Audited(target, event))


def _until_ended(verb: Audited) -> Iterator[Audited]:
    try:
        yield verb
    except BaseException as error:
        verb.failed(error)
        raise
    verb.done()


def error_word(error: BaseException) -> str:
    """``WrongPassphrase`` -> ``wrong_passphrase``: an error's class, and nothing that it says."""
    return _WORD_START.sub("_", type(error).__name__).lower()


def actor() -> Actor:
    """Who this process acts for."""
    uid = os.geteuid()
    return Actor(
        uid=uid,
        user=_user_name(uid),
        login=_login_name(),
        pid=os.getpid(),
        tool=TOOL,
        over_ssh="SSH_CONNECTION" in os.environ,
    )


@cache
def _user_name(uid: int) -> str:
    # Cached: where users live in a directory service, a look-up can take seconds.
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


@cache
def _login_name() -> str:
    """Who logged in, by the kernel's account of it, which sudo and su leave as it is."""
    try:
        uid = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return ""
    return "" if uid == _NOBODY_LOGGED_IN else _user_name(uid)


def _check_room(target: Path) -> None:
    try:
        usage = os.statvfs(target.parent)
    except OSError as error:
        raise audit_file.unavailable(audit_path(target), error) from None
    if usage.f_bavail * usage.f_frsize < _FREE_BYTES:
        raise AuditUnavailable(
            f"{target.parent} has no room left for the audit log, and a change of keys that "
            "cannot be recorded is not begun."
        )
