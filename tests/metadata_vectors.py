"""Writes tests/vectors/metadata from FORMAT.md alone: a second implementation, kept apart.

Nothing of wizard.engine is imported here. `python -m tests.metadata_vectors` writes the files again;
all keys come from fixed seeds, so the result is the same.
"""

import copy
import hashlib
import json
from pathlib import Path

import nacl.bindings
import nacl.signing
import rfc8785
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

HERE = Path(__file__).parent / "vectors" / "metadata"
PASSPHRASE = "correct horse battery staple"
RECOVERY = bytes(range(32))
DATA_KEY = bytes(range(100, 132))
DATABASE_ID = "00112233445566778899aabbccddeeff"
NOW = "2026-11-24T03:46:00Z"
LATER = "2027-01-02T03:04:05Z"
SMALL_ORDER = bytes(32).hex()
# A point of order 8 added to a good public key: on the curve, canonical, outside the subgroup.
ORDER_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
NOT_CANONICAL = (b"\xee" + b"\xff" * 30 + b"\x7f").hex()


def mixed_order(public):
    """The sum of a public key and a point of order 8, by the curve's own addition law."""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p

    def decode(text):
        raw = int.from_bytes(bytes.fromhex(text), "little")
        y, sign = raw & (2**255 - 1), raw >> 255
        square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        x = pow(square, (p + 3) // 8, p)
        if x * x % p != square:
            x = x * pow(2, (p - 1) // 4, p) % p
        return (p - x if x & 1 != sign else x), y

    (x1, y1), (x2, y2) = decode(public), decode(ORDER_8)
    both = d * x1 * x2 * y1 * y2 % p
    x = (x1 * y2 + x2 * y1) * pow(1 + both, -1, p) % p
    y = (y1 * y2 + x1 * x2) * pow(1 - both, -1, p) % p
    return (y | (x & 1) << 255).to_bytes(32, "little").hex()


def kdf(key, context, number):
    return hashlib.blake2b(
        b"",
        key=key,
        digest_size=32,
        salt=number.to_bytes(8, "little") + bytes(8),
        person=context + bytes(8),
    ).digest()


def root_secret(passphrase, salt):
    return hash_secret_raw(passphrase.encode(), salt, 2, 19456, 1, 32, Type.ID)


class Person:
    """Whoever can sign: a master key or a recovery authority."""

    def __init__(self, seed):
        self.key = nacl.signing.SigningKey(seed)
        self.public = self.key.verify_key.encode().hex()

    def sign(self, context, value):
        return self.key.sign(context + rfc8785.dumps(value)).signature.hex()


SALTS = {1: bytes([1]) * 16, 2: bytes([2]) * 16, 3: bytes([3]) * 16}
ROOTS = {n: root_secret(PASSPHRASE, salt) for n, salt in SALTS.items()}
MASTERS = {n: Person(kdf(root, b"dfw-root", 1)) for n, root in ROOTS.items()}
AUTHORITY = Person(kdf(RECOVERY, b"dfw-rcvr", 2))
OPERATOR = "a passphrase of somebody else"
OPERATOR_SALT = bytes([4]) * 16
OPERATOR_ROOT = root_secret(OPERATOR, OPERATOR_SALT)
STRANGER = Person(b"stranger" * 4)


def aead(key, plaintext, nonce, context, slot):
    unbound = ("sealed", "preshared", "holders", "label", "created_at")
    bound = {k: v for k, v in slot.items() if k not in unbound}
    bound |= {"cipher": "aegis", "database_id": DATABASE_ID}
    return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        plaintext, context + rfc8785.dumps(bound), nonce, key
    ).hex()


def nonce_for(text):
    return hashlib.sha256(text.encode()).digest()[:24]


def seal(key, slot):
    nonce = nonce_for(slot["kind"])
    ciphertext = aead(key, DATA_KEY, nonce, b"datafold-wizard/v1/slot\n", slot)
    return {**slot, "sealed": {"ciphertext": ciphertext, "nonce": nonce.hex()}}


def x25519_public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def box(slot, private, shared, public=None):
    """Box the data key, by the X25519 of another library than the program's."""
    public = public or x25519_public(private)
    slot = {**slot, "box_public_key": public.hex()}
    seed = hashlib.sha256(b"ephemeral" + slot["kind"].encode()).digest()
    ephemeral = x25519_public(seed)
    common = X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(ephemeral)
    )
    key = hashlib.blake2b(
        b"datafold-wizard/v1/box\n" + ephemeral + public + shared, key=common, digest_size=32
    ).digest()
    nonce = nonce_for("preshared" + slot["kind"])
    escrow = kdf(DATA_KEY, b"dfw-data", 1)
    preshared = aead(escrow, shared, nonce, b"datafold-wizard/v1/preshared\n", slot)
    sealed = aead(key, DATA_KEY, bytes(24), b"datafold-wizard/v1/slot\n", slot)
    return {
        **slot,
        "preshared": {"ciphertext": preshared, "nonce": nonce.hex()},
        "sealed": {"ciphertext": sealed, "ephemeral": ephemeral.hex()},
    }


