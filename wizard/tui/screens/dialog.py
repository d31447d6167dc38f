"""What every dialog has in common: it is answered once, explains itself, and says how to see the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui.screens.complaint import complaint
from wizard.tui.screens.fitted import PAGES_CSS, read_on, show_focus, unread_beginning
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.hint_line import more_of

if TYPE_CHECKING:
    from wizard.tui.widgets.beginning import Beginning


class Dialog(ModalScreen[ScreenResultType], inherit_bindings=False):
    """A question over a page; its parts stand in a container with the id `dialog`."""

    TITLE_TEXT: ClassVar[str] = ""
    EXPLAINED: ClassVar[Explanation | None] = None
    """What F1 says; None for the dialog that says it."""

    CSS_PATH = PAGES_CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "help", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    _answered = False
    _untouched = True
    """Whether the focus is still where the dialog put it, and nothing was scrolled."""
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
        self._untouched = self._untouched and self.focused in {None, widget}
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
            dialog = self.query_one("#dialog")
            unread = unread_beginning(self._in_view, dialog) if self._untouched else None
            if unread is not None:
                unread.focus()
            else:
                show_focus(self._in_view, dialog)
        else:
            self._in_view.scroll_visible(animate=False, immediate=True)

    def on_beginning_read_on(self, event: Beginning.ReadOn) -> None:
        """Show what follows, and at the end what is to be answered."""
        if read_on(self.query_one("#dialog"), by_line=event.by_line):
            return
        if event.by_line or not self.AUTO_FOCUS:
            self.focus_next()
        else:
            self.query_one(self.AUTO_FOCUS).focus()

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
        hints = ("F1 help" if self.explained() else "", more_of(dialog))
        dialog.border_title = "   ".join(hint for hint in hints if hint)

    def title_text(self) -> str:
        """What it is about, above what F1 says."""
        return self.TITLE_TEXT

    def explained(self) -> Explanation | None:
        """What F1 says."""
        return self.EXPLAINED

    def action_help(self) -> None:
        """Explain this dialog."""
        from wizard.tui.screens.help_dialog import HelpScreen  # noqa: PLC0415 - when asked

        if explained := self.explained():
            self.app.push_screen(HelpScreen(self.title_text(), explained))

    def action_page(self, direction: int) -> None:
        """Scroll what does not fit."""
        self._untouched = False
        dialog = self.query_one("#dialog")
        if direction < 0:
            dialog.scroll_page_up(animate=False)
        else:
            dialog.scroll_page_down(animate=False)
