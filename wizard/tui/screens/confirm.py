"""A question with two answers; the harmless one has the focus, and Escape gives it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from wizard.tui.screens.dialog import Dialog
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.beginning import Beginning


class ConfirmScreen(Dialog[bool]):
    """Dismissed with True for `yes`, False for `no`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", show=False),
        Binding("tab,down", "app.focus_next", show=False),
        Binding("shift+tab,up", "app.focus_previous", show=False),
    ]
    AUTO_FOCUS = "#no"

    def __init__(
        self, question: str, explanation: str, *, yes: str, no: str, explained: Explanation
    ) -> None:
        """``explained`` is what F1 says about it."""
        super().__init__()
        self._question = question
        self._explanation = explanation
        self._labels = (yes, no)
        self._explained = explained

    def title_text(self) -> str:
        """The question, as a heading."""
        return self._question.rstrip("?")

    def explained(self) -> Explanation:
        """What F1 says."""
        return self._explained

    def compose(self) -> ComposeResult:
        """The question, what it means, the answers."""
        yes, no = self._labels
        with Vertical(id="dialog"):
            yield Beginning(Content.styled(self._question, "bold"), id="question")
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
