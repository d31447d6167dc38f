"""The pages for a protected database, by keys alone, over an engine with fixed values."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from textual import events

from tests.tui_fakes import WORDS, FakeEngine
from tests.tui_journey import PHRASE, Journey
from tests.upkeep_walk import (
    choose,
    new_passphrase,
    open_ledger,
    prove_new_kit,
    type_master,
    type_sheet,
)
from wizard.tui import errands, ways
from wizard.tui.engine_client import EngineError
from wizard.tui.errand import Errand
from wizard.tui.screens.manage import overview_words
from wizard.tui.session import WizardSession

LEDGER = "/srv/datafold/ledger.db"
WRITING = {"change", "operator", "backup", "sidecar"}

Story = Callable[[Journey], Coroutine[Any, Any, None]]


def run(story: Story, *, engine: FakeEngine | None = None, **options: Any) -> Journey:
    async def tell() -> Journey:
        async with Journey(engine or FakeEngine(), **options) as journey:
            await story(journey)
            return journey

    return asyncio.run(tell())


def test_what_it_is_is_told_without_any_secret() -> None:
    async def story(journey: Journey) -> None:
        await journey.press("down", "down", "enter")
        await journey.at("OverviewScreen")
        text = " ".join(journey.text().split())
        for fact in (
            "K3TE-09XM-ZZ4R-11QC-8VHD, generation 3",
            "64 MiB and 3 passes: 0.25 s here. It can afford 256 MiB.",
            "any 2 of 3 recovery sheets; 2 operators (night shift, reporting service)",
            "seen by 2 removed slots",
            "the kit was last proved 96 days ago",
            "Copy of the sidecar kept elsewhere; Fingerprint noted",
            "unlock done, 2026-08-20",
        ):
            assert fact in text

    journey = run(story)
    asked = {name for name, _fields in journey.engine.calls}
    assert not {name for name in asked if name.split(".")[0] in WRITING}


def _shown(journey: Journey) -> list[Errand]:
    return list(errands.offered(journey.app.session.upkeep.overview))


def test_the_menu_says_of_each_what_it_changes_and_what_it_does_not() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        for errand in _shown(journey):
            text = " ".join(journey.text().split())
            assert " ".join(errand.changes.split()[:5]) in text
            assert " ".join(errand.keeps.split()[:4]) in text
            await journey.press("down")
        await journey.press("up", "home")
        assert "A copy of the file that was made before still opens" in " ".join(
            journey.text().split()
        )

    run(story)


def test_back_goes_all_the_way_and_forward_again_and_nothing_was_asked_of_the_keys() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        await choose(journey, "leaked")
        await type_master(journey)
        await new_passphrase(journey)
        await journey.at("ErrandReviewScreen")
        await journey.press("escape")
        await journey.at("PassphraseScreen")
        assert "already set" in journey.text()
        await journey.press("enter")
        await journey.at("ErrandReviewScreen")
        await journey.press("escape", "escape")
        await journey.at("PresentScreen")
        await journey.press("escape")
        await journey.at("IntentsScreen")
        await journey.press("escape")
        await journey.at("OverviewScreen")
        await journey.press("escape")
        await journey.at("SelectScreen")

    journey = run(story)
    assert not journey.engine.asked("change.passphrase")
    assert not journey.app.session.achieved


def test_the_harmless_button_has_the_focus_on_a_review() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        await choose(journey, "leaked")
        await type_master(journey)
        await new_passphrase(journey)
        await journey.at("ErrandReviewScreen")
        assert journey.app.focused.id == "back"

    run(story)


def test_a_changed_passphrase_shows_both_fingerprints_and_suggests_rotating() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        await choose(journey, "leaked")
        await type_master(journey)
        await new_passphrase(journey)
        await journey.at("ErrandReviewScreen")
        await journey.click("#next")
        await journey.at("ResultScreen")
        assert "K3TE-09XM-ZZ4R-11QC-8VHD    9ZC1-QT4M-0B7W-XK2D-HJ5R" in journey.text()
        assert journey.app.focused.id == "follow"
        await journey.press("ctrl+c")
        assert "is in force and stays so" in journey.text()
        await journey.press("escape", "enter")
        await journey.at("PresentScreen")
        assert journey.app.session.upkeep.errand is errands.ROTATE

    journey = run(story)
    assert journey.engine.master == PHRASE


@pytest.mark.parametrize("key", ["start-over", "decrypt"])
def test_what_loses_something_needs_the_name(key: str) -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        await choose(journey, key)
        if key == "decrypt":
            await journey.press("enter")
            await type_master(journey)
        else:
            await new_passphrase(journey)
            await journey.at("DerivationScreen")
            await journey.press("enter")
        await journey.at("ErrandReviewScreen")
        await journey.click("#next")
        await journey.at("TypedNameScreen")
        await journey.type("ledger")
        await journey.press("enter")
        assert "not the name" in journey.text()
        await journey.press("escape")
        await journey.at("ErrandReviewScreen")

    journey = run(story)
    assert not journey.engine.asked("change.decrypt")
    assert not journey.engine.asked("change.start_over")


def test_quitting_tells_the_truth_at_every_point() -> None:
    async def said(journey: Journey) -> str:
        await journey.press("ctrl+c")
        text = " ".join(journey.text().split())
        await journey.press("escape")
        return text

    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        assert "Nothing has been written." in await said(journey)
        await choose(journey, "renew")
        await journey.at("PresentScreen")
        assert "Nothing has been written." in await said(journey)
        await type_master(journey)
        await journey.at("ErrandReviewScreen")
        assert "The audit log notes the attempt." in await said(journey)
        journey.engine.hold_at = "derive"
        await journey.click("#next")
        await journey.at("WorkScreen")
        assert "It is under way" in await said(journey)
        journey.engine.hold_at = None
        await journey.press("escape")
        await journey.settle()
        await journey.click("#again")
        await journey.at("KitScreen")
        assert "the new kit opens nothing" in await said(journey)
        await prove_new_kit(journey)
        await journey.click("#next")
        await journey.at("ResultScreen")
        assert "is in force and stays so" in await said(journey)

    run(story)


def test_giving_up_a_new_kit_undoes_what_waited() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        await choose(journey, "renew")
        await type_master(journey)
        await journey.at("ErrandReviewScreen")
        await journey.click("#next")
        await journey.at("KitScreen")
        await journey.press("escape", "right", "enter")
        await journey.at("ErrandReviewScreen")
        assert "the keys are as they were" in journey.text()

    journey = run(story)
    assert journey.engine.asked("abort")
    assert not journey.engine.asked("change.commit")


def test_an_engine_that_died_leads_back_to_what_is_on_disk() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        await choose(journey, "leaked")
        await type_master(journey)
        await new_passphrase(journey)
        await journey.at("ErrandReviewScreen")
        journey.engine.fail["change.passphrase"] = EngineError("EngineDied", "It ended.")
        await journey.click("#next")
        await journey.at("OverviewScreen")
        assert "was started again" in journey.text()
        assert journey.app.session.upkeep.errand is None

    run(story)


def test_words_typed_without_a_pause_all_arrive() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        await choose(journey, "prove")
        await journey.at("SheetsScreen")
        await type_sheet(journey)

    journey = run(story)
    given = journey.engine.given[1]
    assert [given[at] for at in range(1, 34)] == WORDS


def test_a_pasted_sheet_is_taken_word_by_word() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        await choose(journey, "prove")
        await journey.at("SheetsScreen")
        text = "\n".join(f"{at:>2}. {word.upper()}" for at, word in enumerate(WORDS, 1))
        journey.app._driver.send_message(events.Paste(text))
        await journey.settle()
        assert "Sheet 1 fits together" in journey.text()

    journey = run(story)
    assert [journey.engine.given[1][at] for at in range(1, 34)] == WORDS


@pytest.mark.parametrize("errand", [each for each in errands.EVERY if each.way])
def test_every_way_fits_its_rail_and_leads_back_to_where_it_was_begun(errand: Errand) -> None:
    session = WizardSession()
    session.begin(errand)
    rail = ways.rail(session)
    assert sum(len(title) + 5 for title in rail) <= 79, rail
    assert ways.preceding(session, errand.way[0]) == errand.origin
    for page, after in zip(errand.way, errand.way[1:], strict=False):
        assert ways.following(session, page) == after


def test_a_kit_that_only_the_wizard_tried_is_not_said_to_be_proved() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        found = dataclasses.replace(journey.app.session.upkeep.overview, open_items=("kit_proved",))
        said = {fact.label: fact.text for fact in overview_words.facts(found, 1.0)}
        assert said["Recovery"] == "the wizard tried the kit 96 days ago; nobody proved the words"

    run(story)


def test_the_meter_names_the_step_that_chooses_the_cost_on_this_way() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        await choose(journey, "operators")
        await journey.at("OperatorsScreen")
        await journey.click("#add")
        await journey.type("audit office")
        await journey.press("enter")
        await type_master(journey)
        await journey.at("PassphraseScreen")
        assert "Step 3 of 6" in journey.text()
        assert "until step 4" in journey.text()

    run(story)


def test_what_is_still_measured_is_not_the_end_of_a_sentence() -> None:
    async def story(journey: Journey) -> None:
        await open_ledger(journey)
        found = journey.app.session.upkeep.overview
        assert found is not None
        assert found.keys is not None
        said = overview_words.derivation_sentence(found, found.keys, None, "")
        assert "measured… It can afford" in said

    run(story)
