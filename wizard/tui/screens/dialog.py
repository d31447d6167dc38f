"""What every dialog has in common: it is answered once, and says how to see what does not fit."""

from __future__ import annotations

from typing import ClassVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui.screens.complaint import complaint
from wizard.tui.screens.fitted import PAGES_CSS, show_focus
from wizard.tui.widgets.hint_line import more_of


class Dialog(ModalScreen[ScreenResultType], inherit_bindings=False):
    """A question over a page; its parts stand in a container with the id `dialog`."""

    CSS_PATH = PAGES_CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    _answered = False
    _in_view: Widget | None = None
    """What is to be seen however the rest grows: the focus, or what was refused since it moved."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close with the first answer: Textual would close the page below with the next one."""
        if self._answered:
            return AwaitComplete()
        self._answered = True
        return super().dismiss(result)

    def on_mount(self) -> None:
        """The line above the dialog tells what is out of sight; what counts stays in view."""
        dialog = self.query_one("#dialog")
        for change in ("scroll_y", "virtual_size", "size"):
            self.watch(dialog, change, self._look_again)
        for change in ("virtual_size", "size"):
            self.watch(dialog, change, self._keep_in_view, init=False)

    def set_focus(
        self,
        widget: Widget | None,
        scroll_visible: bool = True,  # noqa: FBT001, FBT002 - Textual's signature
        from_app_focus: bool = False,  # noqa: FBT001, FBT002 - the same
    ) -> None:
        """Move the focus; it is brought into view when the dialog has been laid out."""
        super().set_focus(widget, scroll_visible=False, from_app_focus=from_app_focus)
        if scroll_visible:
            self._in_view = widget
            self.call_after_refresh(self._bring_into_view)

    def _keep_in_view(self) -> None:
        self.call_after_refresh(self._bring_into_view)

    def _bring_into_view(self) -> None:
        if self._in_view is None:
            return
        if self._in_view is self.focused:
            show_focus(self._in_view, self.query_one("#dialog"))
        else:
            self._in_view.scroll_visible(animate=False, immediate=True)

    def complain(self, under: str, sentence: str, *, field: str = "") -> None:
        """Say what is wrong, and bring it into view; `field` gets the focus."""
        said = self._in_view = self.query_one(under, Static)
        said.update(complaint(sentence))
        if field:
            self.set_focus(self.query_one(field), scroll_visible=False)
        self.call_after_refresh(self._bring_into_view)

    def _look_again(self) -> None:
        self.call_after_refresh(self._tell_of_more)

    def _tell_of_more(self) -> None:
        dialog = self.query_one("#dialog")
        dialog.border_title = more_of(dialog)

    def action_page(self, direction: int) -> None:
        """Scroll what does not fit."""
        dialog = self.query_one("#dialog")
        if direction < 0:
            dialog.scroll_page_up(animate=False)
        else:
            dialog.scroll_page_down(animate=False)
