"""What was done: the fingerprints before and now, what to know, and what is worth doing next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import errands
from wizard.tui.answers.overview import Overview
from wizard.tui.errand import Errand
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.manage.errand_words import result_facts
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.beginning import Beginning
from wizard.tui.widgets.fact_list import FactList
from wizard.tui.widgets.fingerprint_pair import FingerprintPair

_COPIES = (
    "Note the new fingerprint, and save the sidecar anew: a copy from before is refused as older."
)


class ResultScreen(StepScreen):
    """The end of an errand."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "done"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="What was done is in force; it was read back from the disk.",
        choose=(
            "Compare the fingerprint with what others pinned: who pinned the old one can follow "
            "the chain to the new one. If something is worth doing next, its button stands first."
        ),
        after="Nothing more happens by itself.",
    )
    HINTS: ClassVar[str] = "Tab next   Enter press   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The sentence, the fingerprints, the facts, the advice."""
        upkeep = self.session.upkeep
        errand, answer = upkeep.errand, upkeep.answer
        if errand is None:
            return
        yield Beginning(Content.styled(f"✓ {errand.done}", "bold $success"), classes="lead")
        before, now = answer.get("before", ""), answer.get("fingerprint", "")
        changed = bool(before) and before != now
        if changed:
            yield FingerprintPair(before, now, id="pair")
        yield FactList(result_facts(errand, answer), id="outcome")
        if changed:
            yield Static(Content(_COPIES), classes="paragraph")
        if errand.advice:
            yield Static(Content(errand.advice), classes="paragraph")

    def actions(self) -> Iterable[Action]:
        """What follows, where something does."""
        if self._following() is not None:
            yield Action("Rotate data key…", id="follow")
        if self.session.upkeep.answer.get("before"):
            yield Action("Save sidecar…", id="checklist")
        yield Action("To the database", id="back")
        yield Action("Close", id="next")

    def first_focus(self) -> str:
        """What is worth doing, or the database again."""
        return "#back" if self._following() is None else "#follow"

    def _following(self) -> Errand | None:
        errand = self.session.upkeep.errand
        return errands.named(errand.after) if errand and errand.after else None

    @on(Action.Pressed, "#follow")
    def _follow(self) -> None:
        errand = self._following()
        if errand is not None:
            self.attempt(self._begin_following(errand), group="follow")

    async def _begin_following(self, errand: Errand) -> None:
        await self._look_again()
        self.wizard.begin(errand)

    async def _look_again(self) -> None:
        target = self.session.target
        if target is not None:
            answer = await self.engine.request("overview", path=target.path)
            self.session.upkeep.overview = Overview.from_answer(answer)

    @on(Action.Pressed, "#checklist")
    def _checklist(self) -> None:
        target = self.session.target
        if target is not None:
            self.attempt(self.wizard.show_checklist(target), group="follow")

    async def proceed(self) -> None:
        """End with success."""
        await self.wizard.finish()

    def go_back(self) -> None:
        """To the database as it is now."""
        self.wizard.begin(None)
        self.wizard.show_step("overview")
