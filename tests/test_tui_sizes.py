"""A small window: keys reach everything and what they reach is seen, also when it is resized."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tests.tui_cuts import faults
from tests.tui_fakes import FakeEngine
from tests.tui_journey import Journey, journey_to
from wizard.tui.widgets.beginning import Beginning
from wizard.tui.widgets.choice_list import ChoiceList, Row

STEPS = ("select", "passphrase", "derivation", "review", "kit", "proof", "place", "copies", "done")


def run(story: Callable[[Journey], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def tell() -> None:
        async with Journey(FakeEngine(), **options) as journey:
            await story(journey)

    asyncio.run(tell())


def test_keys_reach_everything_and_what_they_reach_is_seen_at_40_by_12() -> None:
    async def story(journey: Journey) -> None:
        for step in STEPS:
            await journey_to(journey, step)
            focused = journey.app.screen.focused
            await assert_reached(journey)
            for choices in journey.app.screen.query(ChoiceList):
                choices.focus()
                await journey.press("home")
            focused.focus()
            await journey.settle()

    run(story, size=(40, 12))


async def assert_reached(journey: Journey) -> None:
    """Down visits all that can have the focus, and PgDn shows the end of the page."""
    screen = journey.app.screen
    wanted = set(screen.focus_chain)
    reached = set()
    for _key in range(30):
        focused = screen.focused
        read_on = isinstance(focused, Beginning) and focused in reached
        reached.add(focused)
        if not read_on:
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


def test_what_has_to_be_read_first_is_seen_first_and_leads_to_its_answer() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "review")
        seen = journey.text()
        assert "Nothing is written before." in seen
        assert "Enter more" in seen
        page = journey.app.page
        for _key in range(10):
            if journey.app.focused.id == "original":
                break
            await journey.press("enter")
            seen += journey.text()
        assert journey.app.focused.id == "original"
        for fact in ("audit.jsonl", "Recovery kit:", "Not touched:"):
            assert fact in seen
        await journey.press("escape")
        await journey.at("DerivationScreen")
        assert not journey.engine.asked("prepare")
        await journey_to(journey, "review")
        await journey.press("pagedown", "tab")
        assert journey.app.page is not page
        assert journey.app.focused.id == "original"

    run(story, size=(40, 12))


def test_a_question_is_read_before_it_is_answered() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "copies")
        await journey.press("end", "enter")
        await journey.at("ConfirmScreen")
        assert "Delete the unencrypted original?" in " ".join(journey.text().split())
        reached = []
        for _key in range(10):
            reached.append(journey.app.focused.id)
            await journey.press("down")
        assert list(dict.fromkeys(reached)) == ["question", "no", "yes"]

    run(story, size=(40, 12))


def test_a_window_resized_live_keeps_focus_and_answers() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type("quiet")
        for size in [(30, 8), (40, 12), (200, 50), (39, 30), (60, 11), (60, 16), (80, 24)]:
            await journey.resize(*size)
            await journey.settle()
            small = size[0] < 40 or size[1] < 12
            assert ("Too small" in " ".join(journey.text().split())) is small, size
            assert journey.app.focused.id == "secret-first"
            if not small:
                assert "•••••" in journey.text()
                assert not faults(journey)

    run(story)


def test_what_a_guess_costs_is_whole_in_a_narrow_window() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.press("pagedown")
        page = " ".join(journey.text().split())
        assert "Guessing it this machine" in page
        assert "assumed until step 3" in page
        assert not faults(journey)

    run(story, size=(40, 26))


def test_how_to_close_is_told_in_a_narrow_window() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "done")
        assert "Enter close" in journey.text().splitlines()[-1]

    run(story, size=(40, 15))


def test_a_column_that_stands_empty_is_not_drawn_as_cut_off() -> None:
    async def story(journey: Journey) -> None:
        rows = [Row("chacha20", f"{'ChaCha20-Poly1305':<60}")]
        body = journey.app.page.query_one("#body")
        await body.mount(ChoiceList(rows, id="drawn"), before=0)
        await journey.settle()
        line = next(line for line in journey.text().splitlines() if "ChaCha20" in line)
        assert "…" not in line

    run(story, size=(40, 26))


def test_a_dialog_whose_focus_is_on_its_first_page_begins_with_its_question() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "review")
        await journey.click("#plan")
        dialog = journey.app.screen.query_one("#dialog")
        assert dialog.max_scroll_y > 0
        assert "Who keeps the recovery kit?" in journey.text()
        assert journey.app.focused.id == "plans"

    run(story, size=(40, 15))


def test_what_a_dialog_complains_of_is_seen_in_a_small_window() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "kit")
        await journey.click("#save")
        journey.app.screen.query_one("#save-path").value = ""
        await journey.press("enter")
        said = journey.app.screen.query_one("#save-message")
        shown = journey.app.screen.query_one("#dialog").region
        assert said.region.area
        assert shown.contains_region(said.region)
        assert journey.app.focused.id == "save-path"

    run(story, size=(40, 15))
