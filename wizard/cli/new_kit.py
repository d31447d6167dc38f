"""What ``recover`` and ``recovery new`` share: whom a new kit is for, and how it comes into force.

Nothing is put in force before the kit has opened the database.
"""

from __future__ import annotations

from pathlib import Path

from wizard import engine
from wizard.cli import changes, kit, output


def recoverable(path: Path) -> engine.Metadata:
    """Return the metadata of a database that a kit can open. Raises what says why it cannot."""
    metadata = openable(path)
    if metadata.recovery_slot is None:
        raise engine.NoRecovery("This database was protected without a recovery phrase.")
    return metadata


def openable(path: Path) -> engine.Metadata:
    """Return the metadata of a database that opens. Raises what `engine.inspect` found."""
    found = engine.inspect(path)
    if found.metadata is None or not found.opens:
        raise found.error or engine.DamagedMetadata("The crypto metadata cannot be used.")
    return found.metadata


def planned(
    shares: str | None, holders: tuple[str, ...], metadata: engine.Metadata
) -> engine.RecoveryPlan:
    """As many sheets and the same holders as now, where nothing else is said."""
    slot = metadata.recovery_slot
    if shares is None and slot is not None:
        return engine.RecoveryPlan(slot.threshold, slot.shares, holders or slot.holders)
    return engine.RecoveryPlan.parse(shares or "1of1", holders=holders)


def finish(
    pending: engine.PendingChange,
    sheets: tuple[Path, ...],
    readers: tuple[engine.Recipient, ...],
    *,
    headline: str,
    as_json: bool,
) -> None:
    """Prove the new kit, put it in force, and say so."""
    with pending:
        done = kit.prove_and_commit(
            pending,
            sheets,
            lambda line: pending.commit(progress=line),
            readers=readers,
        )
    slot = done.metadata.recovery_slot
    if as_json:
        recovery = (
            None
            if slot is None
            else {
                "threshold": slot.threshold,
                "shares": slot.shares,
                "holders": list(slot.holders),
                "files": [str(sheet) for sheet in sheets],
            }
        )
        output.say_json({**changes.as_document(done), "recovery": recovery})
        return
    changes.tell(done, headline=headline, as_json=False)
    for sheet in sheets:
        output.say(f"Recovery kit: {output.printable(str(sheet))}")
