"""Who else opens the data."""

from __future__ import annotations

from wizard.tui.errand import Errand
from wizard.tui.errands.stages import KEYS

LEFT = Errand(
    key="left",
    title="Somebody left",
    changes="The operator's slot is taken away: that passphrase opens the database no longer.",
    keeps="Everybody else's way in. The data key that this operator saw stays until it is rotated.",
    way=("operators", "present", "errand-review", "work", "result"),
    op="operator.remove",
    button="Remove the operator",
    done="The operator is removed.",
    stages=KEYS,
    derivations=1,
    after="rotate",
    advice=(
        "Whoever was removed may have kept the key of the data. Rotating the data key ends that; "
        "files copied before it stay readable with it."
    ),
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
    stages=KEYS,
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
    stages=KEYS,
    derivations=1,
    origin="operators",
)
