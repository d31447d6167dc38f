"""The keys that the master passphrase opens, for verbs that sign but change no keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from wizard.engine.authority import master_root
from wizard.engine.keyfile import KeyfileInput, keyfile_from
from wizard.engine.masterkey import SigningKey
from wizard.engine.memory import check_cost
from wizard.engine.metadata import Metadata
from wizard.engine.opening import open_data_key
from wizard.engine.passphrase import PassphraseSource, passphrase_from
from wizard.engine.secret import Secret


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """What the master passphrase opens; both belong to the block that opened them."""

    data_key: Secret
    master: SigningKey


@contextmanager
def master_keys(
    metadata: Metadata,
    passphrase: PassphraseSource,
    keyfile: KeyfileInput | None,
    *,
    allow_high_cost: bool,
) -> Iterator[MasterKeys]:
    """Open data key and master key for one block. A callable passphrase is called only here.

    Raises `NotPermitted` for the passphrase of an operator, `WrongPassphrase`, `ResourceLimit`, and
    what reading the passphrase and the keyfile raises.
    """
    check_cost(metadata.master_slot.params, allow_high_cost=allow_high_cost)
    with ExitStack() as secrets:
        secret = secrets.enter_context(passphrase_from(passphrase))
        file = secrets.enter_context(keyfile_from(keyfile))
        root = secrets.enter_context(master_root(metadata, secret, file))
        yield MasterKeys(
            secrets.enter_context(open_data_key(metadata, root)),
            secrets.enter_context(SigningKey.master(root)),
        )
