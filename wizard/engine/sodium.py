"""The only module that touches libsodium: subkeys, Ed25519, X25519, XChaCha20-Poly1305 on `Secret`s.

PyNaCl's public functions take and return `bytes`, which cannot be wiped; its compiled binding takes
pointers, so keys go from one locked mapping to another without a Python copy. The binding is
private to PyNaCl: the tests hold its results against RFC 8032, Wycheproof, hashlib and PyNaCl's own
API. That API and hashlib are not loaded: they cost more time than all that is done here to tell a
state.
"""

from __future__ import annotations

from nacl._sodium import ffi, lib

from wizard.engine.secret import Secret

KEY_BYTES = 32
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
NONCE_BYTES = 24
TAG_BYTES = 16
DIGEST_BYTES = 32

_EXPANDED_KEY_BYTES = 64
_PERSON_BYTES = 16  # and as many of salt

if lib.sodium_init() < 0:  # pragma: no cover - 1 where somebody has done it before
    raise RuntimeError("libsodium cannot be used on this machine")


def subkey(key: Secret, *, context: bytes, number: int) -> Secret:
    """Derive 32 bytes from a 32-byte key: libsodium's crypto_kdf_blake2b_derive_from_key."""
    if len(key) != KEY_BYTES or len(context) != 8:  # noqa: PLR2004 - crypto_kdf_CONTEXTBYTES
        raise ValueError("subkeys need a 32-byte key and an 8-byte context")
    result = Secret.allocate(KEY_BYTES)
    result.append(bytes(KEY_BYTES))
    with key.expose() as source, result.expose() as target:
        failed = lib.crypto_generichash_blake2b_salt_personal(
            ffi.from_buffer(target),
            KEY_BYTES,
            ffi.NULL,
            0,
            ffi.from_buffer(source),
            KEY_BYTES,
            number.to_bytes(8, "little") + bytes(8),
            context + bytes(8),
        )
    if failed:  # pragma: no cover - the lengths above are constants
        raise RuntimeError("BLAKE2b refused its lengths")
    return result


def digest(message: bytes, *, size: int = DIGEST_BYTES, person: bytes = b"") -> bytes:
    """BLAKE2b (RFC 7693) of public bytes; ``person`` has at most 16."""
    result = bytearray(size)
    failed = lib.crypto_generichash_blake2b_salt_personal(
        ffi.from_buffer(result),
        size,
        message,
        len(message),
        ffi.NULL,
        0,
        bytes(_PERSON_BYTES),
        _padded(person),
    )
    if failed:
        raise ValueError("BLAKE2b makes 1 to 64 bytes")
    return bytes(result)


class RunningDigest:
    """`H` of FORMAT.md over public bytes that come in pieces.

    libsodium's, which was measured at 1.4 times the speed of hashlib's and works without Python's lock.
    """

    def __init__(self) -> None:
        self._state = ffi.new("unsigned char[]", lib.crypto_generichash_statebytes())
        lib.crypto_generichash_blake2b_init_salt_personal(
            self._state, ffi.NULL, 0, DIGEST_BYTES, bytes(_PERSON_BYTES), bytes(_PERSON_BYTES)
        )

    def update(self, piece: bytes) -> None:
        """Take the next piece."""
        lib.crypto_generichash_blake2b_update(self._state, piece, len(piece))

    def finish(self) -> bytes:
        """32 bytes."""
        result = bytearray(DIGEST_BYTES)
        lib.crypto_generichash_blake2b_final(self._state, ffi.from_buffer(result), DIGEST_BYTES)
        return bytes(result)


def _padded(person: bytes) -> bytes:
    if len(person) > _PERSON_BYTES:
        raise ValueError("BLAKE2b takes 16 bytes of personalization")
    return person.ljust(_PERSON_BYTES, b"\0")


def key_pair(seed: Secret) -> tuple[bytes, Secret]:
    """Ed25519 from a 32-byte seed (RFC 8032, 5.1.5): the public key, and the 64-byte secret key."""
    if len(seed) != KEY_BYTES:
        raise ValueError("an Ed25519 seed has 32 bytes")
    public = bytearray(PUBLIC_KEY_BYTES)
    expanded = Secret.allocate(_EXPANDED_KEY_BYTES)
    expanded.append(bytes(_EXPANDED_KEY_BYTES))
    with seed.expose() as source, expanded.expose() as target:
        lib.crypto_sign_seed_keypair(
            ffi.from_buffer(public), ffi.from_buffer(target), ffi.from_buffer(source)
        )
    return bytes(public), expanded


