"""What an administrator has to see to once a database is protected, and what of it is still open.

- The audit log is the memory: each thing done or skipped is an entry, and the newest one counts.
- An item is open until it was done; one that was skipped stays open, and says so.
- What was done is open again when what it was done with is out of date: a noted fingerprint with
  every new master key, a copy of the sidecar with every new sidecar (the database refuses an older
  one), a proof of the kit with new recovery words, and a kept kit also when the lines below its
  words are others, as after a rotation.
- Plaintext is judged by looking, whatever was said about it: what is gone is handled.
- The log is read as it stands: it tells what to do next, and nothing that protects anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from wizard.engine import audit_reading
from wizard.engine.audit_entry import AuditEntry, Outcome
from wizard.engine.errors import AuditUnavailable, DamagedMetadata
from wizard.engine.inspection import Inspection
from wizard.engine.metadata import Metadata
from wizard.values import dataclass

EVENT = "checklist"
_STARTS = ("initialize", "reinitialize")
_PROOFS = ("kit_proved", "recovery_rehearsed")
_EVENTS = (EVENT, *_PROOFS, "verify", *_STARTS)


class Item(StrEnum):
    """Each is done once, and can be done later."""

    KIT_PROVED = "kit_proved"
    KIT_SAVED = "kit_saved"
    SIDECAR_COPIED = "sidecar_copied"
    FINGERPRINT_NOTED = "fingerprint_noted"
    PLAINTEXT_HANDLED = "plaintext_handled"


class ItemState(StrEnum):
    """``SKIPPED``: somebody typed the database's name to go on without it."""

    OPEN = "open"
    SKIPPED = "skipped"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ItemStatus:
    """``time`` is RFC 3339, empty where it is not known.

    ``outdated``: it was done at that time, and has to be done again, for the keys were changed.
    """

    state: ItemState
    time: str = ""
    outdated: bool = False


_OPEN = ItemStatus(ItemState.OPEN)


def checklist_of(found: Inspection) -> dict[Item, ItemStatus]:
    """Every item's state for a protected database; empty where there is nothing to go by.

    A database without metadata, and one whose log does not tell of its beginning, have none.
    Raises `AuditUnavailable`.
    """
    metadata = found.metadata
    if metadata is None:
        return {}
    states: dict[Item, ItemStatus] = {}
    for entry in _entries_of(audit_reading.done_events(found.path, *_EVENTS), metadata.database_id):
        if entry.event in _STARTS:
            break
        item, state = _told(entry)
        if item is not None and item not in states:
            states[item] = _as_of_now(ItemStatus(state, entry.time), item, entry, metadata)
    else:
        if not states:
            return {}
    if metadata.recovery_slot is None:
        # There is no kit: nothing can be proved or kept.
        states[Item.KIT_PROVED] = states[Item.KIT_SAVED] = ItemStatus(ItemState.DONE)
    if not found.plaintext_left:
        said = states.get(Item.PLAINTEXT_HANDLED)
        time = said.time if said and said.state is ItemState.DONE else ""
        states[Item.PLAINTEXT_HANDLED] = ItemStatus(ItemState.DONE, time)
    elif states.get(Item.PLAINTEXT_HANDLED, ItemStatus(ItemState.DONE)).state is ItemState.DONE:
        states[Item.PLAINTEXT_HANDLED] = _OPEN
    return {item: states.get(item, _OPEN) for item in Item}


def record_item(found: Inspection, item: Item, state: ItemState) -> str:
    """Note it in the audit log of a protected database; why that was not possible, or "".

    Raises `DamagedMetadata` where there are no metadata.
    """
    from wizard.engine import audit  # noqa: PLC0415 - telling what is open needs no writer

    if found.metadata is None:
        raise DamagedMetadata("The crypto metadata cannot be read.")
    try:
        audit.record(
            found.path,
            EVENT,
            Outcome.DONE,
            database_id=found.metadata.database_id,
            generation=found.metadata.generation,
            details={
                "item": item.value,
                "state": state.value,
                "revision": found.metadata.revision,
            },
        )
    except AuditUnavailable as error:
        return f"This was not recorded in the audit log: {error}"
    return ""


def record_lines(found: Inspection) -> str:
    """The present slot lines were printed: a kit that was kept is whole again, if only they were old.

    Why that was not possible, or "".
    """
    try:
        kit = checklist_of(found).get(Item.KIT_SAVED)
    except AuditUnavailable as error:
        return str(error)
    if kit is None or not kit.outdated:
        return ""
    return record_item(found, Item.KIT_SAVED, ItemState.DONE)


def _as_of_now(status: ItemStatus, item: Item, entry: AuditEntry, metadata: Metadata) -> ItemStatus:
    """What an entry says, if it was about the keys that are in force."""
    if _is_current(item, entry, metadata):
        return status
    done = status.state is ItemState.DONE
    # Other words are not the old ones in need of an addition: nothing of them was ever kept.
    same = item is not Item.KIT_SAVED or entry.generation >= _words_since(metadata)
    return ItemStatus(ItemState.OPEN, status.time, outdated=True) if done and same else _OPEN


def _is_current(item: Item, entry: AuditEntry, metadata: Metadata) -> bool:
    match item:
        case Item.FINGERPRINT_NOTED:
            return entry.generation == metadata.generation
        case Item.SIDECAR_COPIED:
            return entry.details.get("revision") == metadata.revision
        case Item.KIT_PROVED:
            return entry.generation >= _words_since(metadata)
        case Item.KIT_SAVED:
            slot = metadata.recovery_slot
            return slot is None or entry.generation >= slot.generation
        case Item.PLAINTEXT_HANDLED:
            return True


def _words_since(metadata: Metadata) -> int:
    """The generation since which these recovery words are the words; 0 where there are none."""
    authority, since = metadata.chain[-1].recovery_authority, 0
    for link in reversed(metadata.chain):
        if not authority or link.recovery_authority != authority:
            break
        since = link.generation
    return since


def _entries_of(entries: Iterable[AuditEntry], database_id: bytes) -> Iterable[AuditEntry]:
    # One log serves all databases that ever had this name.
    return (entry for entry in entries if entry.database_id == database_id)


def _told(entry: AuditEntry) -> tuple[Item | None, ItemState]:
    if entry.event in _PROOFS or (
        entry.event == "verify" and entry.details.get("using") == "recovery"
    ):
        return Item.KIT_PROVED, ItemState.DONE
    if entry.event == EVENT:
        try:
            return Item(str(entry.details.get("item"))), ItemState(str(entry.details.get("state")))
        except ValueError:
            return None, ItemState.OPEN  # of a later version
    return None, ItemState.OPEN
