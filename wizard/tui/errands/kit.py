"""The recovery kit."""

from __future__ import annotations

from dataclasses import replace

from wizard.tui.errand import Errand
from wizard.tui.errands.stages import FRESH_KIT, NEW_KIT

RENEW = Errand(
    key="renew",
    title="Renew the recovery kit",
    changes="A new recovery kit and a new master key; the old words stop working.",
    keeps="The passphrase, the data, their key. Old copies still open with the old words.",
    way=("present", *FRESH_KIT),
    op="change.renew",
    button="Make a new kit",
    done="The new recovery kit is in force.",
    stages=NEW_KIT,
    derivations=3,
    new_kit=True,
)
ADD_KIT = replace(
    RENEW,
    title="Add a recovery kit",
    changes="A recovery kit that opens the database without the passphrase; a new master key.",
    keeps="The passphrase, the data and their key.",
    button="Make the kit",
    done="The recovery kit is in force.",
)
PROVE = Errand(
    key="prove",
    title="Prove the recovery kit again",
    changes="Nothing. The sheets open the database, all of it is read, and that is recorded.",
    keeps="Everything. `status` tells how many days ago it was.",
    way=("sheets", "work", "result"),
    op="change.rehearse",
    done="The recovery kit opened the database, and every page was read.",
    stages=(("verify", "Read every page"),),
)
OPEN_BY_KIT = Errand(
    key="kit",
    title="Open it with the recovery kit",
    changes="Nothing. The sheets, with their slot lines, open it without the sidecar.",
    keeps="Everything; every page is read and checked.",
    way=("sheets", "work", "result"),
    op="change.verify_kit",
    done="The recovery kit opens the database without the sidecar.",
    stages=(("verify", "Read every page"),),
)
