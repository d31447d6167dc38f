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
from wizard.engine.errors import DamagedMetadata, UnsupportedVersion
from wizard.engine.kdf import derive
from wizard.engine.metadata import read_metadata
from wizard.engine.sealing import open_with_recovery, open_with_root
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
    assert sum(entry["expected"] == "damaged" for entry in INDEX) > 80
    assert sum(entry["expected"] == "valid" for entry in INDEX) == 9


@entries("valid")
def test_valid_vector_is_read_and_renders_to_the_same_bytes(entry):
    metadata = read_metadata(data_of(entry))
    signature = json.loads(data_of(entry))["signature"]
    assert encoding.rendered({"signature": signature, "signed": metadata.as_json()}) == data_of(
        entry
    )


@entries("damaged")
def test_damaged_vector_is_refused(entry):
    with pytest.raises(DamagedMetadata):
        read_metadata(data_of(entry))


@entries("newer")
def test_newer_format_is_told_apart_from_damage(entry):
    with pytest.raises(UnsupportedVersion):
        read_metadata(data_of(entry))


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
    by_recovery = open_with_recovery(
        metadata.recovery_slot, Secret.copy_of(vectors.RECOVERY), metadata.binding
    )
    assert by_root is not None
    assert by_recovery is not None
    assert by_root.equals(Secret.copy_of(vectors.DATA_KEY))
    assert by_recovery.equals(by_root)


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
                read_metadata(bytes(data))


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


def test_a_sidecar_over_one_mebibyte_is_refused_unread():
    with pytest.raises(DamagedMetadata, match="too large"):
        read_metadata(GOOD + b" " * (1 << 20))


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
