"""A page and its window: styles that fit its size, and a focus that is always in view.

Only where the focus that a page begins with would push its `Beginning` out of sight, the beginning
has the focus first.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import events
from textual.css.query import QueryType
from textual.geometry import Offset, Size
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui.widgets.choice_list import ChoiceList

if TYPE_CHECKING:
    from wizard.tui.widgets.beginning import Beginning

PAGES_CSS = Path(__file__).parent.parent / "pages.tcss"
"""How the pages after the first one look, and dialogs; read when the first of them is shown."""


_ROOMY = Size(60, 16)
_LINES_A_KEY = 3


def caret_row(widget: Widget, scroller: Widget) -> int:
    """In which row of what `scroller` scrolls the caret stands; a large number beside it."""
    if scroller not in widget.ancestors:
        return sys.maxsize
    row, part = int(getattr(widget, "caret", Offset(0, 0)).y), widget
    while part is not scroller:
        row += part.virtual_region.y
        part = cast("Widget", part.parent)
        row -= 0 if part is scroller else round(part.scroll_y)
    return row


def show_focus(focused: Widget, scroller: Widget) -> None:
    """Scroll so that it is seen; a list knows which of its rows that is."""
    if isinstance(focused, ChoiceList):
        focused.reveal()
    else:
        focused.scroll_visible(animate=False, immediate=True)
    if caret_row(focused, scroller) < scroller.size.height - 1:
        # What is within the first screenful is seen with all that stands above it.
        scroller.scroll_home(animate=False, immediate=True)


class ReadFirst(Screen[ScreenResultType], inherit_bindings=False):
    """A screen whose `Beginning`, where it has one, is seen before what it begins with.

    Until somebody moves the focus or scrolls, what would push the beginning out of sight does not
    get the focus.
    """

    _untouched = True

    @property
    def scroller(self) -> Widget:
        """What scrolls where the screen does not fit."""
        raise NotImplementedError

    def answer_focus(self) -> None:
        """Focus what is focused first where everything is seen."""
        raise NotImplementedError

    def touched(self) -> None:
        """Whoever moves or scrolls has seen where they are."""
        self._untouched = False

    def focus_next(self, selector: str | type[QueryType] = "*") -> Widget | None:
        """Somebody moves the focus."""
        self.touched()
        return super().focus_next(selector)

    def focus_previous(self, selector: str | type[QueryType] = "*") -> Widget | None:
        """Somebody moves the focus."""
        self.touched()
        return super().focus_previous(selector)

    def on_mouse_down(self) -> None:
        """The same with the mouse."""
        self.touched()

    def reveal(self, focused: Widget) -> None:
        """Scroll so that the focus is seen, or focus what has to be read first."""
        scroller = self.scroller
        if not focused.allow_focus():
            self.answer_focus()  # everything fits by now
        elif self._untouched and (unread := _unread_beginning(focused, scroller)) is not None:
            self.set_focus(unread)
        else:
            show_focus(focused, scroller)

    def on_beginning_read_on(self, event: Beginning.ReadOn) -> None:
        """Show what follows, and at the end what is to be answered."""
        self.touched()
        scroller = self.scroller
        if scroller.scroll_y >= scroller.max_scroll_y:
            if event.by_line:
                self.focus_next()
            else:
                self.answer_focus()
        elif event.by_line:
            scroller.scroll_relative(y=_LINES_A_KEY, animate=False)
        else:
            scroller.scroll_page_down(animate=False)

    def action_page(self, direction: int) -> None:
        """Scroll what does not fit."""
        self.touched()
        if direction < 0:
            self.scroller.scroll_page_up(animate=False)
        else:
            self.scroller.scroll_page_down(animate=False)


def _unread_beginning(focused: Widget, scroller: Widget) -> Widget | None:
    """The `Beginning` that is out of sight when ``focused`` is seen; None where none is."""
    if scroller not in focused.ancestors:
        return None
    if caret_row(focused, scroller) < scroller.size.height:
        return None
    return next(iter(scroller.query("Beginning")), None)


class FittedScreen(ReadFirst[None], inherit_bindings=False):
    """A screen with parts `#page` and, in it, `#body`; one of them scrolls."""

    _shown = False

    def fit(self, size: Size) -> None:
        """Before it is shown: take on the classes of a window of that size.

        Textual sets them after the first layout, and would work out all styles once more. In a
        small window it may: what scrolls there takes its height from the first layout.
        """
        if size.width < _ROOMY.width or size.height < _ROOMY.height:
            self._shown = True
            return
        for extent, breakpoints in (
            (size.width, self.app.HORIZONTAL_BREAKPOINTS),
            (size.height, self.app.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(*self._get_breakpoint_classes(extent, breakpoints or []), update=False)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Its parts have had their styles since they were mounted, when it is first shown."""
        event.refresh_styles = self._shown
        if not self._shown:
            self.call_after_refresh(self._lay_parts_out_again)
        self._shown = True

    def _lay_parts_out_again(self) -> None:
        # Of what was put into a part before it was mounted, Textual keeps the height of before.
        for part in self.query(Static):
            part.refresh(layout=True)

    def set_focus(
        self,
        widget: Widget | None,
        scroll_visible: bool = True,  # noqa: FBT001, FBT002, ARG002 - Textual's signature
        from_app_focus: bool = False,  # noqa: FBT001, FBT002 - the same
    ) -> None:
        """Move the focus; it is brought into view when the page has been laid out."""
        super().set_focus(widget, scroll_visible=False, from_app_focus=from_app_focus)
        self.call_after_refresh(self.reveal_focus)

    def page_grown(self) -> None:
        """The page became longer or shorter: the focus stays in view."""
        self.call_after_refresh(self.reveal_focus)

    def on_resize(self) -> None:
        """The focus stays in view."""
        self.call_after_refresh(self.reveal_focus)

    def reveal_focus(self) -> None:
        """Scroll so that the focus is seen."""
        if self.focused is not None:
            self.reveal(self.focused)

    @property
    def scroller(self) -> Widget:
        """What scrolls where the page does not fit: with its buttons in a low window."""
        return self.query_one("#page" if self.has_class("-low") else "#body")
