"""What follows when the engine process ended: a new one, and the page that says where one stands.

- Only the passphrase has to be typed again.
- What is in place already is taken up; what was being prepared has been undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.tui.answers.protection import Committed
from wizard.tui.engine_client import EngineError
from wizard.tui.session import Footprint

if TYPE_CHECKING:
    from wizard.tui.wizard_app import WizardApp


async def start_again(app: WizardApp) -> None:
    """Start a new engine process and show where that leaves the administrator."""
    before = app.session.footprint
    try:
        # Also undoes what was being prepared, unless it had already taken its place.
        await app.engine.start()
        looked_after = app.session.upkeep.errand is not None
        if before is not Footprint.NOTHING and not looked_after and await take_up(app):
            app.show_step("copies", notice="The engine process ended. It was started again.")
            return
    except EngineError as error:
        _show(app, before, error.message)
        return
    _show(app, before, "")


def _show(app: WizardApp, before: Footprint, message: str) -> None:
    app.session.forget_passphrase()
    if app.session.upkeep.errand is not None and app.session.target is not None:
        app.look_after(
            app.session.target,
            notice=f"The engine process ended and was started again. {message}".strip(),
        )
    elif before is Footprint.NOTHING:
        step = "passphrase" if app.session.target else "select"
        notice = "The engine process ended. It was started again; type the passphrase again."
        app.show_step(step, notice=f"{notice} {message}".strip())
    else:
        from wizard.tui.screens.stopped import Ending, Stop  # noqa: PLC0415 - seldom

        app.show_stop(Stop(Ending.CUT_OFF, message))


async def take_up(app: WizardApp) -> bool:
    """Take up the target if it is protected by this session's preparation: it is in place."""
    session = app.session
    wanted = session.committed or session.prepared
    if session.target is None or wanted is None:
        return False
    found = await app.engine.request("inspect", path=session.target.path)
    if found["state"] != "protected" or found["fingerprint"] != wanted.fingerprint:
        return False
    answer = await app.engine.request("adopt", path=session.target.path)
    session.committed = Committed.from_answer(answer)
    for item, state in session.kit_notes.items():
        if item in session.committed.open_items:
            answer = await app.engine.request("checklist", item=item, state=state)
            session.committed = Committed.from_answer(answer)
    return True
