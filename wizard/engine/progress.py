"""One typed progress event and one cancellation token; every front end is a view of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from wizard.engine.errors import Cancelled


class Stage(StrEnum):
    """What is being done: in the order of an initialization, then for backups and a build of Argon2."""

    CHECK = "check"
    DERIVE = "derive"
    KEYS = "keys"
    ENCRYPT = "encrypt"
    DECRYPT = "decrypt"
    VERIFY = "verify"
    REHEARSE = "rehearse"
    COMMIT = "commit"
    COPY = "copy"
    BUILD = "build"
    PROVE = "prove"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step forward.

    ``done`` and ``total`` are in ``unit`` ("bytes", "rows" or "steps"); ``total`` is 0 where it
    cannot be known. ``detail`` names what is being worked on (a table, a file); never a secret.
    """

    stage: Stage
    done: int
    total: int
    unit: str = "steps"
    detail: str = ""


ProgressSink = Callable[[Progress], None]


def ignore_progress(_event: Progress) -> None:
    """Sink for callers that show nothing."""


class CancelToken:
    """Asks long work to stop; safe to set from any thread or signal handler."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask. The work stops at its next check and leaves the state of before."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody has asked."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if somebody has asked."""
        if self._event.is_set():
            raise Cancelled