def link(generation, signer, *, previous=None, by="master", authority="", **changes):
    value = {
        "authorised_by": by,
        "created_at": NOW,
        "database_id": DATABASE_ID,
        "generation": generation,
        "master_public_key": MASTERS[generation].public,
        "previous": hashlib.blake2b(rfc8785.dumps(previous), digest_size=32).hexdigest()
        if previous
        else "",
        "recovery_authority": authority,
        **changes,
    }
    return {**value, "signature": signer.sign(b"datafold-wizard/v1/link\n", value)}


def master_slot(generation, **changes):
    slot = {
        "generation": generation,
        "id": "0a0b0c0d0e0f1011",
        "kdf": {
            "algorithm": "argon2id",
            "keyfile": False,
            "lanes": 1,
            "memory_kib": 19456,
            "passes": 2,
            "salt": SALTS[min(generation, 3)].hex(),
            "version": 19,
        },
        "kind": "master",
    }
    slot["kdf"] |= changes
    return seal(kdf(ROOTS[min(generation, 3)], b"dfw-root", 2), slot)


def recovery_slot(threshold=1, shares=1, **changes):
    slot = {
        "authority_public_key": AUTHORITY.public,
        "generation": 1,
        "id": "1f1e1d1c1b1a1918",
        "identifier": 4711,
        "kind": "recovery",
        "scheme": "slip39",
        "shares": shares,
        "threshold": threshold,
        "holders": [f"Zoë {n}" for n in range(1, shares + 1)],
        **changes,
    }
    return box(slot, kdf(RECOVERY, b"dfw-rcvr", 1), kdf(RECOVERY, b"dfw-rcvr", 3))


def operator_slot(number=1, kdf_changes=None, **changes):
    slot = {
        "created_at": LATER,
        "generation": 1,
        "id": f"2f2e2d2c2b2a29{number:02x}",
        "kdf": {
            "algorithm": "argon2id",
            "keyfile": False,
            "lanes": 1,
            "memory_kib": 19456,
            "passes": 2,
            "salt": OPERATOR_SALT.hex(),
            "version": 19,
        }
        | (kdf_changes or {}),
        "kind": "operator",
        "label": f"Ada {number}",
        **changes,
    }
    return box(slot, kdf(OPERATOR_ROOT, b"dfw-oper", 1), kdf(OPERATOR_ROOT, b"dfw-oper", 2))


