"""The questions that any page may ask, and the sentence that says what is on disk by now."""

from __future__ import annotations

from wizard.tui import wording
from wizard.tui.screens.confirm import ConfirmScreen
from wizard.tui.session import Footprint, WizardSession


def footprint_sentence(session: WizardSession) -> str:
    """What is on disk because of this session; "nothing" exactly when it is nothing."""
    if session.footprint is Footprint.COMMITTED and session.committed is not None:
        said = f"{wording.printable(session.committed.path)} is encrypted and stays so."
        return said if session.sidecar_copies else f"{said} No copy of its sidecar was saved yet."
    files = ", ".join(wording.printable(path) for path in session.kit_files.values())
    if session.footprint is Footprint.STAGED:
        said = "The database has not been changed. The encrypted copy beside it is removed."
    else:
        said = "Nothing else has been written." if files else "Nothing has been written."
    return f"{said} The kit you saved will open nothing: {files}" if files else said


def quit_question(session: WizardSession) -> ConfirmScreen:
    """Ctrl+C: what would be left behind, and the harmless answer first."""
    return ConfirmScreen(
        "Quit the wizard?", footprint_sentence(session), yes="Quit", no="Keep going"
    )


def undo_question() -> ConfirmScreen:
    """The question that stands between the encrypted copy and its removal."""
    return ConfirmScreen(
        "Undo the encrypted copy?",
        "The copy is removed, and its recovery kit will open nothing. The database itself has "
        "not been changed. You return to the review.",
        yes="Undo it",
        no="Keep going",
    )
