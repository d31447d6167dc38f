"""The screen answers while the engine process derives: its event loop is never held up."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from tests.databases import make_plain
from tests.tui_journey import PHRASE, Journey
from wizard.tui.answers.cost import Choice
from wizard.tui.answers.target import Target
from wizard.tui.engine_client import EngineClient
from wizard.tui.parameters import Parameters

GIBIBYTE = Parameters(memory_kib=1024 * 1024, passes=2, lanes=2)
LONGEST = 0.05
ROUNDS = 3
_BEAT = 0.005


def waited_for_a_processor() -> float:
    """Seconds that this thread was ready to run and others ran."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


class Heart:
    """Beats on the event loop, and remembers the longest time between two beats."""

    longest = 0.0
    beats = 0

    async def beat(self) -> None:
        while True:
            before, waited = time.perf_counter(), waited_for_a_processor()
            await asyncio.sleep(_BEAT)
            others = waited_for_a_processor() - waited
            self.longest = max(self.longest, time.perf_counter() - before - _BEAT - others)
            self.beats += 1


def test_the_event_loop_is_never_blocked_over_50_ms_while_1_gib_derives(tmp_path: Path) -> None:
    path = make_plain(tmp_path / "node.db", rows=10)
    rounds: list[float] = []

    async def story() -> None:
        async with Journey(EngineClient(), path=str(path)) as journey:
            for _round in range(ROUNDS):
                rounds.append(await derive(journey, path))
                if rounds[-1] < LONGEST:
                    return
                await journey.engine.request("abort")
                journey.app.session.forget_preparation()

    asyncio.run(story())
    assert min(rounds) < LONGEST, rounds


async def derive(journey: Journey, path: Path) -> float:
    """The page of step 4 over the real engine process; the longest time the loop stood still."""
    engine, session = journey.engine, journey.app.session
    for field in ("first", "second"):
        engine.send("field.type", field=field, text=PHRASE)
    await engine.request("passphrase.accept", minimum_score=0, path=str(path))
    session.target = Target.from_answer(await engine.request("inspect", path=str(path)))
    session.custom, session.chosen = Choice("custom", GIBIBYTE, 1.0), "custom"
    session.consented.add(GIBIBYTE)
    journey.app.show_step("generate")
    await journey.at("GenerateScreen")

    heart = Heart()
    beating = asyncio.create_task(heart.beat())
    for _look in range(6000):
        if session.prepared is not None or not session.preparing:
            break
        await asyncio.sleep(0.01)
    beating.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await beating
    assert session.prepared is not None, journey.text()
    assert heart.beats > 20, "it derived while the loop ran"
    return heart.longest
