"""A part of a page that scrolls; the arrow keys are not its own: they move the focus."""

from __future__ import annotations

from textual.containers import VerticalScroll


class ScrollArea(VerticalScroll, inherit_bindings=False, can_focus=False):
    """Textual's own would take Up and Down, and the fields below could not be reached."""
