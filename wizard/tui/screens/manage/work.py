"""An errand is carried out: true progress, Cancel, and what it ended with."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import ways, wording
from wizard.tui.answers.protection import Prepared
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.manage.orders import order
from wizard.tui.upkeep import Progressed
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.hint_line import BUTTONS_ONLY, HintLine
from wizard.tui.widgets.stage_list import StageList

_REDRAW_SECONDS = 0.2
_UNCHANGED = "The keys and the data are as they were."


class WorkScreen(StepScreen):
    """Stages while it runs; when it failed, why, and the ways on."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "under way"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="What the review said is being done now, and checked as it is done.",
        choose=(
            "Nothing: wait, or cancel. Cancelling stops before anything is put in force and leaves "
            "the keys as they were; once it is put in force there is nothing left to cancel."
        ),
        after="What was done, with the fingerprints before and now where the master key changed.",
    )
    HINTS: ClassVar[str] = "Enter press   Esc cancel   F1 help   Ctrl+C quit"

    def __init__(self, *, notice: str = "") -> None:
        super().__init__(notice=notice)
        self._started = time.monotonic()
        self._at_work = True

    def page(self) -> Iterable[Widget]:
        """The stages."""
        errand = self.session.upkeep.errand
        title = errand.title if errand else ""
        yield Static(Content.styled(title, "bold"), classes="lead", id="work-lead")
        yield StageList(errand.stages if errand else (), id="stages")
        yield Static(id="elapsed")
        yield Static(id="failure", classes="paragraph")

    def actions(self) -> Iterable[Action]:
        """Cancel while it runs, the ways on when it failed."""
        yield Action("Cancel", id="cancel")
        yield Action("Try again", id="again")
        yield Action("Back", id="back")
        yield Action("To the database", id="overview-button")

    def first_focus(self) -> str:
        """Cancel is all there is to press."""
        return "#cancel"

    def on_mount(self) -> None:
        """Start."""
        self.set_interval(_REDRAW_SECONDS, self._tick)
        self._begin()

    def _begin(self) -> None:
        self._at_work, self._started = True, time.monotonic()
        self._show_actions()
        self.query_one("#failure", Static).update("")
        self.focus_on("#cancel")
        self.attempt(self._carry_out(), group="work")

    def _show_actions(self) -> None:
        self.query_one("#cancel").display = self._at_work
        for selector in ("#again", "#back", "#overview-button"):
            self.query_one(selector).display = not self._at_work

    def _tick(self) -> None:
        if self._at_work:
            self.query_one(StageList).refresh()
            text = f"Elapsed {wording.seconds(time.monotonic() - self._started)}"
            self.query_one("#elapsed", Static).update(Content.styled(text, "dim"))

    def _on_progress(self, event: dict[str, Any]) -> None:
        if self.is_attached:
            self.query_one(StageList).report(event)

    async def _carry_out(self) -> None:
        upkeep = self.session.upkeep
        errand = upkeep.errand
        if errand is None:
            return
        upkeep.progressed = Progressed.UNDER_WAY
        self.session.preparing = errand.new_kit
        try:
            answer = await self.engine.request(
                errand.op, on_progress=self._on_progress, **order(errand, self.session)
            )
        except EngineError as error:
            upkeep.progressed = Progressed.RECORDED
            self.session.preparing = False
            self._failed(error)
            return
        self.session.preparing = False
        upkeep.answer = answer
        if errand.new_kit:
            upkeep.progressed = Progressed.WAITING
            self.session.prepared = Prepared.from_answer(answer)
        else:
            upkeep.progressed = Progressed.DONE
            self.engine.send("forget")
        self.go_on()

    def _failed(self, error: EngineError) -> None:
        if error.error_class == "EngineDied":
            self.wizard.engine_lost()
            return
        if not self.is_attached:
            return
        self._at_work = False
        self.tell("")
        self._show_actions()
        cancelled = error.error_class == "Cancelled"
        lead = "Cancelled" if cancelled else "It did not work"
        self.query_one("#work-lead", Static).update(Content.styled(lead, "bold"))
        self.query_one(StageList).display = False
        self.query_one("#elapsed").display = False
        self.query_one(HintLine).show(BUTTONS_ONLY)
        said = "" if cancelled else f"{error.message} {error.hint}".strip()
        # A run that was cut off after its file was in place says so itself.
        state = "" if error.error_class == "Interrupted" else _UNCHANGED
        text = "\n\n".join(part for part in (wording.printable(said), state) if part)
        self.query_one("#failure", Static).update(Content(text))
        self.focus_on("#back")

    @on(Action.Pressed, "#again")
    def _again(self) -> None:
        self.wizard.show_step("work")

    @on(Action.Pressed, "#overview-button")
    def _to_overview(self) -> None:
        self.wizard.begin(None)
        self.wizard.show_step("overview")

    @on(Action.Pressed, "#cancel")
    def _cancel(self) -> None:
        if self._at_work:
            self.tell("Asked to stop; what cannot be interrupted ends first…")
            self.run_worker(self.engine.cancel_current(), description="cancel")

    def go_back(self) -> None:
        """Cancel while it runs, else to the page before."""
        if self._at_work:
            self._cancel()
        else:
            self.wizard.show_step(ways.preceding(self.session, "work"))
