"""What was begun and not finished."""

from __future__ import annotations

from wizard.tui.errand import Errand

CHECKLIST = Errand(
    key="checklist",
    title="Finish the backup checklist",
    changes="What `status` lists as open: copies, fingerprint, unencrypted files.",
    keeps="The keys and the data.",
    way=(),
)
SETTLE = Errand(
    key="settle",
    title="End the change that was cut off",
    changes="What it left is finished if the new file is in place, and undone if not.",
    keeps="The data, and the passphrase. No secret is needed.",
    way=("errand-review", "work", "result"),
    op="change.settle",
    button="End it",
    done="Ended: nothing is left of the change that was cut off.",
)
UNDO = Errand(
    key="undo",
    title="Undo the set-up that was cut off",
    changes="What the unfinished set-up left beside the database is removed.",
    keeps="The database: it is as it was before, not encrypted.",
    way=("errand-review", "work", "result"),
    op="undo",
    button="Undo it",
    done="Undone: the database is as it was.",
)
