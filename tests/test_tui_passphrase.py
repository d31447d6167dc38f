"""Step 2 by keys: the four words, the warnings, random words, and what a key costs a slow line."""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path

import pytest

from tests.databases import make_plain
from tests.test_tui import run
from tests.tui_fakes import RANDOM_WORDS, FakeEngine
from tests.tui_journey import PHRASE, Journey, journey_to
from tests.tui_terminal import Terminal
from wizard.tui.engine_client import EngineError

SIX = " ".join(RANDOM_WORDS[:6])


# Four words and warnings ---------------------------------------------------------------------


def test_words_come_when_typing_pauses_and_not_with_every_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wizard.tui.screens.passphrase.REST_SECONDS", 0.2)

    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        assert "stand for what arrived" in journey.text()
        await journey.type(PHRASE)
        assert not journey.engine.asked("field.describe")
        await asyncio.sleep(0.4)
        await journey.settle()
        assert " ".join(FakeEngine.four_words(PHRASE)) in journey.text()

    journey = run(story)
    assert len(journey.engine.asked("field.describe")) == 2, "both fields, once"


def test_two_typings_that_differ_have_two_rows_of_words() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type("quiet lazy words")
        await journey.press("enter")
        assert " ".join(FakeEngine.four_words("quiet lazy words")) in journey.text()
        await journey.type("quiet layz words")
        await journey.rest()
        assert f"{' '.join(FakeEngine.four_words('quiet layz words'))}  the second time" in (
            journey.text()
        )
        await journey.press("ctrl+u")
        await journey.type("quiet lazy words")
        await journey.rest()
        assert f"{' '.join(FakeEngine.four_words('quiet lazy words'))}  both times" in (
            journey.text()
        )

    run(story)


def test_the_words_of_the_passphrase_that_is_set_are_there_to_compare() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.press("escape")
        await journey.at("PassphraseScreen")
        words = " ".join(FakeEngine.four_words(PHRASE))
        assert f"{words}  (the one that is set)" in journey.text()
        await journey.type(PHRASE)
        await journey.rest()
        assert f"{words} (the one that is set)" in journey.text()
        await journey.type("x")
        await journey.rest()
        assert "(the one that is set)" not in journey.text()

    run(story)


@pytest.mark.parametrize(
    ("typed", "sentences"),
    [
        ("QUIET LANTERN", ["All letters are capitals. Is Caps Lock on?"]),
        (" quiet", ["It begins with a blank, which is part of it."]),
        ("quiet ", ["It ends with a blank, which is part of it."]),
        ("quiet-lantern", ["Signs lie on other keys in other keyboard layouts."]),
        ("grün", ["Some characters are missing on other keyboards."]),
        (" QUIET- ", ["All letters are capitals.", "It begins with a blank"]),
    ],
)
def test_a_warning_stands_under_the_field_and_refuses_nothing(
    typed: str, sentences: list[str]
) -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type(typed + "lanterns drift"[: 0 if typed.endswith(" ") else None])
        await journey.press("ctrl+u")
        await journey.type(typed)
        await journey.rest()
        for sentence in sentences:
            assert f"! {sentence}" in journey.text()
        await journey.press("ctrl+u")
        await journey.rest()
        assert "! " not in journey.text(), "warnings go with what they are about"

    run(story)


def test_a_refusal_is_not_covered_by_a_warning() -> None:
    from textual import events

    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type("QUIET")
        journey.app.screen.post_message(events.Paste("two\nlines"))
        await journey.settle()
        await journey.rest()
        assert "More than one line was pasted; nothing of it was taken." in journey.text()

    run(story)


# Random words --------------------------------------------------------------------------------


def test_random_words_are_hidden_shown_and_typed_before_they_count() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.click("#random")
        assert "6 random words: 77.5 bits" in journey.text()
        assert "crisply" not in journey.text()
        await journey.press("enter")
        assert SIX in journey.text()
        await journey.press("enter")
        assert "crisply" not in journey.text()
        await journey.press("tab", "enter")
        assert journey.app.focused.id == "secret-second"
        assert "Now type them, from your note." in journey.text()
        assert "crisply" not in journey.text()
        await journey.type(SIX[:-1])
        await journey.press("enter")
        assert "The two entries are not the same." in journey.text()
        await journey.type(SIX)
        await journey.press("enter")
        await journey.at("DerivationScreen")

    journey = run(story)
    assert journey.engine.accepted == SIX
    assert journey.app.session.passphrase_characters == len(SIX)


