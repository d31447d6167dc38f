"""Opens a protected database by FORMAT.md alone: a second reader, which knows nothing of the program.

Nothing of wizard is imported. `python tests/second_reader.py` takes a JSON object on standard input:
``database``, ``query``, and ``passphrase`` (with ``operator``, a label, or ``keyfile``, hex), or
``words`` (a list of phrases) with ``lines`` where the sidecar is to be left alone. It answers with the
rows. Comments name the section of FORMAT.md.
"""

import hashlib
import json
import sys
import unicodedata
from pathlib import Path

import apsw
import nacl.bindings
import nacl.signing
import rfc8785
from argon2.low_level import ARGON2_VERSION, ffi, lib
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from shamir_mnemonic import combine_mnemonics

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CIPHERS = {1: "aegis", 2: "chacha20", 3: "sqlcipher"}
ARGON2ID = 2


def kdf(key, context, number):  # 2
    salt = number.to_bytes(8, "little") + bytes(8)
    state = hashlib.blake2b(key=key, digest_size=32, salt=salt, person=context + bytes(8))
    return state.digest()


def prepared(passphrase):  # 3
    spaces = "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
    spaced = passphrase.translate({ord(each): " " for each in spaces})
    return unicodedata.normalize("NFC", spaced).encode()


def argon2id(passphrase, cost, keyfile=b""):  # 3
    assert cost["algorithm"] == "argon2id"
    assert cost["version"] == ARGON2_VERSION == 19
    out = ffi.new("uint8_t[]", 32)
    password = prepared(passphrase)
    salt = bytes.fromhex(cost["salt"])
    kept = [ffi.from_buffer("uint8_t[]", part) for part in (password, salt, keyfile)]
    context = ffi.new(
        "argon2_context *",
        {
            "out": out,
            "outlen": 32,
            "pwd": kept[0],
            "pwdlen": len(password),
            "salt": kept[1],
            "saltlen": len(salt),
            "secret": kept[2],
            "secretlen": len(keyfile),
            "t_cost": cost["passes"],
            "m_cost": cost["memory_kib"],
            "lanes": cost["lanes"],
            "threads": cost["lanes"],
            "version": cost["version"],
        },
    )
    assert lib.argon2_ctx(context, ARGON2ID) == 0
    return bytes(ffi.buffer(out))


def ed25519_public(seed):
    return nacl.signing.SigningKey(seed).verify_key.encode().hex()


def verify(public, context, value, signature):  # 2
    message = context + rfc8785.dumps(value)
    nacl.signing.VerifyKey(bytes.fromhex(public)).verify(message, bytes.fromhex(signature))


def verified(document):  # 5, 6
    signed = document["signed"]
    previous = None
    for number, link in enumerate(signed["chain"], 1):
        unsigned = {name: value for name, value in link.items() if name != "signature"}
        assert link["generation"] == number
        assert link["database_id"] == signed["database"]["id"]
        before = hashlib.blake2b(rfc8785.dumps(previous), digest_size=32).hexdigest()
        assert link["previous"] == (before if previous else "")
        authoriser = {
            "self": link["master_public_key"],
            "master": previous and previous["master_public_key"],
            "recovery": previous and previous["recovery_authority"],
        }[link["authorised_by"]]
        assert (previous is None) == (link["authorised_by"] == "self")
        verify(authoriser, b"datafold-wizard/v1/link\n", unsigned, link["signature"])
        previous = link
    key = previous["master_public_key"]
    verify(key, b"datafold-wizard/v1/metadata\n", signed, document["signature"])
    return signed


def read_sidecar(database):  # 5
    data = Path(f"{database}.crypto.json").read_bytes()
    document = json.loads(data)
    rendered = json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    assert data == rendered.encode()
    documents = [document, *([document["pending"]] if "pending" in document else [])]
    with Path(database).open("rb") as file:
        salt = file.read(16).hex()
    both = [verified(each) for each in documents]
    return next(signed for signed in both if signed["database"]["file_salt"] == salt)


BOUND = {
    "master": ("generation", "id", "kdf", "kind"),
    "operator": ("box_public_key", "generation", "id", "kdf", "kind"),
    "recovery": (
        "authority_public_key",
        "box_public_key",
        "generation",
        "id",
        "identifier",
        "kind",
        "scheme",
        "shares",
        "threshold",
    ),
}


def unseal(key, sealed, slot, database, context=b"datafold-wizard/v1/slot\n"):  # 5
    bound = {name: slot[name] for name in BOUND[slot["kind"]]}
    bound |= {"cipher": database["cipher"], "database_id": database["id"]}
    associated = context + rfc8785.dumps(bound)
    return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
        bytes.fromhex(sealed["ciphertext"]),
        associated,
        bytes.fromhex(sealed.get("nonce", "00" * 24)),
        key,
    )


def open_box(slot, database, private, shared):  # 3
    own = X25519PrivateKey.from_private_bytes(private)
    public = own.public_key().public_bytes_raw()
    assert public.hex() == slot["box_public_key"]
    ephemeral = bytes.fromhex(slot["sealed"]["ephemeral"])
    common = own.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    message = b"datafold-wizard/v1/box\n" + ephemeral + public + shared
    key = hashlib.blake2b(message, key=common, digest_size=32).digest()
    data_key = unseal(key, slot["sealed"], slot, database)
    if "preshared" in slot:  # on paper there is none
        escrow = kdf(data_key, b"dfw-data", 1)
        context = b"datafold-wizard/v1/preshared\n"
        assert shared == unseal(escrow, slot["preshared"], slot, database, context)
    return data_key


