"""The pictures are what the app draws now, and nothing in any of them is cut off."""

from __future__ import annotations

import asyncio

import pytest

from tests.screenshots import DIRECTORY, LOOKS, Look, draw
from tests.test_tui_sizes import faults
from tests.tui_journey import Journey
from tests.tui_matrix import some

DARK, LIGHT, ASCII, SMALL = LOOKS
REDRAW = "Look at the change, then draw again: python -m tests.screenshots"


@pytest.mark.parametrize("look", some(LOOKS, ASCII, SMALL), ids=lambda look: look.folder or "dark")
def test_every_state_is_drawn_as_its_picture_shows_it(look: Look) -> None:
    wrong: dict[str, list[str]] = {}

    def check(name: str, journey: Journey) -> None:
        found = faults(journey)
        strange = {letter for letter in journey.text() if not letter.isascii()}
        if look.ascii and strange:
            found.append(f"draws {strange}")
        if found:
            wrong[name] = [*found, journey.text()]

    pictures = asyncio.run(draw(look, check))
    assert not wrong, "\n".join(f"{name}: " + "\n".join(found) for name, found in wrong.items())

    there = {
        path: path.read_text(encoding="utf-8") for path in (DIRECTORY / look.folder).glob("*.svg")
    }
    differ = [
        f"screenshots/{path.relative_to(DIRECTORY)}"
        for path in sorted({*pictures, *there})
        if pictures.get(path) != there.get(path)
    ]
    assert not differ, f"{differ} are not what the app draws now. {REDRAW}"


def test_every_look_shows_every_state_and_all_are_small() -> None:
    names = [{path.name for path in (DIRECTORY / look.folder).glob("*.svg")} for look in LOOKS]
    assert names[0]
    assert all(name == names[0] for name in names)
    assert sum(path.stat().st_size for path in DIRECTORY.rglob("*.svg")) < 3_000_000
