"""A generated passphrase is on the screen while it is asked for, 30 seconds at most."""

from __future__ import annotations

import textwrap

from textual.content import Content
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

from wizard.tui.engine_port import Engine
from wizard.tui.glyphs import MASK
from wizard.tui.widgets import secret_field

_LINES = 2
_MASKED_LETTERS = 6  # for every word the same: how long a word is is told by no picture


class DrawnWords(Widget):
    """Bullets for so many words, or the words themselves, fetched from the engine process."""

    def __init__(self, engine: Engine, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._engine = engine
        self._words = 0
        self._shown: str | None = None
        self._hide_timer: Timer | None = None

    @property
    def shown(self) -> bool:
        """Whether the words are readable now."""
        return self._shown is not None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """The same hidden and shown, so that nothing moves."""
        return max(_LINES, len(self._lines(self._longest(), width)))

    def _longest(self) -> str:
        return " ".join(["x" * 9] * self._words)

    def render(self) -> Content:
        """Draw the words, or bullets in their place."""
        text = self._shown
        if text is None:
            text = " ".join([MASK * _MASKED_LETTERS] * self._words)
        return Content.styled("\n".join(self._lines(text, self.size.width)), "bold")

    @staticmethod
    def _lines(text: str, width: int) -> list[str]:
        return textwrap.wrap(text, max(10, width), break_on_hyphens=False)

    def put(self, words: int) -> None:
        """Stand for another passphrase, hidden."""
        self.hide()
        taller = words != self._words
        self._words = words
        self.refresh(layout=taller)

    async def show(self) -> None:
        """Fetch and draw the words; they hide themselves."""
        answer = await self._engine.request("field.reveal", field="generated")
        if self.is_attached:
            self._shown = answer["text"]
            self._hide_timer = self.set_timer(secret_field.SHOWN_SECONDS, self.hide)
            self.refresh()

    def hide(self) -> None:
        """Back to bullets."""
        if self._hide_timer is not None:
            self._hide_timer.stop()
            self._hide_timer = None
        if self._shown is not None:
            self._shown = None
            self.refresh()
            self.call_after_refresh(secret_field.forget_drawn_text)

    def on_unmount(self) -> None:
        """Nothing drawn is kept."""
        self._shown = None
        secret_field.forget_drawn_text()
