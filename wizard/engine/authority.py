"""Who may change the keys: the master passphrase, proved against a database that agrees with it.

- Nothing is changed on the word of a sidecar alone: the database that it opens must agree with it,
  or an older sidecar could be made the newest one again.
- An operator's passphrase is told apart from a wrong one, and changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from wizard.engine import inspection
from wizard.engine.changing import changing, publish, remember
from wizard.engine.errors import NotPermitted, WrongPassphrase
from wizard.engine.keyfile import KeyfileInput, keyfile_from
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import Metadata
from wizard.engine.opening import open_data_key, open_database, open_operator, open_root
from wizard.engine.passphrase import PassphraseSource, passphrase_from
from wizard.engine.progress import Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.secret import Secret
from wizard.engine.unlocking import check_cost, openable

_NOT_REMEMBERED = (
    "The database is in use, so it has not noted this change yet; it does when it is next opened "
    "for writing. Until then an older .crypto.json file that is put back would not be noticed."
)


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of keys that is in force. ``settled`` says what was ended before it, if anything."""

    path: Path
    metadata: Metadata
    settled: str | None
    warnings: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Of the master key now."""
        return self.metadata.public_key.fingerprint


@dataclass(frozen=True, slots=True)
class Authority:
    """A database held for a change, opened by its master passphrase. The secrets are not kept."""

    target: Path
    metadata: Metadata
    settled: str | None
    passphrase: Secret
    keyfile: Secret | None
    root: Secret
    data_key: Secret
    signing: SigningKey

    def publish(self, metadata: Metadata) -> Changed:
        """Put a document in force that the present master key signs."""
        publish(self.target, metadata, self.signing)
        return self.done(metadata)

    def done(self, metadata: Metadata) -> Changed:
        """Let the database note a document that is in force."""
        return noted(self.target, metadata, self.data_key, settled=self.settled)


def noted(target: Path, metadata: Metadata, data_key: Secret, *, settled: str | None) -> Changed:
    """Let the database note a document that is in force, and say how that went."""
    known = remember(target, metadata, data_key)
    return Changed(target, metadata, settled, () if known else (_NOT_REMEMBERED,))


@contextmanager
def authorised(
    path: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    keyfile: KeyfileInput | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
) -> Iterator[Authority]:
    """Hold a protected database and prove the master passphrase.

    Raises what `changing` raises, `WrongPassphrase`, `NotPermitted` for an operator's passphrase,
    and a subclass of `NotVerified` where the database does not agree with its sidecar. A callable
    ``passphrase`` is called only when the state allows a change.
    """
    check_cost(
        openable(inspection.inspect(path)).master_slot.params, allow_high_cost=allow_high_cost
    )
    with changing(path) as change, ExitStack() as secrets:
        metadata = change.metadata
        check_cost(metadata.master_slot.params, allow_high_cost=allow_high_cost)
        secret = secrets.enter_context(passphrase_from(passphrase))
        file = keyfile_from(keyfile)
        if file is not None:
            secrets.enter_context(file)
        progress(Progress(Stage.DERIVE, 0, 0, detail="of the present passphrase"))
        root = secrets.enter_context(_root(metadata, secret, file))
        data_key = secrets.enter_context(open_data_key(metadata, root))
        open_database(change.target, data_key, metadata, readonly=True).close()
        yield Authority(
            target=change.target,
            metadata=metadata,
            settled=change.settled,
            passphrase=secret,
            keyfile=file,
            root=root,
            data_key=data_key,
            signing=secrets.enter_context(SigningKey.master(root)),
        )


def _root(metadata: Metadata, passphrase: Secret, keyfile: Secret | None) -> Secret:
    try:
        return open_root(metadata, passphrase, keyfile)
    except WrongPassphrase:
        for slot in metadata.operator_slots:
            data_key = open_operator(metadata, slot, passphrase)
            if data_key is not None:
                data_key.close()
                raise NotPermitted(slot.label) from None
        raise