def document(chain=None, slots=None, **changes):
    chain = chain or [link(1, MASTERS[1], by="self", authority=AUTHORITY.public)]
    value = {
        "audit": {"entries": 0, "head": ""},
        "chain": chain,
        "created_at": NOW,
        "data_key": {"created_at": NOW, "retired_slots": 0},
        "database": {
            "cipher": "aegis",
            "file_salt": "f0e0d0c0b0a090807060504030201000",
            "id": DATABASE_ID,
            "kind": "sqlite",
            "page_size": 4096,
        },
        "format": "datafold-crypto-metadata",
        "revision": 1,
        "slots": slots or [master_slot(len(chain)), recovery_slot()],
        "tool": "vectors 1",
        "version": 1,
        "written_at": NOW,
    }
    return value | changes


def render(value):
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def signed(value, signer=None):
    signer = signer or MASTERS[min(len(value["chain"]), 3) or 1]
    return render(
        {"signature": signer.sign(b"datafold-wizard/v1/metadata\n", value), "signed": value}
    )


def edited(path, new, base=None):
    """A document with one field changed, and signed again: only the defect itself is left."""
    value = copy.deepcopy(base or document())
    place = value
    for step in path[:-1]:
        place = place[step]
    if new is None:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return signed(value)


def chains():
    one = link(1, MASTERS[1], by="self", authority=AUTHORITY.public)
    two = link(2, MASTERS[1], previous=one, authority=AUTHORITY.public)
    three = link(3, AUTHORITY, previous=two, by="recovery", authority=AUTHORITY.public)
    bare = link(1, MASTERS[1], by="self")
    return one, two, three, bare


def valid():
    one, two, three, bare = chains()
    yield "one_generation", signed(document()), ""
    yield "no_recovery", signed(document([bare], [master_slot(1)])), ""
    yield "two_of_three_sheets", signed(document(slots=[master_slot(1), recovery_slot(2, 3)])), ""
    yield "passphrase_changed", signed(document([one, two])), ""
    yield "recovered", signed(document([one, two, three])), ""
    large = [master_slot(1, memory_kib=4194304, passes=64, lanes=16), recovery_slot()]
    yield (
        "with_keyfile",
        signed(document(slots=[master_slot(1, keyfile=True), recovery_slot()])),
        "",
    )
    new = recovery_slot(holders=["\U0001fae8 Zoë \u4e2d"])
    yield "holder_of_any_unicode", signed(document(slots=[master_slot(1), new])), ""
    yield "format_maximum", signed(document(slots=large)), ""
    several = [master_slot(1), recovery_slot(), operator_slot(1), operator_slot(2)]
    yield "two_operators", signed(document(slots=several)), ""
    only = [master_slot(1), operator_slot()]
    yield "operator_and_no_recovery", signed(document([bare], only)), ""
    most = [master_slot(1), *(operator_slot(n) for n in range(1, 33))]
    yield "thirty_two_operators", signed(document([bare], most)), ""
    head = {"entries": 17, "head": "ab" * 32}
    retired = {"created_at": LATER, "retired_slots": 2}
    yield "revised", signed(document(revision=9, audit=head, data_key=retired)), ""
    ended = ["0000000000000001", "00000000000000ff"]
    yield "revoked_grants", signed(document(revoked_grants=ended)), ""
    yield "replacement_under_way", pending(), ""
    rfc = [master_slot(1, memory_kib=2097152, passes=1, lanes=4), recovery_slot()]
    yield "rfc_9106_first_set", signed(document(slots=rfc)), ""


def bad_grants():
    one, two = "0000000000000001", "00000000000000ff"
    yield "revoked_grants_empty", edited(["revoked_grants"], []), "items"
    yield "revoked_grants_out_of_order", edited(["revoked_grants"], [two, one]), "order"
    yield "revoked_grants_twice", edited(["revoked_grants"], [one, one]), "twice"
    yield "revoked_grants_short", edited(["revoked_grants"], [one[2:]]), "digits"
    yield "revoked_grants_upper_case", edited(["revoked_grants"], [two.upper()]), "digits"
    many = [f"{number:016x}" for number in range(4097)]
    yield "revoked_grants_over_maximum", edited(["revoked_grants"], many), "items"


