"""Bytes from a descriptor straight into a `Secret`: no ``bytes``, no ``str``, no buffer between."""

from __future__ import annotations

import os
import select

from wizard import engine

# 1,024 characters, each of up to four decomposed ones of up to four bytes, and a line ending.
MAXIMUM_BYTES = 1024 * 4 * 4 + 2


def read_all(descriptor: int) -> engine.Secret:
    """Read to the end, into a `Secret`. Raises `InvalidPassphrase` over `MAXIMUM_BYTES`."""
    # One byte more than is allowed, so that too much is noticed and never cut.
    secret = room_for(MAXIMUM_BYTES + 1)
    try:
        length = 0
        with secret.expose() as view:
            while length < len(view):
                with view[length:] as rest:
                    count = _read_some(descriptor, rest)
                if count == 0:
                    break
                length += count
        secret.truncate(length)
    except BaseException:
        secret.close()
        raise
    if length > MAXIMUM_BYTES:
        secret.close()
        raise too_long()
    return secret


def room_for(size: int) -> engine.Secret:
    """Return a secret of ``size`` zeros, whose exposed view can be read into."""
    secret = engine.Secret.allocate(size)
    secret.append(bytes(size))
    return secret


def without_line_ending(secret: engine.Secret) -> engine.Secret:
    r"""Remove exactly one ``\n`` or ``\r\n`` at the end, in place."""
    engine.strip_line_ending(secret)
    return secret


def _read_some(descriptor: int, view: memoryview) -> int:
    while True:
        try:
            return os.readv(descriptor, [view])
        except BlockingIOError:
            # The descriptor is its owner's to configure; wait as if it blocked.
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll()


def too_long() -> engine.InvalidPassphrase:
    """Return the error for a source that delivers more than `MAXIMUM_BYTES`."""
    return engine.InvalidPassphrase(
        "too_long", "The passphrase source delivers more than any passphrase is long."
    )
