"""What every dialog has in common: it is answered once, explains itself, and says how to see the rest."""

from __future__ import annotations

from typing import ClassVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui.screens.complaint import complaint
from wizard.tui.screens.fitted import PAGES_CSS, ReadFirst
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.hint_line import more_of


class Dialog(ModalScreen[ScreenResultType], ReadFirst[ScreenResultType], inherit_bindings=False):
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
        self._tell_of_more()
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
            self.reveal(self._in_view)
        else:
            self._in_view.scroll_visible(animate=False, immediate=True)

    @property
    def scroller(self) -> Widget:
        """All of it."""
        return self.query_one("#dialog")

    def answer_focus(self) -> None:
        """Focus the answer that is focused first."""
        if self.AUTO_FOCUS:
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
