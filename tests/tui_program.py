"""The real screen process on this terminal over an engine with fixed values, taken to one step.

`python -m tests.tui_program STEP [SWITCH...]`; a file `arrived` in the current directory says that
the step was reached, and `closed` that the
engine was told to end. Ctrl+K then raises an error in it, with a secret among the locals.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

_TURN = 0.004  # seconds between two looks at whether everything was taken
_QUIET_TURNS = 3
_MOST_TURNS = 500
SENTINEL = "sentinel-of-nine-lanterns"


class Keys:
    """Presses keys as fast as they are taken; Textual's own pilot waits 40 ms and until
    the processor is idle."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def press(self, key: str) -> None:
        from textual import events

        self._app._driver.send_message(events.Key(key, None))
        await self.pause()

    async def pause(self) -> None:
        quiet = 0
        for _turn in range(_MOST_TURNS):
            await asyncio.sleep(_TURN)
            quiet = quiet + 1 if self._idle() else 0
            if quiet == _QUIET_TURNS:
                return

    def _idle(self) -> bool:
        screen = self._app.screen
        pumps = (self._app, screen, *screen.walk_children())
        return all(pump._message_queue.empty() for pump in pumps)


def journey_of(app: Any, engine: Any) -> Any:
    """A journey through an app that runs already."""
    from tests.tui_journey import Journey

    journey = object.__new__(Journey)
    journey.app, journey.engine, journey.pilot = app, engine, Keys(app)
    return journey


def main(step: str, *words: str) -> int:
    from wizard.tui.app import prepare_environment, run_app

    prepare_environment()
    from textual.binding import Binding

    from tests.tui_fakes import FakeEngine
    from tests.tui_journey import journey_to
    from wizard.invocation import invocation
    from wizard.tui.wizard_app import WizardApp

    class Fragile(WizardApp):
        BINDINGS = [Binding("ctrl+k", "explode", priority=True)]  # noqa: RUF012 - Textual's way

        def action_explode(self) -> None:
            secret = SENTINEL
            raise ZeroDivisionError(secret)

    engine = FakeEngine()
    asked = invocation(words)
    app = Fragile(engine, asked.path, ascii=asked.ascii or None)

    async def drive(_pilot: Any) -> None:
        journey = journey_of(app, engine)
        await journey.at("SelectScreen")
        await journey_to(journey, step)
        Path("arrived").touch()  # noqa: ASYNC240 - the one file of a test

    code = run_app(app, asked, auto_pilot=drive)
    if engine.closed:
        Path("closed").touch()
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
