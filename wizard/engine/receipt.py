"""A receipt: what an answer held, kept on disk until its owner says that it arrived.

- Sealed under a key that only the owner of the request has (his idempotency key), so that the file
  tells nobody anything, nor does its name.
- Written whole or not at all, mode 0600, and never over another one.
"""

from __future__ import annotations

import os
from pathlib import Path

from wizard.engine import sodium
from wizard.engine.errors import NotVerified
from wizard.engine.secret import Secret
from wizard.engine.sidecar import create_file, read_regular, sync_directory

MAXIMUM_BYTES = 1024 * 1024
_CONTEXT = b"datafold-wizard/v1/receipt\n"
_KEY_PERSON = b"dfw-rcpk"
_NAME_PERSON = b"dfw-rcpn"


def receipt_key(owner_key: str) -> Secret:
    """The sealing key of a text that cannot be guessed."""
    raw = sodium.digest(owner_key.encode("utf-8"), person=_KEY_PERSON)
    return Secret.take(bytearray(raw))


def receipt_name(owner_key: str) -> str:
    """The file's name; the text cannot be found from it."""
    return sodium.digest(owner_key.encode("utf-8"), size=16, person=_NAME_PERSON).hex()


def write_receipt(path: Path, key: Secret, content: Secret) -> None:
    """Seal ``content`` into a new file. Raises as `create_file` does."""
    nonce = os.urandom(sodium.NONCE_BYTES)
    sealed = sodium.seal(key, plaintext=content, associated=_CONTEXT, nonce=nonce)
    create_file(path, nonce + sealed)


def read_receipt(path: Path, key: Secret) -> Secret:
    """What was sealed, as a new `Secret`.

    Raises `FileNotFoundError`, `Unreadable`, or `NotVerified` for another key or a changed file.
    """
    data = read_regular(path, limit=MAXIMUM_BYTES)
    nonce, sealed = data[: sodium.NONCE_BYTES], data[sodium.NONCE_BYTES :]
    content = None
    if len(nonce) == sodium.NONCE_BYTES:
        content = sodium.unseal(key, ciphertext=sealed, associated=_CONTEXT, nonce=nonce)
    if content is None:
        raise NotVerified(f"The receipt {path.name} is damaged, or is another's.")
    return content


def remove_receipt(path: Path) -> None:
    """Remove it durably; harmless if it is gone."""
    path.unlink(missing_ok=True)
    sync_directory(path.parent)
