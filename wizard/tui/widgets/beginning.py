"""The first lines of what has to be read before it is answered.

Where the answer would push them out of sight, they have the focus at first: Enter, Space and Down
read on, and lead to the answer at the end.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static


class Beginning(Static, can_focus=True):
    """Can have the focus only where it can be scrolled out of sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "read_on", show=False),
        Binding("down", "read_on(True)", show=False),
    ]

    key_hints = "Enter more   Esc back   F1 help   Ctrl+C quit"

    class ReadOn(Message):
        """More is wanted; at the end the focus: the next one with ``by_line``, else the answer's."""

        def __init__(self, *, by_line: bool) -> None:
            super().__init__()
            self.by_line = by_line

    def allow_focus(self) -> bool:
        """Whether there is anything to be read on."""
        above = (part for part in self.ancestors if isinstance(part, Widget))
        return super().allow_focus() and any(part.max_scroll_y for part in above)

    def on_focus(self) -> None:
        """Its keys are told."""
        self._tell_keys()

    def on_blur(self) -> None:
        """The page's keys are told again."""
        self._tell_keys()

    def _tell_keys(self) -> None:
        for hints in self.screen.query("HintLine"):
            hints.refresh()

    def action_read_on(self, by_line: bool = False) -> None:  # noqa: FBT001, FBT002 - from a key
        """Tell the page or dialog."""
        self.post_message(self.ReadOn(by_line=by_line))