def sign(secret_key: Secret, message: bytes) -> bytes:
    """Ed25519 signature (64 bytes) of ``message``."""
    if len(secret_key) != _EXPANDED_KEY_BYTES:
        raise ValueError("an expanded Ed25519 key has 64 bytes")
    signed = bytearray(SIGNATURE_BYTES + len(message))
    length = ffi.new("unsigned long long *")
    with secret_key.expose() as key:
        lib.crypto_sign(
            ffi.from_buffer(signed), length, message, len(message), ffi.from_buffer(key)
        )
    return bytes(signed[:SIGNATURE_BYTES])


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is one of ``message``; libsodium refuses what FORMAT.md section 2 says."""
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    signed = signature + message
    opened = bytearray(len(signed))
    length = ffi.new("unsigned long long *")
    failed: int = lib.crypto_sign_open(
        ffi.from_buffer(opened), length, signed, len(signed), public_key
    )
    return failed == 0


def seal(key: Secret, *, plaintext: Secret, associated: bytes, nonce: bytes) -> bytes:
    """XChaCha20-Poly1305-IETF: ciphertext with its tag at the end."""
    _check_aead(key, nonce)
    sealed = bytearray(len(plaintext) + TAG_BYTES)
    length = ffi.new("unsigned long long *")
    with key.expose() as key_view, plaintext.expose() as message:
        lib.crypto_aead_xchacha20poly1305_ietf_encrypt(
            ffi.from_buffer(sealed),
            length,
            ffi.from_buffer(message),
            len(message),
            associated,
            len(associated),
            ffi.NULL,
            nonce,
            ffi.from_buffer(key_view),
        )
    return bytes(sealed)


def unseal(key: Secret, *, ciphertext: bytes, associated: bytes, nonce: bytes) -> Secret | None:
    """Open what `seal` made; None if anything at all differs."""
    _check_aead(key, nonce)
    size = len(ciphertext) - TAG_BYTES
    if size < 0:
        return None
    opened = Secret.allocate(max(size, 1))
    opened.append(bytes(size))
    length = ffi.new("unsigned long long *")
    with key.expose() as key_view, opened.expose() as target:
        failed = lib.crypto_aead_xchacha20poly1305_ietf_decrypt(
            ffi.from_buffer(target),
            length,
            ffi.NULL,
            ciphertext,
            len(ciphertext),
            associated,
            len(associated),
            nonce,
            ffi.from_buffer(key_view),
        )
    if failed:
        opened.close()
        return None
    return opened


def box_public_key(private_key: Secret) -> bytes:
    """The X25519 public key (32 bytes) of a private one (RFC 7748)."""
    public = bytearray(PUBLIC_KEY_BYTES)
    with private_key.expose() as private:
        lib.crypto_scalarmult_base(ffi.from_buffer(public), ffi.from_buffer(private))
    return bytes(public)


def box_key(private_key: Secret, public_key: bytes, *, message: Secret) -> Secret | None:
    """BLAKE2b over ``message``, keyed with the X25519 secret of both keys; 32 bytes.

    None where the secret would be zero, that is for a public key of small order.
    """
    if len(private_key) != KEY_BYTES or len(public_key) != PUBLIC_KEY_BYTES:
        raise ValueError("X25519 keys have 32 bytes")
    with Secret.allocate(KEY_BYTES) as common:
        common.append(bytes(KEY_BYTES))
        with private_key.expose() as private, common.expose() as target:
            failed = lib.crypto_scalarmult(
                ffi.from_buffer(target), ffi.from_buffer(private), public_key
            )
        return None if failed else _keyed_digest(common, message)


def _keyed_digest(key: Secret, message: Secret) -> Secret:
    result = Secret.allocate(KEY_BYTES)
    result.append(bytes(KEY_BYTES))
    with key.expose() as source, message.expose() as text, result.expose() as target:
        failed = lib.crypto_generichash_blake2b_salt_personal(
            ffi.from_buffer(target),
            KEY_BYTES,
            ffi.from_buffer(text),
            len(text),
            ffi.from_buffer(source),
            KEY_BYTES,
            bytes(16),
            bytes(16),
        )
    if failed:  # pragma: no cover - the lengths above are constants
        raise RuntimeError("BLAKE2b refused its lengths")
    return result


def equal(left: bytes, right: bytes) -> bool:
    """Compare in constant time for equal lengths."""
    differ: int = lib.sodium_memcmp(left, right, min(len(left), len(right)))
    return len(left) == len(right) and differ == 0


def _check_aead(key: Secret, nonce: bytes) -> None:
    if len(key) != KEY_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError("XChaCha20-Poly1305 needs a 32-byte key and a 24-byte nonce")


def converts_to_curve25519(public_key: bytes) -> bool:
    """Whether the bytes are a canonical point of the main subgroup, as every real public key is."""
    target = bytearray(PUBLIC_KEY_BYTES)
    failed: int = lib.crypto_sign_ed25519_pk_to_curve25519(ffi.from_buffer(target), public_key)
    return failed == 0
