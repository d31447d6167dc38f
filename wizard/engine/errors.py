"""Every way in which the engine fails; the words for people are in ``wizard.error_table``.

- A class names one situation, so that one class has one exit code and one next step.
- "Could not check" is a subclass of "not verified", so the careless handler is the safe one.
- Arguments are public values only: paths, counts, fingerprints. Never a secret, nor its length.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path


class WizardError(Exception):
    """Base of everything the engine raises on purpose. `str(error)` is one plain sentence."""


# What the caller gave ------------------------------------------------------------------------


class InvalidInput(WizardError):
    """A value that cannot be used, whatever the database."""


class InvalidPassphrase(InvalidInput):
    """Empty, too long, or with characters that RFC 8265 forbids. `code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class WeakPassphrase(InvalidPassphrase):
    """Scored under the minimum that was asked for."""

    def __init__(self, *, score: int, minimum: int) -> None:
        super().__init__(
            "weak",
            f"The passphrase is too easy to guess: its score is {score} of 4, "
            f"and at least {minimum} is asked for.",
        )
        self.score = score
        self.minimum = minimum


class InvalidParameters(InvalidInput):
    """Key derivation parameters under the floor or over the format maximum. Never overridable."""


class ResourceLimit(InvalidInput):
    """Parameters that are valid but need more than runs without asking. `limit` names which."""

    def __init__(self, *, needed_kib: int, allowed_kib: int, limit: str) -> None:
        super().__init__(
            f"This needs {needed_kib // 1024} MiB of memory; without asking, at most "
            f"{allowed_kib // 1024} MiB are used here (half of the {limit})."
        )
        self.needed_kib = needed_kib
        self.allowed_kib = allowed_kib
        self.limit = limit


class InvalidRecoveryPhrase(InvalidInput):
    """Words or kit lines that fail their own checks. `where` locates the fault if it is known."""

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(message)
        self.where = where


class OutputExists(InvalidInput):
    """A file that would have to be overwritten, and never is."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists and is not overwritten.")
        self.path = path


class NameNotConfirmed(InvalidInput):
    """What cannot be taken back was not confirmed by the name of the database, typed in full."""

    def __init__(self, name: str) -> None:
        super().__init__(f"This has to be confirmed by the database's name, {name}, typed in full.")
        self.name = name


# What the target is --------------------------------------------------------------------------


class TargetAbsent(WizardError):
    """There is no file of that name."""


class NotProtected(WizardError):
    """A readable plaintext database."""


class AlreadyProtected(WizardError):
    """The database already has valid crypto metadata."""


class ForeignTarget(WizardError):
    """Not a database, or one encrypted by another program."""


class Unreadable(WizardError):
    """Permissions or input/output errors."""


class Interrupted(WizardError):
    """An earlier step of ours did not finish; what is there is named."""


class UnsupportedDatabase(WizardError):
    """A database with something that cannot be copied faithfully; it says what."""


# Not verified --------------------------------------------------------------------------------


class NotVerified(WizardError):
    """Base: nothing that was read may be trusted."""


class DamagedMetadata(NotVerified):
    """Crypto metadata missing, malformed, or with a wrong signature."""


class UnsupportedVersion(NotVerified):
    """Crypto metadata or kit of a format that is newer than this program."""


class ForeignMetadata(NotVerified):
    """Valid crypto metadata of another database."""


class RolledBackMetadata(NotVerified):
    """Valid crypto metadata of this database, but older than the database says."""


class OlderMetadata(NotVerified):
    """Saved metadata of this database that are older than what is known of it."""


class DamagedBackup(NotVerified):
    """A file that is not a backup, or not the one that the master key has signed."""


class DamagedDatabase(NotVerified):
    """Pages of the encrypted database fail their check."""


class VerificationFailed(NotVerified):
    """The encrypted copy is not the same as the original; the original was kept."""


class AuditBroken(NotVerified):
    """The audit log is not the one that was written. `findings` says where, one sentence each."""

    def __init__(self, message: str, *, findings: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


class WrongSignature(NotVerified):
    """A signature file that is not one of this key over this file."""


# Not opened ----------------------------------------------------------------------------------


class NotOpened(WizardError):
    """Base: the metadata are sound, the secret is not the right one."""


class WrongPassphrase(NotOpened):
    """The passphrase (or keyfile) derives another master key. `fingerprint`: of the expected.

    `untried`: the operators whose slots need more memory than is used without asking, so that the
    passphrase may be theirs.
    """

    def __init__(
        self,
        fingerprint: str,
        *,
        keyfile_expected: bool,
        keyfile_given: bool,
        untried: Sequence[str] = (),
    ) -> None:
        if keyfile_expected and not keyfile_given:
            text = "A keyfile belongs to this passphrase and was not given."
        elif keyfile_given and not keyfile_expected:
            text = "A keyfile was given, but this database was protected without one."
        elif keyfile_expected:
            text = "The passphrase or the keyfile is wrong."
        else:
            text = "The passphrase is wrong."
        if untried:
            text += (
                f" It was not tried on the slot of {', '.join(untried)}, which takes more memory "
                "than is used without asking."
            )
        super().__init__(f"{text} The database's fingerprint is {fingerprint}.")
        self.fingerprint = fingerprint
        self.untried = tuple(untried)
        self.keyfile_expected = keyfile_expected
        self.keyfile_given = keyfile_given


class WrongRecoveryPhrase(NotOpened):
    """A well-formed recovery phrase that belongs to another database or was replaced."""


class NoRecovery(NotOpened):
    """The database was protected without a recovery phrase."""


class NotPermitted(WizardError):
    """An operator's passphrase opens the data and changes nothing. ``label`` says whose it is."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f"This is the passphrase of the operator {label}. It opens the data; this needs "
            "the master passphrase."
        )
        self.label = label


# Circumstances -------------------------------------------------------------------------------


class Busy(WizardError):
    """Another process is at work on the database. `holders` names them."""

    def __init__(self, message: str, *, holders: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.holders = holders


class NoSpace(WizardError):
    """The file system cannot hold what has to be written.

    ``refused`` is the errno of a write that was refused; without it the space was only counted.
    """

    def __init__(
        self, *, directory: Path, needed: int, available: int, refused: int | None = None
    ) -> None:
        # What was refused is no matter of counting: a quota ends while the disk has room.
        sentences = {
            errno.ENOSPC: f"There is no space left in {directory}: a write was refused.",
            errno.EDQUOT: f"The disk quota for {directory} is used up: a write was refused.",
            errno.EFBIG: f"A file in {directory} may not become so large: a write was refused.",
        }
        counted = f"{directory} needs {needed:,} free bytes for the copy and has {available:,}."
        super().__init__(counted if refused is None else sentences[refused])
        self.directory = directory
        self.needed = needed
        self.available = available


class AuditUnavailable(WizardError):
    """The audit log cannot be read or written, so nothing that must be recorded is begun.

    ``code`` is "absent" where there is no log to be read, and empty otherwise.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code

    @classmethod
    def absent(cls, log: Path) -> AuditUnavailable:
        """There is no such log."""
        return cls(f"There is no audit log {log.name} beside the database.", code="absent")


class NoMemory(WizardError):
    """The system refuses the memory that a key derivation needs."""

    def __init__(self, *, needed_kib: int) -> None:
        super().__init__(
            f"The key derivation needs {needed_kib // 1024} MiB of memory, "
            "and the system does not give this process as much."
        )
        self.needed_kib = needed_kib


class CannotBuild(WizardError):
    """Argon2 cannot be built for this processor here, or it is not worth it. `code` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotProved(WizardError):
    """The recovery kit has not opened the staged copy, so nothing was replaced."""


class Cancelled(WizardError):
    """Somebody asked to stop; the state is that of before."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")
