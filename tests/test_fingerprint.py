"""The fingerprint's other forms, against OpenSSH's own program and against the fingerprint itself."""

from __future__ import annotations

import hashlib
import subprocess

import pytest
from shamir_mnemonic.wordlist import WORDLIST

from tests.programs import needs
from wizard import engine
from wizard.engine.crockford import ALPHABET

KEYS = [engine.MasterPublicKey(hashlib.sha256(bytes([number])).digest()) for number in range(40)]


@needs("ssh-keygen")
@pytest.mark.parametrize("number", range(len(KEYS)))
def test_the_picture_and_the_digest_are_those_of_ssh_keygen(number, tmp_path):
    key = KEYS[number]
    path = tmp_path / "key.pub"
    path.write_text(key.openssh("comment") + "\n")
    printed = subprocess.run(
        ["ssh-keygen", "-lv", "-f", path], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert printed[0].split()[1] == engine.openssh_fingerprint(key)
    assert printed[1:] == list(engine.randomart(key))


def test_a_picture_is_known_by_heart_where_there_is_no_ssh_keygen():
    assert engine.randomart(engine.MasterPublicKey(bytes(32))) == (
        "+--[ED25519 256]--+",
        "|                 |",
        "|       . .       |",
        "|      . + .+     |",
        "|     . X =+ +    |",
        "|      X So =     |",
        "|     = B.B+.o    |",
        "|      + X.+*     |",
        "|       Oo*=.     |",
        "|      . E=o      |",
        "+----[SHA256]-----+",
    )


def test_the_words_are_the_fingerprint_in_another_spelling():
    for key in KEYS:
        words = engine.fingerprint_words(key)
        assert len(words) == 10
        indexes = [WORDLIST.index(word) for word in words]
        spelled = "".join(ALPHABET[at >> 5] + ALPHABET[at & 31] for at in indexes)
        assert spelled == key.fingerprint.replace("-", "")


def test_one_changed_bit_changes_words_and_picture():
    one, other = engine.MasterPublicKey(bytes(32)), engine.MasterPublicKey(b"\1" + bytes(31))
    assert len(set(engine.fingerprint_words(one)) & set(engine.fingerprint_words(other))) < 3
    assert engine.randomart(one) != engine.randomart(other)
