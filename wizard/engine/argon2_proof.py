"""A built Argon2 is held against the shipped one, in a process that may crash without harm.

``python -m wizard.engine.argon2_proof LIBRARY`` prints what it found as one line of JSON, in which
``differs`` names the first parameters with another result, or nothing.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.engine import argon2_choice, kdf
from wizard.engine.kdf import KdfParams
from wizard.engine.secret import Secret, protect_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wizard.engine.argon2_choice import Argon2

MEASURED = KdfParams(memory_kib=64 * 1024, passes=3, lanes=1)
"""What both are timed with."""

_RUNS = 5
_SALT = bytes(range(16))
# Passphrase, keyfile, associated data: none, short, longer than a block of BLAKE2b, long.
_INPUTS: tuple[tuple[bytes, bytes | None, bytes], ...] = (
    (b"", None, b""),
    (b"correct horse battery staple", None, b""),
    (b"p\xc3\xa4ssw\xc3\xb6rd", bytes(range(64)), b"associated"),
    (bytes(range(256)) * 16, bytes(range(256)) * 4, bytes(1000)),
)


def cases() -> Iterator[tuple[KdfParams, tuple[bytes, bytes | None, bytes]]]:
    """Yield what is compared: also the least memory, and such as is no multiple of four lanes."""
    for lanes, passes, inputs in itertools.product((1, 2, 3, 4), (1, 2, 3), _INPUTS):
        for memory_kib in (8 * lanes, 8 * lanes + 3, 1023):
            yield KdfParams(memory_kib=memory_kib, passes=passes, lanes=lanes), inputs
    for params in (kdf.FLOOR, kdf.RFC_9106_SECOND):
        yield params, _INPUTS[2]


def compare(shipped: Argon2, built: Argon2) -> dict[str, Any]:
    """Derive everything with both, and time both; what ``main`` prints."""
    found: dict[str, Any] = {"differs": "", "compared": 0}
    if not argon2_choice.derives_right(built):
        return found | {"differs": "the vector of RFC 9106"}
    for params, inputs in cases():
        if _derived(shipped, params, inputs) != _derived(built, params, inputs):
            return found | {"differs": str(params)}
        found["compared"] += 1
    # In turn, and the least: whatever disturbs a run makes it slower.
    pairs = [[_seconds(each) for each in (shipped, built)] for _ in range(_RUNS)]
    shipped_seconds, seconds = (min(column) for column in zip(*pairs, strict=True))
    return found | {"seconds": seconds, "shipped_seconds": shipped_seconds}


def main() -> None:
    """Compare the library that is named."""
    protect_process()
    built = argon2_choice.load_library(Path(sys.argv[1]), needs=(argon2_choice.FEATURE,))
    print(json.dumps(compare(argon2_choice.shipped_argon2(), built)))  # noqa: T201 - its answer


def _derived(argon2: Argon2, params: KdfParams, inputs: tuple[bytes, bytes | None, bytes]) -> bytes:
    passphrase, keyfile, associated = inputs
    with (
        Secret.copy_of(passphrase) as secret,
        kdf._derive(  # noqa: SLF001 - under the floor, and with associated data
            secret,
            salt=_SALT,
            params=params,
            keyfile=None if keyfile is None else Secret.copy_of(keyfile),
            associated_data=associated,
            argon2=argon2,
        ) as root,
        root.expose() as view,
    ):
        return bytes(view)


def _seconds(argon2: Argon2) -> float:
    # Of the processor: one lane is one thread, and what else the machine does must not decide.
    kdf.touch_memory(MEASURED.memory_kib)
    begun = time.process_time()
    _derived(argon2, MEASURED, _INPUTS[1])
    return time.process_time() - begun


if __name__ == "__main__":
    main()
