"""What the screen may ask, and which thread answers it.

- Keys, reveals and cancels are answered by the main thread, at once, whatever else is going on.
- Short work (looking at files, checking a passphrase) has a lane; measuring and everything that
  belongs to a preparation has another, so those never meet.
- Only the main thread touches fields, the accepted passphrase and the table of running requests;
  a lane gets its own copy of a secret, and closes it.
- No request ends the process: a malformed one is answered with an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wizard.engine import CancelToken, Progress, Stage, wipe_all
from wizard.tui.process import looking, measuring
from wizard.tui.process.acceptance import Acceptance
from wizard.tui.process.aftercare import Aftercare
from wizard.tui.process.failures import describe
from wizard.tui.process.framing import MalformedLine, decode
from wizard.tui.process.lane import Lane
from wizard.tui.process.policy import policy
from wizard.tui.process.preparation import Preparation
from wizard.tui.process.request import Call, InvalidRequest, Request
from wizard.tui.process.upkeep import Bind, Upkeep, Work, plain

if TYPE_CHECKING:
    from wizard.tui.process.loop import Loop

_PROGRESS_INTERVAL = 0.05  # seconds; more is not seen, and costs a slow line its bandwidth

_LONG_NICENESS = 5
"""Halves the wait of a key that is typed while a derivation has every processor."""

Answer = Mapping[str, object]


class Conversation:
    """Serves requests until `close`. All methods belong to the main thread."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._short = Lane("short", loop.post)
        self._long = Lane("long", loop.post, niceness=_LONG_NICENESS)
        self._acceptance = Acceptance(Lane("meter", loop.post), tell=loop.tell, post=loop.post)
        self._aftercare = Aftercare()
        self._preparation = Preparation(self._aftercare)
        self._upkeep = Upkeep(self._acceptance, self._preparation, post=loop.post)
        self._running: dict[int, CancelToken] = {}
        self._at_once = self._answered_at_once()
        self._on_lanes = self._answered_on_lanes()

    def receive(self, line: bytearray | None) -> None:
        """Serve one line; None stands for one that was too long."""
        identifier = None
        try:
            message = _message(line)
            identifier = _identifier(message)
            self._serve(identifier, Request(message))
        except Exception as error:  # noqa: BLE001 - the process outlives any request
            self._fail(identifier, error)

    def close(self, *, seconds: float) -> bool:
        """Stop all work, undo a pending preparation, wipe; False if work did not end in time."""
        for cancel in self._running.values():
            cancel.cancel()
        # A job that is under way may be using secrets: it ends before they are wiped.
        ended = self._long.finish(self._preparation.discard, seconds=seconds)
        wipe_all()
        return ended

    def _serve(self, identifier: int | None, request: Request) -> None:
        operation = request.text("op")
        if operation in self._at_once:
            answer = self._at_once[operation](request)
            if identifier is not None:
                self._loop.tell({"id": identifier, "result": answer})
        elif operation not in self._on_lanes:
            raise InvalidRequest("There is no such operation.")
        elif identifier is None or identifier in self._running:
            raise InvalidRequest("This operation needs an id that no running request has.")
        else:
            lane, bind = self._on_lanes[operation]
            self._submit(lane, identifier, bind(request))

    def _submit(self, lane: Lane, identifier: int, work: Work) -> None:
        cancel = self._running[identifier] = CancelToken()
        call = Call(cancel, _Throttle(lambda event: self._report(identifier, event)))

        def run() -> Answer:
            cancel.check()
            return work(call)

        def done(answer: Answer) -> None:
            del self._running[identifier]
            try:
                self._loop.tell({"id": identifier, "result": answer})
            except MalformedLine as error:
                self._fail(identifier, error)

        def failed(error: BaseException) -> None:
            del self._running[identifier]
            self._fail(identifier, error)

        lane.submit(run, done=done, failed=failed)

    def _report(self, identifier: int, event: Progress) -> None:
        progress = {
            "stage": event.stage,
            "done": event.done,
            "total": event.total,
            "unit": event.unit,
            "detail": event.detail,
        }

        def tell() -> None:
            if not self._loop.congested:
                self._loop.tell({"id": identifier, "progress": progress})

        self._loop.post(tell)

    def _fail(self, identifier: int | None, error: BaseException) -> None:
        self._loop.tell({"id": identifier, "error": describe(error)})

    def _cancel(self, request: Request) -> Answer:
        cancel = self._running.get(request.integer("target"))
        if cancel is not None:
            cancel.cancel()
        return {"running": cancel is not None}

    def _quit(self, _request: Request) -> Answer:
        self._loop.stop(0)
        return {}

    def _prepare(self, request: Request) -> Work:
        passphrase, minimum_score = self._acceptance.copy()
        return lambda call: self._preparation.prepare(
            request, call, passphrase=passphrase, minimum_score=minimum_score
        )

    def _commit(self, request: Request) -> Work:
        def work(call: Call) -> Answer:
            answer = self._preparation.commit(request, call)
            # The database opens with it, so nothing here needs it any longer.
            self._loop.post(self._acceptance.wipe)
            return answer

        return work

    def _answered_at_once(self) -> Mapping[str, Callable[[Request], Answer]]:
        acceptance = self._acceptance
        return {
            "field.type": acceptance.type,
            "field.erase": acceptance.erase,
            "field.clear": acceptance.clear,
            "field.reveal": acceptance.reveal,
            "field.describe": acceptance.describe,
            "meter.suppose": acceptance.suppose,
            "passphrase.generate": acceptance.generate,
            "passphrase.use_generated": acceptance.use_generated,
            "passphrase.state": acceptance.state,
            "passphrase.forget": acceptance.forget,
            **self._upkeep.at_once(),
            "cancel": self._cancel,
            "quit": self._quit,
        }

    def _answered_on_lanes(self) -> Mapping[str, tuple[Lane, Bind]]:
        short, long, preparation = self._short, self._long, self._preparation
        aftercare = self._aftercare
        return {
            "passphrase.accept": (short, self._acceptance.accept),
            "discover": (short, plain(looking.discover)),
            "inspect": (short, plain(looking.inspect)),
            "complete_path": (short, plain(looking.complete_path)),
            "survey": (long, plain(looking.survey)),
            "machine": (short, plain(looking.machine)),
            "policy": (short, plain(policy)),
            "attack": (short, plain(measuring.attack)),
            "preset": (long, plain(measuring.preset)),
            "measure": (long, plain(measuring.measure)),
            "target": (long, plain(measuring.target)),
            "ciphers": (long, plain(measuring.ciphers)),
            "other_machine": (short, plain(measuring.other_machine)),
            "prepare": (long, self._prepare),
            "commit": (long, self._commit),
            "undo": (long, plain(preparation.undo)),
            "abort": (long, plain(preparation.abort)),
            "kit.sheet": (long, plain(preparation.sheet)),
            "kit.save": (long, plain(preparation.save_sheet)),
            "kit.challenge": (long, plain(preparation.challenge)),
            "kit.answer": (long, plain(preparation.answer)),
            "kit.rehearse": (long, plain(preparation.rehearse)),
            "adopt": (long, plain(aftercare.adopt)),
            "checklist": (long, plain(aftercare.record)),
            "look_again": (long, plain(aftercare.look_again)),
            "save_sidecar": (long, plain(aftercare.save_sidecar)),
            "remove_plaintext": (long, plain(aftercare.remove_plaintext)),
            **{name: (short, bind) for name, bind in self._upkeep.short().items()},
            **{name: (long, bind) for name, bind in self._upkeep.long().items()},
        }


class _Throttle:
    """Passes on the first event of a stage, its last, and what is far enough apart in time."""

    def __init__(self, sink: Callable[[Progress], None]) -> None:
        self._sink = sink
        self._stage: Stage | None = None
        self._next = 0.0

    def __call__(self, event: Progress) -> None:
        now = time.monotonic()
        if now < self._next and event.stage is self._stage and event.done != event.total:
            return
        self._stage = event.stage
        self._next = now + _PROGRESS_INTERVAL
        self._sink(event)


def _message(line: bytearray | None) -> Mapping[str, Any]:
    if line is None:
        raise InvalidRequest("A request is longer than a mebibyte.")
    try:
        return decode(line)
    except MalformedLine as error:
        raise InvalidRequest(str(error)) from None


def _identifier(message: Mapping[str, object]) -> int | None:
    value = message.get("id")
    if value is not None and type(value) is not int:
        raise InvalidRequest("An id is an integer.")
    return value
