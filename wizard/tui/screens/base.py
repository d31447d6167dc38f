"""What every step has in common: built from the session, `validate`, `apply`, then `proceed`.

- A step reads the session when it is built and writes to it only in `apply`.
- A step never awaits a change of screens: it asks the app, which switches later.
- An error of the engine is a sentence on the page; anything else ends the program without locals.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import ways
from wizard.tui.engine_client import EngineError
from wizard.tui.engine_port import Engine
from wizard.tui.screens.complaint import complaint
from wizard.tui.screens.fitted import PAGES_CSS, FittedScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.session import WizardSession
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.hint_line import HintLine
from wizard.tui.widgets.scroll_area import ScrollArea
from wizard.tui.widgets.step_rail import StepColumn, StepRail, TitleBar

if TYPE_CHECKING:
    from wizard.tui.wizard_app import WizardApp

TOO_SMALL = "Too small for the wizard: make this window 40 by 12 or larger. Ctrl+C quits."


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a step cannot be left: `field` gets the focus, the message stands under it."""

    message: str
    field: str = ""


class StepScreen(FittedScreen, inherit_bindings=False):
    """A page of the wizard."""

    STEP: ClassVar[int] = 1
    TITLE_TEXT: ClassVar[str] = ""
    EXPLAINED: ClassVar[Explanation] = Explanation(what="", choose="", after="")
    HINTS: ClassVar[str] = "Enter next   Esc back   F1 help   Ctrl+C quit"
    AUTO_FOCUS = None
    CSS_PATH: ClassVar[Path | None] = PAGES_CSS

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("f1,question_mark", "help", show=False),
        Binding("tab,down", "app.focus_next", show=False),
        Binding("shift+tab,up", "app.focus_previous", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, *, notice: str = "") -> None:
        super().__init__()
        self._first_notice = notice

    # What a step says about itself -----------------------------------------------------------

    def page(self) -> Iterable[Widget]:
        """The widgets of the page, built from the session."""
        raise NotImplementedError

    def actions(self) -> Iterable[Action]:
        """The buttons, in the order in which Tab visits them."""
        yield Action("Next", id="next")
        yield Action("Back", id="back")

    def first_focus(self) -> str:
        """The selector of the widget that has the focus at first."""
        return "#next"

    def explained(self) -> Explanation:
        """What F1 says."""
        return self.EXPLAINED

    def validate(self) -> Fault | None:
        """The first thing that stands in the way of going on."""
        return None

    def apply(self) -> None:
        """Write the answers to the session."""

    async def proceed(self) -> None:
        """Do what the step needs from the engine, then show the next one."""

    def go_back(self) -> None:
        """Show the step before."""

    # Shared ----------------------------------------------------------------------------------

    @property
    def wizard(self) -> WizardApp:
        """The app, under its own type."""
        return cast("WizardApp", self.app)

    @property
    def session(self) -> WizardSession:
        """The answers so far."""
        return self.wizard.session

    @property
    def engine(self) -> Engine:
        """The engine process."""
        return self.wizard.engine

    @property
    def left(self) -> bool:
        """Whether another step is shown: the parts of this one may be gone already."""
        return self.wizard.page is not self

    def compose(self) -> ComposeResult:
        """Title, rail, page, message, buttons and key hints."""
        yield TitleBar(self._position())
        yield StepRail(self.step, ways.rail(self.session))
        with Horizontal(id="columns"):
            yield StepColumn(self.step, ways.rail(self.session))
            with Vertical(id="page"):
                with ScrollArea(id="body"):
                    yield from self.page()
                yield Static(id="notice")
                with Horizontal(id="actions"):
                    yield from self.actions()
        yield HintLine(self.HINTS, id="hints", scroller=lambda: self.scroller)
        yield Static(Content(TOO_SMALL), id="too-small")

    @property
    def step(self) -> int:
        """Which step of the way this page belongs to, from 1; 0 for a page on no way."""
        if self.session.upkeep.errand is None:
            return self.STEP
        return ways.position(self.session, self.wizard.name_of(self))

    def _position(self) -> str:
        titles = ways.rail(self.session)
        if not 1 <= self.step <= len(titles):
            return "Done" if self.step else self.TITLE_TEXT
        return f"Step {self.step} of {len(titles)}: {titles[self.step - 1]}"

    def go_on(self) -> None:
        """Show the page that follows on the way that this one is on."""
        self.wizard.show_step(ways.following(self.session, self.wizard.name_of(self)))

    def return_to(self) -> None:
        """Show the page before it on that way."""
        self.wizard.show_step(ways.preceding(self.session, self.wizard.name_of(self)))

    def on_mount(self) -> None:
        """Put the focus where one starts."""
        for part in ("#body", "#page"):
            for change in ("scroll_y", "virtual_size", "size"):
                self.watch(self.query_one(part), change, self.query_one(HintLine).refresh_later)
            self.watch(self.query_one(part), "virtual_size", self.page_grown, init=False)
        if self._first_notice:
            self.tell(self._first_notice)
        self.focus_on(self.first_focus())

    def focus_on(self, selector: str) -> None:
        """Focus, if it is there and can have it."""
        try:
            self.query_one(selector).focus()
        except NoMatches:
            self.query_one("#actions Action").focus()

    def answer_focus(self) -> None:
        """Where one starts when everything above it was read."""
        self.focus_on(self.first_focus())

    def tell(self, text: str, *, trouble: bool = False) -> None:
        """Show a sentence above the buttons; "" removes it."""
        notice = self.query_one("#notice", Static)
        notice.update(complaint(text) if trouble else Content.styled(text, "bold"))
        notice.set_class(bool(text), "-said")
        if text and self.has_class("-low"):
            # It scrolls with the page there, and may stand below what is seen.
            self.call_after_refresh(notice.scroll_visible, animate=False, immediate=True)

    def show_fault(self, fault: Fault) -> None:
        """Put the message under its field, and the focus into it."""
        under = self.query(f"{fault.field}-message") if fault.field else None
        if under:
            under.first(Static).update(complaint(fault.message))
            self.tell("")
        else:
            self.tell(fault.message, trouble=True)
        if fault.field:
            self.focus_on(fault.field)

    def show_error(self, error: EngineError) -> None:
        """Say what the engine refused, and what to do about it."""
        if error.error_class == "EngineDied":
            self.wizard.engine_lost()
            return
        self.tell(" ".join(part for part in (error.message, error.hint) if part), trouble=True)

    def attempt(self, work: Coroutine[Any, Any, None], *, group: str = "attempt") -> None:
        """Run `work` beside the screen; the engine's refusals become a sentence."""
        self.run_worker(self._attempt(work), group=group, exclusive=True, description=group)

    async def _attempt(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except EngineError as error:
            if self.is_attached:
                self.show_error(error)
        except NoMatches:
            # The parts of a page go before its workers do, and what these wanted to show is nobody's.
            if not self.left:
                raise

    async def _advance(self) -> None:
        fault = self.validate()
        if fault is not None:
            self.show_fault(fault)
            return
        self.apply()
        self.tell("")
        await self.proceed()

    # Keys and buttons ------------------------------------------------------------------------

    def action_next(self) -> None:
        """Check, remember, and go on."""
        self.attempt(self._advance(), group="advance")

    def action_back(self) -> None:
        """Go back; the answers given so far stay."""
        self.go_back()

    def action_help(self) -> None:
        """Explain this page."""
        from wizard.tui.screens.help_dialog import HelpScreen  # noqa: PLC0415 - when asked

        self.app.push_screen(HelpScreen(self.TITLE_TEXT, self.explained()))

    @on(Action.Pressed, "#next")
    def _next_pressed(self) -> None:
        self.action_next()

    @on(Action.Pressed, "#back")
    def _back_pressed(self) -> None:
        self.action_back()
