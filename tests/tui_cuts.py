"""What is cut off on a screen, or has no visible way to it."""

from __future__ import annotations

from typing import Any

from textual.screen import ModalScreen
from textual.widget import Widget

from tests.tui_journey import Journey

_DRAWS_LINES = {"Static", "Label", "ChoiceList", "ChoiceLine", "StageList", "FactList"}
_DRAWS_CELLS = {"Action"}


def faults(journey: Journey) -> list[str]:
    """What is cut off on the screen as it is now, or has no visible way to it."""
    screen = journey.app.screen
    found = [fault for widget in screen.walk_children() for fault in cuts(journey, widget)]
    if isinstance(screen, ModalScreen):
        dialog = screen.query_one("#dialog")
        if dialog.max_scroll_y and (
            not dialog.show_vertical_scrollbar or "Pg" not in dialog.border_title
        ):
            found.append("the dialog scrolls, and does not say so")
        return found
    scroller = journey.app.page.scroller
    last = journey.text().splitlines()[-1]
    if (scroller.scroll_y < scroller.max_scroll_y) != ("PgDn" in last):
        found.append("the last line does not tell whether there is more below")
    if (scroller.scroll_y > 0) != ("PgUp" in last):
        found.append("the last line does not tell whether there is more above")
    return found


def cuts(journey: Journey, widget: Any) -> list[str]:
    """How `widget` is cut, if it draws anything itself."""
    size, name = journey.app.size, widget.id or type(widget).__name__
    if widget.children or not widget.region.area or name == "too-small":
        return []
    if widget.region.x < 0 or widget.region.right > size.width:
        return [f"{name} is cut at the side"]
    inner = widget.content_size
    if type(widget).__name__ in _DRAWS_LINES:
        # What is really drawn, too: a widget may promise fewer lines than it draws.
        promised = widget.get_content_height(size, size, inner.width)
        needed = max(promised, Widget.get_content_height(widget, size, size, inner.width))
        return [f"{name} needs {needed} lines of {inner}"] if needed > inner.height else []
    needed = widget.get_content_width(size, size) if type(widget).__name__ in _DRAWS_CELLS else 0
    return [f"{name} needs {needed} columns of {inner}"] if needed > inner.width else []
