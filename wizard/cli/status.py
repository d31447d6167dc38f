"""What ``status`` says of a database; nothing is loaded for it that only other commands need.

The exit code is its answer for scripts: 0 for a protected database, else the code of the error that
a command which opens it would end with.
"""

from __future__ import annotations

from wizard import engine
from wizard.cli import output
from wizard.version import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from wizard.diagnostics import Explanation


def tell(path: Path, *, as_json: bool) -> int:
    """Print what ``path`` is and how it is protected; return the exit code."""
    found = engine.inspect(path)
    trouble = _explained(found, path)
    if as_json:
        report = engine.status_report(found)
        output.say_json({**report, "error": None if trouble is None else trouble.as_dict()})
    else:
        output.say_pairs(_describe(found, trouble))
    return 0 if trouble is None else trouble.exit_code


def _explained(found: engine.Inspection, path: Path) -> Explanation | None:
    if found.error is None:
        return None
    from wizard.diagnostics import explain  # noqa: PLC0415 - not for a protected database

    return explain(found.error, path=path)


def _describe(found: engine.Inspection, trouble: Explanation | None) -> list[tuple[str, str]]:
    pairs = [("Database", str(found.path)), ("State", str(found.state))]
    if found.reason:
        pairs.append(("Reason", found.reason))
    if found.size is not None:
        pairs.append(("Size", output.describe_bytes(found.size)))
    if found.metadata is not None:
        pairs += _describe_metadata(found.metadata)
        pairs += _describe_outlook(found.metadata, found)
    pairs += _describe_audit(engine.audit_status(found), to_do := _still_to_do(found))
    pairs += _several("Plaintext beside it", [str(path) for path in found.plaintext_left])
    pairs += _several("Still to do", to_do)
    protection = engine.memory_protection()
    pairs.append(("Memory", "locked" if protection.locked else protection.reason))
    pairs += _several("Ways out", list(found.ways_out))
    if trouble is not None and trouble.hint:
        pairs.append(("Next", trouble.hint))
    return pairs


def _describe_metadata(metadata: engine.Metadata) -> list[tuple[str, str]]:
    slot = metadata.master_slot
    kit = metadata.recovery_slot
    pairs = [
        ("Fingerprint", metadata.public_key.fingerprint),
        ("Generation", str(metadata.generation)),
        ("Protected since", f"{metadata.created_at} by {metadata.tool}"),
        ("Cipher", str(metadata.cipher)),
        (
            "Key derivation",
            output.describe_derivation(
                memory_kib=slot.params.memory_kib,
                passes=slot.params.passes,
                lanes=slot.params.lanes,
                keyfile=slot.keyfile,
            ),
        ),
    ]
    if kit is None:
        pairs.append(("Recovery kit", "none: a lost passphrase is lost data"))
    else:
        pairs.append(
            ("Recovery kit", f"any {kit.threshold} of {kit.shares}: {', '.join(kit.holders)}")
        )
    return pairs


def _describe_outlook(metadata: engine.Metadata, found: engine.Inspection) -> list[tuple[str, str]]:
    seen = engine.outlook(metadata, size=found.size or 0)
    pairs = _several(
        "Operators",
        [f"{slot.label} (since {slot.created_at})" for slot in metadata.operator_slots],
    )
    if seen.exposure:
        pairs.append(("Exposure", f"{seen.exposure}: {PROGRAM} rotate PATH"))
    if seen.stronger is not None:
        memory = output.describe_bytes(seen.stronger.memory_kib * 1024)
        pairs.append(
            (
                "Stronger",
                (
                    f"this machine could afford about {memory} in {seen.stronger.passes} passes: "
                    f"{PROGRAM} passwd PATH --retune"
                ),
            )
        )
    return pairs


def _describe_audit(log: engine.AuditStatus, to_do: list[str]) -> list[tuple[str, str]]:
    if log.state is engine.LogState.ABSENT:
        return []
    pairs = []
    if log.last is not None:
        by = log.last.actor.user or str(log.last.actor.uid)
        what = f"{log.last.event} {log.last.outcome}, {log.last.time} by {by}"
        pairs.append(("Audit log", f"{log.entries:,} entries, the last: {what}"))
    if log.reason:
        pairs.append(("Audit log" if not pairs else "", log.reason))
    if log.kit_proved_days is not None:
        days = f"{log.kit_proved_days} day{'' if log.kit_proved_days == 1 else 's'} ago"
        when = "today" if log.kit_proved_days == 0 else days
        if any(each.startswith(_TO_DO["kit_proved"]) for each in to_do):
            # An initialization tries the kit in its memory, and nobody showed to have the words.
            when += ", without anybody's having shown the words"
        pairs.append(("Recovery proved", when))
    return pairs


_TO_DO = {
    "kit_proved": "prove the recovery kit: verify PATH --recovery FILE",
    "kit_saved": "recovery kit on paper or in a file",
    "sidecar_copied": "a copy of the metadata file, kept elsewhere",
    "fingerprint_noted": "note the fingerprint",
    "plaintext_handled": "deal with the plaintext files named above",
}


def _still_to_do(found: engine.Inspection) -> list[str]:
    try:
        items = engine.checklist_of(found)
    except engine.AuditUnavailable as error:
        return [str(error)]
    done = engine.ItemState.DONE
    return [
        _TO_DO[item] + _since(status) for item, status in items.items() if status.state is not done
    ]


def _since(status: engine.ItemStatus) -> str:
    """What became of it: skipped by name, or done for keys that are no longer in force."""
    if status.outdated:
        return f" (done {status.time}, and the keys were changed since)"
    return f" (skipped {status.time})" if status.state == "skipped" else ""


def _several(name: str, values: list[str]) -> list[tuple[str, str]]:
    return [(name if number == 0 else "", value) for number, value in enumerate(values)]
