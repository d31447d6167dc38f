"""The answer of an initialization or a recovery, kept sealed until its owner acknowledges it.

It exists before the database is replaced, so a lost answer, a lost connection or a killed server
loses neither the recovery kit nor a drawn passphrase.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wizard import engine


def describe(
    pending: engine.PendingInitialization | engine.PendingChange,
    *,
    request: str,
    generated: str | None,
) -> dict[str, Any]:
    """Return everything that the answer holds; ``request`` tells whose question it answers."""
    metadata = pending.metadata
    slot = metadata.master_slot
    key = metadata.public_key
    return {
        "request": request,
        "path": str(pending.path),
        "database_id": metadata.database_id.hex(),
        "fingerprint": key.fingerprint,
        "generation": metadata.generation,
        "public_key": {"hex": key.hex, "pem": key.pem(), "openssh": key.openssh()},
        "cipher": metadata.cipher,
        "kdf": {
            "memory_kib": slot.params.memory_kib,
            "passes": slot.params.passes,
            "lanes": slot.params.lanes,
            "keyfile": slot.keyfile,
        },
        "passphrase": generated,
        "kit": None if pending.kit is None else _kit(pending.kit),
    }


def sealed(receipt: dict[str, Any]) -> engine.Secret:
    """Return the receipt's bytes, for sealing."""
    return engine.Secret.take(bytearray(json.dumps(receipt, ensure_ascii=False), "utf-8"))


def opened(path: Path, key: engine.Secret) -> dict[str, Any]:
    """Return a receipt as it is on the disk. Raises as `engine.read_receipt` does."""
    with engine.read_receipt(path, key) as content, content.expose() as view:
        receipt: dict[str, Any] = json.loads(str(view, "utf-8"))
    return receipt


def _kit(kit: engine.RecoveryKit) -> dict[str, Any]:
    first = kit.sheets[0]
    return {
        "threshold": first.threshold,
        "shares": first.of,
        "sheets": [
            {
                "number": sheet.number,
                "holder": sheet.holder,
                "words": list(sheet.words),
                "slot_lines": sheet.slot.to_lines(),
                "qr_payload": sheet.slot.to_payload(),
                "text": sheet.text(),
            }
            for sheet in kit.sheets
        ],
    }
