"""The passphrase, the cost of guessing it, and the key of the data."""

from __future__ import annotations

from dataclasses import replace

from wizard.tui.errand import Errand
from wizard.tui.errands.stages import FRESH_KIT, KEYS, NEW_KIT

_ROTATE = (
    ("check", "Check the database"),
    ("derive", "Derive the keys"),
    ("encrypt", "Encrypt every page anew"),
    ("verify", "Compare with the original"),
    ("commit", "Put it in place"),
)
_OLD_COPIES = "A copy of the file that was made before still opens with the old passphrase."

LEAKED = Errand(
    key="leaked",
    title="The passphrase leaked",
    changes="A new passphrase and a new master key; the old passphrase opens it no longer.",
    keeps=f"The data, their key, the kit and the operators. {_OLD_COPIES}",
    way=("present", "passphrase", "errand-review", "work", "result"),
    op="change.passphrase",
    button="Change the passphrase",
    done="The passphrase is changed: the new one opens the database, the old one is refused.",
    stages=KEYS,
    derivations=4,
    after="rotate",
    advice=(
        "Whoever opened it with the old passphrase may have kept the key of the data. Rotating "
        "the data key ends that, too."
    ),
)
FORGOTTEN = Errand(
    key="forgotten",
    title="I forgot the passphrase",
    changes=(
        "With the recovery words: a new passphrase, a new master key and a new recovery kit. The "
        "old words stop working."
    ),
    keeps="The data, their key and the operators. Old copies of the file open as they did.",
    way=("sheets", "passphrase", *FRESH_KIT),
    op="change.recover",
    button="Make new keys",
    done="Recovered: the new passphrase opens the database, and the old kit is refused.",
    stages=NEW_KIT,
    derivations=3,
    new_kit=True,
    after="rotate",
    advice="Were the words or the passphrase in other hands? Then rotate the data key, too.",
)
LEFT_MASTER = replace(LEAKED, key="left-master", title="Somebody left who knew the passphrase")
STRONGER = Errand(
    key="stronger",
    title="Stronger parameters, or the machine changed",
    changes="What one guess costs, and how long unlocking takes; a new master key follows.",
    keeps="The passphrase, the data, their key and the kit. Old copies cost what they did.",
    way=("present", "derivation", "errand-review", "work", "result"),
    op="change.retune",
    button="Change the cost",
    done="Guessing costs what you chose, under the same passphrase.",
    stages=KEYS,
    derivations=3,
)
ROTATE = Errand(
    key="rotate",
    title="Rotate the data key",
    changes="A new data key, and every page encrypted anew with it; a new master key follows.",
    keeps="The passphrase, the words of the kit, the operators. Old copies open as they did.",
    way=("present", "errand-review", "work", "result"),
    op="change.rotate",
    button="Rotate now",
    done="The data are under a new key; whoever kept the old one reads nothing new.",
    stages=_ROTATE,
    derivations=3,
    whole_file=True,
)
START_OVER = Errand(
    key="start-over",
    title="Start over with an empty database",
    changes=(
        "A new, empty, encrypted database takes the name. The old files get dated names beside it "
        "and are never deleted."
    ),
    keeps="The old data, as long as somebody finds the old passphrase or kit.",
    way=("passphrase", "derivation", *FRESH_KIT),
    op="change.start_over",
    button="Start over",
    done="A new, empty database is in place; the old files are kept under dated names.",
    stages=(*KEYS[:1], ("keys", "Make the keys"), ("encrypt", "Write the database")),
    derivations=2,
    typed_name=True,
    new_kit=True,
)
