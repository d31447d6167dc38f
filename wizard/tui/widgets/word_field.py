"""One word of the recovery phrase: letters only, completed as soon as it can be one word only."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.widget import Widget

MAXIMUM_LETTERS = 12
Complete = Callable[[str], tuple[str, ...]]


def completion_among(words: tuple[str, ...]) -> Complete:
    """Completion by prefix among sorted `words`."""

    def complete(prefix: str) -> tuple[str, ...]:
        start = bisect_left(words, prefix)
        end = bisect_left(words, prefix + "{")  # the character after "z"
        return words[start:end]

    return complete


class WordField(Widget, can_focus=True):
    """Its text never leaves by a message; the screen reads `word` when it asks the engine."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", show=False),
        Binding("tab", "complete", show=False),
        Binding("ctrl+u", "clear", show=False),
    ]

    class Submitted(Message):
        """Enter was pressed."""

        def __init__(self, field: WordField) -> None:
            super().__init__()
            self.field = field

    class Changed(Message):
        """Other letters stand in the field."""

        def __init__(self, field: WordField) -> None:
            super().__init__()
            self.field = field

    def __init__(self, *, id: str, complete: Complete) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._complete = complete
        self._text = ""
        self._fresh = True

    @property
    def word(self) -> str:
        """What was typed, with the rest when only one word begins so."""
        return self._text + self._rest()

    @property
    def typed(self) -> bool:
        """Whether there are letters."""
        return bool(self._text)

    @property
    def candidates(self) -> tuple[str, ...]:
        """The words that begin with what was typed; with letters of a whole word, that word only."""
        words = self._complete(self._text)
        return (self._text,) if self._text in words else words

    def clear(self) -> None:
        """Forget it."""
        self._change("")

    def _change(self, text: str) -> None:
        self._text = text
        self.refresh()
        self.post_message(self.Changed(self))

    def _rest(self) -> str:
        if not self._text:
            return ""
        words = self._complete(self._text)
        return words[0][len(self._text) :] if len(words) == 1 else ""

    def render(self) -> Content:
        """The letters, and dimmed the rest; the cursor is the terminal's own."""
        rest = self._rest()
        blank = " " * (self.size.width - len(self._text) - len(rest))
        return Content.assemble(self._text, (rest, "dim"), blank)

    @property
    def caret(self) -> Offset:
        """Where the cursor of the terminal belongs: after what was typed."""
        return Offset(len(self._text), 0)

    def on_focus(self) -> None:
        """What is typed into a field that was just entered replaces what stood there."""
        self._fresh = True

    def on_key(self, event: events.Key) -> None:
        """Take letters; anything else goes on to the screen."""
        if event.key == "backspace":
            event.stop()
            self._fresh = False
            self._change(self._text[:-1])
        elif event.character is not None and event.is_printable:
            event.stop()
            event.prevent_default()
            self._take(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """One pasted word."""
        event.stop()
        event.prevent_default()
        self._take(event.text.strip())

    def _take(self, text: str) -> None:
        letters = text.lower()
        if letters.isascii() and letters.isalpha():
            before = "" if self._fresh else self._text
            self._fresh = False
            self._change((before + letters)[:MAXIMUM_LETTERS])

    def action_complete(self) -> None:
        """Take the rest and go on."""
        self._text = self.word
        self.refresh()
        self.screen.focus_next()

    def action_submit(self) -> None:
        """Take the rest and tell the screen."""
        self._text = self.word
        self.refresh()
        self.post_message(self.Submitted(self))

    def action_clear(self) -> None:
        """Empty the field."""
        self.clear()
