"""Keys that arrive all at once, as a stalled line delivers them, do what they would have done singly."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.databases import make_plain
from tests.test_tui_terminal import ENTER, TAB, at_step
from tests.tui_fakes import FakeEngine
from tests.tui_journey import Journey, journey_to
from tests.tui_terminal import Terminal
from wizard.tui.engine_client import EngineError
from wizard.tui.messages import FieldState

PHRASE = "seven quiet lanterns drift north"


@pytest.mark.parametrize("between", [ENTER, TAB, "\x1b[B"])
def test_both_passphrases_may_come_in_one_piece(tmp_path: Path, between: str) -> None:
    make_plain(tmp_path / "node.db", rows=3)
    with Terminal(tmp_path) as terminal:
        terminal.until("not encrypted")
        terminal.send(ENTER)
        terminal.until("Once more")
        terminal.send(PHRASE + between + PHRASE + ENTER)
        terminal.until("Step 3 of 5")


def test_a_mistake_is_still_one(tmp_path: Path) -> None:
    make_plain(tmp_path / "node.db", rows=3)
    with Terminal(tmp_path) as terminal:
        terminal.until("not encrypted")
        terminal.send(ENTER)
        terminal.until("Once more")
        terminal.send(PHRASE + ENTER + PHRASE[:-1] + ENTER)
        terminal.until("Once more", 5)
        terminal.until("not the same", 5)


def test_a_length_that_comes_late_takes_no_message_away() -> None:
    async def story() -> None:
        fake = FakeEngine()
        async with Journey(fake) as journey:
            await journey_to(journey, "passphrase")
            page = journey.app.screen
            for characters in (1, 2, 3, 0):
                page.post_message(
                    FieldState(
                        field="second",
                        characters=characters,
                        strength=None,
                        matches=False,
                        refused="",
                    )
                )
            error = EngineError("InvalidPassphrase", "They are not the same.", field="second")
            page._not_accepted(error)
            await journey.settle()
            assert "They are not the same." in journey.text()

    asyncio.run(story())


def test_the_asked_for_words_may_come_in_one_piece(tmp_path: Path) -> None:
    with at_step(tmp_path, "proof") as terminal:
        terminal.send(f"academic{ENTER}acid{TAB}acne")
        terminal.until("acne")
        lines = [line for line in terminal.text.splitlines() if " Word " in f" {line}"]
        assert [line.split()[-1] for line in lines[-3:]] == ["academic", "acid", "acne"]


def test_a_page_that_is_left_while_the_machine_is_measured_ends_nothing() -> None:
    """The answer comes when the parts of the page are gone; what it wanted to show is nobody's."""

    async def story() -> None:
        fake = FakeEngine()
        async with Journey(fake) as journey:
            await journey.press("enter")
            await journey.at("PassphraseScreen")
            page = journey.app.screen

            async def late() -> None:
                await asyncio.sleep(0.1)
                page.query_one("#gone")

            await page.query("#body > *").remove()
            page.attempt(late(), group="late")
            journey.app.show_step("select")
            await journey.at("SelectScreen")
            await asyncio.sleep(0.3)
            assert journey.app.return_code is None
            page._describe()

    asyncio.run(story())


def test_a_field_that_a_key_made_appear_is_where_the_next_key_goes() -> None:
    async def story() -> None:
        async with Journey(FakeEngine()) as journey:
            await journey_to(journey, "review")
            await journey.click("#plan")
            for key in ("down", "tab", *"Ada, Grace, Hedy", "enter", "enter"):
                journey._send(key)
            await journey.settle()
            assert journey.app.session.plan.holders == ("Ada", "Grace", "Hedy")

    asyncio.run(story())


def test_help_begins_at_its_beginning_and_more_blanks_than_one_close_it_once(
    tmp_path: Path,
) -> None:
    make_plain(tmp_path / "node.db", rows=3)
    exported = {"COLUMNS": "80", "LINES": "24"}  # of a larger window; pytest-xdist does it, too
    with Terminal(tmp_path, size=(40, 15), **exported) as terminal:
        terminal.until("not encrypted")
        terminal.send("\x1bOP")
        terminal.until("Help: which database")
        terminal.send("   ")
        terminal.until("Step 1 of 5")
        terminal.send(ENTER)
        terminal.until("Step 2 of 5")


def test_a_dialog_that_is_clicked_twice_is_answered_once() -> None:
    async def story() -> None:
        async with Journey(FakeEngine()) as journey:
            page = journey.app.screen
            await journey.press("f1")
            button = journey.app.screen.query_one("#close")
            button.action_press()
            button.action_press()
            await journey.settle()
            assert journey.app.screen is page

    asyncio.run(story())
