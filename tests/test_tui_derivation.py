"""Step 3 by keys: the time as the question, the picture, the smaller machine, the ciphers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.databases import make_plain
from tests.test_tui import run
from tests.tui_journey import PHRASE, Journey, journey_to
from tests.tui_matrix import FULL
from tests.tui_terminal import Terminal
from wizard.tui.answers.cost import Choice, OtherMachine
from wizard.tui.parameters import Parameters
from wizard.tui.screens.derivation_rows import FIXED, PRESETS, elsewhere_sentence
from wizard.tui.widgets.memory_picture import Mark, MemoryPicture, Plotted


def row_of(journey: Journey, start: str) -> str:
    return next(row for row in journey.text().splitlines() if start in row)


# The time as the question --------------------------------------------------------------------


def test_every_set_has_its_time_its_spread_and_its_memory() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        assert "How long may unlocking take on this machine?" in journey.text()
        assert "0.98 s  0.94–1.02 of 3     256 MiB" in row_of(journey, "● balanced")
        assert "0.24–0.26 of 5" in row_of(journey, "○ interactive")

    journey = run(story)
    measured = journey.engine.asked("measure")[1:]  # the first is step 2's assumption
    assert [(each["memory_kib"], each["runs"]) for each in measured] == [
        (262_144, 3),
        (65_536, 5),
        (786_432, 3),
    ], "the chosen one first"


def test_a_time_of_ones_own_is_looked_for_and_kept() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.press("end", "up", "enter")
        assert journey.app.focused.id == "seconds"
        await journey.press("end", "backspace", "enter")
        lines = journey.text().splitlines()
        asked = next(at for at, line in enumerate(lines) if "Seconds" in line)
        assert "Type a time in seconds: more than 0, and 60 at most." in lines[asked + 1]
        await journey.type("61")
        await journey.press("enter")
        assert "Type a time in seconds: more than 0, and 60 at most." in journey.text()
        await journey.press("backspace", "backspace")
        await journey.type("1,5x")
        await journey.press("enter")
        assert journey.app.focused.id == "next"
        assert "1.53 s" in row_of(journey, "another time")
        await journey.press("enter")
        await journey.at("ReviewScreen")
        assert "About 1.53 s and 390 MiB of memory" in " ".join(journey.text().split())
        await journey.press("escape")
        await journey.at("DerivationScreen")
        assert "1.53 s" in row_of(journey, "● another time")

    journey = run(story)
    assert [each["seconds"] for each in journey.engine.asked("target")] == [1.5]


def test_a_time_that_was_never_measured_is_measured_on_the_way_on() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.press("end", "up")
        await journey.click("#next")
        await journey.at("ReviewScreen")

    journey = run(story)
    assert [each["seconds"] for each in journey.engine.asked("target")] == [2.0]


def test_everything_is_measured_again_at_any_time() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.press("end", "up", "enter", "enter")
        await journey.click("#again")
        assert "2.04 s" in row_of(journey, "another time")

    journey = run(story)
    for op, sets in (("preset", 5), ("ciphers", 1), ("target", 1)):
        assert len(journey.engine.asked(op)) == 2 * sets, op


def test_going_on_before_anything_is_measured_says_so() -> None:
    async def story(journey: Journey) -> None:
        journey.engine.delay = 0.5
        await journey_to(journey, "passphrase")
        for _field in range(2):
            await journey.type(PHRASE)
            await journey.press("enter")
        await journey.at("DerivationScreen")
        await journey.press("enter")
        assert "still being measured" in journey.text()
        await journey.press("end")
        assert "still being measured" not in journey.text()
        await journey.press("enter")
        assert journey.where == "DerivationScreen", "nothing to draw yet"
        assert "still being measured" in journey.text()

    run(story)


def test_each_set_is_there_as_soon_as_it_is_measured_and_what_is_missing_follows() -> None:
    """Nobody waits for the dearest; whoever comes back finds the rest measured then."""

    async def story(journey: Journey) -> None:
        reached, go, measured = asyncio.Event(), asyncio.Event(), journey.engine._preset

        async def slow(progress: Any, name: str, **fields: Any) -> dict[str, Any]:
            if name == "sensitive" and not go.is_set():
                reached.set()
                await go.wait()
            return await measured(progress, name, **fields)

        journey.engine._preset = slow  # type: ignore[method-assign]
        await journey_to(journey, "passphrase")
        for _field in range(2):
            await journey.type(PHRASE)
            await journey.press("enter")
        await journey.at("DerivationScreen")
        await reached.wait()
        assert "0.98 s" in row_of(journey, "balanced")
        assert "…" in row_of(journey, "sensitive")
        await journey.press("enter")
        await journey.at("ReviewScreen")
        go.set()
        await journey.press("escape")
        await journey.at("DerivationScreen")
        assert "768 MiB" in row_of(journey, "sensitive")

    journey = run(story)
    asked = [each["name"] for each in journey.engine.asked("preset")]
    assert asked == [*PRESETS, PRESETS[-1], *FIXED], "leaving ended the third"
    known = journey.engine.asked("preset")[1]["known"]
    assert known == {"params": {"memory_kib": 65_536, "passes": 3, "lanes": 2}, "seconds": 0.26}


# Ciphers -------------------------------------------------------------------------------------


def test_every_cipher_has_its_throughput_here_and_can_be_chosen() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        assert "420 MiB/s  916 MiB/s   recommended" in row_of(journey, "● AEGIS-256")
        assert "73 MiB/s  105 MiB/s" in row_of(journey, "○ SQLCipher 4")
        await journey.focus("#cipher")
        await journey.press("down", "down", "enter")
        await journey.at("ReviewScreen")
        assert "SQLCipher 4" in journey.text()

    run(story)


# The picture ---------------------------------------------------------------------------------


def test_fields_follow_the_sets_and_feed_the_picture() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.click("#picture")
        await journey.at("PictureScreen")
        for thing in ("◆", "1", "3", "r", "R", "━━", "┈┈"):
            assert thing in journey.text()
        assert "Measured: 0.98 s" in journey.text()
        assert "◆" in row_of(journey, "256 MiB │")
        await journey.press("right")
        assert "Memory 768" in journey.text()
        assert "◆" in row_of(journey, "1 GiB │") + row_of(journey, "512 MiB │")
        await journey.focus("#memory")
        await journey.press("end", "backspace", "backspace", "backspace")
        assert "◆" not in journey.text().replace("◆ yours", "")
        await journey.type("128")
        assert "Foretold: about 0.4" in journey.text()
        assert "◆" in row_of(journey, "128 MiB │")
        assert "● own" in journey.text()
        await journey.press("enter")
        assert "Measured: 0.49 s" in journey.text()
        await journey.press("enter")
        await journey.at("DerivationScreen")
        assert "0.49 s" in row_of(journey, "● own numbers")
        await journey.press("enter")
        await journey.at("ReviewScreen")

    journey = run(story)
    assert journey.app.session.custom.parameters == Parameters(131_072, 3, 2)


def test_own_numbers_open_from_their_row_and_refusals_are_shown() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.press("end", "enter")
        await journey.at("PictureScreen")
        await journey.focus("#memory")
        await journey.press("end", *["backspace"] * 5, "enter")
        assert "Type a number for memory." in journey.text()
        assert journey.app.focused.id == "memory"
        await journey.type("8x")
        await journey.press("enter")
        assert "at least 19 MiB" in journey.text()
        await journey.press("escape")
        await journey.at("DerivationScreen")
        await journey.press("home")
        await journey.click("#picture")
        await journey.at("PictureScreen")
        await journey.focus("#start")
        await journey.press("right")
        await journey.click("#next")
        await journey.at("DerivationScreen")
        assert journey.app.screen.query_one("#choices").chosen == "balanced"

    run(story)


def test_over_the_limit_asks_and_remembers_the_consent() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.click("#picture")
        await journey.at("PictureScreen")
        await journey.press("right", "right", "right", "tab", "enter")
        assert "without asking, at most 1996 MiB" in " ".join(journey.text().split())
        assert journey.app.focused.id == "no"
        await journey.press("enter")
        assert journey.where == "PictureScreen"
        await journey.focus("#next")
        await journey.press("enter", "right", "enter")
        await journey.at("DerivationScreen")
        await journey.press("enter")
        await journey.at("ReviewScreen")
        await journey.click("#next")
        await journey.at("GenerateScreen")

    journey = run(story)
    (prepare,) = journey.engine.asked("prepare")
    assert prepare["allow_high_cost"] is True
    assert prepare["params"]["memory_kib"] == 2_097_152


def test_the_picture_in_ascii_has_a_sign_for_everything() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.click("#picture")
        await journey.at("PictureScreen")
        await journey.press("f4")
        shown = journey.text()
        assert shown.isascii()
        assert "* yours" in shown
        assert "*" in row_of(journey, "256 MiB |")
        assert "==" in row_of(journey, "2 GiB |")
        assert ".." in row_of(journey, "16 MiB |")

    run(story)


def test_a_limit_above_the_picture_is_told_and_not_drawn() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        journey.app.session.machine["unattended_kib"] = 12_000_000
        await journey.click("#picture")
        await journey.at("PictureScreen")
        assert "limit: 11.4 GiB, above this" in journey.text()
        assert "━━━" not in journey.text()
        assert journey.app.screen.query_one("#body").max_scroll_y == 0

    run(story)


def test_marks_lie_where_memory_and_time_say() -> None:
    picture = MemoryPicture(id="x")
    picture._plotted = Plotted(
        marks=(Mark("a", 4 * 1024 * 1024, 30.0), Mark("b", 16 * 1024, 0.03)),
        chosen=Mark("◆", 256 * 1024, 0.95),
        limit_kib=1024 * 1024,
        floor_kib=19 * 1024,
        floor_seconds=0.002,
    )
    lines = picture.render().plain.splitlines()
    assert len(lines) == 11
    assert lines[0].endswith("a")
    assert lines[8][8:].startswith("│b")
    assert "━" in lines[2]
    assert lines[4].index("◆") == pytest.approx((8 + len(lines[2])) / 2, abs=1)


# A smaller machine ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory_kib", "sentence"),
    [
        (2 * 1024 * 1024, "There: about 3.1 s; needs 256 MiB, it has 2 GiB."),
        (300 * 1024, "it has 300 MiB; it will ask first, being over half."),
        (128 * 1024, "Does not open there: it needs 256 MiB, that machine has 128 MiB."),
    ],
)
def test_the_consequence_is_a_sentence(memory_kib: int, sentence: str) -> None:
    choice = Choice("balanced", Parameters(262_144, 3, 2), seconds=1.0)
    said = elsewhere_sentence(OtherMachine(memory_kib, 3.1), choice).plain
    assert sentence in said


def test_a_benchmark_of_the_other_machine_is_read_and_the_sets_are_fitted_to_it() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.click("#smaller")
        await journey.type("/srv/wrong.json")
        await journey.press("enter")
        assert "is not what “datafold-wizard benchmark --json” prints" in journey.text()
        await journey.press("ctrl+u")
        await journey.type("/srv/there.json")
        await journey.press("enter")
        assert "There: about 3.0 s; needs 256 MiB, it has 2 GiB." in journey.text()
        await journey.press("enter")
        assert "512 MiB" in row_of(journey, "sensitive")
        assert "There: about 3.0 s" in journey.text()
        await journey.click("#smaller")
        await journey.click("#none")
        assert "768 MiB" in row_of(journey, "sensitive")
        assert "Only this machine has to open it" in journey.text()

    journey = run(story)
    asked = [each.get("maximum_memory_kib") for each in journey.engine.asked("preset")]
    assert asked == [None] * 5 + [524_288] * 5 + [None] * 5


def test_a_machine_that_is_typed_stops_what_does_not_open_there() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.click("#picture")
        await journey.at("PictureScreen")
        await journey.focus("#memory")
        await journey.press("end", "backspace", "backspace", "backspace")
        await journey.type("900")
        await journey.press("enter", "enter")
        await journey.at("DerivationScreen")
        await journey.click("#smaller")
        await journey.press("enter")
        await journey.type("512")
        await journey.press("enter", "enter")
        assert "Type how many times slower it is" in journey.text()
        await journey.type("2.5")
        await journey.press("enter")
        assert "Does not open there: it needs 900 MiB" in journey.text()
        await journey.click("#next")
        assert journey.where == "DerivationScreen"
        assert "the smaller machine has 512 MiB" in journey.text()
        await journey.press("home", "enter")
        await journey.at("ReviewScreen")

    run(story)


# The real thing ------------------------------------------------------------------------------


@pytest.mark.skipif(not FULL, reason="measures for half a minute: DATAFOLD_TUI=full")
def test_the_step_measures_and_draws_over_a_real_engine_process(tmp_path: Path) -> None:
    make_plain(tmp_path / "node.db")
    row = {"name": "balanced", "memory_kib": 262_144, "passes": 3, "lanes": 2, "seconds": 5.0}
    (tmp_path / "there.json").write_text(
        json.dumps({"key_derivation": [row], "machine": {"available_kib": 262_144}})
    )
    with Terminal(tmp_path, str(tmp_path / "node.db")) as terminal:
        terminal.until("node.db")
        terminal.send("\r")
        terminal.until("assumed until step 3")
        for _field in range(2):
            terminal.send("vermilion tugboat 93 quokka")
            terminal.read(0.3)
            terminal.send("\r")
        terminal.until("How long may unlocking take")
        terminal.until("MiB/s", 60)
        terminal.until(" of 3 ", 60)
        terminal.send("\t\t\t\t\r")
        terminal.until("floor: 19 MiB, 2 passes")
        assert "Measured" in terminal.text
        terminal.send("\x1b")
        terminal.until("How long may unlocking take")
        terminal.send("\t\t\t\t\t\r")
        terminal.until("Must it also open")
        terminal.send(str(tmp_path / "there.json") + "\r")
        terminal.until("As “balanced” is now.")
        terminal.send("\x1b")
        terminal.send("\x03")
        terminal.until("[ ")
        terminal.send("\x1b[C\r")
        assert terminal.ended() == 130
