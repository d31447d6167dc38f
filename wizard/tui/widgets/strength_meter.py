"""How strong the passphrase is, and what guessing it would take; one small part changes at a time."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Label, Static

from wizard.tui import wording
from wizard.tui.answers.strength import Strength
from wizard.tui.glyphs import SCORE_EMPTY, SCORE_FULL

_COLOURS = ("$error", "$error", "$warning", "$success", "$success")
_FULL_SCORE = 4
_NOTHING_YET = "shown as you type"
_NO_COST = "shown when one guess has been measured"


def bar(strength: Strength) -> str:
    """`■■■□ strong   about 10^12 guesses`: as many full squares as the score of 4."""
    squares = SCORE_FULL * strength.score + SCORE_EMPTY * (_FULL_SCORE - strength.score)
    word = wording.STRENGTH_WORDS[strength.score]
    return f"{squares} {word:<14}{wording.guesses(strength.guesses_log10)}"


def advice(strength: Strength, minimum: int) -> tuple[str, ...]:
    """Return the first warning and the first suggestion, as far as there are any."""
    parts = [strength.warning, *strength.suggestions[:1]]
    sentences = [part.rstrip(".") + "." for part in parts if part]
    if not sentences and strength.score < minimum:
        sentences = ["Longer is stronger: add another word or two."]
    return tuple(sentences)


class StrengthMeter(Vertical):
    """Bar and guesses, advice, and what the guesses take here and on a rented GPU."""

    def __init__(self, minimum: int) -> None:
        """`minimum` is the score that is asked for."""
        super().__init__()
        self.minimum = minimum
        self._strength: Strength | None = None

    def compose(self) -> ComposeResult:
        """Lay the parts out so that a change repaints as few cells as can be."""
        with Horizontal(id="meter-line"):
            yield Label("Strength", classes="name")
            yield Static(id="meter-bar")
        yield Static(id="meter-advice")
        with Horizontal(classes="row"):
            yield Label("Guessing it", classes="name")
            yield Label("this machine", classes="guesser")
            yield Static(id="cost-here")
        with Horizontal(classes="row"):
            yield Label("", classes="name")
            yield Label("a rented GPU", classes="guesser")
            yield Static(id="cost-rented")
        yield Static(id="cost-basis")

    def show(self, strength: Strength | None) -> None:
        """Draw `strength`, or nothing while it is not known."""
        self._strength = strength
        if strength is None:
            self._put("#meter-bar", _NOTHING_YET, "dim")
        else:
            self._put("#meter-bar", bar(strength), _COLOURS[strength.score])
        attack = strength.attack if strength else None
        if attack is not None:
            cost = f"{attack.attacker_time}, {wording.dollars(attack.attacker_usd)}"
            self._put("#cost-here", attack.one_machine)
            self._put("#cost-rented", cost)
        else:
            self._put("#cost-here", _NO_COST if strength else "", "dim")
            self._put("#cost-rented", "")

    def show_advice(self) -> None:
        """Say what is wrong and what would help; not with every key, for a slow line's sake."""
        self._put(
            "#meter-advice",
            "\n".join(advice(self._strength, self.minimum)) if self._strength else "",
        )

    def show_basis(self, sentence: str) -> None:
        """Say under which key derivation that is."""
        self._put("#cost-basis", sentence, "dim")

    def _put(self, selector: str, text: str, style: str = "") -> None:
        part, content = self.query_one(selector, Static), Content.styled(text, style)
        if part.content != content:
            part.update(content, layout=False)
