"""What a backup is and holds, as ``backup`` and ``restore`` say it."""

from __future__ import annotations

from typing import Any

from wizard import engine
from wizard.cli import output


def tell_notes(notes: tuple[str, ...]) -> None:
    """Print what came up on the way."""
    for text in notes:
        output.note(f"Note: {output.printable(text)}")


def described(facts: engine.BackupFacts) -> list[tuple[str, str]]:
    """Return it for people."""
    size = output.describe_bytes(facts.size)
    if facts.kind is engine.BackupKind.DATABASE:
        content = f"database of {output.describe_bytes(facts.database_size)}, crypto metadata"
    else:
        content = "crypto metadata alone"
    return [
        ("Holds", f"{content} ({size})"),
        ("Fingerprint", f"{facts.fingerprint}  (generation {facts.generation})"),
        ("Made", f"{facts.created_at} by {facts.tool}"),
    ]


def document(facts: engine.BackupFacts) -> dict[str, Any]:
    """Return it for ``--json``."""
    return {
        "file": str(facts.path),
        "kind": facts.kind.value,
        "database_id": facts.database_id,
        "fingerprint": facts.fingerprint,
        "generation": facts.generation,
        "revision": facts.revision,
        "created_at": facts.created_at,
        "tool": facts.tool,
        "size": facts.size,
        "database_size": facts.database_size,
        "notes": list(facts.notes),
    }
