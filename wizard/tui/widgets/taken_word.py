"""A word that leaves the field as soon as it is complete, before the next key is looked at."""

from __future__ import annotations

import re
from collections.abc import Callable

from textual import events

from wizard.tui.widgets.word_field import Complete, WordField

_WORD = re.compile(r"[a-z]+")


class TakenWord(WordField):
    """`take` gets each word; many at once where a sheet is pasted, its numbers left out."""

    def __init__(self, *, id: str, complete: Complete, take: Callable[[str], None]) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, complete=complete)
        self._take_word = take

    def on_key(self, event: events.Key) -> None:
        """Enter and a blank end a word here and now: a binding comes after letters that wait."""
        if event.key in {"enter", "space"}:
            event.stop()
            event.prevent_default()
            self.action_submit()

    def action_submit(self) -> None:
        """Hand a complete word over and empty the field; tell the screen of one that is not."""
        if self.typed and len(self.candidates) == 1:
            word = self.word
            self.clear()
            self._take_word(word)
        else:
            self.post_message(self.Submitted(self))

    def action_complete(self) -> None:
        """Tab takes the word as Enter does; in an empty field it goes on."""
        if self.typed:
            self.action_submit()
        else:
            self.screen.focus_next()

    def on_paste(self, event: events.Paste) -> None:
        """Take the pasted words one by one, up to the first that is none."""
        event.stop()
        event.prevent_default()
        for word in _WORD.findall(event.text.lower()):
            self._fresh = True
            self._take(word)
            if len(self.candidates) != 1:
                return
            self.action_submit()
