"""Whether an audit log is the one that was written (FORMAT.md, section 11).

- The log is read once from its start; memory does not grow with it.
- Every finding is named by its place; after one the reading goes on, so that all are named.
- A log passes, or `AuditBroken` is raised; what an incomplete line or an earlier database leaves
  unchecked is said in ``notes``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.engine import audit_file
from wizard.engine.audit_chain import ChainReader, Finding
from wizard.engine.audit_entry import audit_path
from wizard.engine.errors import AuditBroken, AuditUnavailable, NotVerified
from wizard.engine.inspection import Inspection, inspect
from wizard.engine.keyfile import KeyfileInput
from wizard.engine.metadata import AuditHead
from wizard.engine.passphrase import PassphraseSource
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress

_LARGEST_LOG = 1024 * 1024 * 1024
_LONGEST_LINE = 4 * 1024 * 1024
_REPORT_EVERY = 1000


@dataclass(frozen=True, slots=True)
class AuditReport:
    """A log that passed. ``signed``: entries whose signature was verified.

    ``covered``: how many lines, from the first, signatures or anchors vouch for; those after it
    can have been changed by whoever may write the directory. ``anchors``: how many were compared.
    """

    path: Path
    entries: int
    signed: int
    covered: int
    anchors: int
    head: AuditHead
    notes: tuple[str, ...]


def verify_log(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource | None = None,
    *,
    keyfile: KeyfileInput | None = None,
    recovery: Sequence[str] | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> AuditReport:
    """Verify the whole log of the database at ``path``.

    With a passphrase or recovery sheets, the anchor inside the database is compared as well; that
    opening is recorded like any other. Raises `AuditBroken` with every finding,
    `AuditUnavailable` where there is no log to read, the metadata's error where signatures cannot
    be checked for the lack of them, and what `unlock` raises.
    """
    found = inspect(path)
    anchors: list[AuditHead] = []
    if passphrase is not None or recovery is not None:
        from wizard.engine.unlocking import unlock  # noqa: PLC0415 - needs SQLite

        with unlock(
            found.path,
            passphrase,
            keyfile=keyfile,
            recovery=recovery,
            readonly=True,
            allow_high_cost=allow_high_cost,
        ) as database:
            anchors.append(database.identity.audit)
    return verify_with_anchors(found, anchors, progress=progress, cancel=cancel)


def verify_with_anchors(
    found: Inspection,
    anchors: Sequence[AuditHead],
    *,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> AuditReport:
    """Like `verify_log`, for a target that was inspected, and anchors at hand."""
    signed = () if found.metadata is None else (found.metadata.audit,)
    anchors = [anchor for anchor in (*anchors, *signed) if anchor.entries]
    reader = ChainReader(found.metadata, anchors)
    try:
        with audit_file.open_to_read(found.path) as descriptor:
            for number, (line, ended) in enumerate(_lines(descriptor, found.path, progress), 1):
                reader.feed(line, ended=ended)
                if cancel is not None and number % _REPORT_EVERY == 0:
                    cancel.check()
    except FileNotFoundError:
        if not anchors:
            raise AuditUnavailable.absent(audit_path(found.path)) from None
    findings = reader.finish()
    if findings:
        raise _broken(found, findings, more=reader.more)
    if reader.unchecked and found.metadata is None and isinstance(found.error, NotVerified):
        raise found.error
    return AuditReport(
        path=audit_path(found.path),
        entries=reader.head.entries,
        signed=reader.signed,
        covered=reader.covered,
        anchors=len(anchors),
        head=reader.head,
        notes=reader.notes(),
    )


def _broken(found: Inspection, findings: Sequence[Finding], *, more: int) -> AuditBroken:
    sentences = tuple(str(finding) for finding in findings)
    if more:
        sentences = (*sentences, f"and {more} more.")
    return AuditBroken(
        f"The audit log of {found.path.name} is not as it was written: {sentences[0]}"
        + (f" In all {len(findings) + more} findings." if len(findings) > 1 else ""),
        findings=sentences,
    )


def _lines(descriptor: int, target: Path, progress: ProgressSink) -> Iterator[tuple[bytes, bool]]:
    """Lines without their line feeds, and whether they had one: only the last may have none."""
    size = os.fstat(descriptor).st_size
    path = audit_path(target)
    if size > _LARGEST_LOG:
        raise AuditUnavailable(f"{path} has {size:,} bytes: more than any log that is read here.")
    with os.fdopen(os.dup(descriptor), "rb") as file:
        number = done = 0
        try:
            while line := file.readline(_LONGEST_LINE):
                if len(line) == _LONGEST_LINE:
                    raise AuditBroken(f"{path} has a line that no program of this kind writes.")
                if number % _REPORT_EVERY == 0:
                    progress(Progress(Stage.CHECK, done, size, unit="bytes"))
                number += 1
                done += len(line)
                ended = line.endswith(b"\n")
                yield line.removesuffix(b"\n"), ended
        except OSError as error:
            raise audit_file.unavailable(path, error) from None
    progress(Progress(Stage.CHECK, size, size, unit="bytes"))