def next_document(**changes):
    """What a rotation of the data key writes: another file, one more link, a higher revision."""
    one, two, _three, _bare = chains()
    salt = changes.pop("file_salt", "0f" * 16)
    value = document([one, two], revision=2) | changes
    return value | {"database": {**value["database"], "file_salt": salt}}


def pending(value=None, *, signer=None, base=None, **members):
    value = value or next_document()
    following = json.loads(signed(value, signer))
    outer = json.loads(signed(base or document()))
    return render({**outer, "pending": {**following, **members}})


def bad_pending():
    one, _two, _three, _bare = chains()
    stranger = link(1, MASTERS[1], by="self", authority=AUTHORITY.public, created_at=LATER)
    yield "pending_of_itself", pending(pending=json.loads(signed(next_document()))), "pending"
    yield "pending_signed_by_old_master", pending(signer=MASTERS[1]), "signature"
    yield "pending_with_same_revision", pending(next_document(revision=1)), "revision"
    same = document()["database"]["file_salt"]
    yield "pending_for_same_file", pending(next_document(file_salt=same)), "file_salt"
    fork = document([stranger], created_at=LATER, revision=2)
    fork["database"]["file_salt"] = "0f" * 16
    yield "pending_with_other_chain", pending(fork), "chain"
    two = link(2, MASTERS[1], previous=one, authority=AUTHORITY.public)
    three = link(3, MASTERS[2], previous=two, authority=AUTHORITY.public)
    yield (
        "pending_with_two_links_more",
        pending(next_document(chain=[one, two, three], slots=[master_slot(3), recovery_slot()])),
        "chain",
    )
    shorter = document([one], revision=2)
    shorter["database"]["file_salt"] = "0f" * 16
    yield "pending_with_shorter_chain", pending(shorter, base=document([one, two])), "chain"
    yield "pending_empty", render({**json.loads(signed(document())), "pending": {}}), "missing"
    yield "pending_text", render({**json.loads(signed(document())), "pending": ""}), "type"
    yield "pending_unknown_member", pending(note="x"), "unknown member"


def bad_bytes():
    good = signed(document())
    text = good.decode()
    yield "empty", b"", "not JSON"
    yield "not_utf8", good.replace("Zoë".encode(), b"Zo\xeb"), "Latin-1"
    yield "trailing_space", good + b" ", "not the rendering"
    yield "no_final_line_feed", good[:-1], "not the rendering"
    yield "compact", json.dumps(json.loads(text), sort_keys=True).encode(), "not the rendering"
    yield (
        "escaped_text",
        json.dumps(json.loads(text), indent=2, sort_keys=True).encode() + b"\n",
        "ASCII escapes",
    )
    lines = text.splitlines(keepends=True)
    place = lines.index('    "version": 1,\n')
    lines[place], lines[place + 1] = (
        '    "written_at": "2026-11-24T03:46:00Z",\n',
        '    "version": 1\n',
    )
    yield "unsorted", "".join(lines).encode(), "members not sorted"
    yield "byte_order_mark", b"\xef\xbb\xbf" + good, "BOM"
    twice = text.replace('    "version": 1,', '    "version": 1,\n    "version": 1,')
    yield "member_twice", twice.encode(), "duplicate"
    yield "fraction", text.replace('"version": 1,', '"version": 1.0,').encode(), "fraction"
    yield "exponent", text.replace('"passes": 2,', '"passes": 2e0,').encode(), "exponent"
    yield "nan", text.replace('"passes": 2,', '"passes": NaN,').encode(), "not a number"
    yield "long_number", text.replace('"passes": 2,', f'"passes": {"9" * 5000},').encode(), "digits"
    yield "negative", text.replace('"passes": 2,', '"passes": -2,').encode(), "negative"
    wide = b"[" * 900 + b"0," * 5_000 + b"0" + b"]" * 900
    yield "nested_and_wide", wide, "nesting that indentation would multiply"
    yield "deeply_nested", b"[" * 5_000, "nesting"
    yield "array", b"[]\n", "not an object"
    yield (
        "upper_case_signature",
        good.replace(text[18:40].encode(), text[18:40].upper().encode()),
        "hex",
    )
    yield "signature_changed", good.replace(text[18:22].encode(), b"0000"), "signature"
    yield "signed_by_stranger", signed(document(), STRANGER), "signature"
    yield "unknown_outer_member", render({**json.loads(text), "note": "x"}), "unknown member"


