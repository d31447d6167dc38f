"""A passphrase drawn by the engine process: shown on request, and to be typed before it counts."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from wizard.tui.engine_client import EngineError
from wizard.tui.engine_port import Engine
from wizard.tui.screens.dialog import Dialog
from wizard.tui.screens.dialog_help import RANDOM_WORDS_HELP
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.drawn_words import DrawnWords

FIRST_WORDS = 6
_MOST_WORDS = 12
_EXPLANATION = (
    "Drawn by this machine from the 7,776 words of the EFF's long list. Show it, write it down, "
    "then use it: it has to be typed once, to prove your note. All letters are small, with one "
    "blank between two words."
)
_IN_SHORT = "Show them, write them down, use them."


def drawn_sentence(drawn: dict[str, Any]) -> str:
    """How good it is: a fact about how it was drawn, not an estimate."""
    return f"{drawn['words']} random words: {drawn['bits']:.1f} bits"


class RandomWordsScreen(Dialog[dict[str, Any] | None]):
    """Dismissed with the engine's answer when the words are used, with None otherwise."""

    TITLE_TEXT = "random words"
    EXPLAINED = RANDOM_WORDS_HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("f2", "show_or_hide", show=False),
        Binding("tab,down", "app.focus_next", show=False),
        Binding("shift+tab,up", "app.focus_previous", show=False),
    ]
    AUTO_FOCUS = "#show"

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._drawn: dict[str, Any] = {"words": FIRST_WORDS}

    def compose(self) -> ComposeResult:
        """What it is worth, the words, what to do with them."""
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(id="question")
            yield DrawnWords(self._engine, id="drawn")
            yield Static(Content(_EXPLANATION), id="explanation")
            yield Static(Content(_IN_SHORT), id="in-short")
            with Horizontal(id="answers"):
                yield Action("Show or hide", id="show")
                yield Action("Use it", id="use")
                yield Action("Other words", id="another")
                yield Action("One more", id="longer")
                yield Action("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Draw the first one."""
        self._draw(FIRST_WORDS)

    def _draw(self, words: int) -> None:
        self.run_worker(self._drawing(words), exclusive=True, description="draw words")

    async def _drawing(self, words: int) -> None:
        question = self.query_one("#question", Static)
        try:
            self._drawn = await self._engine.request("passphrase.generate", words=words)
        except EngineError as error:
            question.update(Content.styled(error.message, "bold $error"))
            return
        question.update(Content.styled(drawn_sentence(self._drawn), "bold"))
        self.query_one(DrawnWords).put(self._drawn["words"])
        longer = self.query_one("#longer", Action)
        longer.disabled = self._drawn["words"] >= _MOST_WORDS

    @on(Action.Pressed, "#show")
    def action_show_or_hide(self) -> None:
        """Show or hide."""
        drawn = self.query_one(DrawnWords)
        if drawn.shown:
            drawn.hide()
        else:
            self.run_worker(drawn.show(), exclusive=True, description="show the words")

    @on(Action.Pressed, "#another")
    def _another(self) -> None:
        self._draw(self._drawn["words"])

    @on(Action.Pressed, "#longer")
    def _longer(self) -> None:
        self._draw(self._drawn["words"] + 1)

    @on(Action.Pressed, "#use")
    def _use(self) -> None:
        self._engine.send("passphrase.use_generated")
        self.dismiss(self._drawn)

    @on(Action.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Wipe what was drawn."""
        self._engine.send("field.clear", field="generated")
        self.dismiss(None)
