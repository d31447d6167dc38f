"""The passphrase that is in force now: typed once, proved to open the database, then used.

It is held until it is forgotten, it is for one database, and only the master passphrase counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import NotPermitted, Secret, WrongPassphrase
from wizard.tui.process.failures import FieldFault, under
from wizard.tui.process.fields import Field

if TYPE_CHECKING:
    from wizard.tui.process.acceptance import Acceptance
    from wizard.tui.process.lane import Post
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Key:
    """What opens the database at ``path``; a copy is its owner's to close."""

    path: Path
    passphrase: Secret
    keyfile: Path | None
    allow_high_cost: bool

    def copy(self) -> Key:
        """The same, with a passphrase of its own."""
        with self.passphrase.expose() as view:
            secret = Secret.copy_of(view)
        return Key(self.path, secret, self.keyfile, self.allow_high_cost)


class Present:
    """Answers ``present``. All methods belong to the main thread."""

    def __init__(self, acceptance: Acceptance, post: Post) -> None:
        self._acceptance = acceptance
        self._post = post
        self._key: Key | None = None

    def prove(self, request: Request) -> Callable[[Call], Answer]:
        """Return work that opens the database with what was typed, and keeps it when that works."""
        key = Key(
            path=request.path("path"),
            passphrase=self._acceptance.typed(Field.CURRENT),
            keyfile=request.path("keyfile") if request.given("keyfile") else None,
            allow_high_cost=request.decision("allow_high_cost"),
        )

        def work(_call: Call) -> Answer:
            with key.passphrase:
                warnings = _opened(key)
                kept = key.copy()
            self._post(lambda: self._install(kept))
            return {"warnings": warnings}

        return work

    def key(self, path: Path) -> Key:
        """A copy of what was proved. Raises `FieldFault` where nothing was, or another database."""
        if self._key is None or self._key.path != path:
            missing = engine.InvalidPassphrase("empty", "The passphrase has to be typed first.")
            raise FieldFault(Field.CURRENT, missing)
        return self._key.copy()

    def forget(self, _request: Request) -> Answer:
        """Wipe it."""
        self._install(None)
        return {}

    def _install(self, key: Key | None) -> None:
        self._acceptance.clear_field(Field.CURRENT)
        if self._key is not None:
            self._key.passphrase.close()
        self._key = key


def _opened(key: Key) -> tuple[str, ...]:
    with (
        under("keyfile", engine.InvalidInput),
        under(Field.CURRENT, WrongPassphrase, engine.InvalidPassphrase),
        engine.unlock(
            key.path,
            key.passphrase,
            keyfile=key.keyfile,
            readonly=True,
            allow_high_cost=key.allow_high_cost,
        ) as database,
    ):
        operator, warnings = database.operator, tuple(database.warnings)
    if operator:
        raise FieldFault(Field.CURRENT, NotPermitted(operator))
    return warnings