def bad_fields():
    yield "unknown_member", edited(["note"], "x"), "unknown member"
    yield "missing_member", edited(["tool"], None), "missing member"
    yield "other_format", edited(["format"], "something-else"), "format"
    yield "version_zero", edited(["version"], 0), "version"
    yield "version_text", edited(["version"], "1"), "type"
    yield "tool_empty", edited(["tool"], ""), "text"
    yield "tool_escape_sequence", edited(["tool"], "\x1b[31mred"), "control character"
    yield "time_with_offset", edited(["written_at"], "2026-11-24T03:46:00+00:00"), "time"
    yield "time_leap_second", edited(["written_at"], "2016-12-31T23:59:60Z"), "time"
    yield "time_impossible", edited(["written_at"], "2026-02-30T03:46:00Z"), "time"
    yield "created_differs", edited(["created_at"], LATER), "created_at"
    yield "other_kind", edited(["database", "kind"], "postgresql"), "kind"
    yield "other_cipher", edited(["database", "cipher"], "rot13"), "cipher"
    yield "page_size_odd", edited(["database", "page_size"], 5000), "page size"
    yield "page_size_large", edited(["database", "page_size"], 131072), "page size"
    yield "short_id", edited(["database", "id"], DATABASE_ID[2:]), "hex"
    yield "short_file_salt", edited(["database", "file_salt"], "00"), "hex"
    yield "slots_empty", edited(["slots"], []), "slots"
    yield "slots_swapped", edited(["slots"], [recovery_slot(), master_slot(1)]), "slots"
    yield "two_master_slots", edited(["slots"], [master_slot(1), master_slot(1)]), "slots"
    yield (
        "three_slots",
        edited(["slots"], [master_slot(1), recovery_slot(), recovery_slot()]),
        "slots",
    )
    yield "revision_zero", edited(["revision"], 0), "revision"
    yield "revision_missing", edited(["revision"], None), "missing member"
    yield "retired_slots_text", edited(["data_key", "retired_slots"], "-1"), "type"
    yield "data_key_unknown_member", edited(["data_key", "note"], "x"), "unknown member"
    yield "audit_head_without_entries", edited(["audit", "head"], "ab" * 32), "audit"
    yield "audit_entries_without_head", edited(["audit", "entries"], 1), "audit"
    yield "audit_head_short", edited(["audit"], {"entries": 1, "head": "ab"}), "hex"


