"""What F1 says on the pages of step 3."""

from __future__ import annotations

from wizard.tui.screens.help import Explanation

DERIVATION_HELP = Explanation(
    what=(
        "The key is computed from the passphrase by Argon2id, which takes time and memory on "
        "purpose. You pay that once per unlock; a thief pays it for every guess. All times are "
        "measured on this machine, now: that of an undisturbed run, with the fastest, the "
        "slowest and the number of runs beside it; a cipher's are writing and reading."
    ),
    choose=(
        "“balanced” suits most databases, “sensitive” those that are opened rarely. Or name a "
        "time of your own. If a smaller machine must open the database too, say so: the sets "
        "are fitted to its memory. The preselected cipher is the one for this machine's "
        "processor; “SQLCipher 4” is for files that other programs open."
    ),
    after=("A review page shows everything that will be written. Nothing is written before it."),
)

PICTURE_HELP = Explanation(
    what=(
        "Memory against time, both doubling from line to line. The numbers give the first set "
        "and the picture shows where they lie: “2” is the set named balanced here, R and r are "
        "the two sets that RFC 9106 recommends. Times are foretold until they are measured."
    ),
    choose=(
        "More memory hurts a thief with graphics cards more than more passes do: go up before "
        "you go right. Stay under the double line, which is half of what this machine has free. "
        "Lanes are the processors used at a time."
    ),
    after="“Use these” measures your numbers and goes back; they are the row “own numbers”.",
)
