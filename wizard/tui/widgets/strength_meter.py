"""How strong the passphrase is, in a bar, a word and a sentence; one line changes at a time."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.glyphs import SCORE_EMPTY, SCORE_FULL
from wizard.tui.session import MINIMUM_SCORE, Strength

_COLOURS = ("$error", "$error", "$warning", "$success", "$success")
_FULL_SCORE = 4
_NOTHING_YET = Content.styled("shown as you type", "dim")


def bar(strength: Strength) -> Content:
    """`■■■□ strong`: as many full squares as the score of 4."""
    squares = SCORE_FULL * strength.score + SCORE_EMPTY * (_FULL_SCORE - strength.score)
    word = wording.STRENGTH_WORDS[strength.score]
    return Content.assemble(
        (squares, _COLOURS[strength.score]),
        " ",
        (word, "bold"),
    )


class StrengthMeter(Vertical):
    """Four lines: bar and guesses, what is wrong, what would help."""

    def compose(self) -> ComposeResult:
        """Lay the parts out so that a change repaints as few cells as can be."""
        with Horizontal(id="meter-line"):
            yield Static(_NOTHING_YET, id="meter-bar")
            yield Static(id="meter-guesses")
        yield Static(id="meter-advice")

    def show(self, strength: Strength | None) -> None:
        """Draw `strength`, or nothing while it is not known."""
        if strength is None:
            self._update("#meter-bar", _NOTHING_YET)
            self._update("#meter-guesses", Content(""))
            self._update("#meter-advice", Content(""))
            return
        self._update("#meter-bar", bar(strength))
        self._update("#meter-guesses", Content(wording.guesses(strength.guesses_log10)))
        self._update("#meter-advice", Content(self._advice(strength)))

    @staticmethod
    def _advice(strength: Strength) -> str:
        if strength.score >= MINIMUM_SCORE:
            return ""
        parts = [strength.warning, *strength.suggestions[:1]]
        sentences = [part.rstrip(".") + "." for part in parts if part]
        if not sentences:
            sentences = ["Longer is stronger: add another word or two."]
        return "\n".join(sentences)

    def _update(self, selector: str, content: Content) -> None:
        part = self.query_one(selector, Static)
        if part.content != content:
            part.update(content, layout=False)
