"""The crypto metadata: vectors of a second implementation, and every changed byte refused."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tests import metadata_vectors as vectors
from wizard.engine import encoding
from wizard.engine.binding import Binding
from wizard.engine.boxing import BoxKeys
from wizard.engine.errors import DamagedMetadata, UnsupportedVersion
from wizard.engine.kdf import derive
from wizard.engine.metadata import read_metadata
from wizard.engine.replacement import read_sidecar_bytes, settled, with_pending
from wizard.engine.sealing import open_box, open_with_root, refill
from wizard.engine.secret import Secret

INDEX = json.loads((vectors.HERE / "index.json").read_text())
GOOD = (vectors.HERE / "valid_recovered.json").read_bytes()


def data_of(entry):
    return (vectors.HERE / entry["file"]).read_bytes()


def entries(expected):
    chosen = [entry for entry in INDEX if entry["expected"] == expected]
    return pytest.mark.parametrize("entry", chosen, ids=[entry["file"][:-5] for entry in chosen])


def test_vectors_were_loaded():
    """Silently empty vectors are the oldest trap."""
    assert len(INDEX) == len(list(vectors.HERE.glob("*.json"))) - 1
    assert sum(entry["expected"] == "damaged" for entry in INDEX) > 120
    assert sum(entry["expected"] == "valid" for entry in INDEX) == 15


@entries("valid")
def test_valid_vector_is_read_and_renders_to_the_same_bytes(entry):
    sidecar = read_sidecar_bytes(data_of(entry))
    document = json.loads(data_of(entry))
    document["signed"] = sidecar.current.as_json()
    if sidecar.pending is not None:
        document["pending"]["signed"] = sidecar.pending.as_json()
    assert encoding.rendered(document) == data_of(entry)


@entries("damaged")
def test_damaged_vector_is_refused(entry):
    with pytest.raises(DamagedMetadata):
        read_sidecar_bytes(data_of(entry))


@entries("newer")
def test_newer_format_is_told_apart_from_damage(entry):
    with pytest.raises(UnsupportedVersion):
        read_sidecar_bytes(data_of(entry))


def test_invalid_vectors_have_nothing_else_wrong():
    """A vector that differs from the valid one in two ways would hide a missing check."""
    changed = json.loads((vectors.HERE / "damaged_memory_under_floor.json").read_text())
    changed["signed"]["slots"][0]["kdf"]["memory_kib"] = 19456
    changed["signed"]["slots"][0] = vectors.master_slot(1)
    assert read_metadata(vectors.signed(changed["signed"]))


def test_passphrase_of_the_vector_opens_its_data_key():
    """What the second implementation sealed, this one opens, by both ways."""
    metadata = read_metadata((vectors.HERE / "valid_one_generation.json").read_bytes())
    slot = metadata.master_slot
    root = derive(Secret.copy_of(vectors.PASSPHRASE.encode()), salt=slot.salt, params=slot.params)
    by_root = open_with_root(slot, root, metadata.binding)
    keys = BoxKeys.recovery(Secret.copy_of(vectors.RECOVERY))
    by_recovery = open_box(
        metadata.recovery_slot, metadata.recovery_slot.box.sealed, keys, metadata.binding
    )
    assert by_root is not None
    assert by_recovery is not None
    assert by_root.equals(Secret.copy_of(vectors.DATA_KEY))
    assert by_recovery.equals(by_root)


def operator_keys():
    with derive(
        Secret.copy_of(vectors.OPERATOR.encode()),
        salt=vectors.OPERATOR_SALT,
        params=read("valid_two_operators").operator_slots[0].params,
    ) as root:
        return BoxKeys.operator(root)


def read(name):
    return read_sidecar_bytes((vectors.HERE / f"{name}.json").read_bytes()).current


def test_an_operator_opens_his_slot_and_no_other():
    metadata = read("valid_two_operators")
    mine, others = metadata.operator_slots
    keys = operator_keys()
    opened = open_box(mine, mine.box.sealed, keys, metadata.binding)
    assert opened.equals(Secret.copy_of(vectors.DATA_KEY))
    # The same secret, but sealed into a slot with another id: no box fits two slots.
    assert open_box(mine, others.box.sealed, keys, metadata.binding) is None
    stranger = BoxKeys.operator(Secret.random(32))
    assert open_box(mine, mine.box.sealed, stranger, metadata.binding) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"database_id": bytes(16)},
        {"cipher": "chacha20"},
    ],
)
def test_a_box_is_bound_to_its_database_and_cipher(changes):
    metadata = read("valid_two_operators")
    slot = metadata.operator_slots[0]
    fields = {"database_id": metadata.database_id, "cipher": metadata.cipher, **changes}
    assert open_box(slot, slot.box.sealed, operator_keys(), Binding(**fields)) is None


@pytest.mark.parametrize("kind", ["recovery", "operator"])
def test_a_slot_is_filled_anew_without_the_secret_that_opens_it(kind):
    metadata = read("valid_two_operators")
    slot, keys = (
        (metadata.recovery_slot, BoxKeys.recovery(Secret.copy_of(vectors.RECOVERY)))
        if kind == "recovery"
        else (metadata.operator_slots[0], operator_keys())
    )
    old, new = Secret.copy_of(vectors.DATA_KEY), Secret.random(32)
    other = Binding(database_id=metadata.database_id, cipher="chacha20")
    again = refill(slot, generation=2, old=(old, metadata.binding), new=(new, other))
    assert again.generation == 2
    assert open_box(again, again.box.sealed, keys, other).equals(new)
    assert open_box(again, again.box.sealed, keys, metadata.binding) is None
    # Whoever only ever had the old data key learns nothing about the new one from its shared secret.
    with pytest.raises(encoding.Malformed):
        refill(again, generation=3, old=(old, other), new=(new, other))
    twice = refill(again, generation=3, old=(new, other), new=(old, metadata.binding))
    assert open_box(twice, twice.box.sealed, keys, metadata.binding).equals(old)


@pytest.mark.parametrize("taken", ["public_key", "shared"])
def test_a_box_needs_both_its_private_key_and_its_shared_secret(taken):
    """Half of what opens a box opens nothing: neither a broken X25519 nor an old data key does."""
    metadata = read("valid_two_operators")
    slot = metadata.operator_slots[0]
    mine, stranger = operator_keys(), BoxKeys.operator(Secret.random(32))
    if taken == "shared":
        stranger.shared = mine.shared
        stranger.public = mine.public
    else:
        mine.shared = stranger.shared
        stranger = mine
    assert open_box(slot, slot.box.sealed, stranger, metadata.binding) is None


def test_a_replacement_is_finished_or_undone_without_a_secret():
    both = (vectors.HERE / "valid_replacement_under_way.json").read_bytes()
    sidecar = read_sidecar_bytes(both)
    current, pending = settled(both, take_pending=False), settled(both, take_pending=True)
    assert read_metadata(current) == sidecar.current
    assert read_metadata(pending) == sidecar.pending
    assert with_pending(current, pending) == both
    assert sidecar.for_file(sidecar.pending.file_salt) == sidecar.pending
    assert sidecar.for_file(sidecar.current.file_salt) == sidecar.current
    assert sidecar.for_file(bytes(16)) is None
    for alone in (False, True):
        assert settled(current, take_pending=alone) == current
    with pytest.raises(DamagedMetadata):
        with_pending(pending, current)


def test_vectors_are_what_their_writer_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(vectors, "HERE", tmp_path)
    vectors.main()
    for path in sorted(Path(__file__).parent.glob("vectors/metadata/*.json")):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_every_changed_byte_is_refused():
    """Every byte, with four changes each; none is accepted and nothing but our errors is raised."""
    for position in range(len(GOOD)):
        for flip in (0x01, 0x20, 0x80, 0xFF):
            data = bytearray(GOOD)
            data[position] ^= flip
            with pytest.raises((DamagedMetadata, UnsupportedVersion)):
                read_sidecar_bytes(bytes(data))


def test_every_changed_byte_of_a_replacement_under_way_is_refused():
    both = (vectors.HERE / "valid_replacement_under_way.json").read_bytes()
    for position in range(len(both)):
        data = bytearray(both)
        data[position] ^= 1 << position % 8
        with pytest.raises((DamagedMetadata, UnsupportedVersion)):
            read_sidecar_bytes(bytes(data))


def test_every_truncation_is_refused():
    for length in range(len(GOOD)):
        with pytest.raises(DamagedMetadata):
            read_metadata(GOOD[:length])


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data):
    with pytest.raises(DamagedMetadata):
        read_metadata(data)


@given(st.data())
def test_any_document_of_the_right_shape_is_refused(data):
    """Values replaced by others of any type, unsigned: refused without anything but our error."""
    document = json.loads(GOOD)
    place, key = document, "signed"
    for _ in range(data.draw(st.integers(0, 4))):
        if not isinstance(place[key], dict | list) or not place[key]:
            break
        place = place[key]
        key = data.draw(
            st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place)))
        )
    old = place[key]
    place[key] = data.draw(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**70), 2**70),
            st.text(),
            st.just([]),
            st.just({}),
        )
    )
    if place[key] == old and type(place[key]) is type(old):
        return
    with pytest.raises((DamagedMetadata, UnsupportedVersion)):
        read_metadata(vectors.render(document))


@given(
    st.recursive(
        st.integers(0, 2**53 - 1) | st.text() | st.booleans(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=126)), inner)
        ),
    )
)
def test_canonical_form_is_that_of_rfc_8785(value):
    try:
        expected = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError:
        return
    assert encoding.canonical(value) == expected


def test_a_sidecar_over_two_mebibytes_is_refused_unread():
    with pytest.raises(DamagedMetadata, match="too large"):
        read_metadata(GOOD + b" " * (1 << 21))


def test_reading_needs_no_recursion_and_little_time():
    """A cost bomb is refused by its shape: 10 MB of brackets are not even parsed."""
    with pytest.raises(DamagedMetadata):
        read_metadata(b"[" * 10_000_000)


def test_random_signature_bits_never_verify():
    draw = random.Random(1)
    document = json.loads(GOOD)
    for _ in range(200):
        signature = bytearray(bytes.fromhex(document["signature"]))
        signature[draw.randrange(64)] ^= 1 << draw.randrange(8)
        forged = vectors.render({**document, "signature": signature.hex()})
        with pytest.raises(DamagedMetadata):
            read_metadata(forged)


def test_reading_metadata_loads_no_argon2():
    code = (
        "import sys; from wizard.engine.metadata import read_metadata;"
        f"read_metadata(open({str(vectors.HERE / 'valid_recovered.json')!r}, 'rb').read());"
        "assert not {'argon2', '_argon2_cffi_bindings', 'zxcvbn', 'segno'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
