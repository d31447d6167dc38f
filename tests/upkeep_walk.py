"""One walk through every state of the pages for a database that is protected already."""

from __future__ import annotations

from textual import events

from tests.tui_fakes import WORDS
from tests.tui_journey import PHRASE, Journey
from tests.tui_walk import Take
from tests.upkeep_fakes import MASTER
from wizard.tui import errands
from wizard.tui.engine_client import EngineError

BUSY = "/srv/datafold/ledger.db is being changed by python3 (pid 4711, started 08:53)."


async def open_ledger(journey: Journey) -> None:
    """From step 1 to the menu of the protected database."""
    await journey.press("down", "down", "enter")
    await journey.at("OverviewScreen")
    await journey.click("#next")
    await journey.at("IntentsScreen")


async def choose(journey: Journey, key: str) -> None:
    """On the menu: go down to an errand and press Enter."""
    await journey.at("IntentsScreen")
    found = journey.app.session.upkeep.overview
    keys = [errand.key for errand in errands.offered(found)]
    await journey.press("home", *["down"] * keys.index(key), "enter")


async def to_menu(journey: Journey) -> None:
    """From a result back to the menu."""
    await journey.at("ResultScreen")
    await journey.click("#back")
    await journey.at("OverviewScreen")
    await journey.click("#next")
    await journey.at("IntentsScreen")


async def type_master(journey: Journey) -> None:
    await journey.at("PresentScreen")
    await journey.type(journey.engine.master)
    await journey.press("enter")


async def new_passphrase(journey: Journey, phrase: str = PHRASE) -> None:
    await journey.at("PassphraseScreen")
    for _field in range(2):
        await journey.type(phrase)
        await journey.press("enter")


async def type_sheet(journey: Journey) -> None:
    """As fast as keys are taken: the pilot waits 40 ms and more for each."""
    for word in WORDS:
        await journey.type(word[:4])
        journey.app._driver.send_message(events.Key("enter", "\r"))
    await journey.settle()


def freeze(journey: Journey) -> None:
    """Times of a work under way that are the same in every run."""
    screen = journey.app.screen
    for stage in screen.query_one("#stages")._stages.values():
        if stage.ended:
            stage.ended = stage.started + 0.4
        elif stage.started:
            stage.started -= 12
    screen._started -= 13
    screen._tick()


async def prove_new_kit(journey: Journey) -> None:
    """From the kit to the page that puts it in force."""
    await journey.at("KitScreen")
    journey.app.session.sheets_seen.update(range(1, 6))
    await journey.click("#next")
    await journey.at("ProofScreen")
    for word in await journey.engine.right_words():
        await journey.type(word)
        await journey.press("enter")
    await journey.at("ForceScreen")


