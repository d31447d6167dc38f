"""What people come for, once a database is protected: one row each, and which of them a state has.

- A row says what it changes and what it does not; nothing is on the menu that cannot be done now.
- Ways are the pages in their order; the verb at their end is the engine's.
"""

from __future__ import annotations

from wizard.tui.answers.overview import Overview
from wizard.tui.errand import Errand

_KEYS = (("derive", "Derive the keys"), ("commit", "Put them in force"))
_NEW_KIT = (("derive", "Derive the keys"), ("rehearse", "Open it with the new kit"))
_ROTATE = (
    ("check", "Check the database"),
    ("derive", "Derive the keys"),
    ("encrypt", "Encrypt every page anew"),
    ("verify", "Compare with the original"),
    ("commit", "Put it in place"),
)
_COPY = (
    ("derive", "Derive the keys"),
    ("encrypt", "Write the copy"),
    ("verify", "Compare with the original"),
)
_OLD_COPIES = "A copy of the file that was made before still opens with the old passphrase."
_FRESH_KIT = ("errand-review", "work", "kit", "proof", "force", "result")

LEAKED = Errand(
    key="leaked",
    title="The passphrase leaked",
    changes="A new passphrase and a new master key; the old passphrase opens it no longer.",
    keeps=f"The data, their key, the kit and the operators. {_OLD_COPIES}",
    way=("present", "passphrase", "errand-review", "work", "result"),
    op="change.passphrase",
    button="Change the passphrase",
    done="The passphrase is changed: the new one opens the database, the old one is refused.",
    stages=_KEYS,
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
    way=("sheets", "passphrase", *_FRESH_KIT),
    op="change.recover",
    button="Make new keys",
    done="Recovered: the new passphrase opens the database, and the old kit is refused.",
    stages=_NEW_KIT,
    derivations=3,
    new_kit=True,
    after="rotate",
    advice="Were the words or the passphrase in other hands? Then rotate the data key, too.",
)
LEFT = Errand(
    key="left",
    title="Somebody left",
    changes="The operator's slot is taken away: that passphrase opens the database no longer.",
    keeps="Everybody else's way in. The data key that this operator saw stays until it is rotated.",
    way=("operators", "present", "errand-review", "work", "result"),
    op="operator.remove",
    button="Remove the operator",
    done="The operator is removed.",
    stages=_KEYS,
    derivations=1,
    after="rotate",
    advice=(
        "Whoever was removed may have kept the key of the data. Rotating the data key ends that; "
        "files copied before it stay readable with it."
    ),
)
LEFT_MASTER = Errand(
    key="left-master",
    title="Somebody left who knew the passphrase",
    changes=LEAKED.changes,
    keeps=LEAKED.keeps,
    way=LEAKED.way,
    op=LEAKED.op,
    button=LEAKED.button,
    done=LEAKED.done,
    stages=_KEYS,
    derivations=4,
    after="rotate",
    advice=LEAKED.advice,
)
STRONGER = Errand(
    key="stronger",
    title="Stronger parameters, or the machine changed",
    changes="What one guess costs, and how long unlocking takes; a new master key follows.",
    keeps="The passphrase, the data, their key and the kit. Old copies cost what they did.",
    way=("present", "derivation", "errand-review", "work", "result"),
    op="change.retune",
    button="Change the cost",
    done="Guessing costs what you chose, under the same passphrase.",
    stages=_KEYS,
    derivations=3,
)
RENEW = Errand(
    key="renew",
    title="Renew the recovery kit",
    changes="A new recovery kit and a new master key; the old words stop working.",
    keeps="The passphrase, the data, their key. Old copies still open with the old words.",
    way=("present", *_FRESH_KIT),
    op="change.renew",
    button="Make a new kit",
    done="The new recovery kit is in force.",
    stages=_NEW_KIT,
    derivations=3,
    new_kit=True,
)
ADD_KIT = Errand(
    key="renew",
    title="Add a recovery kit",
    changes="A recovery kit that opens the database without the passphrase; a new master key.",
    keeps="The passphrase, the data and their key.",
    way=RENEW.way,
    op="change.renew",
    button="Make the kit",
    done="The recovery kit is in force.",
    stages=_NEW_KIT,
    derivations=3,
    new_kit=True,
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
OPERATORS = Errand(
    key="operators",
    title="Operators: list, add, rename, remove",
    changes="Who else opens the data, each with a passphrase of their own.",
    keeps="The master passphrase and the kit. An operator changes nothing.",
    way=("operators",),
)
ADD_OPERATOR = Errand(
    key="operator-add",
    title="Add an operator",
    changes="A passphrase of their own opens the data. It signs nothing and changes no key.",
    keeps="The master passphrase, the data, their key and the kit.",
    way=("label", "present", "passphrase", "derivation", "errand-review", "work", "result"),
    op="operator.add",
    button="Add the operator",
    done="The operator is added, and the passphrase was proved to open the database.",
    stages=_KEYS,
    derivations=3,
    origin="operators",
)
RENAME_OPERATOR = Errand(
    key="operator-rename",
    title="Rename an operator",
    changes="The name under which the operator is listed.",
    keeps="The operator's passphrase, and everything else.",
    way=("label", "present", "errand-review", "work", "result"),
    op="operator.rename",
    button="Rename",
    done="The operator has another name.",
    stages=_KEYS,
    derivations=1,
    origin="operators",
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
BACK_UP = Errand(
    key="backup",
    title="Back up into one file",
    changes="One new file: database, sidecar and audit log, encrypted and signed.",
    keeps="The database. Applications go on reading and writing meanwhile.",
    way=("file", "present", "errand-review", "work", "result"),
    op="backup.make",
    button="Back up now",
    done="Backed up; the file was read back and its signature verified.",
    stages=(("derive", "Derive the keys"), ("copy", "Copy"), ("check", "Check every page")),
    derivations=1,
    whole_file=True,
)
VERIFY_BACKUP = Errand(
    key="verify",
    title="Verify a backup",
    changes="Nothing. Structure, digests and the master key's signature are checked.",
    keeps="Everything; no secret is needed.",
    way=("file", "work", "result"),
    op="backup.verify",
    done="The backup is whole, and signed by the master key of this fingerprint:",
    stages=(("check", "Read the backup"),),
)
RESTORE_SIDECAR = Errand(
    key="restore-sidecar",
    title="Put a saved sidecar back",
    changes="The .crypto.json file: a saved one takes its place. The one there now is kept.",
    keeps="The database. A sidecar of another database or an older one is refused.",
    way=("file", "errand-review", "work", "result"),
    op="sidecar.restore",
    button="Put it back",
    done="The sidecar is back.",
)
START_OVER = Errand(
    key="start-over",
    title="Start over with an empty database",
    changes=(
        "A new, empty, encrypted database takes the name. The old files get dated names beside it "
        "and are never deleted."
    ),
    keeps="The old data, as long as somebody finds the old passphrase or kit.",
    way=("passphrase", "derivation", *_FRESH_KIT),
    op="change.start_over",
    button="Start over",
    done="A new, empty database is in place; the old files are kept under dated names.",
    stages=(*_KEYS[:1], ("keys", "Make the keys"), ("encrypt", "Write the database")),
    derivations=2,
    typed_name=True,
    new_kit=True,
)
DECRYPT = Errand(
    key="decrypt",
    title="Undo the protection: a plaintext copy",
    changes="One new file: all data, readable by whoever reads the file.",
    keeps="This database stays encrypted. Delete it yourself when the copy has proved itself.",
    way=("file", "present", "errand-review", "work", "result"),
    op="change.decrypt",
    button="Write the copy",
    done="The plaintext copy is written, and every row was compared.",
    stages=_COPY,
    derivations=1,
    whole_file=True,
    typed_name=True,
)
DECRYPT_BY_KIT = Errand(
    key="decrypt-by-kit",
    title="Get the data out with the recovery kit",
    changes="One new file: all data in plaintext, which can then be protected anew.",
    keeps="The database as it is; every row is compared.",
    way=("sheets", "file", "errand-review", "work", "result"),
    op="change.decrypt_by_kit",
    button="Write the copy",
    done=DECRYPT.done,
    stages=_COPY[1:],
    typed_name=True,
)
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
EVERY = (
    LEAKED,
    FORGOTTEN,
    LEFT,
    LEFT_MASTER,
    STRONGER,
    RENEW,
    ADD_KIT,
    PROVE,
    OPERATORS,
    ADD_OPERATOR,
    RENAME_OPERATOR,
    ROTATE,
    BACK_UP,
    VERIFY_BACKUP,
    RESTORE_SIDECAR,
    START_OVER,
    DECRYPT,
    DECRYPT_BY_KIT,
    CHECKLIST,
    SETTLE,
    UNDO,
    OPEN_BY_KIT,
)


def offered(found: Overview) -> tuple[Errand, ...]:
    """What can be done about a database as it was found, in the order of the menu."""
    if found.state == "protected" and found.keys is not None:
        return _for_protected(found)
    if found.state == "interrupted":
        return (SETTLE,) if found.opens else (UNDO,)
    if found.state in {"damaged", "foreign"} and found.database_there and found.encrypted:
        return (RESTORE_SIDECAR, OPEN_BY_KIT, DECRYPT_BY_KIT, VERIFY_BACKUP, START_OVER)
    return (VERIFY_BACKUP,) if found.state == "damaged" else ()


def named(key: str) -> Errand | None:
    """The errand of that key."""
    return next((errand for errand in EVERY if errand.key == key), None)


def _for_protected(found: Overview) -> tuple[Errand, ...]:
    keys = found.keys
    kit, operators = bool(keys and keys.shares), bool(keys and keys.operators)
    errands = [
        LEAKED,
        FORGOTTEN if kit else None,
        LEFT if operators else LEFT_MASTER,
        STRONGER,
        RENEW if kit else ADD_KIT,
        PROVE if kit else None,
        OPERATORS,
        ROTATE,
        BACK_UP,
        VERIFY_BACKUP,
        RESTORE_SIDECAR,
        CHECKLIST if found.open_items else None,
        START_OVER,
        DECRYPT,
    ]
    return tuple(errand for errand in errands if errand is not None)
