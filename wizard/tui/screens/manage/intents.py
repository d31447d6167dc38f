"""The menu: not by command but by reason, each with what it changes and what it does not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import errands
from wizard.tui.errand import Errand
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.manage.errand_words import takes
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_list import ChoiceList, Row
from wizard.tui.widgets.fact_list import Fact, FactList
from wizard.tui.widgets.scroll_area import ScrollArea


class IntentsScreen(StepScreen):
    """A list of errands, and what the one under the cursor is."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "What to do"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="Reasons to come here. Below the list stands what the chosen one changes.",
        choose=(
            "What happened to you. If in doubt whether somebody has the passphrase or a sheet: "
            "treat it as leaked. What is not possible for this database is not on the list."
        ),
        after=(
            "Each leads over a few pages: what has to be typed, a review, and only then the "
            "change. Until the review's own button nothing is changed."
        ),
    )
    HINTS: ClassVar[str] = "↑↓ choose   Enter go   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The list and the sentences."""
        found = self.session.upkeep.overview
        question = "What can be done about it?"
        if found is not None and found.state == "protected":
            question = f"What brings you to {found.name}?"
        yield Static(Content.styled(question, "bold"), classes="lead")
        with ScrollArea(id="intents"):
            yield ChoiceList(self._rows(), chosen=self.session.upkeep.intent, id="errands")
        yield FactList(id="meaning-of")

    def actions(self) -> Iterable[Action]:
        """Go, or back to what it is."""
        yield Action("Go on", id="next")
        yield Action("Back", id="back")

    def first_focus(self) -> str:
        """The list."""
        return "#errands"

    def on_mount(self) -> None:
        """Say what the first one is."""
        self._moved()

    def _offered(self) -> tuple[Errand, ...]:
        found = self.session.upkeep.overview
        return errands.offered(found) if found else ()

    def _rows(self) -> list[Row]:
        return [Row(errand.key, errand.title) for errand in self._offered()]

    def _chosen(self) -> Errand | None:
        key = self.query_one("#errands", ChoiceList).chosen
        return next((errand for errand in self._offered() if errand.key == key), None)

    @on(ChoiceList.Moved, "#errands")
    def _moved(self) -> None:
        errand = self._chosen()
        if errand is None:
            return
        told = [Fact("Changes", errand.changes), Fact("Stays", errand.keeps)]
        duration = takes(errand, self.session)
        if duration:
            told.append(Fact("Takes", duration))
        self.query_one(FactList).show_facts(told)

    @on(ChoiceList.Confirmed, "#errands")
    def _confirmed(self) -> None:
        self.action_next()

    async def proceed(self) -> None:
        """To the first page of it."""
        errand = self._chosen()
        if errand is None:
            return
        self.session.upkeep.intent = errand.key
        if errand.key == "checklist" and self.session.target is not None:
            await self.wizard.show_checklist(self.session.target)
        else:
            self.wizard.begin(errand)

    def go_back(self) -> None:
        """To what it is."""
        self.wizard.show_step("overview")
