"""What a protected database is, and what can be done about one that is not whole; no secret needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wizard import engine
from wizard.tui.process.measuring import params_answer

if TYPE_CHECKING:
    from wizard.engine import Inspection, Metadata
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]


def overview(request: Request, _call: Call) -> Answer:
    """Return all that can be told about one path."""
    return described(engine.inspect(request.path("path")))


def described(found: Inspection) -> dict[str, Any]:
    """The same for a target that was inspected already."""
    log = engine.audit_status(found)
    return {
        "path": str(found.path),
        "state": found.state,
        "reason": found.reason,
        "ways_out": found.ways_out,
        "opens": found.opens,
        "size": found.size,
        "sidecar": str(engine.sidecar_path(found.path)),
        "database_there": found.path.exists(),
        "encrypted": _encrypted(found),
        "keys": None if found.metadata is None else _keys(found.metadata),
        "outlook": None if found.metadata is None else _outlook(found.metadata, found.size or 0),
        "plaintext_left": [str(path) for path in found.plaintext_left],
        "open_items": _open_items(found),
        "log": {
            "state": log.state,
            "reason": log.reason,
            "entries": log.entries,
            "last": None
            if log.last is None
            else {
                "event": log.last.event,
                "outcome": log.last.outcome,
                "time": log.last.time,
                "user": log.last.actor.user or "",
            },
            "kit_proved_days": log.kit_proved_days,
        },
    }


def _outlook(metadata: Metadata, size: int) -> Answer:
    seen = engine.outlook(metadata, size=size)
    stronger = None if seen.stronger is None else params_answer(seen.stronger)
    return {"rotation_seconds": seen.rotation_seconds, "stronger": stronger}


def _encrypted(found: Inspection) -> bool:
    """Whether the file holds no plaintext database, as far as its first bytes tell."""
    return engine.classify(found.path) in {engine.FileKind.EMPTY, engine.FileKind.OPAQUE}


def _keys(metadata: Metadata) -> Answer:
    kit = metadata.recovery_slot
    return {
        "fingerprint": metadata.public_key.fingerprint,
        "generation": metadata.generation,
        "created_at": metadata.created_at,
        "cipher": metadata.cipher,
        "keyfile": metadata.master_slot.keyfile,
        "params": params_answer(metadata.master_slot.params),
        "recovery": None
        if kit is None
        else {"threshold": kit.threshold, "shares": kit.shares, "holders": kit.holders},
        "operators": [
            {"label": slot.label, "created_at": slot.created_at} for slot in metadata.operator_slots
        ],
        "retired_slots": metadata.data_key.retired_slots,
    }


def _open_items(found: Inspection) -> list[str]:
    try:
        items = engine.checklist_of(found)
    except engine.AuditUnavailable:
        return []
    return [item for item, status in items.items() if status.state is not engine.ItemState.DONE]
