"""Drives the real app through Textual's Pilot, in sentences."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from textual import events
from textual.geometry import Size
from textual.keys import _character_to_key

from tests.tui_fakes import FakeEngine
from wizard.tui.screens import select
from wizard.tui.widgets.secret_field import SecretField

select.REST_SECONDS = 0.0  # no journey waits for what a person would pass by

PHRASE = "seven quiet lanterns drift north"
_MOST_ROUNDS = 400


class Journey:
    """One run of the wizard. Everything is done with keys, except `click`, which focuses first."""

    def __init__(
        self,
        engine: FakeEngine,
        *,
        size: tuple[int, int] = (80, 24),
        path: str | None = None,
        ascii: bool = False,  # noqa: A002 - the wizard's own name
    ) -> None:
        from wizard.tui.wizard_app import WizardApp

        self.engine = engine
        self.app = WizardApp(engine, path, ascii=ascii)
        self._context = self.app.run_test(size=size)
        self.pilot: Any = None

    async def __aenter__(self) -> Self:
        self.pilot = await self._context.__aenter__()
        await self.at("SelectScreen")
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._context.__aexit__(*exception)

    async def settle(self) -> None:
        """Until nothing is left to do, however slow the machine is."""
        if not isinstance(self.engine, FakeEngine):
            await self.pilot.pause()  # another process answers: it can only be waited for
        for _round in range(_MOST_ROUNDS):
            await self._run_dry()
            self.app.screen._on_timer_update()  # drawn now, and not at the next sixtieth
            if self._ready:
                continue
            if not self._about_to_happen():
                return
            await asyncio.sleep(0.002)

    async def _run_dry(self) -> None:
        """The pilot takes a quiet processor for a sign of rest; this asks the loop itself."""
        while self._ready:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)

    @property
    def _ready(self) -> int:
        return len(asyncio.get_running_loop()._ready)

    def _about_to_happen(self) -> bool:
        """Whether the app waits for a moment, or a timer has run out that was not looked at yet."""
        if self.app._waiting is not None or self.app._resize_timer is not None:
            return True
        loop = asyncio.get_running_loop()
        now = loop.time() + 0.001
        return any(not timer._cancelled and timer._when < now for timer in loop._scheduled)

    async def press(self, *keys: str) -> None:
        for key in keys:
            self._send(key)
            await self.settle()
        if not keys:
            await self.settle()

    async def type(self, text: str) -> None:
        for character in text:
            self._send(character)
        await self.settle()
        await self._drawn()

    def _send(self, key: str) -> None:
        name = _character_to_key(key) if len(key) == 1 else key
        self.app._driver.send_message(events.Key(name, key if len(key) == 1 else None))

    async def resize(self, width: int, height: int) -> None:
        size = Size(width, height)
        self.app._driver._size = size
        self.app.post_message(events.Resize(size, size))
        await self.settle()

    async def _drawn(self) -> None:
        """Until a secret field shows as many characters as the engine without a process holds."""
        if not isinstance(self.engine, FakeEngine):
            return
        for _try in range(500):
            fields = {str(part.id): part for part in self.app.screen.query(SecretField)}
            if all(
                fields[f"secret-{name}"].characters == len(text)
                for name, text in self.engine.fields.items()
                if f"secret-{name}" in fields
            ):
                break
            await asyncio.sleep(0.01)
        await self.settle()

    async def rest(self) -> None:
        """A pause in the typing, as the passphrase step waits for it."""
        self.app.screen._describe()
        await self.settle()

    async def focus(self, selector: str) -> None:
        self.app.screen.touched()
        self.app.screen.query_one(selector).focus()
        await self.settle()

    async def click(self, selector: str) -> None:
        """Press a button by keyboard."""
        await self.focus(selector)
        await self.press("enter")

    async def at(self, screen: str, seconds: float = 5.0) -> None:
        for _try in range(int(seconds / 0.02)):
            if type(self.app.screen).__name__ == screen:
                await self.settle()
                return
            await asyncio.sleep(0.02)
        message = f"on {type(self.app.screen).__name__}, not on {screen}: {self.text()}"
        raise AssertionError(message)

    @property
    def where(self) -> str:
        return type(self.app.screen).__name__

    def text(self) -> str:
        """What can be read on the screen now."""
        _width, height = self.app.size
        rows = [
            "".join(segment.text for segment in strip)
            for strip in self.app.screen._compositor.render_strips()
        ]
        return "\n".join(row.rstrip() for row in rows[:height])


async def journey_to(journey: Journey, step: str) -> None:
    """Walk on from wherever the wizard stands, by the shortest way, to `step`."""
    for name, screen, go in _WAY:
        if type(journey.app.screen).__name__ == screen:
            if name == step:
                return
            await go(journey)


async def _choose(journey: Journey) -> None:
    await journey.press("enter")
    await journey.at("PassphraseScreen")


async def _set_passphrase(journey: Journey) -> None:
    for _field in range(2):
        await journey.type(PHRASE)
        await journey.press("enter")
    await journey.at("DerivationScreen")


async def _derive(journey: Journey) -> None:
    await journey.press("enter")
    await journey.at("ReviewScreen")


async def _encrypt(journey: Journey) -> None:
    await journey.click("#next")
    await journey.at("GenerateScreen")


async def _to_kit(journey: Journey) -> None:
    await journey.press("enter")
    await journey.at("KitScreen")


async def _look(journey: Journey) -> None:
    await journey.press("enter")
    await journey.at("WordsScreen")
    await journey.press("enter")
    await journey.at("KitScreen")
    await journey.press("enter")
    await journey.at("ProofScreen")


async def _prove(journey: Journey) -> None:
    for word in await journey.engine.right_words():
        await journey.type(word)
        await journey.press("enter")
    await journey.at("PlaceScreen")


async def _place(journey: Journey) -> None:
    await journey.click("#next")
    await journey.at("CopiesScreen")


async def _finish(journey: Journey) -> None:
    await skip_what_is_open(journey)
    await journey.at("DoneScreen")


async def skip_what_is_open(journey: Journey) -> None:
    """Finish by typing the name."""
    await journey.click("#next")
    await journey.at("TypedNameScreen")
    await journey.type(journey.app.session.committed.name)
    await journey.press("enter")


async def _stay(_journey: Journey) -> None:
    pass


_WAY = (
    ("select", "SelectScreen", _choose),
    ("passphrase", "PassphraseScreen", _set_passphrase),
    ("derivation", "DerivationScreen", _derive),
    ("review", "ReviewScreen", _encrypt),
    ("generate", "GenerateScreen", _to_kit),
    ("kit", "KitScreen", _look),
    ("proof", "ProofScreen", _prove),
    ("place", "PlaceScreen", _place),
    ("copies", "CopiesScreen", _finish),
    ("done", "DoneScreen", _stay),
)
