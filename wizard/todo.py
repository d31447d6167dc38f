"""The checklist in words: what there is to do for a protected database, on screens and in questions.

No screen and no terminal is needed for it. The keys are the engine's items. `wizard.cli.status` has
a line of its own for each, which says what to type and when it was put off.
"""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "kit_proved": "Recovery kit proved",
    "kit_saved": "Recovery kit on paper or in a file",
    "sidecar_copied": "Copy of the sidecar kept elsewhere",
    "fingerprint_noted": "Fingerprint noted",
    "plaintext_handled": "Unencrypted files dealt with",
}

OUTDATED: Mapping[str, str] = {
    "kit_proved": "What was proved was the kit before this one.",
    "kit_saved": (
        "The words are still right, but the lines below them are those of before the rotation. "
        "Replace them: `datafold-wizard recovery lines` prints the present ones."
    ),
    "sidecar_copied": (
        "The copy that was kept is of before a change of keys, and the database refuses it now."
    ),
    "fingerprint_noted": "The one that was noted is of before a change of keys.",
}
"""Why something that was done is open again."""

DELETION = (
    "Deleting removes the file. On SSDs, journaling file systems, snapshots and backups the old "
    "content may stay readable; no program can promise otherwise. Have you opened the encrypted "
    "database with your application?"
)
"""What is said and asked before an original that was kept is deleted."""
