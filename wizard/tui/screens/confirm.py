"""A question with two answers; the harmless one has the focus, and Escape gives it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from wizard.tui.screens.dialog import Dialog
from wizard.tui.widgets.action import Action


class ConfirmScreen(Dialog[bool]):
    """Dismissed with True for `yes`, False for `no`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", show=False),
        Binding("tab,down", "app.focus_next", show=False),
        Binding("shift+tab,up", "app.focus_previous", show=False),
    ]
    AUTO_FOCUS = "#no"

    def __init__(self, question: str, explanation: str, *, yes: str, no: str) -> None:
        super().__init__()
        self._question = question
        self._explanation = explanation
        self._labels = (yes, no)

    def compose(self) -> ComposeResult:
        """The question, what it means, the answers."""
        yes, no = self._labels
        with Vertical(id="dialog"):
            yield Static(Content.styled(self._question, "bold"), id="question")
            yield Static(Content(self._explanation), id="explanation")
            with Horizontal(id="answers"):
                yield Action(no, id="no")
                yield Action(yes, id="yes")

    def on_action_pressed(self, event: Action.Pressed) -> None:
        """Give the answer."""
        self.dismiss(event.action.id == "yes")

    def action_no(self) -> None:
        """Escape is no."""
        self.dismiss(False)
