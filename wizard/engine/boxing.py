"""Boxes: the master seals a data key for a recovery phrase or an operator without their secrets.

The construction, and why it needs both an X25519 key and a shared secret, is in FORMAT.md, section 3.
A key of a box seals one message and is forgotten, which is why its nonce may be fixed.
"""

from __future__ import annotations

from wizard.engine import sodium
from wizard.engine.encoding import Malformed
from wizard.engine.masterkey import RECOVERY_CONTEXT
from wizard.engine.secret import Secret
from wizard.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

OPERATOR_CONTEXT = b"dfw-oper"
_CONTEXT = b"datafold-wizard/v1/box\n"
_NONCE = bytes(sodium.NONCE_BYTES)


@dataclass(frozen=True, slots=True)
class Boxed:
    """What a box holds: a sealed data key, and the public key of the pair that sealed it."""

    ephemeral: bytes
    ciphertext: bytes


class BoxKeys:
    """What opens a box: a private key and a shared secret; a context manager that wipes both."""

    def __init__(self, secret: Secret, *, context: bytes, private: int, shared: int) -> None:
        self._private = sodium.subkey(secret, context=context, number=private)
        self.shared = sodium.subkey(secret, context=context, number=shared)
        self.public = sodium.box_public_key(self._private)

    @classmethod
    def recovery(cls, recovery: Secret) -> BoxKeys:
        """Of a recovery secret (32 bytes)."""
        return cls(recovery, context=RECOVERY_CONTEXT, private=1, shared=3)

    @classmethod
    def operator(cls, root: Secret) -> BoxKeys:
        """Of what an operator's passphrase derives (32 bytes)."""
        return cls(root, context=OPERATOR_CONTEXT, private=1, shared=2)

    def open(self, boxed: Boxed, *, associated: bytes) -> Secret | None:
        """The data key, or None where anything at all differs."""
        with _message(boxed.ephemeral, self.public, self.shared) as message:
            key = sodium.box_key(self._private, boxed.ephemeral, message=message)
        if key is None:
            return None
        with key:
            return sodium.unseal(
                key, ciphertext=boxed.ciphertext, associated=associated, nonce=_NONCE
            )

    def close(self) -> None:
        """Wipe both."""
        self._private.close()
        self.shared.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def seal_box(public_key: bytes, shared: Secret, *, data_key: Secret, associated: bytes) -> Boxed:
    """Seal ``data_key`` for whoever has the private key and ``shared``.

    Raises `Malformed` for a public key of small order, which no private key has.
    """
    with Secret.random(sodium.KEY_BYTES) as private:
        ephemeral = sodium.box_public_key(private)
        with _message(ephemeral, public_key, shared) as message:
            key = sodium.box_key(private, public_key, message=message)
    if key is None:
        raise Malformed("a slot has a box key that is none")
    with key:
        ciphertext = sodium.seal(key, plaintext=data_key, associated=associated, nonce=_NONCE)
    return Boxed(ephemeral=ephemeral, ciphertext=ciphertext)


def _message(ephemeral: bytes, public_key: bytes, shared: Secret) -> Secret:
    parts = _CONTEXT + ephemeral + public_key
    message = Secret.allocate(len(parts) + len(shared))
    message.append(parts)
    with shared.expose() as view:
        message.append(view)
    return message