def bad_slots():
    def with_kdf(**changes):
        return signed(document(slots=[master_slot(1, **changes), recovery_slot()]))

    def with_recovery(*arguments, **changes):
        return signed(document(slots=[master_slot(1), recovery_slot(*arguments, **changes)]))

    yield "memory_under_floor", with_kdf(memory_kib=19455), "floor"
    yield "passes_under_floor", with_kdf(passes=1), "floor"
    yield "no_lanes", with_kdf(lanes=0), "floor"
    yield "memory_over_maximum", with_kdf(memory_kib=4194305), "format maximum"
    yield "memory_one_tebibyte", with_kdf(memory_kib=2**30), "format maximum"
    yield "passes_over_maximum", with_kdf(passes=65), "format maximum"
    yield "passes_two_to_the_32", with_kdf(passes=2**32), "format maximum"
    yield "lanes_over_maximum", with_kdf(lanes=17), "format maximum"
    yield "argon2i", with_kdf(algorithm="argon2i"), "algorithm"
    yield "argon2_version_16", with_kdf(version=16), "version"
    yield "salt_short", with_kdf(salt="00" * 15), "hex"
    yield "keyfile_number", with_kdf(keyfile=1), "type"
    yield "kdf_unknown_member", with_kdf(pepper="x"), "unknown member"
    yield "master_slot_of_other_generation", edited(["slots", 0, "generation"], 2), "generation"
    yield "sealed_short", edited(["slots", 0, "sealed", "ciphertext"], "00" * 47), "hex"
    yield "nonce_short", edited(["slots", 0, "sealed", "nonce"], "00" * 12), "hex"
    yield "one_of_two", with_recovery(1, 2), "threshold"
    yield "three_of_two", with_recovery(3, 2), "threshold"
    yield "seventeen_shares", with_recovery(2, 17), "shares"
    yield "holder_missing", with_recovery(2, 3, holders=["a", "b"]), "holders"
    yield "holder_with_line_feed", with_recovery(holders=["a\nb"]), "holders"
    yield "holder_with_no_break_space", with_recovery(holders=["a\u00a0b"]), "holders"
    yield "holder_with_direction_mark", with_recovery(holders=["a\u202eb"]), "holders"
    yield "box_key_short", edited(["slots", 1, "box_public_key"], "00" * 31), "hex"
    yield "ephemeral_short", edited(["slots", 1, "sealed", "ephemeral"], "00" * 31), "hex"
    yield "recovery_with_nonce", edited(["slots", 1, "sealed", "nonce"], "00" * 24), "unknown"
    yield "preshared_missing", edited(["slots", 1, "preshared"], None), "missing member"

    yield "identifier_large", with_recovery(identifier=32768), "identifier"
    yield "other_scheme", with_recovery(scheme="bip39"), "scheme"
    yield "recovery_slot_later", with_recovery(generation=2), "generation"
    yield "authority_differs", with_recovery(authority_public_key=STRANGER.public), "authority"
    one, _two, _three, bare = chains()
    yield "recovery_without_authority", signed(document([bare])), "authority"
    yield "authority_without_recovery", signed(document([one], [master_slot(1)])), "authority"


def bad_operators():
    def with_operators(*operators):
        return signed(document(slots=[master_slot(1), recovery_slot(), *operators]))

    yield "operator_first", edited(["slots"], [operator_slot(), master_slot(1)]), "slots"
    before = [master_slot(1), operator_slot(), recovery_slot()]
    yield "operator_before_recovery", signed(document(slots=before)), "slots"
    again = operator_slot(1, label="Grace")
    yield "operator_id_twice", with_operators(operator_slot(1), again), "id"
    again = operator_slot(2, label="Ada 1")
    yield "operator_label_twice", with_operators(operator_slot(1), again), "label"
    yield "operator_label_empty", with_operators(operator_slot(label="")), "label"
    yield "operator_label_line_feed", with_operators(operator_slot(label="a\nb")), "label"
    yield "operator_id_of_master", with_operators(operator_slot(id="0a0b0c0d0e0f1011")), "id"
    yield "operator_later", with_operators(operator_slot(generation=2)), "generation"
    yield "operator_keyfile", with_operators(operator_slot(1, {"keyfile": True})), "keyfile"
    low = operator_slot(1, {"memory_kib": 8192})
    yield "operator_memory_under_floor", with_operators(low), "floor"
    high = operator_slot(1, {"memory_kib": 2**30})
    yield "operator_memory_one_tebibyte", with_operators(high), "format maximum"
    yield "operator_with_holders", with_operators(operator_slot(holders=["a"])), "unknown member"
    crowd = [operator_slot(n) for n in range(1, 34)]
    yield "thirty_three_operators", with_operators(*crowd), "slots"


