"""What a protected, interrupted or damaged database is; looking at it asks for no secret."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import errands
from wizard.tui.answers.overview import Overview
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.manage.overview_words import facts
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.beginning import Beginning
from wizard.tui.widgets.fact_list import FactList
from wizard.tui.widgets.hint_line import HintLine


class OverviewScreen(StepScreen):
    """Its facts, and the way to what can be done."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "What it is"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "What can be told about this database without any secret: its keys, who opens it, what "
            "is still to be done, and the last entry of its audit log. One derivation is measured, "
            "to say how long unlocking takes on this machine."
        ),
        choose=(
            "Compare the fingerprint with the one you noted. “What to do” leads to everything "
            "that can be changed; nothing happens before a page says what it will be."
        ),
        after="A list of reasons to come here: each says what it changes and what it does not.",
    )
    HINTS: ClassVar[str] = "Enter what to do   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The facts, once they are there."""
        yield Beginning(Content(""), id="overview-lead", classes="lead")
        yield FactList(id="overview")

    def actions(self) -> Iterable[Action]:
        """On to the menu, or back to the list of databases."""
        yield Action("What to do", id="next")
        yield Action("Back", id="back")

    def on_mount(self) -> None:
        """Look at it anew: what matters is what is there now."""
        self.attempt(self._look(), group="look")

    async def _look(self) -> None:
        target = self.session.target
        if target is None:
            return
        answer = await self.engine.request("overview", path=target.path)
        found = self.session.upkeep.overview = Overview.from_answer(answer)
        if not errands.offered(found):
            self.query_one("#next").display = False
            self.focus_on("#back")
        lead = f"{found.name}: what it is"
        self.query_one("#overview-lead", Static).update(Content.styled(lead, "bold"))
        self._show()
        if found.keys is not None and found.keys.parameters not in self.session.upkeep.measured:
            await self._measure(found)

    async def _measure(self, found: Overview) -> None:
        if found.keys is None:
            return
        parameters = found.keys.parameters
        fields: dict[str, Any] = parameters.as_fields()
        try:
            answer = await self.engine.request("measure", **fields, allow_high_cost=False, runs=1)
        except EngineError as error:
            if error.error_class == "EngineDied":
                raise
            self._show(error.message)
            return
        self.session.upkeep.measured[parameters] = answer["seconds"]
        self._show()

    def _show(self, limit: str = "") -> None:
        found = self.session.upkeep.overview
        if found is None or not self.is_attached:
            return
        keys = found.keys
        seconds = self.session.upkeep.measured.get(keys.parameters) if keys else None
        self.query_one(FactList).show_facts(facts(found, seconds, limit))
        self.query_one(HintLine).refresh_later()

    def validate(self) -> Fault | None:
        """There has to be something to be done."""
        return None if self.session.upkeep.overview else Fault("One moment: it is looked at.")

    async def proceed(self) -> None:
        """To the menu."""
        self.wizard.show_step("intents")

    @on(Action.Pressed, "#back")
    def go_back(self) -> None:
        """To the list, which is looked up again: states may have changed."""
        self.wizard.begin(None)
        self.session.targets = []
        self.wizard.show_step("select")
