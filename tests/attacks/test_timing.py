"""How long a refusal takes says nothing about what was wrong with the secret.

A damaged sidecar is told before any work. Everything that a passphrase is presented for costs the
one derivation, also the name of an operator who is not there: who has no sidecar does not learn the
names from the time. Comparisons are constant in time (`sodium.equal`, `Secret.equals`, Poly1305 in
libsodium).
"""

from __future__ import annotations

import math
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import make_plain
from wizard import engine
from wizard.engine import kdf, opening
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import read_metadata, sign_metadata
from wizard.engine.nobody import nobodys_slot
from wizard.engine.opening import open_root
from wizard.engine.secret import Secret
from wizard.engine.sidecar import sidecar_path

PASSPHRASE = "velvet Quokka ferment 1"
ADAS = "drizzle Onyx kayak 3"
LEAST_ROUNDS, MOST_ROUNDS = 5, 40


@pytest.fixture
def variants(tmp_path):
    """A sound database, one whose master slot was tampered with and signed again, one with operators."""
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
    shared = tmp_path / "shared.db"
    for name in ("", ".crypto.json"):
        shutil.copy(f"{sound}{name}", f"{shared}{name}")
    engine.add_operator(shared, PASSPHRASE, "Ada", ADAS, params=params, minimum_score=0)
    wrong, no_slot = engine.WrongPassphrase, engine.InvalidInput
    return {
        "wrong passphrase": (sound, PASSPHRASE + "x", None, wrong),
        "nearly right": (sound, PASSPHRASE[:-1] + "2", None, wrong),
        "far from right": (sound, "x", None, wrong),
        "tampered slot": (tampered, PASSPHRASE, None, engine.DamagedMetadata),
        "tampered, wrong passphrase": (tampered, PASSPHRASE + "x", None, wrong),
        "operator, wrong passphrase": (shared, ADAS + "x", "Ada", wrong),
        "unknown slot": (shared, ADAS + "x", "Bob", no_slot),
        "unknown slot, another operator's passphrase": (shared, ADAS, "Bob", no_slot),
        "unknown slot where there are none": (sound, PASSPHRASE, "Ada", no_slot),
    }


def seconds(path: Path, passphrase: str, label: str | None, refusal: type[Exception]) -> float:
    started = time.process_time()
    with pytest.raises(refusal):
        engine.unlock(path, passphrase, operator=label, readonly=True)
    return time.process_time() - started


def test_every_refusal_takes_the_same_work(variants):
    """Interleaved at random, by this process's own clock; the quickest run of each is compared.

    Neighbours make runs slower, never quicker: so runs are added until the quickest agree. A
    derivation more or less would never agree.
    """
    order = random.Random(1)
    seconds(*variants["wrong passphrase"])
    quickest = dict.fromkeys(variants, math.inf)
    for number in range(MOST_ROUNDS):
        for name in order.sample(list(variants), len(variants)):
            quickest[name] = min(quickest[name], seconds(*variants[name]))
        apart = max(quickest.values()) / min(quickest.values())
        if number + 1 >= LEAST_ROUNDS and apart < 1.2:
            break
    print(number + 1, quickest)
    assert apart < 1.3, quickest


def test_an_unknown_operator_costs_what_an_operator_costs(tmp_path, monkeypatch):
    """The cost of the operators' slots, not of the master's; and of the same one each time."""
    path = make_plain(tmp_path / "node.db", rows=2)
    costs = [engine.KdfParams(19 * 1024, passes, 1) for passes in (2, 3, 4)]
    engine.initialize(
        path, PASSPHRASE, recovery=None, params=costs[0], minimum_score=0, original="remove"
    )
    for label, params in zip(("Ada", "Grace"), costs[1:], strict=True):
        engine.add_operator(
            path, PASSPHRASE, label, f"{ADAS} {label}", params=params, minimum_score=0
        )
    paid = []

    def derive(*arguments, params, **options):
        paid.append(params)
        return kdf.derive(*arguments, params=params, **options)

    monkeypatch.setattr(opening, "derive", derive)
    unknown = [f"nobody {number}" for number in range(200)]
    for label in unknown[:3] * 2:
        with pytest.raises(engine.InvalidInput, match="no operator of that name"):
            engine.unlock(path, PASSPHRASE, operator=label)
    metadata = read_metadata(sidecar_path(path).read_bytes())
    each = [nobodys_slot(metadata, label).params for label in unknown]
    assert paid == each[:3] * 2
    assert set(each) == set(costs[1:])
