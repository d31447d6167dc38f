"""One walk through every state of every screen: drawn by one program, checked by a test."""

from __future__ import annotations

from collections.abc import Callable

from tests.tui_journey import PHRASE, Journey
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.stopped import Ending, Stop

BUSY = "/srv/datafold/node.db is in use by python3 (pid 4711, started 08:53); close it first."


async def walk(  # noqa: PLR0915 - one walk, told in its order
    journey: Journey, take: Callable[[str], None]
) -> None:
    """Through every state of every screen; `take` is told its name."""
    engine = journey.engine
    await journey.press()
    take("1-select")
    for name in ("long", "protected", "interrupted", "foreign", "new"):
        await journey.press("down")
        take(f"1-select-{name}")
    await journey.press("down", "enter")
    await journey.type("/srv/datafold/no")
    take("1-select-path")
    await journey.press("ctrl+c")
    take("quit")
    await journey.press("escape", "f1")
    take("help")
    await journey.press("escape", "up", "home", "enter")
    await journey.at("PassphraseScreen")
    take("2-passphrase")
    await journey.type("passphrase1")
    take("2-passphrase-weak")
    await journey.press("ctrl+u")
    await journey.type(PHRASE)
    await journey.press("enter")
    await journey.type(PHRASE[:-1])
    take("2-passphrase-strong")
    await journey.press("enter")
    take("2-passphrase-mismatch")
    await journey.type(PHRASE)
    await journey.press("f2")
    take("2-passphrase-shown")
    await journey.press("enter")
    await journey.at("DerivationScreen")
    take("3-derivation")
    await journey.press("end")
    take("3-derivation-custom")
    await journey.press("enter", "enter")
    take("3-derivation-measured")
    await journey.focus("#choices")
    await journey.press("up", "enter")
    take("3-derivation-limit")
    await journey.press("escape", "escape")
    await journey.at("PassphraseScreen")
    take("2-passphrase-set")
    await journey.press("enter")
    await journey.at("DerivationScreen")
    await journey.press("home", "down", "enter")
    await journey.at("ReviewScreen")
    take("4-review")
    await journey.click("#plan")
    take("4-plan")
    await journey.press("down", "tab")
    await journey.type("Ada, Grace, Hedy")
    take("4-plan-holders")
    await journey.click("#use")
    engine.hold_at = "encrypt"
    await journey.click("#next")
    await journey.at("GenerateScreen")
    for stage in journey.app.screen.query_one("#stages")._stages.values():
        stage.started = stage.started and stage.started - 0.7
        if stage.seen:
            stage.seen[0] = (stage.seen[0][0] - 0.7, 0)
    journey.app.screen._tick()
    await journey.press()
    take("4-generate")
    await journey.click("#cancel")
    take("4-generate-cancel")
    await journey.press("right", "enter")
    await journey.at("StoppedScreen")
    take("4-cancelled")
    engine.hold_at = None
    engine.fail["prepare"] = EngineError("Busy", BUSY, hint="Close that program, or wait for it.")
    await journey.click("#next")
    await journey.at("StoppedScreen")
    take("4-failed")
    await journey.click("#next")
    await journey.at("GenerateScreen")
    await journey.press()
    take("4-generate-done")
    await journey.press("enter")
    await journey.at("KitScreen")
    take("5-kit")
    for number in (1, 2, 3):
        await journey.click("#show")
        await journey.at("WordsScreen")
        if number == 2:
            take("5-words")
            await journey.click("#turn")
            take("5-lines")
            await journey.click("#turn")
            take("5-qr-or-words")
        await journey.press("escape")
        await journey.at("KitScreen")
    await journey.click("#save")
    take("5-save")
    await journey.press("escape")
    await journey.click("#next")
    await journey.at("ProofScreen")
    take("5-proof")
    words = await engine.right_words()
    for word in ("zero", *words[1:]):
        await journey.type(word[:4])
        await journey.press("enter")
    take("5-proof-wrong")
    await journey.press("ctrl+u")
    for word in words:
        await journey.type(word)
        await journey.press("enter")
    await journey.at("PlaceScreen")
    take("5-place")
    await journey.press("enter")
    await journey.at("CopiesScreen")
    take("5-copies")
    await journey.click("#delete")
    take("5-delete")
    await journey.press("escape")
    await journey.press("enter")
    await journey.press("enter")
    take("5-copies-saved")
    await journey.click("#next")
    await journey.at("DoneScreen")
    take("6-done")
    journey.app.show_stop(Stop(Ending.CUT_OFF))
    await journey.at("StoppedScreen")
    take("4-cut-off")
