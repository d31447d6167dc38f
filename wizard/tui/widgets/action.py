"""One-line buttons: `[ Next ]`, reversed when focused, so that no colour is needed to see it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.widget import Widget

from wizard.tui.glyphs import ASCII_CLASS, spelled


class Action(Widget, can_focus=True):
    """Pressed with Enter, Space or a click."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    class Pressed(Message):
        """`action` was pressed."""

        def __init__(self, action: Action) -> None:
            super().__init__()
            self.action = action

        @property
        def control(self) -> Action:
            """The button, for `@on(Action.Pressed, "#id")`."""
            return self.action

    def __init__(self, label: str, *, id: str, disabled: bool = False) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, disabled=disabled)
        self._label = label

    @property
    def label(self) -> str:
        """The text between the brackets."""
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        if label != self._label:
            self._label = label
            self.refresh(layout=True)

    @property
    def caret(self) -> Offset:
        """Where the cursor of the terminal belongs: on the first letter."""
        return Offset(2, 0)

    def render(self) -> Content:
        """Draw the label in brackets."""
        label = spelled(self._label) if self.app.has_class(ASCII_CLASS) else self._label
        return Content(f"[ {label} ]")

    def action_press(self) -> None:
        """Tell the screen."""
        if not self.disabled:
            self.post_message(self.Pressed(self))

    def on_click(self, event: events.Click) -> None:
        """Press with the mouse, where it is on."""
        event.stop()
        self.action_press()
