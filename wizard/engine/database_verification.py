"""A secret is proved on the database itself, and all of what it opens is read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from wizard.engine import audit, sqlite
from wizard.engine.inspection import resolve
from wizard.engine.keyfile import KeyfileInput
from wizard.engine.passphrase import PassphraseSource
from wizard.engine.progress import CancelToken, ProgressSink, ignore_progress
from wizard.engine.unlocking import compare_log, open_recorded


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` has proved: the secret opens the database, and every page of it is sound."""

    path: Path
    fingerprint: str
    generation: int
    opened_with: str
    tables: int
    rows: int
    warnings: tuple[str, ...]


def verify(
    path: str | Path,
    passphrase: PassphraseSource | None = None,
    *,
    keyfile: KeyfileInput | None = None,
    recovery: Sequence[str] | None = None,
    operator: str | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> Verification:
    """Prove that a secret opens the database, and read and check all of it.

    Changes nothing but the audit log.
    """
    with (
        ExitStack() as keys,
        audit.attempt(resolve(path), "verify") as entry,
        open_recorded(
            entry,
            keys,
            passphrase,
            keyfile=keyfile,
            recovery=recovery,
            operator=operator,
            readonly=True,
            allow_high_cost=allow_high_cost,
        ) as database,
    ):
        sqlite.integrity(database.connection, progress=progress, cancel=cancel)
        counts = sqlite.row_counts(database.connection)
    compare_log(database, entry)
    warnings = list(database.warnings)
    if database.metadata is None:
        warnings.append(
            "The sidecar is missing or damaged; only the recovery kit opens this database."
        )
    return Verification(
        path=database.path,
        fingerprint=database.fingerprint,
        generation=database.generation,
        opened_with=database.opened_with,
        tables=len(counts),
        rows=sum(counts.values()),
        warnings=tuple(warnings),
    )
