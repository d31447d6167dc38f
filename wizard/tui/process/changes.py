"""Changes of the keys of a protected database: each is one answer, given when it is in force.

- All methods run on the one lane of long work, with secrets of their own that are closed after it.
- What makes a recovery kit waits as the one `Preparation`, and is in force only after its proof.
- An answer says what was before and what is now; no answer holds a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import InvalidPassphrase, Item, ItemState
from wizard.tui.process.failures import under
from wizard.tui.process.fields import Field
from wizard.tui.process.wanted import (
    changed_answer,
    cipher_given,
    fingerprint_of,
    new_keys,
    params_given,
    plan_of,
    stoppable,
    waiting_answer,
)

if TYPE_CHECKING:
    from pathlib import Path

    from wizard.engine import PendingChange, PendingReinitialization, Reinitialized, Secret
    from wizard.tui.process.preparation import Preparation
    from wizard.tui.process.present import Key
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]


class Changes:
    """Answers ``change``; the verbs that wait for a kit share one preparation."""

    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation

    # In force at once ------------------------------------------------------------------------

    @staticmethod
    def passphrase(request: Request, call: Call, key: Key, new: tuple[Secret, int]) -> Answer:
        """Another passphrase."""
        before = fingerprint_of(key.path)
        with under(Field.FIRST, InvalidPassphrase):
            done = engine.change_passphrase(
                key.path,
                key.passphrase,
                new[0],
                params=params_given(request),
                minimum_score=new[1],
                **stoppable(request, call, key),
            )
        return changed_answer(done, before)

    @staticmethod
    def retune(request: Request, call: Call, key: Key) -> Answer:
        """Another cost of guessing."""
        before = fingerprint_of(key.path)
        done = engine.retune(
            key.path, key.passphrase, params=params_given(request), **stoppable(request, call, key)
        )
        return changed_answer(done, before)

    @staticmethod
    def rotate(request: Request, call: Call, key: Key) -> Answer:
        """Another data key, and every page encrypted anew."""
        before = fingerprint_of(key.path)
        done = engine.rotate(
            key.path, key.passphrase, cipher=cipher_given(request), **stoppable(request, call, key)
        )
        return {
            **changed_answer(done, before),
            "tables": done.copied.tables,
            "rows": done.copied.rows,
            "seconds": done.seconds,
            "lines_outdated": done.sheets_outdated,
        }

    # In force once its kit was proved --------------------------------------------------------

    def recover(
        self, request: Request, call: Call, sheets: list[str], new: tuple[Secret, int]
    ) -> Answer:
        """A new passphrase by the recovery sheets; waits for the proof of the new kit."""
        path = request.path("path")
        self._preparation.discard()
        with under(Field.FIRST, InvalidPassphrase):
            pending = engine.prepare_recovery(
                path, sheets, new[0], **new_keys(request, call, minimum_score=new[1])
            )
        return self._waiting(pending)

    def renew(self, request: Request, call: Call, key: Key) -> Answer:
        """A new recovery phrase, or the first one; waits for its proof."""
        self._preparation.discard()
        pending = engine.prepare_renewal(
            key.path, key.passphrase, recovery=plan_of(request), **stoppable(request, call, key)
        )
        return self._waiting(pending)

    def start_over(self, request: Request, call: Call, new: tuple[Secret, int]) -> Answer:
        """Stage a new, empty database; waits for the proof of its kit."""
        self._preparation.discard()
        with under(Field.FIRST, InvalidPassphrase):
            pending = engine.prepare_reinitialization(
                request.path("path"),
                new[0],
                confirm=request.text("confirm"),
                cipher=cipher_given(request),
                **new_keys(request, call, minimum_score=new[1]),
            )
        return self._waiting(pending)

    def commit(self, request: Request, call: Call) -> Answer:
        """Put what waits for its kit in force. Raises `NotProved` before the kit was proved."""
        pending = self._preparation.pending_change()
        before = fingerprint_of(pending.path)
        if isinstance(pending, engine.PendingReinitialization):
            begun = pending.start_over(progress=call.progress)
            self._preparation.done()
            _note_kit(request, begun.path)
            return _begun(begun, before)
        done = pending.commit(progress=call.progress)
        self._preparation.done()
        _note_kit(request, done.path)
        return changed_answer(done, before)

    def _waiting(self, pending: PendingChange | PendingReinitialization) -> Answer:
        self._preparation.hold(pending)
        slot = pending.metadata.recovery_slot
        holders = () if slot is None else slot.holders
        return {**waiting_answer(pending), "holders": holders, "original": False}


def _note_kit(request: Request, path: Path) -> None:
    """What became of the new kit: a proof by words that was skipped is no proof."""
    found = engine.inspect(path)
    for item in (Item.KIT_PROVED, Item.KIT_SAVED):
        if request.given(item):
            engine.record_item(found, item, request.choice(item, ItemState))


def _begun(done: Reinitialized, before: str) -> Answer:
    return {
        "fingerprint": done.fingerprint,
        "before": before,
        "generation": done.metadata.generation,
        "settled": done.settled,
        "moved": [str(path) for path in done.moved],
        "warnings": done.warnings,
    }
