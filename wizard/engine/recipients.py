"""Encrypting a sheet to somebody's public key, in the age format (age-encryption.org/v1).

- Only public keys are taken; a file that holds a private key is refused before it is read as one.
- What comes out is an armored age file: ``age --decrypt --identity KEY`` opens it anywhere.
- Nothing here can open it again, so what was written cannot be proved by reading it back; that the
  bytes are on the disk as they were made is all that can be checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.engine.errors import InvalidInput
from wizard.engine.sidecar import read_regular

if TYPE_CHECKING:
    from collections.abc import Sequence

ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
MAXIMUM_FILE = 64 * 1024
MAXIMUM_RECIPIENTS = 16

_AGE = "age1"
_SSH = ("ssh-ed25519", "ssh-rsa")
_PRIVATE = ("AGE-SECRET-KEY-", "PRIVATE KEY-----")
_KNOWN = "an age key (age1…) or an SSH key of the type ssh-ed25519 or ssh-rsa"
_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody's public key: ``kind`` is "age", "ssh-ed25519" or "ssh-rsa"; ``line`` is the key.

    ``name`` tells people whose it is: the comment of an SSH key, or the key's first characters.
    """

    kind: str
    line: str
    name: str


def recipients_from(text: str) -> tuple[Recipient, ...]:
    """Read a public key, or a file of them: one a line, ``#`` begins a comment.

    ``text`` is a key if it looks like one, else the path of a file. Raises `InvalidInput`
    and `Unreadable`.
    """
    text = text.strip()
    _refuse_private(text)
    if text.startswith((_AGE, *(f"{kind} " for kind in _SSH))):
        return (_recipient(text, "The key"),)
    if not text:
        raise InvalidInput(f"Give {_KNOWN}, or a file that holds one.")
    return _from_file(Path(text).expanduser())


def encrypt_to(recipients: Sequence[Recipient], data: bytes) -> bytes:
    """``data`` as an armored age file that each of ``recipients`` opens. Raises `InvalidInput`."""
    import pyrage  # noqa: PLC0415 - needed by those who ask for it

    if not recipients:
        raise InvalidInput("There is nobody to encrypt to.")
    keys = [_parsed(recipient.line, recipient.kind) for recipient in recipients]
    sealed: bytes = pyrage.encrypt(data, keys, armored=True)
    if not sealed.startswith(ARMOR) or data in sealed:
        raise InvalidInput("The age library gave back something that is no age file.")
    return sealed


def _from_file(path: Path) -> tuple[Recipient, ...]:
    try:
        data = read_regular(path, limit=MAXIMUM_FILE + 1)
    except FileNotFoundError:
        raise InvalidInput(f"{path} is neither a file nor {_KNOWN}.") from None
    if len(data) > MAXIMUM_FILE:
        raise InvalidInput(f"{path} is too long for a file of public keys.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is not a text file of public keys.") from None
    _refuse_private(text)
    found = [
        _recipient(line.strip(), f"{path}, line {number}:")
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not found:
        raise InvalidInput(f"There is no public key in {path}.")
    if len(found) > MAXIMUM_RECIPIENTS:
        raise InvalidInput(f"{path} holds more than {MAXIMUM_RECIPIENTS} public keys.")
    return tuple(found)


def _refuse_private(text: str) -> None:
    if any(mark in text for mark in _PRIVATE):
        raise InvalidInput(
            "That is a private key. The public one is asked for: it ends in .pub, or begins "
            "with age1."
        )


def _recipient(line: str, where: str) -> Recipient:
    kind, _space, rest = line.partition(" ")
    if kind.startswith(_AGE):
        recipient = Recipient("age", kind, f"{kind[:_SHOWN]}…")
    elif kind in _SSH:
        blob, _space, comment = rest.strip().partition(" ")
        recipient = Recipient(kind, f"{kind} {blob}", comment.strip() or f"{kind} {blob[-_SHOWN:]}")
    else:
        raise InvalidInput(f"{where} this is not {_KNOWN}.")
    _parsed(recipient.line, recipient.kind, where)
    return recipient


def _parsed(line: str, kind: str, where: str = "The key") -> Any:
    import pyrage  # noqa: PLC0415 - needed by those who ask for it

    recipient = pyrage.x25519.Recipient if kind == "age" else pyrage.ssh.Recipient
    try:
        return recipient.from_str(line)
    except pyrage.RecipientError:
        raise InvalidInput(f"{where} this {kind} key cannot be read; is it complete?") from None
