"""The page before anything is changed: what will be, what will not, and how long it takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Label

from wizard.tui import wording
from wizard.tui.answers.kit import Plan
from wizard.tui.errand import Errand
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.dialog_help import LOSING_HELP
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.manage.errand_words import review_facts
from wizard.tui.screens.plan import PlanScreen
from wizard.tui.screens.typed_name import TypedNameScreen
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.beginning import Beginning
from wizard.tui.widgets.choice_line import ChoiceLine
from wizard.tui.widgets.choice_list import Row
from wizard.tui.widgets.fact_list import FactList


class ErrandReviewScreen(StepScreen):
    """Sentences, and the one button that does it."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "review"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="Everything that will be changed, before it is. Nothing has been changed yet.",
        choose=(
            "Read both sides: what changes, and what does not. Where a new recovery kit is made, "
            "“Recovery kit” deals it out to several people."
        ),
        after=(
            "The first button does it. Should the machine fail in the middle of it, the database "
            "opens with the old or with the new keys, never with none."
        ),
    )
    HINTS: ClassVar[str] = "Tab next   Enter press   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The sentences."""
        errand = self.errand
        yield Beginning(
            Content.styled(f"This is done at “{errand.button}”. Nothing is done before.", "bold"),
            classes="lead",
        )
        yield FactList(review_facts(errand, self.session), id="sentences")
        if errand.op == "change.rotate":
            with Horizontal(id="cipher-row"):
                yield Label("Cipher", classes="name")
                yield ChoiceLine(self._ciphers(), chosen=self._cipher(), id="new-cipher")

    def actions(self) -> Iterable[Action]:
        """The button is named for what it does."""
        yield Action(self.errand.button, id="next")
        if self.errand.new_kit:
            yield Action("Recovery kit…", id="plan")
        yield Action("Back", id="back")

    def first_focus(self) -> str:
        """The harmless thing."""
        return "#back"

    def _cipher(self) -> str:
        keys = self.session.upkeep.keys
        return self.session.upkeep.cipher or (keys.cipher if keys else "")

    @staticmethod
    def _ciphers() -> list[Row]:
        return [Row(cipher, name) for cipher, name in wording.CIPHER_NAMES.items()]

    def apply(self) -> None:
        """Remember the cipher, where every page is written anew."""
        for line in self.query("#new-cipher").results(ChoiceLine):
            self.session.upkeep.cipher = line.chosen

    @property
    def errand(self) -> Errand:
        """What is being done; this page is shown for nothing else."""
        errand = self.session.upkeep.errand
        if errand is None:
            raise RuntimeError("no errand has been begun")
        return errand

    @on(Action.Pressed, "#plan")
    def _choose_plan(self) -> None:
        def chosen(plan: Plan | None) -> None:
            if plan is not None:
                self.session.plan = plan
                self.query_one(FactList).show_facts(review_facts(self.errand, self.session))

        self.app.push_screen(PlanScreen(self.session.plan), chosen)

    async def proceed(self) -> None:
        """Do it, where something is lost only once the name was typed."""
        if not self.errand.typed_name or await self._named():
            self.go_on()

    async def _named(self) -> bool:
        found = self.session.upkeep.overview
        return await self.app.push_screen_wait(
            TypedNameScreen(
                f"{self.errand.title}?",
                self.errand.changes,
                name=found.name if found else "",
                yes=self.errand.button,
                no="Back",
                explained=LOSING_HELP,
            )
        )

    def go_back(self) -> None:
        """To the page before; what was answered stays."""
        self.return_to()
