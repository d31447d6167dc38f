"""Signing any file with the master key, and telling whose signature a file has.

- A file is read once, in pieces, whatever its size; what is signed is its digest.
- A signature is accepted from the keys that the caller names: those of one database, or one key.
  What the signature file says about its own key counts only if it is one of them.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from wizard.engine import audit, sodium
from wizard.engine.authority import master_root
from wizard.engine.encoding import Malformed
from wizard.engine.errors import TargetAbsent, Unreadable, WrongSignature
from wizard.engine.inspection import inspect, resolve
from wizard.engine.keyfile import KeyfileInput, keyfile_from
from wizard.engine.masterkey import MasterPublicKey, SigningKey
from wizard.engine.memory import check_cost
from wizard.engine.passphrase import PassphraseSource, passphrase_from
from wizard.engine.progress import CancelToken, Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.sidecar import read_regular
from wizard.engine.sshsig import (
    HASH,
    MAXIMUM_BYTES,
    NAMESPACE,
    FileSignature,
    message,
    read_public_key,
    read_signature,
)
from wizard.engine.unlocking import openable

_SIGNER = "datafold-wizard"
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SignedFile:
    """A signature that was made, or that holds: over which digest, and whose.

    ``generation`` is that of the master key, ``current`` the database's now; both 0 for a key that
    was given alone. ``text`` is the signature file's.
    """

    text: str
    digest: str
    key: MasterPublicKey
    generation: int
    current: int
    warnings: tuple[str, ...] = ()

    @property
    def allowed_signers(self) -> str:
        """The line with which ``ssh-keygen -Y verify -I datafold-wizard -n file`` verifies it."""
        return f'{_SIGNER} namespaces="{NAMESPACE.decode()}" {self.key.openssh()}'


def sign_file(
    path: str | os.PathLike[str],
    file: str | os.PathLike[str],
    passphrase: PassphraseSource,
    *,
    keyfile: KeyfileInput | None = None,
    allow_high_cost: bool = False,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> SignedFile:
    """Sign ``file`` with the master key of the database at ``path``; writes nothing but the log.

    A callable ``passphrase`` is called only after the file has been read. Raises the error of the
    target's state, `WrongPassphrase`, `NotPermitted` for an operator's passphrase, and
    `TargetAbsent` or `Unreadable` for the file.
    """
    with audit.attempt(resolve(path), "sign") as entry:
        metadata = openable(inspect(entry.target))
        entry.concerns(metadata)
        entry.details |= {"file": Path(file).name, "using": "passphrase"}
        check_cost(metadata.master_slot.params, allow_high_cost=allow_high_cost)
        digest = _digest(Path(file), HASH, progress, cancel or CancelToken())
        entry.details[HASH] = digest.hex()
        with (
            passphrase_from(passphrase) as secret,
            keyfile_from(keyfile) as second,
            master_root(metadata, secret, second) as root,
            SigningKey.master(root) as master,
        ):
            signature = FileSignature(master.public, HASH, master.sign(message(HASH, digest)))
            entry.signer = master
            entry.done()
    return SignedFile(
        text=signature.armored(),
        digest=digest.hex(),
        key=master.public,
        generation=metadata.generation,
        current=metadata.generation,
        warnings=(entry.warning,) if entry.warning else (),
    )


def verify_signature(
    signers: str | os.PathLike[str] | MasterPublicKey,
    file: str | os.PathLike[str],
    signature: str | os.PathLike[str],
    *,
    progress: ProgressSink = ignore_progress,
    cancel: CancelToken | None = None,
) -> SignedFile:
    """Return whose signature ``signature`` (a path) is over ``file``; needs no secret.

    ``signers`` is a protected database, of which each master key of the chain counts, a file with
    an OpenSSH public key, or a key. Raises `WrongSignature` for every signature that is not one of
    theirs over this very file, and `TargetAbsent` or `Unreadable` for what cannot be read.
    """
    keys, current = _keys(signers)
    try:
        given = read_signature(_read(Path(signature), MAXIMUM_BYTES + 1))
    except Malformed as error:
        raise WrongSignature(f"{signature} is no signature that counts: {error}.") from None
    generation = next((number for key, number in keys if key.matches(given.key)), None)
    if generation is None:
        raise WrongSignature(
            f"The signature is by another key, with the fingerprint {given.key.fingerprint}."
        )
    digest = _digest(Path(file), given.hash_name, progress, cancel or CancelToken())
    if not sodium.verify(given.key.raw, message(given.hash_name, digest), given.signature):
        raise WrongSignature(
            f"{file} is not what was signed: it was changed, or the signature is of another file."
        )
    earlier = (
        f"The signature is by the master key of generation {generation}, and the database is in "
        f"generation {current}: whoever knew the passphrase of that time could have made it."
    )
    return SignedFile(
        text=given.armored(),
        digest=digest.hex(),
        key=given.key,
        generation=generation,
        current=current,
        warnings=(earlier,) if generation < current else (),
    )


def _keys(
    signers: str | os.PathLike[str] | MasterPublicKey,
) -> tuple[list[tuple[MasterPublicKey, int]], int]:
    """The keys whose signature counts, each with its generation, and the generation of now."""
    if isinstance(signers, MasterPublicKey):
        return [(signers, 0)], 0
    found = inspect(signers)
    if found.metadata is not None and found.opens:
        chain = found.metadata.chain
        keys = [(MasterPublicKey(link.master_public_key), link.generation) for link in chain]
        return keys[::-1], found.metadata.generation
    try:
        return [(read_public_key(_read(found.path, MAXIMUM_BYTES)), 0)], 0
    except Malformed:
        raise found.error or Unreadable(f"{found.path} has no key.") from None


def _read(path: Path, limit: int) -> bytes:
    try:
        return read_regular(Path(os.path.realpath(path)), limit=limit)
    except FileNotFoundError:
        raise TargetAbsent(f"There is no file {path}.") from None


def _digest(path: Path, name: str, progress: ProgressSink, cancel: CancelToken) -> bytes:
    """The digest of a regular file, in constant memory."""
    found = hashlib.new(name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise Unreadable(f"{path} is not a regular file.")
            done = 0
            while piece := file.read(_PIECE):
                cancel.check()
                found.update(piece)
                done += len(piece)
                progress(Progress(Stage.CHECK, done, facts.st_size, unit="bytes"))
    except FileNotFoundError:
        raise TargetAbsent(f"There is no file {path}.") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    return found.digest()
