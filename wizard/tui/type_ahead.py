"""Keys that arrive together go where they would have gone one by one.

- Over a slow line a stall delivers many keys at once: the end of a field, Enter, and the beginning
  of the next one. Textual gives each key to what has the focus when it arrives, and Enter moves the
  focus later, so letters of the second field would end up in the first.
- After a key that may move the focus, what follows waits until that key has had its effect: until
  two messages, one after the other, have gone its way from the widget up to the app.
- And until the page is laid out again: a field that the key made appear has no place before, and
  Tab goes by places.
- Nothing waits for long: a widget that is gone, or whose screen is, answers no message. What is
  long is counted in turns of the event loop, for on a busy machine a second is hardly one.
"""

from __future__ import annotations

from collections import deque
from itertools import count

from textual import events, on
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer
from textual.widget import Widget

from wizard.tui.crash import PlainCrashApp

_MOST_LOOKS = 25
_LOOK_SECONDS = 0.02
_ROUNDS = 2  # the first is behind the key, the second behind the message that the key made
_PRESSING = {"space", "question_mark"}  # a button, and for help


class _Settled(Message, bubble=True, verbose=True):
    """Goes the way of a widget's messages; `rounds` are still to come."""

    def __init__(self, target: MessagePump, *, rounds: int, turn: int) -> None:
        super().__init__()
        self.target = target
        self.rounds = rounds
        self.turn = turn
        # A message that seems to come from above is not passed on upwards.
        self.set_sender(target)


class TypeAhead(PlainCrashApp, inherit_bindings=False):
    """Holds what was typed ahead until the key before it was dealt with."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead: deque[events.Key | events.Paste] = deque()
        self._turn = 0
        self._waiting: Timer | None = None

    async def on_event(self, event: events.Event) -> None:
        """Deal with an event, or keep it until its turn."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self._waiting is not None:
            self._ahead.append(event)
        else:
            await self._deal_with(event)

    async def _deal_with(self, event: events.Key | events.Paste) -> None:
        target = self.focused or self.screen
        await super().on_event(event)
        if isinstance(event, events.Key) and _may_move(event, target):
            self._wait_for(target)

    def _wait_for(self, target: Widget) -> None:
        self._turn += 1
        screen, looks = self.screen, count(1)

        async def look() -> None:
            gone = self.screen is not screen or not target.is_attached
            if gone or next(looks) > _MOST_LOOKS:
                await self._go_on()

        self._waiting = self.set_interval(_LOOK_SECONDS, look)
        self._ask(target, _ROUNDS)

    def _ask(self, target: MessagePump, rounds: int) -> None:
        target.post_message(_Settled(target, rounds=rounds, turn=self._turn))

    @on(_Settled)
    async def _settled(self, message: _Settled) -> None:
        if message.turn != self._turn or self._waiting is None:
            return
        if message.rounds > 1:
            self._ask(message.target, message.rounds - 1)
        else:
            self.screen.call_after_refresh(self.call_later, self._laid_out, message.turn)

    async def _laid_out(self, turn: int) -> None:
        if turn == self._turn:
            await self._go_on()

    async def _go_on(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        while self._ahead and self._waiting is None:
            await self._deal_with(self._ahead.popleft())


def _may_move(event: events.Key, target: Widget) -> bool:
    """Whether the key may move the focus: not where it is a letter like any other."""
    if not event.is_printable:
        return True
    return event.key in _PRESSING and not target.check_consume_key(event.key, event.character)
