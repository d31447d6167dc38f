"""What status says about the keys beyond what they are: who saw the data key, and what is affordable.

Nothing is measured here, and nothing is loaded that measures: both are cautious rules, so that they
rather say too little.
"""

from __future__ import annotations

from wizard.engine.kdf import KdfParams
from wizard.engine.memory import machine_limit
from wizard.engine.metadata import Metadata
from wizard.engine.working_memory import usable_processors
from wizard.values import dataclass

# Copied, compared row by row, checked: what a small server with an ordinary SSD does in a second.
_ROTATED_BYTES_PER_SECOND = 25 * 1024 * 1024
# Argon2id in a pass of one lane; slower than any processor with SSE2 that was measured.
_FILLED_KIB_PER_SECOND = 512 * 1024
_TARGET_SECONDS = 1.0
_PASSES = 2
_MOST_MEMORY_KIB = 1024 * 1024
_MOST_LANES = 4
_MIB = 1024
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Outlook:
    """``rotation_seconds`` is a guess from the size. ``stronger``: None where it would gain little."""

    retired_slots: int
    rotation_seconds: int
    stronger: KdfParams | None

    @property
    def exposure(self) -> str:
        """Who has seen the data key, as one sentence; empty where nobody has who should not."""
        if not self.retired_slots:
            return ""
        slots = (
            "1 removed slot" if self.retired_slots == 1 else f"{self.retired_slots} removed slots"
        )
        return (
            f"data key seen by {slots} since the last rotation; "
            f"rotating takes about {_duration(self.rotation_seconds)}"
        )


def outlook(metadata: Metadata, *, size: int) -> Outlook:
    """For a database of ``size`` bytes, on this machine as it is now."""
    return Outlook(
        retired_slots=metadata.data_key.retired_slots,
        rotation_seconds=max(1, size // _ROTATED_BYTES_PER_SECOND),
        stronger=_stronger(metadata.master_slot.params),
    )


def _stronger(stored: KdfParams) -> KdfParams | None:
    """What surely takes no longer than a second here, if it costs a guesser twice as much."""
    lanes = min(_MOST_LANES, usable_processors())
    in_time_kib = int(_FILLED_KIB_PER_SECOND * lanes * _TARGET_SECONDS) // _PASSES
    memory_kib = min(in_time_kib, machine_limit().available_kib // 4, _MOST_MEMORY_KIB)
    memory_kib = memory_kib // _MIB * _MIB
    if memory_kib * _PASSES < 2 * stored.memory_kib * stored.passes:
        return None
    return KdfParams(memory_kib, _PASSES, lanes)


def _duration(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    return f"{round(seconds / _MINUTE)} min"
