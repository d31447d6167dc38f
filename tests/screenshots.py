"""Draws every screen of the real app, over an engine with fixed values, into `screenshots/*.svg`."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from tests.tui_fakes import FakeEngine
from tests.tui_journey import Journey
from tests.tui_walk import walk
from wizard.tui.app import drop_textual_variables

drop_textual_variables()
os.environ.pop("NO_COLOR", None)
os.environ.pop("COLORFGBG", None)
os.environ["TZ"] = "UTC"
time.tzset()

DIRECTORY = Path(__file__).parent.parent / "screenshots"


async def draw(directory: Path, size: tuple[int, int]) -> list[Path]:
    written: list[Path] = []

    def take(journey: Journey, name: str) -> None:
        path = directory / f"{name}.svg"
        path.write_text(journey.app.export_screenshot(simplify=True), encoding="utf-8")
        written.append(path)

    async with Journey(FakeEngine(), size=size) as journey:
        await walk(journey, lambda name: take(journey, name))
    return written


if __name__ == "__main__":
    width, height = (int(part) for part in (sys.argv[2:4] or ("80", "24")))
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DIRECTORY
    target.mkdir(parents=True, exist_ok=True)
    for path in asyncio.run(draw(target, (width, height))):
        print(path)
