"""Changes of the keys of a protected database: each is one answer, given when it is in force.

- All methods run on the one lane of long work, with secrets of their own that are closed after it.
- What makes a recovery kit waits as the one `Preparation`, and is in force only after its proof.
- An answer says what was before and what is now; no answer holds a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import InvalidPassphrase, InvalidRecoveryPhrase, Item, ItemState
from wizard.tui.process.failures import FieldFault
from wizard.tui.process.fields import Field
from wizard.tui.process.measuring import params_of
from wizard.tui.process.preparation import plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from wizard.engine import (
        Changed,
        KdfParams,
        PendingChange,
        PendingReinitialization,
        Reinitialized,
        Secret,
    )
    from wizard.tui.process.preparation import Preparation
    from wizard.tui.process.present import Key
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]


class Changes:
    """Answers ``change``; the verbs that wait for a kit share one preparation."""

    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation

    # The passphrase and the kit --------------------------------------------------------------

    @staticmethod
    def passphrase(request: Request, call: Call, key: Key, new: tuple[Secret, int]) -> Answer:
        """Another passphrase."""
        before = fingerprint_of(key)
        try:
            done = engine.change_passphrase(
                key.path,
                key.passphrase,
                new[0],
                keyfile=key.keyfile,
                params=params_given(request),
                minimum_score=new[1],
                allow_high_cost=allowed(request, key),
                progress=call.progress,
                cancel=call.cancel,
            )
        except InvalidPassphrase as error:
            raise FieldFault(Field.FIRST, error) from None
        return changed_answer(done, before)

    @staticmethod
    def retune(request: Request, call: Call, key: Key) -> Answer:
        """Another cost of guessing."""
        before = fingerprint_of(key)
        done = engine.retune(
            key.path,
            key.passphrase,
            keyfile=key.keyfile,
            params=params_given(request),
            allow_high_cost=allowed(request, key),
            progress=call.progress,
            cancel=call.cancel,
        )
        return changed_answer(done, before)

    def recover(
        self, request: Request, call: Call, sheets: list[str], new: tuple[Secret, int]
    ) -> Answer:
        """A new passphrase by the recovery sheets; waits for the proof of the new kit."""
        path = request.path("path")
        self._preparation.discard()
        try:
            pending = engine.prepare_recovery(
                path,
                sheets,
                new[0],
                params=params_given(request),
                recovery=plan_of(request),
                minimum_score=new[1],
                allow_high_cost=request.decision("allow_high_cost"),
                progress=call.progress,
                cancel=call.cancel,
            )
        except InvalidPassphrase as error:
            raise FieldFault(Field.FIRST, error) from None
        return self._waiting(pending)

    def renew(self, request: Request, call: Call, key: Key) -> Answer:
        """A new recovery phrase, or the first one; waits for its proof."""
        self._preparation.discard()
        pending = engine.prepare_renewal(
            key.path,
            key.passphrase,
            keyfile=key.keyfile,
            recovery=plan_of(request),
            allow_high_cost=allowed(request, key),
            progress=call.progress,
            cancel=call.cancel,
        )
        return self._waiting(pending)

    def commit(self, request: Request, call: Call) -> Answer:
        """Put what waits for its kit in force. Raises `NotProved` before the kit was proved."""
        pending = self._preparation.pending_change()
        found = engine.inspect(pending.path)
        before = "" if found.metadata is None else found.metadata.public_key.fingerprint
        if isinstance(pending, engine.PendingReinitialization):
            begun = pending.start_over(progress=call.progress)
            self._preparation.done()
            _note_kit(request, begun.path)
            return _begun(begun, before)
        done = pending.commit(progress=call.progress)
        self._preparation.done()
        _note_kit(request, done.path)
        return changed_answer(done, before)

    def start_over(self, request: Request, call: Call, new: tuple[Secret, int]) -> Answer:
        """Stage a new, empty database; waits for the proof of its kit."""
        self._preparation.discard()
        try:
            pending = engine.prepare_reinitialization(
                request.path("path"),
                new[0],
                confirm=request.text("confirm"),
                params=params_given(request),
                cipher=request.choice("cipher", engine.Cipher) if request.given("cipher") else None,
                recovery=plan_of(request),
                minimum_score=new[1],
                allow_high_cost=request.decision("allow_high_cost"),
                progress=call.progress,
                cancel=call.cancel,
            )
        except InvalidPassphrase as error:
            raise FieldFault(Field.FIRST, error) from None
        return self._waiting(pending)

    @staticmethod
    def rotate(request: Request, call: Call, key: Key) -> Answer:
        """Another data key, and every page encrypted anew."""
        before = fingerprint_of(key)
        done = engine.rotate(
            key.path,
            key.passphrase,
            keyfile=key.keyfile,
            cipher=request.choice("cipher", engine.Cipher) if request.given("cipher") else None,
            allow_high_cost=allowed(request, key),
            progress=call.progress,
            cancel=call.cancel,
        )
        return {
            **changed_answer(done, before),
            "tables": done.copied.tables,
            "rows": done.copied.rows,
            "seconds": done.seconds,
            "lines_outdated": done.sheets_outdated,
        }

    @staticmethod
    def check_sheets(request: Request, _call: Call, sheets: list[str]) -> Answer:
        """See that the sheets open the database; it is closed again at once."""
        try:
            with engine.unlock(request.path("path"), recovery=sheets, readonly=True) as database:
                return {"warnings": tuple(database.warnings)}
        except (InvalidRecoveryPhrase, engine.WrongRecoveryPhrase) as error:
            raise FieldFault("sheets", error) from None

    @staticmethod
    def rehearse(request: Request, call: Call, sheets: list[str]) -> Answer:
        """Prove that the sheets open the database, read all of it, and record that."""
        done = engine.rehearse_recovery(request.path("path"), sheets, progress=call.progress)
        return {
            "fingerprint": done.fingerprint,
            "lines_outdated": done.lines_outdated,
            "warnings": done.warnings,
        }

    @staticmethod
    def verify_kit(request: Request, call: Call, sheets: list[str]) -> Answer:
        """Open a database without its sidecar by its sheets, and read all of it."""
        done = engine.verify(
            request.path("path"), recovery=sheets, progress=call.progress, cancel=call.cancel
        )
        return {
            "fingerprint": done.fingerprint,
            "tables": done.tables,
            "rows": done.rows,
            "warnings": done.warnings,
        }

    def _waiting(self, pending: PendingChange | PendingReinitialization) -> Answer:
        self._preparation.hold(pending)
        slot = pending.metadata.recovery_slot
        sheets = () if pending.kit is None else pending.kit.sheets
        return {
            "fingerprint": pending.metadata.public_key.fingerprint,
            "database_id": pending.metadata.database_id.hex(),
            "sidecar": str(engine.sidecar_path(pending.path)),
            "sheets": len(sheets),
            "threshold": 0 if slot is None else slot.threshold,
            "holders": () if slot is None else slot.holders,
            "original": False,
        }


def _note_kit(request: Request, path: Path) -> None:
    """What became of the new kit: a proof by words that was skipped is no proof."""
    found = engine.inspect(path)
    for item in (Item.KIT_PROVED, Item.KIT_SAVED):
        if request.given(item):
            engine.record_item(found, item, request.choice(item, ItemState))


def params_given(request: Request) -> KdfParams | None:
    """The cost of guessing that is wanted; None where it stays."""
    return params_of(request.part("params")) if request.given("params") else None


def allowed(request: Request, key: Key) -> bool:
    """Whether more memory may be used than without asking."""
    return key.allow_high_cost or request.decision("allow_high_cost")


def fingerprint_of(key: Key) -> str:
    """Of the master key as it is now."""
    metadata = engine.inspect(key.path).metadata
    return "" if metadata is None else metadata.public_key.fingerprint


def changed_answer(done: Changed, before: str) -> Answer:
    """A change that is in force; ``before`` is the fingerprint until then."""
    return {
        "fingerprint": done.fingerprint,
        "before": before,
        "generation": done.metadata.generation,
        "retired_slots": done.metadata.data_key.retired_slots,
        "settled": done.settled,
        "warnings": done.warnings,
    }


def _begun(done: Reinitialized, before: str) -> Answer:
    return {
        "fingerprint": done.fingerprint,
        "before": before,
        "generation": done.metadata.generation,
        "settled": done.settled,
        "moved": [str(path) for path in done.moved],
        "warnings": done.warnings,
    }
