"""The pages over the real engine process and real databases, by keys alone; then it is opened."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from textual import events

import wizard
from tests.databases import PASSPHRASE
from tests.test_initialization import CHEAP
from tests.tui_journey import Journey
from tests.upkeep_walk import choose
from wizard import engine
from wizard.tui.answers.cost import Choice, CipherSpeed
from wizard.tui.engine_client import EngineClient
from wizard.tui.parameters import Parameters

NEW = "vermilion tugboat quokka ninety three"
ROWS = 5
SECONDS = 15.0

Story = Callable[[Journey], Coroutine[Any, Any, None]]


@pytest.fixture
def node(protected_node: Path) -> Path:
    return protected_node


def run(story: Story, path: Path) -> None:
    async def tell() -> None:
        async with Journey(EngineClient(), path=str(path)) as journey:
            await until(journey, "Already protected")
            # As if step 3 had been seen before: measuring the machine is its own test's.
            journey.app.session.choices = [
                Choice(name, Parameters(20 * 1024, 3, 1), 0.1, 0.1, 0.1, 5)
                for name in ("interactive", "balanced", "sensitive")
            ]
            journey.app.session.cipher_speeds = {"aegis": CipherSpeed(4e8, 9e8)}
            await journey.press("home", "enter")
            await until(journey, "generation")
            await journey.press("enter")
            await story(journey)

    asyncio.run(tell())


async def until(journey: Journey, text: str) -> None:
    for _try in range(int(SECONDS / 0.02)):
        if text in " ".join(journey.text().split()):
            await journey.settle()
            return
        await asyncio.sleep(0.02)
    message = f"{text!r} is not on {journey.where}: {journey.text()}"
    raise AssertionError(message)


async def at(journey: Journey, screen: str) -> None:
    await journey.at(screen, SECONDS)


async def type_present(journey: Journey, passphrase: str = PASSPHRASE) -> None:
    await at(journey, "PresentScreen")
    await journey.type(passphrase)
    await journey.press("enter")


async def type_new(journey: Journey, passphrase: str = NEW) -> None:
    await at(journey, "PassphraseScreen")
    for _field in range(2):
        await journey.type(passphrase)
        await journey.press("enter")


async def carry_out(journey: Journey) -> None:
    await at(journey, "ErrandReviewScreen")
    await journey.click("#next")


async def type_name(journey: Journey, name: str) -> None:
    await at(journey, "TypedNameScreen")
    await journey.type(name)
    await journey.press("enter")


async def measured(journey: Journey) -> None:
    """Step 3 with its cheapest row."""
    await at(journey, "DerivationScreen")
    await journey.press("home", "enter")


async def type_words(journey: Journey, words: list[str]) -> None:
    await at(journey, "SheetsScreen")
    for word in words:
        await journey.type(word)
        journey.app._driver.send_message(events.Key("enter", "\r"))
    await journey.settle()


async def keep_and_prove(journey: Journey, file: Path) -> None:
    """Save the new sheet, answer for it, and put it in force."""
    await at(journey, "KitScreen")
    await journey.click("#save")
    await journey.press("ctrl+u")
    await journey.type(str(file))
    await journey.press("enter")
    await until(journey, "saved to")
    await journey.click("#next")
    await at(journey, "ProofScreen")
    await until(journey, "Word")
    words = words_of(file)
    for field in list(journey.app.screen.query("WordField")):
        label = str(field.parent.query_one("Label").content)
        await journey.type(words[int(re.search(r"(\d+)$", label)[1]) - 1])
        await journey.press("enter")
    await at(journey, "ForceScreen")
    await journey.click("#next")
    await at(journey, "ResultScreen")


def words_of(file: Path) -> list[str]:
    parsed = engine.parse_sheets([file.read_text()])
    return list(parsed.mnemonics[0])


def count(path: Path, passphrase: str | None = None, **options: Any) -> int:
    with wizard.unlock(path, passphrase, readonly=True, **options) as database:
        return database.connection.execute("SELECT count(*) FROM customers").get


def test_a_leaked_passphrase_is_changed_and_the_data_key_rotated(node: Path) -> None:
    before = engine.inspect(node).metadata

    async def story(journey: Journey) -> None:
        await choose(journey, "leaked")
        await type_present(journey, "not this one at all")
        await until(journey, "The passphrase is wrong")
        await journey.press("ctrl+u")
        await type_present(journey)
        await type_new(journey)
        await carry_out(journey)
        await at(journey, "ResultScreen")
        now = engine.inspect(node).metadata.public_key.fingerprint
        assert f"{before.public_key.fingerprint}    {now}" in journey.text(), "side by side"
        assert count(node, NEW) == ROWS
        await journey.click("#follow")
        await type_present(journey, NEW)
        await carry_out(journey)
        await at(journey, "ResultScreen")
        await until(journey, "The data are under a new key")
        await journey.click("#next")

    run(story, node)
    assert count(node, NEW) == ROWS
    with pytest.raises(engine.WrongPassphrase):
        wizard.unlock(node, PASSPHRASE)
    after = engine.inspect(node).metadata
    assert (after.generation, after.data_key.retired_slots) == (before.generation + 2, 0)
    assert after.data_key.created_at != before.data_key.created_at or after != before


def test_a_forgotten_passphrase_is_replaced_by_the_words_and_the_old_words_end(
    node: Path, tmp_path: Path
) -> None:
    old, new = tmp_path / "sheet-1.txt", tmp_path / "new-sheet.txt"

    async def story(journey: Journey) -> None:
        await choose(journey, "forgotten")
        words = words_of(old)
        wrong = "academic" if words[19] != "academic" else "acid"
        await type_words(journey, [*words[:19], wrong, *words[20:]])
        await until(journey, "word 20")
        assert journey.app.screen._at == 20, "the wrong one is found"
        await journey.type(words[19])
        await journey.press("enter")
        await type_new(journey)
        await carry_out(journey)
        await at(journey, "KitScreen")
        assert count(node, PASSPHRASE) == ROWS, "nothing is in force yet"
        await keep_and_prove(journey, new)

    run(story, node)
    assert count(node, NEW) == ROWS
    assert count(node, recovery=[new.read_text()]) == ROWS
    with pytest.raises(engine.WizardError):
        wizard.unlock(node, recovery=[old.read_text()])


def test_operators_come_are_renamed_and_leave(node: Path) -> None:
    async def story(journey: Journey) -> None:
        await choose(journey, "operators")
        await at(journey, "OperatorsScreen")
        await journey.press("enter")
        await at(journey, "LabelScreen")
        await journey.type("night shift")
        await journey.press("enter")
        await type_present(journey)
        await type_new(journey)
        await measured(journey)
        await carry_out(journey)
        await at(journey, "ResultScreen")
        assert count(node, NEW) == ROWS
        assert "night shift" in str(engine.inspect(node).metadata.operator_slots)

        await journey.click("#back")
        await until(journey, "1 operator (night shift)")
        await journey.press("enter")
        await choose(journey, "operators")
        await journey.click("#rename")
        await at(journey, "LabelScreen")
        await journey.type("s")
        await journey.press("enter")
        await type_present(journey)
        await carry_out(journey)
        await at(journey, "ResultScreen")
        await journey.click("#back")
        await until(journey, "night shifts")
        await journey.press("enter")

        await choose(journey, "left")
        await at(journey, "OperatorsScreen")
        await journey.press("enter")
        await type_present(journey, NEW)
        await until(journey, "passphrase of the operator night shifts")
        await journey.press("ctrl+u")
        await type_present(journey)
        await carry_out(journey)
        await at(journey, "ResultScreen")
        await until(journey, "seen by 1 removed slot")

    run(story, node)
    with pytest.raises(engine.WrongPassphrase):
        wizard.unlock(node, NEW)
    assert count(node, PASSPHRASE) == ROWS


def test_the_cost_is_changed_and_the_kit_renewed_and_proved_under_the_same_passphrase(
    node: Path, tmp_path: Path
) -> None:
    new = tmp_path / "renewed.txt"

    async def story(journey: Journey) -> None:
        await choose(journey, "stronger")
        await type_present(journey)
        await measured(journey)
        await carry_out(journey)
        await at(journey, "ResultScreen")
        assert engine.inspect(node).metadata.master_slot.params != CHEAP
        await journey.click("#back")
        await until(journey, "generation 2")
        await journey.press("enter")

        await choose(journey, "renew")
        await type_present(journey)
        await carry_out(journey)
        await keep_and_prove(journey, new)
        await journey.click("#back")
        await until(journey, "generation 3")
        await journey.press("enter")

        await choose(journey, "prove")
        await at(journey, "SheetsScreen")
        await journey.click("#from-file")
        await journey.type(str(new))
        await journey.press("enter")
        await at(journey, "ResultScreen")
        await journey.click("#back")
        await until(journey, "last proved today")

    run(story, node)
    assert count(node, PASSPHRASE) == ROWS
    assert count(node, recovery=[new.read_text()]) == ROWS
    with pytest.raises(engine.WizardError):
        wizard.unlock(node, recovery=[(tmp_path / "sheet-1.txt").read_text()])


def test_backup_verified_and_a_plaintext_copy(node: Path, tmp_path: Path) -> None:
    saved, plain = tmp_path / "node.backup", tmp_path / "plain.db"

    async def file(journey: Journey, path: Path) -> None:
        await at(journey, "FileScreen")
        await journey.press("ctrl+u")
        await journey.type(str(path))
        await journey.press("enter")

    async def story(journey: Journey) -> None:
        await choose(journey, "backup")
        await file(journey, saved)
        await type_present(journey)
        await carry_out(journey)
        await at(journey, "ResultScreen")
        await journey.click("#back")
        await until(journey, "generation")
        await journey.press("enter")
        await choose(journey, "verify")
        await file(journey, saved)
        await at(journey, "ResultScreen")
        await until(journey, "database and sidecar, generation 1")
        await journey.click("#back")
        await until(journey, "generation")
        await journey.press("enter")
        await choose(journey, "decrypt")
        await file(journey, plain)
        await type_present(journey)
        await carry_out(journey)
        await type_name(journey, "node.db")
        await at(journey, "ResultScreen")

    run(story, node)
    engine.restore(saved, to=tmp_path / "again.db")
    assert count(tmp_path / "again.db", PASSPHRASE) == ROWS
    assert plain.read_bytes().startswith(b"SQLite format 3\0")
    assert count(node, PASSPHRASE) == ROWS


def test_starting_over_needs_the_name_and_keeps_the_old_files(node: Path, tmp_path: Path) -> None:
    async def story(journey: Journey) -> None:
        await choose(journey, "start-over")
        await type_new(journey)
        await measured(journey)
        await carry_out(journey)
        await type_name(journey, "node.d")
        await until(journey, "not the name")
        await journey.type("b")
        await journey.press("enter")
        await keep_and_prove(journey, tmp_path / "new-sheet.txt")
        await until(journey, "Kept as")

    run(story, node)
    (old,) = [path for path in node.parent.glob("node.db.replaced-*Z") if path.is_file()]
    assert count(old, PASSPHRASE) == ROWS
    with wizard.unlock(node, NEW) as database:
        assert not list(
            database.connection.execute("SELECT * FROM sqlite_schema WHERE name = 'customers'")
        )


def test_without_its_sidecar_the_kit_opens_it_and_a_saved_one_is_put_back(
    node: Path, tmp_path: Path
) -> None:
    sidecar = engine.sidecar_path(node)
    saved = sidecar.rename(tmp_path / "saved.json")

    async def tell() -> None:
        async with Journey(EngineClient(), path=str(node)) as journey:
            await until(journey, "damaged")
            await journey.press("home", "enter")
            await until(journey, "is missing")
            await journey.press("enter")
            await choose(journey, "kit")
            await at(journey, "SheetsScreen")
            await journey.press("enter")
            await journey.type(str(tmp_path / "sheet-1.txt"))
            await journey.press("enter")
            await at(journey, "ResultScreen")
            await until(journey, "opens the database without the sidecar")
            await journey.click("#back")
            await until(journey, "is missing")
            await journey.press("enter")
            await choose(journey, "restore-sidecar")
            await at(journey, "FileScreen")
            await journey.type(str(saved))
            await journey.press("enter")
            await carry_out(journey)
            await at(journey, "ResultScreen")
            await journey.click("#back")
            await until(journey, "generation 1")

    asyncio.run(tell())
    assert count(node, PASSPHRASE) == ROWS


def test_what_a_killed_rotation_left_is_ended(node: Path) -> None:
    from wizard.engine.sidecar import staged_path

    staged_path(node).write_bytes(os.urandom(8192))

    async def tell() -> None:
        async with Journey(EngineClient(), path=str(node)) as journey:
            await until(journey, "interrupted")
            await journey.press("home", "enter")
            await until(journey, "did not finish")
            await journey.press("enter")
            await choose(journey, "settle")
            await carry_out(journey)
            await at(journey, "ResultScreen")
            await until(journey, "it was undone")
            await journey.click("#back")
            await until(journey, "generation 1")

    asyncio.run(tell())
    assert not staged_path(node).exists()
    assert engine.inspect(node).state is engine.State.PROTECTED
    assert count(node, PASSPHRASE) == ROWS
