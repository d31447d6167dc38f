"""F1: this very page or dialog in plain words."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from wizard.tui.screens.dialog import Dialog
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action

_EVERYWHERE = "F4 plain or drawn characters   Ctrl+L draws again"


class HelpScreen(Dialog[None]):
    """Three questions, answered for one page or dialog."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,question_mark", "close", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("up", "scroll(-1)", show=False),
    ]
    # None would mean the app's own, which brings the button into view: the end of the text.
    AUTO_FOCUS = ""

    def __init__(self, title: str, explained: Explanation) -> None:
        super().__init__()
        self._title = title
        self._answers = (
            ("What is this?", explained.what),
            ("What should I choose?", explained.choose),
            ("What happens next?", explained.after),
        )

    def compose(self) -> ComposeResult:
        """The title, the answers, one button."""
        parts: list[tuple[str, str] | str] = [(f"Help: {self._title}\n\n", "bold")]
        for question, answer in self._answers:
            parts += [(f"{question}\n", "bold $primary"), f"{answer}\n\n"]
        with VerticalScroll(id="dialog", classes="-help", can_focus=False):
            yield Static(Content.assemble(*parts).rstrip())
            with Horizontal(id="answers"):
                yield Action("Close", id="close")
                yield Static(Content.styled(_EVERYWHERE, "dim"), id="everywhere")

    def on_mount(self) -> None:
        """What does not fit is read from its beginning."""
        self.query_one("#close").focus(scroll_visible=False)

    def action_close(self) -> None:
        """Go back to it."""
        self.dismiss(None)

    def action_scroll(self, direction: int) -> None:
        """Scroll what does not fit."""
        self.query_one("#dialog", VerticalScroll).scroll_relative(y=direction * 3, animate=False)

    def on_action_pressed(self) -> None:
        """The only button closes."""
        self.dismiss(None)