def by_passphrase(signed, passphrase, keyfile):
    slot = signed["slots"][0]
    root = argon2id(passphrase, slot["kdf"], keyfile)
    public = ed25519_public(kdf(root, b"dfw-root", 1))
    assert public == signed["chain"][-1]["master_public_key"]
    return unseal(kdf(root, b"dfw-root", 2), slot["sealed"], slot, signed["database"])


def by_operator(signed, passphrase, label):
    (slot,) = (each for each in signed["slots"] if each.get("label") == label)
    root = argon2id(passphrase, slot["kdf"])
    private, shared = kdf(root, b"dfw-oper", 1), kdf(root, b"dfw-oper", 2)
    return open_box(slot, signed["database"], private, shared)


def by_words(slot, database, words):  # 8
    recovery = combine_mnemonics(words, b"")
    assert ed25519_public(kdf(recovery, b"dfw-rcvr", 2)) == slot["authority_public_key"]
    private, shared = kdf(recovery, b"dfw-rcvr", 1), kdf(recovery, b"dfw-rcvr", 3)
    own = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw().hex()
    slot = {"box_public_key": own, **slot}
    return open_box(slot, database, private, shared)


def line_data(number, line):  # 8
    compact = "".join(line.split())
    assert compact[0] == str(number)
    value = 0
    for character in compact:
        value = value * 32 + CROCKFORD.index(character)
    assert value % 1021 == 0
    return compact[1:-2]


def compact_slot(lines):  # 8
    text = "".join(line_data(number, line) for number, line in enumerate(lines, 1))
    assert len(text) == 319
    value = 0
    for character in text:
        value = value * 32 + CROCKFORD.index(character)
    assert value & 0b111 == 0
    data = (value >> 3).to_bytes(199, "big")
    check = hashlib.blake2b(data[:-4], digest_size=4, person=b"dfw-slot").digest()
    assert check == data[-4:]
    sizes = {
        "version": 1,
        "database_id": 16,
        "generation": 4,
        "cipher": 1,
        "page_size": 1,
        "file_salt": 16,
        "id": 8,
        "identifier": 2,
        "threshold": 1,
        "shares": 1,
        "authority_public_key": 32,
        "master_public_key": 32,
        "ephemeral": 32,
        "ciphertext": 48,
    }
    field, at = {}, 0
    for name, size in sizes.items():
        field[name] = data[at : at + size]
        at += size
    assert at == len(data) - 4
    number = {name: int.from_bytes(value, "big") for name, value in field.items()}
    slot = {name: number[name] for name in ("generation", "identifier", "threshold", "shares")}
    slot |= {"kind": "recovery", "scheme": "slip39", "id": field["id"].hex()}
    slot["authority_public_key"] = field["authority_public_key"].hex()
    slot["sealed"] = {name: field[name].hex() for name in ("ephemeral", "ciphertext")}
    cipher = CIPHERS[number["cipher"]]
    size = 2 ** number["page_size"]
    database = {"id": field["database_id"].hex(), "cipher": cipher, "page_size": size}
    return slot, database, field["master_public_key"].hex()


def connect(path, data_key, database):  # 7
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    connection.pragma("cipher", database["cipher"])
    if database["cipher"] == "sqlcipher":
        connection.pragma("legacy", 4)
        connection.pragma("legacy_page_size", database["page_size"])
    connection.execute(f"PRAGMA key = 'raw:{data_key.hex()}'")
    return connection


def row_of(connection):  # 7
    columns = "database_id, generation, revision, master_public_key"
    ((database_id, generation, revision, key),) = connection.execute(
        f"SELECT {columns} FROM datafold_crypto"
    ).fetchall()
    return database_id.hex(), generation, revision, key.hex()


def rows(given):
    path = given["database"]
    if "lines" in given:
        slot, database, master = compact_slot(given["lines"])
        connection = connect(path, by_words(slot, database, given["words"]), database)
        database_id, generation, _revision, key = row_of(connection)
        assert database_id == database["id"]
        assert generation >= slot["generation"]
        assert generation > slot["generation"] or key == master
        return connection.execute(given["query"]).fetchall()
    signed = read_sidecar(path)
    database = signed["database"]
    if "words" in given:
        (slot,) = (each for each in signed["slots"] if each["kind"] == "recovery")
        data_key = by_words(slot, database, given["words"])
    elif "operator" in given:
        data_key = by_operator(signed, given["passphrase"], given["operator"])
    else:
        data_key = by_passphrase(
            signed, given["passphrase"], bytes.fromhex(given.get("keyfile", ""))
        )
    connection = connect(path, data_key, database)
    database_id, generation, revision, key = row_of(connection)
    assert database_id == database["id"]
    assert generation <= len(signed["chain"])
    assert revision <= signed["revision"]
    assert key == signed["chain"][generation - 1]["master_public_key"]
    return connection.execute(given["query"]).fetchall()


if __name__ == "__main__":
    answer = rows(json.load(sys.stdin))
    assert not any(name == "wizard" or name.startswith("wizard.") for name in sys.modules)
    json.dump(answer, sys.stdout)
