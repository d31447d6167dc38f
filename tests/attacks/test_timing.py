"""How long a refusal takes says nothing about what was wrong with the secret.

What is public is told before any work: a sidecar that is damaged, and an operator who is not in it.
Everything that depends on a secret costs the one derivation, and comparisons are constant in time
(`sodium.equal`, `Secret.equals`, Poly1305 in libsodium).
"""

from __future__ import annotations

import random
import shutil
import statistics
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import make_plain
from wizard import engine
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import read_metadata, sign_metadata
from wizard.engine.opening import open_root
from wizard.engine.secret import Secret
from wizard.engine.sidecar import sidecar_path

PASSPHRASE = "velvet Quokka ferment 1"
RUNS = 9


@pytest.fixture
def variants(tmp_path):
    """A sound database, and one whose master slot was tampered with and signed again."""
    sound = make_plain(tmp_path / "sound.db", rows=2)
    params = engine.KdfParams(32 * 1024, 2, 1)
    engine.initialize(
        sound, PASSPHRASE, recovery=None, params=params, minimum_score=0, original="remove"
    )
    tampered = tmp_path / "tampered.db"
    shutil.copy(sound, tampered)
    metadata = read_metadata(sidecar_path(sound).read_bytes())
    slot = metadata.master_slot
    box = slot.sealed
    spoilt = replace(box, ciphertext=bytes([box.ciphertext[0] ^ 1]) + box.ciphertext[1:])
    changed = replace(metadata, master_slot=replace(slot, sealed=spoilt))
    with (
        Secret.copy_of(PASSPHRASE.encode()) as typed,
        open_root(metadata, typed, None) as root,
        SigningKey.master(root) as master,
    ):
        sidecar_path(tampered).write_bytes(sign_metadata(changed, master))
    return {
        "wrong passphrase": (sound, PASSPHRASE + "x", engine.WrongPassphrase),
        "nearly right": (sound, PASSPHRASE[:-1] + "2", engine.WrongPassphrase),
        "far from right": (sound, "x", engine.WrongPassphrase),
        "tampered slot": (tampered, PASSPHRASE, engine.DamagedMetadata),
        "tampered, wrong passphrase": (tampered, PASSPHRASE + "x", engine.WrongPassphrase),
    }


def seconds(path: Path, passphrase: str, refusal: type[Exception]) -> float:
    started = time.process_time()
    with pytest.raises(refusal):
        engine.unlock(path, passphrase, readonly=True)
    return time.process_time() - started


def test_every_refusal_takes_the_same_work(variants):
    """Interleaved at random, by this process's own clock; the quickest third of each is compared."""
    rounds = list(variants) * RUNS
    random.Random(1).shuffle(rounds)
    seconds(*variants["wrong passphrase"])
    took = {name: [] for name in variants}
    for name in rounds:
        took[name].append(seconds(*variants[name]))
    typical = {
        name: statistics.median(sorted(each)[: RUNS // 2 + 1]) for name, each in took.items()
    }
    print(typical)
    assert max(typical.values()) < 1.3 * min(typical.values()), typical
