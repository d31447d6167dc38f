"""A keyfile is its bytes: nothing is trimmed, and it is used as Argon2's secret input."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wizard.engine.errors import InvalidInput
from wizard.engine.secret import Secret
from wizard.engine.sidecar import read_into

MAXIMUM_BYTES = 65_536

KeyfileInput = Secret | bytes | str | os.PathLike[str]


@contextmanager
def keyfile_from(value: KeyfileInput | None) -> Iterator[Secret | None]:
    """A `Secret` with the keyfile's bytes for one block; a str or path names a file.

    Raises `InvalidInput` if it is absent, empty or over 65,536 bytes, `Unreadable` if it cannot be
    read. FORMAT.md, section 3.
    """
    if value is None:
        yield None
        return
    with _read(value) as secret:
        yield secret


def _read(value: KeyfileInput) -> Secret:
    if isinstance(value, bytes):
        return _checked(bytearray(value))
    if isinstance(value, Secret):
        with value.expose() as view:
            return _checked(bytearray(view))
    path = Path(value)
    buffer = bytearray(MAXIMUM_BYTES + 1)
    try:
        size = read_into(path, buffer)
    except FileNotFoundError:
        raise InvalidInput(f"There is no keyfile {path}.") from None
    with memoryview(buffer) as view:
        content = bytearray(view[:size])
    Secret.take(buffer).close()
    return _checked(content)


def _checked(data: bytearray) -> Secret:
    size = len(data)
    secret = Secret.take(data)
    if not 1 <= size <= MAXIMUM_BYTES:
        secret.close()
        raise InvalidInput(f"A keyfile has 1 to {MAXIMUM_BYTES:,} bytes.")
    return secret
