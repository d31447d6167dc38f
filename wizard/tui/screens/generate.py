"""Step 4, second half: the encrypted copy is made and compared; the original is only read."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.answers.protection import Prepared
from wizard.tui.asking import ask_undo
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.stopped import Ending, Stop
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.stage_list import StageList

STAGES = (
    ("check", "Check the database"),
    ("derive", "Derive the master key"),
    ("keys", "Make keys and the kit"),
    ("encrypt", "Encrypt a copy"),
    ("verify", "Compare with the original"),
)
_REDRAW_SECONDS = 0.2


class GenerateScreen(StepScreen):
    """Stages with progress, and Cancel."""

    STEP: ClassVar[int] = 4
    TITLE_TEXT: ClassVar[str] = "generating"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "An encrypted copy is written beside the database and compared with it: every "
            "table, every row. The database itself is only read."
        ),
        choose=(
            "Nothing: wait, or cancel. Cancelling removes the copy, and the database stays "
            "as it was."
        ),
        after=(
            "Step 5: you see the recovery kit and prove that it works. Only then does the "
            "copy take the database's place."
        ),
    )
    HINTS: ClassVar[str] = "Enter press   Esc cancel   F1 help   Ctrl+C quit"

    def __init__(self, *, notice: str = "") -> None:
        super().__init__(notice=notice)
        self._started = time.monotonic()

    def page(self) -> Iterable[Widget]:
        """The stages and what is at stake."""
        target = self.session.target
        path = wording.shortened(target.path, 60) if target else ""
        new = self.session.makes_new
        title = f"Making {path}" if new else f"Encrypting a copy of {path}"
        yield Static(Content.styled(title, "bold"), classes="lead")
        stages: tuple[tuple[str, str], ...] = STAGES
        if new:
            words = {
                "check": "Check the directory",
                "encrypt": "Write the database",
                "verify": "Open and check it",
            }
            stages = tuple((name, words.get(name, text)) for name, text in STAGES)
        yield StageList(stages, id="stages")
        yield Static(id="elapsed")

    def actions(self) -> Iterable[Action]:
        """Next works when all is done."""
        yield Action("Next", id="next", disabled=True)
        yield Action("Cancel", id="cancel")

    def first_focus(self) -> str:
        """Cancel is all there is to press."""
        return "#cancel"

    def on_mount(self) -> None:
        """Start, or show that it is done already."""
        self.set_interval(_REDRAW_SECONDS, self._tick)
        if self.session.prepared is None:
            self.attempt(self._prepare(), group="prepare")
        else:
            self._show_done()

    def _tick(self) -> None:
        stages = self.query_one(StageList)
        if stages.under_way:
            stages.refresh()
            text = f"Elapsed {wording.seconds(time.monotonic() - self._started)}"
            self.query_one("#elapsed", Static).update(Content.styled(text, "dim"))

    def _on_progress(self, event: dict[str, Any]) -> None:
        if self.is_attached:
            self.query_one(StageList).report(event)

    async def _prepare(self) -> None:
        session = self.session
        target, choice = session.target, session.choice
        if target is None or choice is None or choice.parameters is None:
            self.wizard.show_step("review")
            return
        session.preparing = session.attempted = True
        try:
            answer = await self.engine.request(
                "prepare",
                on_progress=self._on_progress,
                path=target.path,
                params=choice.parameters.as_fields(),
                cipher=session.cipher,
                recovery=session.plan.as_fields(),
                allow_high_cost=choice.parameters in session.consented,
            )
        except EngineError as error:
            if error.error_class != "EngineDied":
                session.forget_preparation()
            self._show_failure(error)
            return
        session.preparing = False
        session.prepared = Prepared.from_answer(answer)
        self._show_done()

    def _show_done(self) -> None:
        prepared = self.session.prepared
        self.query_one(StageList).finish()
        compared = ""
        if prepared is not None and prepared.original and prepared.rows is not None:
            tables = wording.count(prepared.tables or 0, "table")
            compared = f"{tables} and {wording.count(prepared.rows, 'row')} are the same in both. "
        self.query_one("#elapsed", Static).update("")
        ready = "The copy is ready; nothing has been replaced yet."
        if self.session.makes_new:
            ready = "The database is made; it gets its name when the kit has been proved."
        self.tell(f"{compared}{ready}")
        button = self.query_one("#next", Action)
        button.disabled = False
        button.focus()

    def _show_failure(self, error: EngineError) -> None:
        if error.error_class == "EngineDied":
            self.wizard.engine_lost()
        elif error.error_class == "Cancelled":
            self.wizard.show_stop(Stop(Ending.CANCELLED))
        else:
            self.wizard.show_stop(Stop(Ending.FAILED, error.message, error.hint))

    async def proceed(self) -> None:
        """On to the backup."""
        if self.session.prepared is not None:
            self.wizard.show_step("kit")

    @on(Action.Pressed, "#cancel")
    def go_back(self) -> None:
        """Ask, then undo."""
        ask_undo(self.wizard)
