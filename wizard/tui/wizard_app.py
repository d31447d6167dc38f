"""The screen process: holds the answers, orders the steps, and ends in an orderly way.

- Screens ask this class to show a step; they never switch screens themselves.
- "Nothing has been written" is said exactly when it is true.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen

from wizard.tui import flow, terminal  # noqa: F401 - the style sheet names the layout
from wizard.tui.drawing import DrawingApp
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.base import StepScreen
from wizard.tui.session import WizardSession
from wizard.tui.steps import name_of, step
from wizard.tui.suggestion import suggestion

if TYPE_CHECKING:
    from wizard.tui.answers.target import Target
    from wizard.tui.engine_port import Engine
    from wizard.tui.errand import Errand
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
        """Show the first step; the engine process is started when it stands there."""
        self.engine.on_event = self._engine_event
        if not self.is_headless:
            terminal.follow_signals(self._end_by_signal)
            self.set_interval(terminal.WATCH_SECONDS, self._watch_terminal)
            self.session.suggestion = suggestion(os.environ)
        self.call_later(self._show_first_page)

    def _show_first_page(self) -> None:
        # Not while the app is mounted: what is drawn then is thrown away, and drawn once more.
        first = step("select")()
        first.fit(self.size)
        self.push_screen(first)
        self.call_after_refresh(self._first_page_shown)

    async def _first_page_shown(self) -> None:
        if not gc.isenabled():
            # What was loaded stays until the end; later collections need not look at it.
            gc.freeze()
            gc.enable()
        if not self._ending:
            # Not before: on a busy machine, or one of a single core, it would delay the page.
            await self.engine.start()

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
        from wizard.tui.answers.protection import Committed  # noqa: PLC0415 - of a later step

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
        if isinstance(screen, StepScreen):
            screen.fit(self.size)
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
            from wizard.tui.messages import FieldState  # noqa: PLC0415 - of a later step

            page.post_message(FieldState.from_event(event))
        elif event["event"] == "error":
            page.tell(event.get("message", ""), trouble=True)

    def engine_lost(self) -> None:
        """Start a new engine process; only the passphrase has to be typed again."""
        if not self._ending and not self._restarting:
            self._restarting = True
            self.run_worker(self._restart_engine(), description="start the engine again")

    async def _restart_engine(self) -> None:
        from wizard.tui import engine_lost  # noqa: PLC0415 - seldom

        try:
            await engine_lost.start_again(self)
        finally:
            self._restarting = False

    # Leaving ---------------------------------------------------------------------------------

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
