"""One database is prepared at a time: staged, proved by its kit, and then committed or undone.

- All methods run on the one lane of long work, so they never meet.
- A new preparation undoes the pending one first; so does the end of the process.
- What is left to do for a committed database is `Aftercare`'s, until the next preparation begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import (
    InvalidPassphrase,
    InvalidRecoveryPhrase,
    Item,
    ItemState,
    NoRecovery,
    NotProved,
    WizardError,
)
from wizard.tui.process import keeping
from wizard.tui.process.aftercare import Aftercare
from wizard.tui.process.failures import under
from wizard.tui.process.fields import Field
from wizard.tui.process.measuring import params_of
from wizard.tui.process.request import Call, Request
from wizard.tui.process.wanted import cipher_given, plan_of, waiting_answer

if TYPE_CHECKING:
    from wizard.engine import (
        KitSheet,
        PendingChange,
        PendingInitialization,
        PendingReinitialization,
        Secret,
    )

Answer = Mapping[str, object]


class Preparation:
    """Answers ``prepare``, ``kit`` and ``commit``."""

    def __init__(self, aftercare: Aftercare) -> None:
        self._pending: PendingInitialization | PendingChange | None = None
        self._aftercare = aftercare

    def prepare(
        self, request: Request, call: Call, *, passphrase: Secret, minimum_score: int
    ) -> Answer:
        """Stage the encrypted database and its kit beside the original. Closes ``passphrase``."""
        with passphrase:
            self.discard()
            self._aftercare.forget()
            self._pending = pending = _staged(request, call, passphrase, minimum_score)
        if call.cancel.cancelled:
            # It came after the last look at the token: what was asked for still holds.
            self.discard()
            call.cancel.check()
        return _prepared(pending)

    def challenge(self, _request: Request, _call: Call) -> Answer:
        """Return which words are asked for."""
        asked = self._needed().challenge()
        return {"challenge": [{"sheet": each.sheet, "position": each.position} for each in asked]}

    def answer(self, request: Request, call: Call) -> Answer:
        """Check the asked-for words, then open the staged copy with the kit only."""
        pending = self._needed()
        try:
            pending.check_words(request.texts("words"))
        except InvalidRecoveryPhrase as error:
            raise _located(error) from None
        pending.rehearse(progress=call.progress)
        return {"proved": pending.proved}

    def sheet(self, request: Request, _call: Call) -> Answer:
        """Return one sheet of the kit, to be drawn."""
        return keeping.drawn(self._sheet(request))

    def save_sheet(self, request: Request, _call: Call) -> Answer:
        """Write one sheet to a new file: as text, or encrypted to the public keys that are given."""
        target, sheet = request.path("path"), self._sheet(request)
        keeping.check_elsewhere(target, self._needed().path, allowed=request.decision("beside"))
        data = sheet.text().encode()
        readers: tuple[engine.Recipient, ...] = ()
        if request.given("recipients"):
            readers = _readers(request.text("recipients"))
            data = engine.encrypt_to(readers, data)
        written = keeping.write_new(target, data)
        return {"path": str(written), "readers": [reader.name for reader in readers]}

    def rehearse(self, _request: Request, call: Call) -> Answer:
        """Open the staged copy with the kit only, without asking for words."""
        pending = self._needed()
        pending.rehearse(progress=call.progress)
        return {"proved": pending.proved}

    def commit(self, request: Request, call: Call) -> Answer:
        """Put the encrypted database in its place. Raises `NotProved` before the kit has opened it."""
        policy = request.choice("original", engine.OriginalPolicy)
        notes = {item: request.choice(item, ItemState) for item in Item if request.given(item)}
        pending = self._needed()
        if isinstance(pending, engine.PendingChange | engine.PendingReinitialization):
            raise NotProved("What waits is a change of keys, and no initialization.")
        done = pending.commit(policy, progress=call.progress)
        self._pending = None
        return self._aftercare.begin(done.path, notes)

    def hold(self, pending: PendingChange | PendingReinitialization) -> None:
        """Let a change of keys, or a new beginning, wait for the proof of its kit."""
        self.discard()
        self._pending = pending

    def pending_change(self) -> PendingChange | PendingReinitialization:
        """What `hold` was given last. Raises `NotProved` where there is nothing."""
        if not isinstance(self._pending, engine.PendingChange | engine.PendingReinitialization):
            raise NotProved("Nothing is prepared.")
        return self._pending

    def done(self) -> None:
        """What waited is in force."""
        self._pending = None

    def abort(self, _request: Request, _call: Call) -> Answer:
        """Undo the pending preparation, if there is one."""
        self.discard()
        return {}

    def undo(self, request: Request, _call: Call) -> Answer:
        """Remove what a killed initialization left, and nothing where there is none."""
        return {"done": engine.undo_interrupted(request.path("path"))}

    def discard(self) -> None:
        """Undo the pending preparation: the state is that of before."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.abort()

    def _sheet(self, request: Request) -> KitSheet:
        kit = self._needed().kit
        if kit is None:
            raise NoRecovery("No recovery phrase was asked for.")
        number = request.integer("number", lowest=1, highest=len(kit.sheets))
        return kit.sheets[number - 1]

    def _needed(self) -> PendingInitialization | PendingChange:
        if self._pending is None:
            raise NotProved("Nothing is prepared.")
        return self._pending


def _located(error: InvalidRecoveryPhrase) -> InvalidRecoveryPhrase:
    """Name the sheet with each place: a kit of one does not, and the screen looks for both."""
    places = [place for place in error.where.split("; ") if place]
    named = [place if place.startswith("sheet ") else f"sheet 1, {place}" for place in places]
    return InvalidRecoveryPhrase(str(error), where="; ".join(named))


def _readers(text: str) -> tuple[engine.Recipient, ...]:
    with under("readers", WizardError):
        return engine.recipients_from(text)


def _staged(
    request: Request, call: Call, passphrase: Secret, minimum_score: int
) -> PendingInitialization:
    # It was accepted, but may look weak beside the name of this database.
    with under(Field.FIRST, InvalidPassphrase):
        return engine.prepare_initialization(
            request.path("path"),
            passphrase,
            params=params_of(request.part("params")),
            cipher=cipher_given(request),
            recovery=plan_of(request),
            minimum_score=minimum_score,
            allow_high_cost=request.decision("allow_high_cost"),
            progress=call.progress,
            cancel=call.cancel,
        )


def _prepared(pending: PendingInitialization) -> Answer:
    report = pending.conversion
    return {
        **waiting_answer(pending),
        "bytes": 0 if report is None else report.bytes,
        "rows": 0 if report is None else report.rows,
        "tables": 0 if report is None else report.tables,
        "original": report is not None,
    }
