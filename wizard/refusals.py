"""What front ends refuse, beside what the engine does; the words are in ``wizard.error_table``.

As with the engine's errors, arguments are public values only.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from wizard.engine.errors import WizardError
from wizard.values import dataclass


class UsageProblem(WizardError):
    """The front end was called in a way that it does not understand or cannot serve here."""


class StatementFailed(WizardError):
    """SQLite refused a statement that somebody gave to the shell."""


class OutputFailed(WizardError):
    """The result could not be written to standard output, after the command did its work."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"The result could not be written to standard output: {os.strerror(error.errno or 0)}."
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. ``line`` is 0 where none can be named; never holds the value."""

    where: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line else self.where
        return ": ".join(part for part in (place, self.key, self.message) if part)

    def as_dict(self) -> dict[str, str | int]:
        """Return what ``--json`` prints."""
        return {"where": self.where, "line": self.line, "key": self.key, "message": self.message}


class InvalidConfiguration(WizardError):
    """The node configuration cannot be used. `faults` names file, line and key of each."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(" ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One member of a request that cannot be used; never holds its value."""

    field: str
    message: str


class NotAuthenticated(WizardError):
    """A request without a token, or with one that is not accepted here. Does not say which."""


class Forbidden(WizardError):
    """The token is good, and does not allow this."""


class Throttled(WizardError):
    """Too many wrong passphrases; ``retry_after`` is in seconds."""

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(
            "There were too many wrong passphrases for this database. "
            f"The next is tried in {retry_after} s."
        )
        self.retry_after = retry_after


class Overloaded(WizardError):
    """All memory for key derivations is in use; ``retry_after`` is in seconds."""

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(
            "Other key derivations use all the memory that this node has for them. "
            f"Try again in {retry_after} s."
        )
        self.retry_after = retry_after


class ServerEnding(Overloaded):
    """The server was told to end, and the request took longer than it could wait."""

    def __init__(self, *, retry_after: int) -> None:
        WizardError.__init__(
            self,
            "The server was ended while this was under way. "
            f"Ask again in {retry_after} s, with the same Idempotency-Key if there was one.",
        )
        self.retry_after = retry_after


class InvalidRequest(WizardError):
    """A request that cannot be served. ``http_status`` is the exact one, ``faults`` name members."""

    def __init__(
        self, message: str, *, http_status: int = 422, faults: Sequence[FieldFault] = ()
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.faults = tuple(faults)