def bad_chains():
    one, two, three, bare = chains()

    def two_as(**changes):
        signer = changes.pop("signer", MASTERS[1])
        return signed(
            document([one, link(2, signer, previous=one, authority=AUTHORITY.public, **changes)])
        )

    yield "chain_empty", signed(document() | {"chain": []}), "chain"
    yield "chain_gap", signed(document([one, three], [master_slot(3), recovery_slot()])), "gap"
    yield (
        "chain_starts_at_two",
        signed(document([two], [master_slot(2), recovery_slot()]), MASTERS[2]),
        "gap",
    )
    yield "link_of_other_database", two_as(database_id="ff" * 16), "database"
    yield "link_signed_by_stranger", two_as(signer=STRANGER), "signature"
    yield "link_signed_by_itself", two_as(signer=MASTERS[2]), "signature"
    yield "link_self_in_generation_two", two_as(signer=MASTERS[2], by="self"), "authority"
    yield (
        "link_master_in_generation_one",
        signed(document([link(1, MASTERS[1], by="master", authority=AUTHORITY.public)])),
        "authority",
    )
    yield "link_by_operator", two_as(by="operator"), "authority"
    yield (
        "link_previous_wrong",
        signed(document([one, link(2, MASTERS[1], previous=bare, authority=AUTHORITY.public)])),
        "previous",
    )
    yield "link_recovery_signed_by_master", two_as(by="recovery"), "signature"
    yield "link_master_signed_by_recovery", two_as(signer=AUTHORITY), "signature"
    no_authority = link(2, AUTHORITY, previous=bare, by="recovery", authority=AUTHORITY.public)
    yield "link_recovery_without_authority", signed(document([bare, no_authority])), "authority"
    changed = {**one, "created_at": LATER}
    yield "link_changed", signed(document([changed], created_at=LATER)), "signature"
    yield "old_master_signs_document", signed(document([one, two]), MASTERS[1]), "signature"
    for name, key in (
        ("of_small_order", SMALL_ORDER),
        ("not_canonical", NOT_CANONICAL),
        ("of_mixed_order", mixed_order(MASTERS[2].public)),
    ):
        # In the middle of the chain: its link is signed by the master key before it, and the link
        # after it by the authority, so that nothing is ever verified under the bad key itself.
        bad = link(2, MASTERS[1], previous=one, authority=AUTHORITY.public, master_public_key=key)
        last = link(3, AUTHORITY, previous=bad, by="recovery", authority=AUTHORITY.public)
        yield f"master_key_{name}", signed(document([one, bad, last])), "public key"
    low = link(1, MASTERS[1], by="self", authority=SMALL_ORDER)
    slots = [master_slot(1), recovery_slot(authority_public_key=SMALL_ORDER)]
    yield "authority_of_small_order", signed(document([low], slots)), "public key"
    for name, key in (
        ("of_small_order", SMALL_ORDER),
        ("not_canonical", NOT_CANONICAL),
        ("of_mixed_order", mixed_order(AUTHORITY.public)),
    ):
        # Replaced since, so that nothing is ever verified under it.
        bad = link(1, MASTERS[1], by="self", authority=key)
        last = link(2, MASTERS[1], previous=bad, authority=AUTHORITY.public)
        slots = [master_slot(2), recovery_slot()]
        yield f"earlier_authority_{name}", signed(document([bad, last], slots)), "public key"


def newer():
    yield "version_two", edited(["version"], 2), "newer format"
    extended = document() | {"version": 2, "something_new": {"a": 1}}
    yield "version_two_with_new_members", signed(extended), "newer format"


def main():
    index = []
    groups = [("valid", valid), ("newer", newer)]
    groups += [
        ("damaged", each)
        for each in (
            bad_bytes,
            bad_fields,
            bad_slots,
            bad_operators,
            bad_chains,
            bad_pending,
            bad_grants,
        )
    ]
    for old in HERE.glob("*.json"):
        old.unlink()
    for expected, group in groups:
        for name, data, comment in group():
            file = f"{expected}_{name}.json"
            (HERE / file).write_bytes(data)
            index.append({"file": file, "expected": expected, "comment": comment})
    (HERE / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
