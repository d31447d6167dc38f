"""The status of one target as plain JSON values: what `inspect` finds, and nothing secret."""

from __future__ import annotations

from wizard.engine.audit_facts import audit_status
from wizard.engine.checklist import checklist_of
from wizard.engine.encoding import Json
from wizard.engine.errors import AuditUnavailable
from wizard.engine.exposure import Outlook, outlook
from wizard.engine.inspection import Inspection
from wizard.engine.metadata import Metadata
from wizard.engine.secret import memory_protection
from wizard.engine.slots import MasterSlot, OperatorSlot, RecoverySlot


def status_report(found: Inspection) -> dict[str, Json]:
    """What `inspect` has found, what the audit log tells, and how secrets are held in memory here."""
    protection = memory_protection()
    report = describe(found)
    report["audit"] = audit_status(found).as_json()
    todo = _checklist(found)
    if todo:
        report["checklist"] = todo
    report["memory"] = {
        "core_dumps_off": protection.core_dumps_off,
        "locked": protection.locked,
        "note": protection.reason,
    }
    return report


def describe(found: Inspection) -> dict[str, Json]:
    """An inspection as JSON values; members that do not apply are left out."""
    report: dict[str, Json] = {
        "path": str(found.path),
        "reason": found.reason,
        "state": found.state.value,
        "ways_out": list(found.ways_out),
    }
    if found.size is not None:
        report["size_bytes"] = found.size
    if found.metadata is not None:
        report["metadata"] = _metadata(found.metadata)
        report["outlook"] = _outlook(outlook(found.metadata, size=found.size or 0))
        report["plaintext_left"] = [str(path) for path in found.plaintext_left]
    return report


def _checklist(found: Inspection) -> dict[str, Json]:
    try:
        items = checklist_of(found)
    except AuditUnavailable:
        return {}
    return {
        item.value: {
            "outdated": status.outdated,
            "state": status.state.value,
            "time": status.time,
        }
        for item, status in items.items()
    }


def _outlook(seen: Outlook) -> dict[str, Json]:
    facts: dict[str, Json] = {
        "exposure": seen.exposure,
        "retired_slots": seen.retired_slots,
        "rotation_seconds": seen.rotation_seconds,
    }
    if seen.stronger is not None:
        facts["stronger"] = {
            "lanes": seen.stronger.lanes,
            "memory_kib": seen.stronger.memory_kib,
            "passes": seen.stronger.passes,
        }
    return facts


def _metadata(metadata: Metadata) -> dict[str, Json]:
    slots: list[Json] = [_master(metadata.master_slot)]
    if metadata.recovery_slot is not None:
        slots.append(_recovery(metadata.recovery_slot))
    slots.extend(_operator(slot) for slot in metadata.operator_slots)
    return {
        "cipher": metadata.cipher,
        "created_at": metadata.created_at,
        "data_key": {
            "created_at": metadata.data_key.created_at,
            "retired_slots": metadata.data_key.retired_slots,
        },
        "database_id": metadata.database_id.hex(),
        "fingerprint": metadata.public_key.fingerprint,
        "generation": metadata.generation,
        "page_size": metadata.page_size,
        "public_key": metadata.public_key.hex,
        "revision": metadata.revision,
        "slots": slots,
        "tool": metadata.tool,
        "written_at": metadata.written_at,
    }


def _master(slot: MasterSlot) -> dict[str, Json]:
    return {
        "keyfile": slot.keyfile,
        "kind": "master",
        "lanes": slot.params.lanes,
        "memory_kib": slot.params.memory_kib,
        "passes": slot.params.passes,
    }


def _recovery(slot: RecoverySlot) -> dict[str, Json]:
    return {
        "holders": list(slot.holders),
        "kind": "recovery",
        "shares": slot.shares,
        "threshold": slot.threshold,
    }


def _operator(slot: OperatorSlot) -> dict[str, Json]:
    return {
        "created_at": slot.created_at,
        "kind": "operator",
        "label": slot.label,
        "lanes": slot.params.lanes,
        "memory_kib": slot.params.memory_kib,
        "passes": slot.params.passes,
    }