def test_one_more_word_and_other_words_are_drawn_hidden() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.click("#random")
        await journey.press("f2")
        await journey.click("#longer")
        assert "7 random words: 90.5 bits" in journey.text()
        assert "crisply" not in journey.text()
        await journey.click("#another")
        await journey.press("escape")
        assert journey.app.focused.id == "secret-first"

    journey = run(story)
    assert [fields["words"] for fields in journey.engine.asked("passphrase.generate")] == [6, 7, 7]
    assert journey.engine.fields["generated"] == "", "wiped when it is not wanted"


def test_random_words_hide_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.tui.widgets.secret_field.SHOWN_SECONDS", 0.2)

    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.click("#random")
        await journey.press("f2")
        assert "crisply" in journey.text()
        await asyncio.sleep(0.4)
        await journey.settle()
        assert "crisply" not in journey.text()

    run(story)


# The meter -----------------------------------------------------------------------------------


def test_the_meter_says_what_guessing_takes_and_under_what() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        assert "with 64 MiB and 3 passes (0.25 s), assumed until step 3" in journey.text()
        await journey.type("seven quiet lanterns")
        rows = journey.text().splitlines()
        assert "years" in next(row for row in rows if "this machine" in row)
        rented = next(row for row in rows if "a rented GPU" in row)
        assert "years" in rented
        assert rented.endswith("USD")
        await journey.press("ctrl+u")
        assert "years" not in next(
            row for row in journey.text().splitlines() if "this machine" in row
        )

    run(story)


def test_the_meter_reckons_with_what_step_3_chose() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.focus("#choices")
        await journey.press("home", "down", "down", "escape")
        await journey.at("PassphraseScreen")
        assert "with 768 MiB and 3 passes (2.95 s), chosen in step 3" in journey.text()

    journey = run(story)
    params = [f["params"] for f in journey.engine.asked("meter.suppose") if "params" in f]
    assert [each["memory_kib"] for each in params] == [65_536, 786_432]


def test_without_a_measurement_the_meter_goes_on_without_costs() -> None:
    async def story(journey: Journey) -> None:
        journey.engine.fail["measure"] = EngineError("NoMemory", "There is no memory.")
        await journey_to(journey, "passphrase")
        await journey.type("quiet lantern")
        assert "shown when one guess has been measured" in journey.text()

    run(story)


def test_the_name_of_the_database_counts_when_the_passphrase_is_judged() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")

    journey = run(story)
    path = journey.app.session.target.path
    assert journey.engine.asked("passphrase.accept")[0]["path"] == path
    assert journey.engine.asked("meter.suppose")[0] == {"path": path}


def test_the_least_score_is_the_configuration_s_with_its_reason() -> None:
    async def story(journey: Journey) -> None:
        journey.engine.minimum_score = 4
        await journey_to(journey, "passphrase")
        assert "“very strong” (4 of 4) is asked for: thieves" in journey.text()

    journey = run(story)
    assert journey.app.session.minimum_score == 4


# On a real terminal --------------------------------------------------------------------------


def test_a_key_costs_a_slow_line_300_bytes_at_most(tmp_path: Path) -> None:
    """The real program and the real engine process, on a pseudo-terminal of 80 by 24."""
    make_plain(tmp_path / "node.db")
    with Terminal(tmp_path, str(tmp_path / "node.db")) as terminal:
        terminal.until("node.db")
        terminal.send("\r")
        terminal.until("assumed until step 3")
        costs = [
            terminal.send(character) for character in "vermilion tugboat 93 quokka northwestward"
        ]
        assert max(costs) <= 300, costs
        assert statistics.median(costs) <= 250, costs
        terminal.until("Four words")
        terminal.read(1.0)
        assert terminal.read(1.5) == 0, "nothing is sent while nothing happens"
        assert "years" in terminal.text
        assert "vermilion" not in terminal.text
        terminal.send("\x03")
        terminal.until("[ ")
        terminal.send("\x1b[C\r")
        assert terminal.ended() == 130
