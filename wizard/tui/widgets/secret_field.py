"""A field that draws bullets for a count; what is typed goes to the engine process key by key.

- The widget never holds the text, except to draw it while F2 shows it, for 30 s at most.
- Nothing goes to the clipboard, to an undo list, or into a message.
"""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cached_cell_len, get_character_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from wizard import freed
from wizard.tui.engine_port import Engine
from wizard.tui.glyphs import MASK

SHOWN_SECONDS = 30
_LET_GO_SECONDS = 0.2
_REPLACEMENT = "\ufffd"
MISSING = (
    "A character did not arrive whole, and is missing: is this terminal set to UTF-8? Ctrl+U "
    "empties the field."
)


def forget_drawn_text() -> None:
    """Empty Rich's cache of widths, which keeps every text that was drawn, and what was freed."""
    cached_cell_len.cache_clear()
    freed.overwrite()


class SecretField(Widget, can_focus=True):
    """One line of bullets. The app sets `characters` from the engine's events."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "toggle_shown", "show", show=False),
        Binding("ctrl+u", "clear", show=False),
        Binding("enter", "submit", show=False),
    ]

    class Submitted(Message):
        """Enter was pressed."""

        def __init__(self, field: SecretField) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> SecretField:
            """The field, for `@on`."""
            return self.field

    class Refused(Message):
        """Something typed or pasted was not taken; `sentence` says why."""

        def __init__(self, field: SecretField, sentence: str) -> None:
            super().__init__()
            self.field = field
            self.sentence = sentence

        @property
        def control(self) -> SecretField:
            """The field, for `@on`."""
            return self.field

    def __init__(self, name: str, engine: Engine) -> None:
        """`name` is the engine's name of the field: first, second or recall."""
        super().__init__(id=f"secret-{name}")
        self._field = name
        self._engine = engine
        self._characters = 0
        self._unanswered = False
        self._incomplete = False
        self._shown: str | None = None
        self._hide_timer: Timer | None = None

    # Drawing ---------------------------------------------------------------------------------

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """One line."""
        return 1

    def render_line(self, y: int) -> Strip:
        """Draw the end of what was typed; the cursor is the terminal's own."""
        if y:
            return Strip.blank(self.size.width, self.rich_style)
        width = self.size.width
        style = self.rich_style
        text = self._tail(width - 1)
        used = sum(get_character_cell_size(character) for character in text)
        segments = [Segment(text, style), Segment(" " * max(0, width - used), style)]
        return Strip(segments, width)

    @property
    def caret(self) -> Offset:
        """Where the cursor of the terminal belongs: after what was typed."""
        text = self._tail(self.size.width - 1)
        return Offset(sum(get_character_cell_size(character) for character in text), 0)

    def _tail(self, width: int) -> str:
        if self._shown is None:
            return MASK * min(self._characters, width)
        room, start = width, len(self._shown)
        while start and room >= get_character_cell_size(self._shown[start - 1]):
            start -= 1
            room -= get_character_cell_size(self._shown[start])
        return self._shown[start:]

    @property
    def characters(self) -> int:
        """How many characters the engine holds for this field."""
        return self._characters

    @characters.setter
    def characters(self, count: int) -> None:
        before, self._characters = self._characters, count
        # A zero may answer what was cleared before the typing.
        self._unanswered = self._unanswered and not count
        self._incomplete = self._incomplete and count > 0
        if self._shown is not None:
            self._fetch_text()
        elif before != count:
            # The score comes in a message of its own: a key is drawn once, for a slow line's sake.
            self.refresh()

    @property
    def filled(self) -> bool:
        """Whether something was typed, as far as is known before the engine has answered."""
        return bool(self._characters) or self._unanswered

    @property
    def incomplete(self) -> bool:
        """Whether something that was typed since the field was empty could not be taken."""
        return self._incomplete

    # Typing ----------------------------------------------------------------------------------

    def check_consume_key(self, key: str, character: str | None) -> bool:  # noqa: ARG002 - Textual's signature
        """Whether it is typed into the field, whatever it does elsewhere."""
        return character is not None and character.isprintable()

    def on_key(self, event: events.Key) -> None:
        """Pass one key on."""
        if event.key == "backspace":
            event.stop()
            self._engine.send("field.erase", field=self._field)
        elif event.is_printable and event.character is not None:
            event.stop()
            event.prevent_default()
            self._type(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """Take one pasted line; the line ending a password manager adds is not part of it."""
        event.stop()
        event.prevent_default()
        text = event.text.removesuffix("\n").removesuffix("\r")
        if "\n" in text or "\r" in text:
            sentence = "More than one line was pasted; nothing of it was taken."
            self.post_message(self.Refused(self, sentence))
        elif text:
            self._type(text)
            # Not now: the event that holds the text is still on its way out.
            self.set_timer(_LET_GO_SECONDS, freed.overwrite)

    def _type(self, text: str) -> None:
        if _REPLACEMENT in text:
            self._incomplete = True
            self.post_message(self.Refused(self, MISSING))
        else:
            self._unanswered = True
            self._engine.send("field.type", field=self._field, text=text)

    def action_clear(self) -> None:
        """Empty the field."""
        self._unanswered = self._incomplete = False
        self._engine.send("field.clear", field=self._field)

    def action_submit(self) -> None:
        """Tell the screen."""
        self.post_message(self.Submitted(self))

    # Showing ---------------------------------------------------------------------------------

    @property
    def shown(self) -> bool:
        """Whether the text is readable on the screen now."""
        return self._shown is not None

    def action_toggle_shown(self) -> None:
        """Show the text for a while, or hide it."""
        if self.shown:
            self.hide()
        else:
            self._hide_timer = self.set_timer(SHOWN_SECONDS, self.hide)
            self._fetch_text()

    def _fetch_text(self) -> None:
        self.run_worker(self._draw_text(), exclusive=True, description="show the field")

    async def _draw_text(self) -> None:
        answer = await self._engine.request("field.reveal", field=self._field)
        if self._hide_timer is not None:
            self._shown = answer["text"]
            self.refresh()

    def hide(self) -> None:
        """Back to bullets; what Rich remembers of the drawn text goes, too."""
        if self._hide_timer is not None:
            self._hide_timer.stop()
            self._hide_timer = None
        if self._shown is not None:
            self._shown = None
            self.refresh()
            self.call_after_refresh(forget_drawn_text)

    def on_blur(self) -> None:
        """A field that is left hides itself."""
        self.hide()

    def on_unmount(self) -> None:
        """So does a field that goes."""
        self._shown = None
        forget_drawn_text()
