"""A question that is answered by typing the database's name, so that nobody answers it in passing."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from wizard.tui import wording
from wizard.tui.screens.dialog import Dialog
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.short_field import ShortField

_LONGEST_NAME = 255


class TypedNameScreen(Dialog[bool]):
    """Dismissed with True once `name` was typed and `yes` pressed, with False otherwise."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", show=False),
        Binding("tab,down", "app.focus_next", show=False),
        Binding("shift+tab,up", "app.focus_previous", show=False),
    ]
    AUTO_FOCUS = "#typed-name"

    def __init__(
        self,
        question: str,
        explanation: str,
        *,
        name: str,
        yes: str,
        no: str,
        explained: Explanation,
    ) -> None:
        """``explained`` is what F1 says about it."""
        super().__init__()
        self._question = question
        self._explanation = explanation
        self._name_wanted = name
        self._labels = (yes, no)
        self._explained = explained

    def title_text(self) -> str:
        """The question, as a heading."""
        return self._question.rstrip("?")

    def explained(self) -> Explanation:
        """What F1 says."""
        return self._explained

    def compose(self) -> ComposeResult:
        """The question, what it means, the field, the answers."""
        yes, no = self._labels
        shown = wording.shortened(self._name_wanted, 50)
        with Vertical(id="dialog"):
            yield Static(Content.styled(self._question, "bold"), id="question")
            yield Static(Content(self._explanation), id="explanation")
            yield Static(Content.assemble("To do it, type the name  ", (shown, "bold")))
            with Horizontal(classes="row"):
                yield Label("Name  ", classes="unit")
                yield ShortField("", id="typed-name", maximum=_LONGEST_NAME)
            yield Static(id="name-message", classes="message")
            with Horizontal(id="answers"):
                yield Action(yes, id="yes")
                yield Action(no, id="no")

    @on(Input.Changed)
    def _forget_message(self) -> None:
        self.query_one("#name-message", Static).update("")

    @on(Action.Pressed, "#yes")
    @on(Input.Submitted)
    def _judge(self) -> None:
        if self.query_one(ShortField).value.strip() == self._name_wanted:
            self.dismiss(True)
            return
        sentence = "That is not the name of the database."
        self.complain("#name-message", sentence, field="#typed-name")

    @on(Action.Pressed, "#no")
    def action_no(self) -> None:
        """Escape is no."""
        self.dismiss(False)
