"""The master key: an Ed25519 pair that exists only while a passphrase is at hand."""

from __future__ import annotations

from wizard.engine import sodium
from wizard.engine.crockford import encode
from wizard.engine.errors import NotVerified
from wizard.engine.secret import Secret
from wizard.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

ROOT_CONTEXT = b"dfw-root"
RECOVERY_CONTEXT = b"dfw-rcvr"

_FINGERPRINT_PERSON = b"dfw-fpr1"
_FINGERPRINT_CHARACTERS = 20
# SubjectPublicKeyInfo of an Ed25519 key up to the 32 key bytes: fixed by RFC 8410, section 4.
_SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")
_OPENSSH_TYPE = b"ssh-ed25519"


@dataclass(frozen=True, slots=True)
class MasterPublicKey:
    """The public half, in the forms in which people and programs take it."""

    raw: bytes

    @property
    def hex(self) -> str:
        """64 hexadecimal digits."""
        return self.raw.hex()

    @property
    def fingerprint(self) -> str:
        """100 bits for people to compare: FORMAT.md, section 3."""
        text = encode(sodium.digest(self.raw, size=20, person=_FINGERPRINT_PERSON))
        text = text[:_FINGERPRINT_CHARACTERS]
        return "-".join(text[start : start + 4] for start in range(0, len(text), 4))

    def matches(self, other: MasterPublicKey) -> bool:
        """Whether both are the same key, in constant time."""
        return sodium.equal(self.raw, other.raw)

    def pem(self) -> str:
        """SubjectPublicKeyInfo (RFC 8410) in PEM (RFC 7468)."""
        import base64  # noqa: PLC0415 - few ask for this form

        body = base64.b64encode(_SPKI_PREFIX + self.raw).decode("ascii")
        return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"

    def openssh(self, comment: str = "") -> str:
        """One line of an authorized_keys or allowed_signers file (RFC 8709)."""
        import base64  # noqa: PLC0415 - few ask for this form

        blob = b"".join(len(part).to_bytes(4, "big") + part for part in (_OPENSSH_TYPE, self.raw))
        words = [_OPENSSH_TYPE.decode("ascii"), base64.b64encode(blob).decode("ascii"), comment]
        return " ".join(word for word in words if word)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Return if ``signature`` (64 bytes) is this key's over ``message``; raise `NotVerified`."""
        if not sodium.verify(self.raw, message, signature):
            raise NotVerified("The signature is not one of this master key.")


class SigningKey:
    """An Ed25519 pair in locked memory: the master key, or the recovery authority."""

    def __init__(self, root: Secret, *, context: bytes, number: int) -> None:
        with sodium.subkey(root, context=context, number=number) as seed:
            public, self._secret = sodium.key_pair(seed)
        self.public = MasterPublicKey(public)

    @classmethod
    def master(cls, root: Secret) -> SigningKey:
        """The master key of a root secret."""
        return cls(root, context=ROOT_CONTEXT, number=1)

    @classmethod
    def authority(cls, recovery: Secret) -> SigningKey:
        """The authority key of a recovery secret."""
        return cls(recovery, context=RECOVERY_CONTEXT, number=2)

    def sign(self, message: bytes) -> bytes:
        """64 bytes of signature."""
        return sodium.sign(self._secret, message)

    def close(self) -> None:
        """Wipe it."""
        self._secret.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def wrapping_key(root: Secret) -> Secret:
    """Opens the master slot."""
    return sodium.subkey(root, context=ROOT_CONTEXT, number=2)
