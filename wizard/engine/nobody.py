"""An operator's name that nobody has costs what a name costs that somebody has.

Who has the sidecar reads the names in it. Who has not, and only asks a program that has it, must not
learn from the time of a refusal which names are there.
"""

from __future__ import annotations

import hashlib
import os

from wizard.engine.kdf import SALT_BYTES
from wizard.engine.metadata import Metadata
from wizard.engine.slots import SLOT_ID_BYTES, OperatorSlot


def nobodys_slot(metadata: Metadata, label: str) -> OperatorSlot:
    """A slot that no passphrase opens, as dear as one of the operators', or as the master's.

    Which one follows from the label, so that asking again takes as long as the first time.
    """
    costs = [slot.params for slot in metadata.operator_slots] or [metadata.master_slot.params]
    digest = hashlib.blake2b(label.encode("utf-8", "surrogatepass"), key=metadata.database_id)
    return OperatorSlot(
        slot_id=os.urandom(SLOT_ID_BYTES),
        label=label,
        created_at=metadata.written_at,
        generation=metadata.generation,
        salt=os.urandom(SALT_BYTES),
        params=costs[int.from_bytes(digest.digest()) % len(costs)],
    )
