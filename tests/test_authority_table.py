"""Who may change what: right and wrong authority, roll-backs, forks and strangers, as one table."""

from dataclasses import replace

import pytest

import wizard
from tests.databases import PASSPHRASE, files_but_log
from tests.test_changing import OPERATOR
from tests.test_initialization import CHEAP, protect
from tests.test_passphrase_change import NEW, node
from wizard.engine import (
    DamagedMetadata,
    ForeignMetadata,
    NotPermitted,
    RolledBackMetadata,
    WrongPassphrase,
    WrongRecoveryPhrase,
    add_operator,
    change_passphrase,
    inspect,
    prepare_recovery,
    remove_operator,
)
from wizard.engine.chain import next_link
from wizard.engine.encoding import rendered
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import _CONTEXT, canonical
from wizard.engine.opening import open_data_key, open_root
from wizard.engine.secret import Secret
from wizard.engine.sidecar import sidecar_path

__all__ = ["node"]

THIRD = "a third passphrase 31 here"


def forged(node, *, generation_step=1, authoriser="stranger", authorised_by="master"):
    """A sidecar whose chain goes on by one link that somebody has made up, signed consistently."""
    metadata = inspect(node).metadata
    with (
        Secret.random(32) as strangers,
        SigningKey.master(strangers) as stranger,
        open_root(metadata, Secret.copy_of(PASSPHRASE.encode()), None) as root,
        SigningKey.master(root) as master,
        open_data_key(metadata, root),
    ):
        previous = replace(metadata.chain[-1], generation=generation_step)
        signer = {"stranger": stranger, "master": master}[authoriser]
        link = next_link(
            previous,
            signer,
            authorised_by=authorised_by,
            master_public_key=stranger.public.raw,
            created_at=metadata.written_at,
            recovery_authority=metadata.chain[-1].recovery_authority,
        )
        link = replace(link, previous=metadata.chain[-1].digest())
        link = replace(link, signature=signer.sign(link.signed_bytes()))
        new = replace(
            metadata,
            chain=(*metadata.chain, link),
            master_slot=replace(metadata.master_slot, generation=link.generation),
            revision=metadata.revision + 1,
        )
        signed = new.as_json()
        signature = stranger.sign(_CONTEXT + canonical(signed))
    sidecar_path(node).write_bytes(rendered({"signature": signature.hex(), "signed": signed}))


def old_sidecar(node, tmp_path):
    before = sidecar_path(node).read_bytes()
    change_passphrase(node, PASSPHRASE, NEW)
    sidecar_path(node).write_bytes(before)


def strangers_sidecar(node, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    protect(other / "node.db", other)
    sidecar_path(node).write_bytes(sidecar_path(other / "node.db").read_bytes())


def changed(node, tmp_path):
    change_passphrase(node, PASSPHRASE, NEW)


def with_removed_operator(node, tmp_path):
    add_operator(node, PASSPHRASE, "Ada", OPERATOR, params=CHEAP)
    remove_operator(node, PASSPHRASE, "Ada")


def with_operator(node, tmp_path):
    add_operator(node, PASSPHRASE, "Ada", OPERATOR, params=CHEAP)


def recovered(node, tmp_path):
    sheet = (tmp_path / "sheet-1.txt").read_text()
    with prepare_recovery(node, [sheet], NEW) as pending:
        pending.rehearse()
        pending.commit()


def nothing(node, tmp_path):
    pass


def by_passphrase(passphrase):
    return lambda node, _path: change_passphrase(node, passphrase, THIRD)


def by_first_sheet(node, tmp_path):
    prepare_recovery(node, [(tmp_path / "sheet-1.txt").read_text()], THIRD)


TABLE = {
    "right authority": (nothing, by_passphrase(PASSPHRASE), None),
    "right authority after a change": (changed, by_passphrase(NEW), None),
    "old passphrase after a change": (changed, by_passphrase(PASSPHRASE), WrongPassphrase),
    "wrong passphrase": (nothing, by_passphrase("wrong"), WrongPassphrase),
    "an operator": (with_operator, by_passphrase(OPERATOR), NotPermitted),
    "a removed operator": (with_removed_operator, by_passphrase(OPERATOR), WrongPassphrase),
    "the old recovery phrase": (recovered, by_first_sheet, WrongRecoveryPhrase),
    "passphrase of before a recovery": (recovered, by_passphrase(PASSPHRASE), WrongPassphrase),
    "replayed old sidecar": (old_sidecar, by_passphrase(PASSPHRASE), RolledBackMetadata),
    "replayed old sidecar, by phrase": (old_sidecar, by_first_sheet, RolledBackMetadata),
    "sidecar of another database": (strangers_sidecar, by_passphrase(PASSPHRASE), ForeignMetadata),
    "link by a stranger": (
        lambda node, _path: forged(node), by_passphrase(PASSPHRASE), DamagedMetadata
    ),
    "link of the master as recovery": (
        lambda node, _path: forged(node, authoriser="master", authorised_by="recovery"),
        by_passphrase(PASSPHRASE), DamagedMetadata,
    ),
    "skipped generation": (
        lambda node, _path: forged(node, authoriser="master", generation_step=2),
        by_passphrase(PASSPHRASE), DamagedMetadata,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("prepare", "attempt", "error"), TABLE.values(), ids=TABLE)
def test_the_table_of_authorities(node, tmp_path, prepare, attempt, error):
    prepare(node, tmp_path)
    before = files_but_log(node.parent)
    if error is None:
        attempt(node, tmp_path)
        wizard.unlock(node, THIRD).close()
        return
    with pytest.raises(error):
        attempt(node, tmp_path)
    assert files_but_log(node.parent) == before
