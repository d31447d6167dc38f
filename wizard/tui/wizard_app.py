"""The screen process: holds the answers, orders the steps, and ends in an orderly way.

- Screens ask this class to show a step; they never switch screens themselves.
- "Nothing has been written" is said exactly when it is true.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen

from wizard.tui import flow, terminal, ways  # noqa: F401 - the style sheet names the layout
from wizard.tui.drawing import DrawingApp
from wizard.tui.engine_client import EngineError
from wizard.tui.engine_port import Engine
from wizard.tui.messages import FieldState
from wizard.tui.screens.base import StepScreen
from wizard.tui.session import Committed, Footprint, Strength, Target, WizardSession
from wizard.tui.steps import name_of, step
from wizard.tui.suggestion import suggestion
from wizard.tui.upkeep import Errand, Progressed

if TYPE_CHECKING:
    from wizard.tui.screens.stopped import Stop

CANCELLED = 130


class WizardApp(DrawingApp):
    """Five steps over one engine process."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = Path(__file__).with_name("wizard.tcss")
    TITLE = "datafold-wizard"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it so
        (0, "-hopeless-width"),
        (40, "-tiny"),
        (60, "-narrow"),
        (80, "-standard"),
        (100, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it so
        (0, "-hopeless-height"),
        (12, "-low"),
        (16, "-short"),
        (24, "-usual"),
        (30, "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "ask_quit", show=False, priority=True, system=True),
    ]

    def __init__(
        self,
        engine: Engine,
        path: str | None = None,
        *,
        ascii: bool | None = None,  # noqa: A002 - what the option is called
    ) -> None:
        """`ascii` decides about the characters; without it the terminal and the locale do."""
        super().__init__(ascii=ascii)
        self.engine = engine
        self.session = WizardSession()
        self.start_path = path
        self._ending = False
        self._asking = False
        self._restarting = False

    # Start and end ---------------------------------------------------------------------------

    async def on_mount(self) -> None:
        """Start the engine process and show the first step."""
        self.engine.on_event = self._engine_event
        if not self.is_headless:
            terminal.follow_signals(self._end_by_signal)
            self.set_interval(terminal.WATCH_SECONDS, self._watch_terminal)
            self.session.suggestion = suggestion(os.environ)
        await self.engine.start()
        self.push_screen(step("select")())

    def _watch_terminal(self) -> None:
        descriptor = terminal.input_descriptor()
        if descriptor is None or terminal.lost(descriptor):
            self._end_by_signal(129)

    def _end_by_signal(self, return_code: int) -> None:
        if not self._ending:
            terminal.end_for_certain(return_code)
            self._end(return_code)

    def _end(self, return_code: int) -> None:
        self._ending = True
        self.run_worker(self._close_and_exit(return_code), description="end")

    async def _close_and_exit(self, return_code: int) -> None:
        await self.engine.close()
        self.exit(return_code=return_code)

    async def finish(self) -> None:
        """The wizard did what it is for."""
        self._end(0)

    # Steps -----------------------------------------------------------------------------------

    def show_step(self, name: str, *, notice: str = "") -> None:
        """Show a step, built from the session. Never awaited: Textual would wait for itself."""
        self._show(step(name)(notice=notice))

    def name_of(self, screen: StepScreen) -> str:
        """The name under which a page is shown; "" for one that has none."""
        return name_of(screen)

    def look_after(self, target: Target, *, notice: str = "") -> None:
        """Show what a database is that needs no setting up, and what can be done about it."""
        self.session.target = target
        self.begin(None)
        self.show_step("overview", notice=notice)

    def begin(self, errand: Errand | None, *, at: str = "") -> None:
        """Begin an errand, or none: what was typed for another one is wiped."""
        self.engine.send("forget")
        self.session.begin(errand)
        if errand is not None:
            self.show_step(at or errand.way[0])

    async def show_checklist(self, target: Target) -> None:
        """Show what is still to be seen to for a protected database."""
        self.begin(None)
        answer = await self.engine.request("adopt", path=target.path)
        self.session.committed = Committed.from_answer(answer)
        self.show_step("copies")

    def show_words(self, number: int, *, hidden: bool = False) -> None:
        """Show one sheet of the kit, or call its holder first."""
        from wizard.tui.screens.words import WordsScreen  # noqa: PLC0415 - when it is shown

        self._show(WordsScreen(number, hidden=hidden))

    def show_stop(self, stop: Stop) -> None:
        """Say how a run ended that did not succeed, and show the ways on."""
        from wizard.tui.screens.stopped import StoppedScreen  # noqa: PLC0415 - when it is shown

        self._show(StoppedScreen(stop))

    def _show(self, screen: Screen[None]) -> None:
        if self._ending:
            return
        while isinstance(self.screen, ModalScreen):
            self.pop_screen()
        self.switch_screen(screen)

    @property
    def page(self) -> StepScreen | None:
        """The step on the screen, also when a dialog is over it."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, StepScreen):
                return screen
        return None

    async def complete_path(self, prefix: str) -> list[str]:
        """Paths that begin so, from the engine; none when it cannot say."""
        if not prefix:
            return []
        try:
            answer = await self.engine.request("complete_path", prefix=prefix)
        except EngineError:
            return []
        return list(answer["candidates"])

    # The engine ------------------------------------------------------------------------------

    def _engine_event(self, event: dict[str, Any]) -> None:
        page = self.page
        if page is None or self._ending:
            return
        if event["event"] == "died":
            self.engine_lost()
        elif event["event"] == "field":
            strength = event.get("strength")
            page.post_message(
                FieldState(
                    field=event["field"],
                    characters=event["characters"],
                    strength=Strength.from_answer(strength) if strength else None,
                    matches=event.get("matches"),
                    refused=event.get("refused") or "",
                )
            )
        elif event["event"] == "error":
            page.tell(event.get("message", ""), trouble=True)

    def engine_lost(self) -> None:
        """Start a new engine process; only the passphrase has to be typed again."""
        if not self._ending and not self._restarting:
            self._restarting = True
            self.run_worker(self._restart_engine(), description="start the engine again")

    async def _restart_engine(self) -> None:
        before = self.session.footprint
        try:
            # Also undoes what was being prepared, unless it had already taken its place.
            await self.engine.start()
            looked_after = self.session.upkeep.errand is not None
            if before is not Footprint.NOTHING and not looked_after and await self.adopt():
                self.show_step("copies", notice="The engine process ended. It was started again.")
                return
        except EngineError as error:
            self._show_lost(before, error.message)
            return
        finally:
            self._restarting = False
        self._show_lost(before, "")

    def _show_lost(self, before: Footprint, message: str) -> None:
        self.session.forget_passphrase()
        if self.session.upkeep.errand is not None and self.session.target is not None:
            self.look_after(
                self.session.target,
                notice=f"The engine process ended and was started again. {message}".strip(),
            )
        elif before is Footprint.NOTHING:
            step = "passphrase" if self.session.target else "select"
            notice = "The engine process ended. It was started again; type the passphrase again."
            self.show_step(step, notice=f"{notice} {message}".strip())
        else:
            from wizard.tui.screens.stopped import Ending, Stop  # noqa: PLC0415 - seldom

            self.show_stop(Stop(Ending.CUT_OFF, message))

    async def adopt(self) -> bool:
        """Take up the target if it is protected by this session's preparation: it is in place."""
        session = self.session
        wanted = session.committed or session.prepared
        if session.target is None or wanted is None:
            return False
        found = await self.engine.request("inspect", path=session.target.path)
        if found["state"] != "protected" or found["fingerprint"] != wanted.fingerprint:
            return False
        answer = await self.engine.request("adopt", path=session.target.path)
        session.committed = Committed.from_answer(answer)
        for item, state in session.kit_notes.items():
            if item in session.committed.open_items:
                answer = await self.engine.request("checklist", item=item, state=state)
                session.committed = Committed.from_answer(answer)
        return True

    # Questions -------------------------------------------------------------------------------

    def ask_undo(self) -> None:
        """Ask whether the encrypted copy is to be undone, and say then that all is as before."""

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual's signature
            if yes:
                self.run_worker(self._undo(), description="undo")

        from wizard.tui.screens.questions import (  # noqa: PLC0415 - when asked
            give_up_question,
            undo_question,
        )

        errand = self.session.upkeep.errand
        self.push_screen(undo_question() if errand is None else give_up_question(), answered)

    async def _undo(self) -> None:
        if self.session.preparing:
            # The page that waits for the preparation says what became of it.
            await self.engine.cancel_current()
            return
        try:
            await self.engine.request("abort")
        except EngineError as error:
            if self.page is not None:
                self.page.show_error(error)
            return
        self.session.forget_preparation()
        if self.session.upkeep.errand is not None:
            self.session.upkeep.progressed = Progressed.RECORDED
            self.show_step("errand-review", notice="Given up: the keys are as they were.")
            return
        from wizard.tui.screens.stopped import Ending, Stop  # noqa: PLC0415 - seldom

        self.show_stop(Stop(Ending.UNDONE))

    def ask_skip_proof(self) -> None:
        """Go on without three words, once the database's name was typed."""
        target = self.session.target
        if target is None or self.page is None:
            return
        page = self.page

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual's signature
            if yes:
                page.attempt(self._skip_proof(), group="skip")

        from wizard.tui.screens.questions import skip_proof_question  # noqa: PLC0415 - when asked

        self.push_screen(skip_proof_question(self.session, target.path), answered)

    async def _skip_proof(self) -> None:
        # The words are skipped, the rehearsal never is: nothing is replaced before the kit opened it.
        await self.engine.request("kit.rehearse")
        self.session.proved = self.session.proof_skipped = True
        self.show_step(ways.following(self.session, "proof"))

    def action_ask_quit(self) -> None:
        """Ask; the harmless answer has the focus."""
        if self._asking or self._ending or self.page is None:
            return
        self._asking = True

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual's signature
            self._asking = False
            if yes:
                self._end(0 if self.session.achieved else CANCELLED)

        from wizard.tui.screens.questions import quit_question  # noqa: PLC0415 - when asked

        self.push_screen(quit_question(self.session), answered)
