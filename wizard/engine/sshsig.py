"""OpenSSH signatures over files, as bytes (PROTOCOL.sshsig, version 1; FORMAT.md, section 13).

- What is signed begins with ``SSHSIG``: no other signature of the master key can be taken for one.
- A signature has one spelling: what is read encodes back to the same bytes, or is refused.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from wizard.engine.encoding import Malformed
from wizard.engine.masterkey import MasterPublicKey
from wizard.engine.sodium import PUBLIC_KEY_BYTES, SIGNATURE_BYTES

MAXIMUM_BYTES = 64 * 1024
NAMESPACE = b"file"
HASH = "sha512"
_HASHES = ("sha256", "sha512")
_MAGIC = b"SSHSIG"
_VERSION = 1
_KEY_TYPE = b"ssh-ed25519"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_ARMOR = re.compile(rf"\s*{_BEGIN}\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n{_END}\s*", re.ASCII)
_LINE = 70
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class FileSignature:
    """A signature as it is read: whose it says it is, and which hash of the file it signs."""

    key: MasterPublicKey
    hash_name: str
    signature: bytes

    def armored(self) -> str:
        """The text of a signature file, as ssh-keygen writes it."""
        blob = b"".join(
            (
                _MAGIC,
                _VERSION.to_bytes(4, "big"),
                _string(_string(_KEY_TYPE) + _string(self.key.raw)),
                _string(NAMESPACE),
                _string(b""),
                _string(self.hash_name.encode("ascii")),
                _string(_string(_KEY_TYPE) + _string(self.signature)),
            )
        )
        text = base64.b64encode(blob).decode("ascii")
        lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
        return "\n".join([_BEGIN, *lines, _END, ""])


def message(hash_name: str, digest: bytes) -> bytes:
    """What the key signs: the file's digest, with its purpose before it."""
    parts = (NAMESPACE, b"", hash_name.encode("ascii"), digest)
    return _MAGIC + b"".join(_string(part) for part in parts)


def read_signature(data: bytes) -> FileSignature:
    """Read a signature file. Raises `Malformed`."""
    if len(data) > MAXIMUM_BYTES:
        raise Malformed("it is too large to be a signature")
    try:
        armor = _ARMOR.fullmatch(data.decode("ascii"))
    except UnicodeDecodeError:
        armor = None
    if armor is None:
        raise Malformed("it is not an armored OpenSSH signature")
    text = "".join(armor[1].split())
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("its base64 is broken") from None
    if base64.b64encode(blob).decode("ascii") != text:
        raise Malformed("its base64 is not canonical")
    return _read(blob)


def read_public_key(data: bytes) -> MasterPublicKey:
    """The Ed25519 key in the first line of a public key file as OpenSSH writes it.

    Also of an allowed_signers line, whose key follows a name and options. Raises `Malformed`.
    """
    for line in data.split(b"\n"):
        words = line.split()
        if not words or words[0].startswith(b"#"):
            continue
        if _KEY_TYPE not in words[:-1]:
            break
        text = words[words.index(_KEY_TYPE) + 1]
        try:
            reader = _Reader(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            break
        if reader.string() != _KEY_TYPE:
            break
        key = reader.string(PUBLIC_KEY_BYTES)
        reader.finish()
        return MasterPublicKey(key)
    raise Malformed("it holds no ssh-ed25519 public key")


def _read(blob: bytes) -> FileSignature:
    if not blob.startswith(_MAGIC):
        raise Malformed("it is no OpenSSH signature")
    reader = _Reader(blob[len(_MAGIC) :])
    if reader.take(_LENGTH_BYTES) != _VERSION.to_bytes(_LENGTH_BYTES, "big"):
        raise Malformed("it is of another version")
    key = _typed(reader.string(), PUBLIC_KEY_BYTES)
    if reader.string() != NAMESPACE:
        raise Malformed("it was not made for a file (its namespace is not file)")
    if reader.string():
        raise Malformed("its reserved field is not empty")
    hash_name = reader.string().decode("ascii", "replace")
    if hash_name not in _HASHES:
        raise Malformed("it uses another hash than sha512 or sha256")
    signature = _typed(reader.string(), SIGNATURE_BYTES)
    reader.finish()
    return FileSignature(MasterPublicKey(key), hash_name, signature)


def _typed(blob: bytes, size: int) -> bytes:
    reader = _Reader(blob)
    if reader.string() != _KEY_TYPE:
        raise Malformed("it is not of an Ed25519 key")
    value = reader.string(size)
    reader.finish()
    return value


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(_LENGTH_BYTES, "big") + value


class _Reader:
    """Takes fields off the front; every one is as long as it says, and nothing is left over."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    def take(self, size: int) -> bytes:
        if len(self._left) < size:
            raise Malformed("it is cut short")
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def string(self, size: int | None = None) -> bytes:
        value = self.take(int.from_bytes(self.take(_LENGTH_BYTES), "big"))
        if size is not None and len(value) != size:
            raise Malformed("a field has another length")
        return value

    def finish(self) -> None:
        if self._left:
            raise Malformed("it has bytes left over")
