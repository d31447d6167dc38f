"""What every dialog has in common: one that does not fit says so, and how to see the rest."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, ScreenResultType

from wizard.tui.screens.fitted import PAGES_CSS
from wizard.tui.widgets.hint_line import more_of


class Dialog(ModalScreen[ScreenResultType], inherit_bindings=False):
    """A question over a page; its parts stand in a container with the id `dialog`."""

    CSS_PATH = PAGES_CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def on_mount(self) -> None:
        """The line above the dialog tells what is out of sight."""
        for change in ("scroll_y", "virtual_size", "size"):
            self.watch(self.query_one("#dialog"), change, self._look_again)

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
