"""What is asked before something is given up: the encrypted copy, or the proof of the kit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.tui import ways
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.questions import give_up_question, skip_proof_question, undo_question
from wizard.tui.screens.stopped import Ending, Stop
from wizard.tui.upkeep import Progressed

if TYPE_CHECKING:
    from wizard.tui.wizard_app import WizardApp


def ask_undo(app: WizardApp) -> None:
    """Ask whether the encrypted copy is to be undone, and say then that all is as before."""

    def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual's signature
        if yes:
            app.run_worker(_undo(app), description="undo")

    errand = app.session.upkeep.errand
    app.push_screen(undo_question(app.session) if errand is None else give_up_question(), answered)


async def _undo(app: WizardApp) -> None:
    if app.session.preparing:
        # The page that waits for the preparation says what became of it.
        await app.engine.cancel_current()
        return
    try:
        await app.engine.request("abort")
    except EngineError as error:
        if app.page is not None:
            app.page.show_error(error)
        return
    app.session.forget_preparation()
    if app.session.upkeep.errand is not None:
        app.session.upkeep.progressed = Progressed.RECORDED
        app.show_step("errand-review", notice="Given up: the keys are as they were.")
        return
    app.show_stop(Stop(Ending.UNDONE))


def ask_skip_proof(app: WizardApp) -> None:
    """Go on without three words, once the database's name was typed."""
    target, page = app.session.target, app.page
    if target is None or page is None:
        return

    def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual's signature
        if yes:
            page.attempt(_skip_proof(app), group="skip")

    app.push_screen(skip_proof_question(app.session, target.path), answered)


async def _skip_proof(app: WizardApp) -> None:
    # The words are skipped, the rehearsal never is: nothing is replaced before the kit opened it.
    await app.engine.request("kit.rehearse")
    app.session.proved = app.session.proof_skipped = True
    app.show_step(ways.following(app.session, "proof"))
