"""The pictures are what the app draws now, and nothing in any state is cut off at any size."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from textual.app import App
from textual.widgets import Static

from tests.screenshots import BY_SIZE, DIRECTORY, LOOKS, WALKS, Look, Story, draw
from tests.tui_cuts import faults
from tests.tui_fakes import FINGERPRINT
from tests.tui_journey import Journey
from tests.tui_walk import walk
from wizard.tui.screens.dialog import Dialog

OTHER_SIZES = [(60, 16), (100, 30), (200, 50)]
QUESTIONS = ("What is this?", "What should I choose?", "What happens next?")
REDRAW = "Look at the change, then draw again: python -m tests.screenshots"


@pytest.mark.parametrize("looks", BY_SIZE, ids=lambda looks: "x".join(map(str, looks[0].size)))
@pytest.mark.parametrize("story", WALKS, ids=lambda story: story.__name__)
def test_every_state_is_drawn_as_its_picture_shows_it_and_nothing_is_cut(
    story: Story, looks: Sequence[Look], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run, of which every state is resized through all sizes: 40x12 has one of its own."""
    wrong: list[str] = []
    first, standard = looks[0], looks[0].size == (80, 24)

    def note(name: str, found: list[str], journey: Journey) -> None:
        if found:
            size = "{}x{}".format(*journey.app.size)
            wrong.append("\n".join([f"{name} at {size}:", *found, journey.text()]))

    async def check(name: str, look: Look, journey: Journey) -> None:
        found = faults(journey)
        strange = {letter for letter in journey.text() if not letter.isascii()}
        if look.ascii and strange:
            found.append(f"draws {strange}")
        if journey.app.size == (80, 24) and journey.app.page.scroller.max_scroll_y:
            found.append("scrolls at 80x24")
        note(name, found, journey)
        if look is first and isinstance(journey.app.screen, Dialog):
            note(f"{name}, explained,", await unexplained(journey), journey)
        if look is first and standard:
            for size in OTHER_SIZES:
                await journey.resize(*size)
                note(name, faults(journey), journey)
            await journey.resize(*look.size)

    sent: list[str] = []
    monkeypatch.setattr(App, "copy_to_clipboard", lambda _app, text: sent.append(text))
    pictures = asyncio.run(draw(story, looks, check))
    assert pictures
    assert sent == ([FINGERPRINT] if story is walk else []), "only what was asked for, and public"
    assert not wrong, "\n\n".join(wrong)
    differ = [
        f"screenshots/{path.relative_to(DIRECTORY)}"
        for path, svg in sorted(pictures.items())
        if not path.is_file() or path.read_text(encoding="utf-8") != svg
    ]
    assert not differ, f"{differ} are not what the app draws now. {REDRAW}"


async def unexplained(journey: Journey) -> list[str]:
    """What F1 fails to say about a dialog, and whether it leaves it as it was."""
    dialog, focused = journey.app.screen, journey.app.focused
    if dialog.explained() is None:
        return []
    found = [] if "F1 help" in journey.text() else ["the key is not named"]
    await journey.press("f1")
    said = "".join(str(part.render()) for part in journey.app.screen.query(Static))
    found += [
        f"does not say {each}" for each in (dialog.title_text(), *QUESTIONS) if each not in said
    ]
    found += [*faults(journey), *([] if dialog.explained().after in said else ["no answer"])]
    await journey.press("f1")
    if journey.app.screen is not dialog or journey.app.focused is not focused:
        found.append("F1 does not lead back")
    return found


def test_every_look_shows_every_state_and_all_are_small() -> None:
    names = [{path.name for path in (DIRECTORY / look.folder).glob("*.svg")} for look in LOOKS]
    assert names[0]
    assert all(name == names[0] for name in names)
    assert sum(path.stat().st_size for path in DIRECTORY.rglob("*.svg")) < 3_000_000
