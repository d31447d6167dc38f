"""Step 4 did not end as it should: the state has a name, says what is on disk, and the way on.

- What is on disk is what the engine found by looking, after it was asked; nothing is assumed.
- Every ending has at least one button that goes on from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.answers.target import Target
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.beginning import Beginning


class Ending(Enum):
    """How a run ended that did not succeed, in the words of its heading."""

    CANCELLED = "Cancelled"
    UNDONE = "Undone"
    FAILED = "It did not work"
    CUT_OFF = "Cut off"


@dataclass(frozen=True, slots=True)
class Stop:
    """`message` and `hint` are the engine's own words; both may be empty."""

    ending: Ending
    message: str = ""
    hint: str = ""


_WHAT_HAPPENED = {
    Ending.CANCELLED: "You cancelled before anything was replaced.",
    Ending.UNDONE: "You went back, so what had been made was removed; its kit opens nothing.",
    Ending.FAILED: "",
    Ending.CUT_OFF: (
        "The engine process ended in the middle of it: killed, or out of memory. It was started "
        "again. With it went the passphrase, so that has to be typed again."
    ),
}
_ON_DISK = {
    "plaintext": "{name} is as it was before, not encrypted. The unfinished copy is gone.",
    "absent": "There is no {name}, as before. What was begun is gone.",
    "interrupted": (
        "{name} is as it was before. An unfinished copy is still beside it; trying again "
        "removes it first, and “Undo” in step 1 removes it as well."
    ),
    "protected": "{name} is encrypted and protected.",
}


class StoppedScreen(StepScreen):
    """Cancelled, failed or cut off."""

    STEP: ClassVar[int] = 4
    TITLE_TEXT: ClassVar[str] = "stopped"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "Encrypting stopped before it was finished. The database itself is only read until "
            "the very end, so nothing in it is lost."
        ),
        choose=(
            "“Try again” starts over from the beginning. The review lets you change something "
            "first. After a cut-off the passphrase has to be typed again: it was in memory only."
        ),
        after="Nothing happens by itself. You can also quit; nothing is left half done.",
    )
    HINTS: ClassVar[str] = "Tab next   Enter press   Esc review   F1 help   Ctrl+C quit"

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self._stop = stop

    def page(self) -> Iterable[Widget]:
        """The name of the state, what happened, what is on disk."""
        yield Beginning(Content.styled(self._stop.ending.value, "bold"), classes="lead")
        happened = " ".join(
            part
            for part in (_WHAT_HAPPENED[self._stop.ending], self._stop.message, self._stop.hint)
            if part
        )
        yield Static(Content(wording.printable(happened)), classes="paragraph")
        yield Static(Content("Looking at what is on disk…"), id="on-disk", classes="paragraph")

    def actions(self) -> Iterable[Action]:
        """The ways on."""
        if self._stop.ending is Ending.CUT_OFF:
            yield Action("Type the passphrase again", id="next")
        else:
            yield Action("Try again", id="next")
            yield Action("Back to the review", id="back")
        yield Action("Another database", id="select")

    def first_focus(self) -> str:
        """The review, where there is one: trying again should be meant."""
        return "#next" if self._stop.ending is Ending.CUT_OFF else "#back"

    def on_mount(self) -> None:
        """Look, rather than assume."""
        self.attempt(self._look(), group="look")

    async def _look(self) -> None:
        target = self.session.target
        if target is None:
            return
        try:
            found = Target.from_answer(await self.engine.request("inspect", path=target.path))
        except EngineError as error:
            self._say(f"What is on disk could not be looked at: {error.message}")
            return
        name = wording.shortened(target.path, 48)
        sentence = _ON_DISK.get(found.state, "{name}: {reason}")
        self._say(sentence.format(name=name, reason=found.reason))

    def _say(self, sentence: str) -> None:
        if self.is_attached:
            self.query_one("#on-disk", Static).update(
                Content.assemble(("On disk now: ", "dim"), wording.printable(sentence))
            )

    async def proceed(self) -> None:
        """Once more."""
        again = "passphrase" if self._stop.ending is Ending.CUT_OFF else "generate"
        self.wizard.show_step(again)

    @on(Action.Pressed, "#select")
    def _other(self) -> None:
        self.wizard.show_step("select")

    def go_back(self) -> None:
        """To the review, which asks for what is missing."""
        self.wizard.show_step("passphrase" if self._stop.ending is Ending.CUT_OFF else "review")
