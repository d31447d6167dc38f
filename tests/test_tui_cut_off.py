"""The real screen over the real engine process, which is killed in the middle of things."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tests.databases import make_plain
from tests.engine_talk import CHEAP
from tests.tui_journey import PHRASE, Journey
from wizard import engine
from wizard.tui.answers.cost import Choice
from wizard.tui.answers.target import Target
from wizard.tui.engine_client import EngineClient
from wizard.tui.parameters import Parameters


async def begin(journey: Journey, path: object) -> None:
    """Answer steps 1 to 3 without their screens, and start."""
    client, session = journey.engine, journey.app.session
    for field in ("first", "second"):
        client.send("field.type", field=field, text=PHRASE)
    await client.request("passphrase.accept", minimum_score=3)
    session.target = Target.from_answer(await client.request("inspect", path=str(path)))
    session.passphrase_characters = len(PHRASE)
    session.chosen, session.custom = "custom", Choice("custom", Parameters(**CHEAP), 0.1)
    journey.app.show_step("generate")
    while not session.preparing and session.prepared is None:  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("moment", ["preparing", "kit"])
def test_a_killed_engine_is_a_cut_off_that_leaves_all_as_before(tmp_path, moment):
    path = make_plain(tmp_path / "node.db", 200)
    before = path.read_bytes()

    async def story() -> None:
        async with Journey(EngineClient()) as journey:
            await begin(journey, path)
            if moment == "kit":
                for _try in range(500):
                    if journey.app.session.prepared is not None:
                        break
                    await asyncio.sleep(0.02)
                await journey.press("enter")
                await journey.at("KitScreen")
            os.kill(journey.engine._child.process.pid, signal.SIGKILL)
            await journey.at("StoppedScreen", seconds=20)
            for _try in range(500):
                if "On disk now" in journey.text():
                    break
                await asyncio.sleep(0.02)
            text = " ".join(journey.text().split())
            assert "Cut off" in text
            assert "is as it was before, not encrypted" in text
            await journey.press("enter")
            await journey.at("PassphraseScreen")

    asyncio.run(story())
    assert path.read_bytes() == before
    assert engine.inspect(path).state is engine.State.PLAINTEXT
    assert {each.name for each in tmp_path.iterdir()} <= {"node.db", "node.db.audit.jsonl"}