async def walk_upkeep(  # noqa: PLR0915 - one walk, told in its order
    journey: Journey, take: Take
) -> None:
    """Through every state of every page; `take` is told its name."""
    engine = journey.engine
    await journey.press("down", "down", "enter")
    await journey.at("OverviewScreen")
    await take("7-overview")
    await journey.press("f1")
    await take("7-overview-help")
    await journey.press("escape")
    await journey.click("#next")
    await journey.at("IntentsScreen")
    keys = [errand.key for errand in errands.offered(journey.app.session.upkeep.overview)]
    for key in keys:
        await take(f"7-menu-{key}")
        if key != keys[-1]:
            await journey.press("down")

    await choose(journey, "leaked")
    await journey.at("PresentScreen")
    await take("7-present")
    await journey.type("not this one")
    await journey.press("enter")
    await take("7-present-wrong")
    await journey.press("ctrl+u")
    await type_master(journey)
    await journey.at("PassphraseScreen")
    await take("7-passphrase")
    await new_passphrase(journey)
    await journey.at("ErrandReviewScreen")
    await take("7-review-leaked")
    await journey.press("ctrl+c")
    await take("7-quit")
    await journey.press("escape")
    engine.hold_at = "derive"
    await journey.click("#next")
    await journey.at("WorkScreen")
    freeze(journey)
    await take("7-work")
    await journey.press("escape")
    await journey.settle()
    await take("7-work-cancelled")
    engine.hold_at = None
    engine.fail["change.passphrase"] = EngineError("Busy", BUSY, hint="Wait for it to end.")
    await journey.click("#again")
    await journey.settle()
    await take("7-work-failed")
    await journey.click("#again")
    await journey.at("ResultScreen")
    await take("7-result-leaked")
    await to_menu(journey)

    await choose(journey, "forgotten")
    await journey.at("SheetsScreen")
    await take("7-sheets")
    await journey.type("ac")
    await take("7-sheets-completion")
    await journey.press("ctrl+u")
    engine.wrong_word = 12
    await type_sheet(journey)
    await take("7-sheets-wrong")
    await journey.type(WORDS[11])
    await journey.press("enter")
    await take("7-sheets-second")
    await journey.click("#from-file")
    await journey.type("/home/ada/nothing")
    await journey.press("enter")
    await take("7-sheets-file")
    await journey.press("ctrl+u")
    await journey.type("/home/ada/sheet-2.txt")
    await journey.press("enter")
    await journey.at("PassphraseScreen")
    await journey.press("escape")
    await journey.at("SheetsScreen")
    await take("7-sheets-given")
    await journey.press("enter")
    await new_passphrase(journey, "five other lanterns drift home")
    await journey.at("ErrandReviewScreen")
    await take("7-review-forgotten")
    await journey.click("#next")
    await journey.at("KitScreen")
    await take("7-kit")
    await journey.press("escape")
    await take("7-kit-give-up")
    await journey.press("escape")
    await prove_new_kit(journey)
    await take("7-force")
    await journey.click("#next")
    await journey.at("ResultScreen")
    await take("7-result-forgotten")
    await to_menu(journey)

    await choose(journey, "left")
    await journey.at("OperatorsScreen")
    await take("7-left")
    await journey.press("enter")
    engine.master = MASTER
    await type_master(journey)
    await journey.at("ErrandReviewScreen")
    await take("7-review-left")
    await journey.click("#next")
    await journey.at("ResultScreen")
    await take("7-result-left")
    await to_menu(journey)

    await choose(journey, "stronger")
    await type_master(journey)
    await journey.at("DerivationScreen")
    await take("7-derivation")
    await journey.press("enter")
    await journey.at("ErrandReviewScreen")
    await take("7-review-stronger")
    await journey.press("escape", "escape", "escape")
    await journey.at("IntentsScreen")

    await choose(journey, "prove")
    await journey.at("SheetsScreen")
    for _sheet in range(2):
        await type_sheet(journey)
    await journey.at("ResultScreen")
    await take("7-result-prove")
    await to_menu(journey)

    await choose(journey, "operators")
    await journey.at("OperatorsScreen")
    await take("7-operators")
    await journey.click("#add")
    await journey.at("LabelScreen")
    await journey.type("reporting service")
    await journey.press("enter")
    await take("7-label")
    await journey.press("ctrl+u")
    await journey.type("audit office")
    await journey.press("enter")
    await type_master(journey)
    await new_passphrase(journey, "six other lanterns drift home")
    await journey.at("DerivationScreen")
    await take("7-operator-derivation")
    await journey.press("enter")
    await journey.at("ErrandReviewScreen")
    await take("7-review-operator")
    await journey.click("#next")
    await journey.at("ResultScreen")
    await take("7-result-operator")
    await to_menu(journey)
    await choose(journey, "operators")
    await journey.at("OperatorsScreen")
    await journey.click("#rename")
    await journey.at("LabelScreen")
    await take("7-rename")
    await journey.press("ctrl+u")
    await journey.type("night desk")
    await journey.press("enter")
    await type_master(journey)
    await journey.at("ErrandReviewScreen")
    await take("7-review-rename")
    await journey.press("escape", "escape", "escape")
    await journey.at("OperatorsScreen")
    await journey.press("escape")

    await choose(journey, "backup")
    await journey.at("FileScreen")
    await journey.press("ctrl+u")
    await journey.type("/media/usb/ledger.backup")
    await take("7-file")
    await journey.press("enter")
    await type_master(journey)
    await journey.at("ErrandReviewScreen")
    await take("7-review-backup")
    await journey.click("#next")
    await journey.at("ResultScreen")
    await take("7-result-backup")
    await to_menu(journey)
    await choose(journey, "verify")
    await journey.at("FileScreen")
    await take("7-file-verify")
    await journey.type("/media/usb/ledger.backup")
    await journey.press("enter")
    await journey.at("ResultScreen")
    await take("7-result-verify")
    await to_menu(journey)

    await choose(journey, "restore-sidecar")
    await journey.at("FileScreen")
    await journey.type("/home/ada/ledger.db.crypto.json")
    await journey.press("enter")
    await journey.at("ErrandReviewScreen")
    await take("7-review-restore")
    await journey.click("#next")
    await journey.at("ResultScreen")
    await take("7-result-restore")
    await to_menu(journey)

    await choose(journey, "rotate")
    await type_master(journey)
    await journey.at("ErrandReviewScreen")
    await take("7-review-rotate")
    engine.hold_at = "encrypt"
    await journey.click("#next")
    await journey.at("WorkScreen")
    freeze(journey)
    await take("7-work-rotate")
    engine.hold_at = None
    engine.cancelled.set()
    await journey.settle()
    engine.cancelled.clear()
    await journey.click("#again")
    await journey.at("ResultScreen")
    await take("7-result-rotate")
    await to_menu(journey)

    await choose(journey, "start-over")
    await new_passphrase(journey, "six other lanterns drift home")
    await journey.at("DerivationScreen")
    await journey.press("enter")
    await journey.at("ErrandReviewScreen")
    await take("7-review-start-over")
    await journey.click("#next")
    await journey.at("TypedNameScreen")
    await take("7-start-over-name")
    await journey.type("ledger.db")
    await journey.press("enter")
    await prove_new_kit(journey)
    await take("7-force-start-over")
    await journey.click("#next")
    await journey.at("ResultScreen")
    await take("7-result-start-over")
    await to_menu(journey)

    await choose(journey, "decrypt")
    await journey.at("FileScreen")
    await journey.press("ctrl+u")
    await journey.type("/home/ada/ledger.plain.db")
    await take("7-file-decrypt")
    await journey.press("enter")
    await type_master(journey)
    await journey.at("ErrandReviewScreen")
    await take("7-review-decrypt")
    await journey.click("#next")
    await journey.at("TypedNameScreen")
    await journey.type("ledger.db")
    await journey.press("enter")
    await journey.at("ResultScreen")
    await take("7-result-decrypt")
    await to_menu(journey)

    engine.keys_of("/srv/datafold/ledger.db")["recovery"] = None
    engine.keys_of("/srv/datafold/ledger.db")["operators"] = []
    await journey.press("escape")
    await journey.at("OverviewScreen")
    await take("7-overview-no-kit")
    await journey.click("#next")
    await choose(journey, "operators")
    await journey.at("OperatorsScreen")
    await take("7-operators-none")

    for path, state in (("notes", "damaged"), ("cache", "interrupted")):
        journey.app.look_after(await _target(journey, path, state))
        await journey.at("OverviewScreen")
        await journey.settle()
        await take(f"7-overview-{state}")
        await journey.click("#next")
        await journey.at("IntentsScreen")
        await take(f"7-menu-{state}")
    journey.app.look_after(await _target(journey, "notes", "damaged"))
    await journey.at("OverviewScreen")
    await journey.click("#next")
    await choose(journey, "kit")
    await journey.at("SheetsScreen")
    await take("7-sheets-without-sidecar")
    await journey.click("#from-file")
    await journey.type("/home/ada/sheet-1.txt")
    await journey.press("enter")
    await journey.at("SheetsScreen")
    await take("7-sheets-without-sidecar-second")
    await journey.click("#from-file")
    await journey.type("/home/ada/sheet-2.txt")
    await journey.press("enter")
    await journey.at("ResultScreen")
    await take("7-result-kit")

    journey.app.look_after(await _target(journey, "ledger", "interrupted"))
    await journey.at("OverviewScreen")
    await journey.settle()
    await take("7-overview-cut-off")
    await journey.click("#next")
    await journey.at("IntentsScreen")
    await take("7-menu-cut-off")
    await journey.press("enter")
    await journey.at("ErrandReviewScreen")
    await take("7-review-settle")
    await journey.click("#next")
    await journey.at("ResultScreen")
    await take("7-result-settle")
    journey.engine.keys_of("/srv/datafold/ledger.db")["keyfile"] = True
    await to_menu(journey)
    await choose(journey, "rotate")
    await journey.at("PresentScreen")
    await journey.type(MASTER)
    await journey.press("enter", "enter")
    await take("7-present-keyfile")


async def _target(journey: Journey, name: str, state: str) -> object:
    from wizard.tui.answers.target import Target

    summary = journey.engine.databases[f"/srv/datafold/{name}.db"]
    if state == "damaged":
        reason = f"{name}.db is encrypted, but {name}.db.crypto.json is missing."
        summary.update(state=state, reason=reason)
    if name == "ledger":
        reason = "A rotation of the data key was cut off before its end."
        summary.update(state=state, reason=reason, opens=True)
    return Target.from_answer(summary)
