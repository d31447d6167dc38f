"""Every state at every size: nothing is cut, and what does not fit has a visible way to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from textual.screen import ModalScreen

from tests.tui_fakes import FakeEngine
from tests.tui_journey import Journey, journey_to
from tests.tui_matrix import some
from tests.tui_walk import walk

# 40x12 and 80x24 are those of the pictures, and are looked at where these are compared.
SIZES = [(60, 16), (100, 30), (200, 50)]
DRAWS_LINES = {"Static", "Label", "ChoiceList", "ChoiceLine", "StageList"}
DRAWS_CELLS = {"Action"}
STEPS = ("select", "passphrase", "derivation", "review", "kit", "proof", "place", "copies", "done")


def run(story: Callable[[Journey], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def tell() -> None:
        async with Journey(FakeEngine(), **options) as journey:
            await story(journey)

    asyncio.run(tell())


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
    if type(widget).__name__ in DRAWS_LINES:
        needed = widget.get_content_height(size, size, inner.width)
        return [f"{name} needs {needed} lines of {inner}"] if needed > inner.height else []
    needed = widget.get_content_width(size, size) if type(widget).__name__ in DRAWS_CELLS else 0
    return [f"{name} needs {needed} columns of {inner}"] if needed > inner.width else []


@pytest.mark.parametrize("size", some(SIZES, (60, 16)), ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_is_cut_in_any_state(size: tuple[int, int]) -> None:
    wrong: dict[str, list[str]] = {}

    async def story(journey: Journey) -> None:
        def check(name: str) -> None:
            found = faults(journey)
            if found:
                wrong[name] = [*found, journey.text()]

        await walk(journey, check)

    run(story, size=size)
    assert not wrong, "\n".join(f"{name}: " + "\n".join(found) for name, found in wrong.items())


def test_keys_reach_everything_and_what_they_reach_is_seen_at_40_by_12() -> None:
    async def story(journey: Journey) -> None:
        for step in STEPS:
            await journey_to(journey, step)
            focused = journey.app.screen.focused
            await assert_reached(journey)
            focused.focus()
            await journey.press("home")

    run(story, size=(40, 12))


async def assert_reached(journey: Journey) -> None:
    """Down visits all that can have the focus, and PgDn shows the end of the page."""
    screen = journey.app.screen
    wanted = set(screen.focus_chain)
    reached = set()
    for _key in range(30):
        focused = screen.focused
        reached.add(focused)
        caret = journey.app.caret
        assert focused.region.contains_point(caret)
        assert screen.get_widget_at(*caret)[0] is focused, f"{focused} is hidden"
        if reached >= wanted:
            break
        await journey.press("down")
    assert reached >= wanted

    scroller = journey.app.page.scroller
    scroller.scroll_home(animate=False)
    await journey.settle()
    for _page in range(20):
        if scroller.scroll_y >= scroller.max_scroll_y:
            break
        await journey.press("pagedown")
    assert scroller.scroll_y == scroller.max_scroll_y, "PgDn shows the end"


def test_a_window_resized_live_keeps_focus_and_answers() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type("quiet")
        for size in [(30, 8), (40, 12), (200, 50), (39, 30), (60, 11), (60, 16), (80, 24)]:
            await journey.pilot.resize_terminal(*size)
            await journey.settle()
            small = size[0] < 40 or size[1] < 12
            assert ("Too small" in " ".join(journey.text().split())) is small, size
            assert journey.app.focused.id == "secret-first"
            if not small:
                assert "•••••" in journey.text()
                assert not faults(journey)

    run(story)
