"""The checklist in words: its titles, its states, and what is to be known about each item."""

from __future__ import annotations

import shlex

from wizard.todo import OUTDATED
from wizard.todo import TITLES as TITLES  # noqa: PLC0414 - the pages take it from here
from wizard.tui import wording
from wizard.tui.answers.protection import Committed
from wizard.tui.session import WizardSession
from wizard.tui.widgets.fact_list import Fact

STATES = {"open": "! open", "skipped": "! skipped", "done": "✓ done"}
LABELS = {
    "sidecar_copied": "Save sidecar copy…",
    "fingerprint_noted": "Show fingerprint…",
    "plaintext_handled": "Delete it…",
}
_SHOWN_FILES = 3


def explanation(item: str, session: WizardSession) -> list[Fact]:
    """What stands under the list while `item` is chosen."""
    committed = session.committed
    if committed is None:
        return []
    state = committed.checklist.get(item, "open")
    if item in committed.outdated and item == "kit_saved":
        return [Fact("", OUTDATED[item])]
    facts = _FACTS[item](session, committed, state)
    if item in committed.outdated:
        facts.insert(0, Fact("", OUTDATED[item], "bold"))
    return facts


def _kit_proved(_session: WizardSession, committed: Committed, state: str) -> list[Fact]:
    if state == "done":
        return [Fact("", "The words you entered were right, and the kit alone opened the copy.")]
    path = wording.printable(shlex.quote(committed.path))
    return [
        Fact("", "The wizard opened the copy with the kit; that you have the words was not shown."),
        Fact("Later", f"datafold-wizard verify {path} --recovery SHEET_FILE"),
    ]


def _kit_saved(session: WizardSession, _committed: Committed, state: str) -> list[Fact]:
    if state != "done":
        return [
            Fact(
                "",
                "No sheet was shown or saved, and the wizard keeps none: without the passphrase "
                "nobody opens the database.",
            )
        ]
    facts = []
    for file in list(session.kit_files.values())[:_SHOWN_FILES]:
        readers = ", ".join(file.readers)
        facts.append(Fact("Encrypted" if readers else "File", wording.path(file.path)))
        if readers:
            facts.append(Fact("", f"Only {wording.shortened(readers, 40)} can decrypt it."))
    if any(not file.readers for file in session.kit_files.values()):
        facts.append(Fact("", "Print it or move it off this machine, then delete it here."))
    if not facts:
        facts.append(Fact("", "The words were shown. Keep the paper away from the database."))
    return facts


def _sidecar_copied(session: WizardSession, committed: Committed, state: str) -> list[Fact]:
    facts = [Fact("Sidecar", wording.path(committed.sidecar))]
    if session.sidecar_copies:
        facts.append(Fact("Its copy", wording.path(session.sidecar_copies[-1])))
    if state != "done":
        facts.append(
            Fact(
                "", "Public, no secret in it. Without it only the recovery kit opens the database."
            )
        )
    return facts


def _fingerprint_noted(_session: WizardSession, committed: Committed, _state: str) -> list[Fact]:
    return [
        Fact("Fingerprint", committed.fingerprint, "bold"),
        Fact("", "It tells your database from one put in its place. Public."),
    ]


def _plaintext(session: WizardSession, committed: Committed, _state: str) -> list[Fact]:
    left = committed.plaintext_left
    if not left:
        had = session.prepared is not None and session.prepared.original
        gone = "The unencrypted original was deleted." if had else "There was never any."
        return [Fact("", f"{gone} Nothing unencrypted was found beside the database.")]
    facts = []
    for path in left[:_SHOWN_FILES]:
        ours = path == committed.original_kept
        facts.append(Fact("Original" if ours else "Other", wording.path(path)))
    if left[_SHOWN_FILES:]:
        more = wording.count(len(left) - _SHOWN_FILES, "more file")
        facts.append(Fact("", f"and {more} in the same directory."))
    if committed.original_kept:
        facts.append(Fact("", "Not encrypted. Delete the original when your application works."))
    else:
        facts.append(Fact("", "Not encrypted, and not the wizard's to delete. Enter looks again."))
    return facts


_FACTS = {
    "kit_proved": _kit_proved,
    "kit_saved": _kit_saved,
    "sidecar_copied": _sidecar_copied,
    "fingerprint_noted": _fingerprint_noted,
    "plaintext_handled": _plaintext,
}
