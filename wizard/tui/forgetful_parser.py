"""Reads the terminal as Textual does, and keeps nothing of what was pasted.

- Textual's parser holds the text that was pasted last until something else is pasted; so an empty
  paste follows at once, which nobody sees.
- What the thread that reads has freed is overwritten in that thread, when it has nothing to read.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.drivers import linux_driver
from textual.message import Message

from wizard import freed


def install() -> None:
    """Let Textual's driver read with this parser."""
    vars(linux_driver)["XTermParser"] = ForgetfulParser


class ForgetfulParser(XTermParser):
    """`XTermParser`, but for what it remembers. Belongs to the thread that reads."""

    _read_now = False
    _several_read = False

    def feed(self, data: str) -> Iterable[Message]:
        """Parse, and displace what a finished paste has left."""
        self._read_now = True
        self._several_read |= len(data) > 1
        yield from super().feed(data)
        if BRACKETED_PASTE_END in data:
            for _empty_paste in super().feed(BRACKETED_PASTE_START + BRACKETED_PASTE_END):
                pass

    def tick(self) -> Iterable[Message]:
        """Called after each look for input; the first one without any overwrites."""
        yield from super().tick()
        if self._read_now:
            self._read_now = False  # the reader still holds what it read
        elif self._several_read:
            self._several_read = False
            freed.overwrite()
