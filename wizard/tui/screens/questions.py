"""The questions that any page may ask, and the sentence that says what is on disk by now."""

from __future__ import annotations

from wizard.tui import wording
from wizard.tui.answers.protection import Committed
from wizard.tui.screens.confirm import ConfirmScreen
from wizard.tui.screens.dialog_help import (
    GIVE_UP_HELP,
    QUIT_HELP,
    SKIP_ITEMS_HELP,
    SKIP_PROOF_HELP,
    UNDO_HELP,
)
from wizard.tui.screens.typed_name import TypedNameScreen
from wizard.tui.session import Footprint, WizardSession
from wizard.tui.upkeep import Progressed

_ERRAND = {
    Progressed.NOTHING: "Nothing has been written.",
    Progressed.RECORDED: "No key and no data have been changed. The audit log notes the attempt.",
    Progressed.UNDER_WAY: (
        "It is under way and is asked to stop. Whether or not it does in time, the database opens "
        "afterwards; `status` tells which keys are in force."
    ),
    Progressed.WAITING: (
        "No key and no data have been changed, and the new kit opens nothing. The audit log notes "
        "the attempt."
    ),
    Progressed.DONE: "What was done is in force and stays so.",
}


def _errand_sentence(session: WizardSession) -> str:
    said = _ERRAND[session.upkeep.progressed]
    files = ", ".join(wording.printable(file.path) for file in session.kit_files.values())
    if files and session.upkeep.progressed is Progressed.WAITING:
        return f"{said} So does what you saved: {files}"
    return said


def give_up_question() -> ConfirmScreen:
    """The question that stands between a change that waits for its kit and its end."""
    return ConfirmScreen(
        "Give up the change?",
        "The keys stay as they are, and the new kit will open nothing.",
        yes="Give it up",
        no="Keep going",
        explained=GIVE_UP_HELP,
    )


def footprint_sentence(session: WizardSession) -> str:
    """What is on disk because of this session; "nothing" exactly when it is nothing."""
    if session.upkeep.errand is not None and session.committed is None:
        return _errand_sentence(session)
    if session.footprint is Footprint.COMMITTED and session.committed is not None:
        said = f"{wording.printable(session.committed.path)} is encrypted and stays so."
        still = session.committed.open_items
        things = wording.count(len(still), "thing")
        return f"{said} Still to do: {things}; `status` lists them." if still else said
    files = ", ".join(wording.printable(file.path) for file in session.kit_files.values())
    left = f"Nothing {'else ' if files else ''}is left but the attempt in the audit log."
    if session.footprint is Footprint.STAGED:
        said = (
            "The new database is removed."
            if session.makes_new
            else "The database has not been changed. The encrypted copy beside it is removed."
        )
        said += f" {left}"
    elif session.attempted:
        said = left
    else:
        said = "Nothing else has been written." if files else "Nothing has been written."
    return f"{said} The kit you saved will open nothing: {files}" if files else said


def quit_question(session: WizardSession) -> ConfirmScreen:
    """Ctrl+C: what would be left behind, and the harmless answer first."""
    return ConfirmScreen(
        "Quit the wizard?",
        footprint_sentence(session),
        yes="Quit",
        no="Keep going",
        explained=QUIT_HELP,
    )


def undo_question(session: WizardSession) -> ConfirmScreen:
    """The question that stands between what was made and its removal."""
    if session.makes_new:
        question = "Undo the new database?"
        said = "It is removed, and its recovery kit will open nothing."
    else:
        question = "Undo the encrypted copy?"
        said = (
            "The copy is removed, and its recovery kit will open nothing. The database itself has "
            "not been changed."
        )
    return ConfirmScreen(
        question,
        said,
        yes="Undo it",
        no="Keep going",
        explained=UNDO_HELP,
    )


def skip_proof_question(session: WizardSession, path: str) -> TypedNameScreen:
    """Going on without having shown that the words are on paper."""
    kept = "Nobody has seen or saved the words yet, and they cannot be shown later. "
    return TypedNameScreen(
        "Go on without proving the kit?",
        (kept if session.sheets_untouched else "")
        + "Should the passphrase be lost, what you wrote down is all there is. The wizard still "
        "opens the copy with the kit in its memory. `status` shows this as open; with a sheet, "
        "`verify --recovery FILE` proves it later.",
        name=path.rpartition("/")[2],
        yes="Skip it",
        no="Back to the kit",
        explained=SKIP_PROOF_HELP,
    )


def skip_items_question(committed: Committed, titles: list[str]) -> TypedNameScreen:
    """Leaving things undone."""
    return TypedNameScreen(
        f"Skip what is open? {wording.count(len(titles), 'thing')}",
        f"{'; '.join(titles)}. Each stays open in `datafold-wizard status`, and can be done later.",
        name=committed.name,
        yes="Skip",
        no="Back",
        explained=SKIP_ITEMS_HELP,
    )
