"""Step 2: the passphrase, typed unseen, made here, or read from its source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli.new_passphrase import Demand, drawn_passphrase, new_passphrase
from wizard.cli.sources import Source
from wizard.plain.asking import say
from wizard.tui import wording
from wizard.tui.session import Strength

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

_KEEP, _TYPE, _MAKE = "keep", "type", "make"
_EXPLAINED = (
    "The passphrase opens the database, and the key is computed from it each time; it is stored "
    "nowhere. Six or more words that have nothing to do with each other make a good one. It is "
    "not shown while you type."
)


def choose(talk: Talk) -> None:
    """Set the session's passphrase. Raises `Back`, and what reading a passphrase raises."""
    how = _TYPE if talk.given.passphrase_source is not None else _asked(talk)
    if how == _KEEP:
        return
    talk.keep(drawn_passphrase() if how == _MAKE else _typed(talk))
    _tell(talk)


def _asked(talk: Talk) -> str:
    rows = [(_TYPE, "Type one"), (_MAKE, "Have one made: six random words, shown once")]
    if talk.secret is not None:
        rows.insert(0, (_KEEP, "Keep the one that is already set"))
    return talk.asker.choose(
        "The passphrase",
        rows,
        proposed=rows[0][0],
        name="passphrase-source",
        explained=_EXPLAINED,
    )


def _typed(talk: Talk) -> engine.Secret:
    say("Six or more unrelated words make a good one. It is not shown while you type.")
    target = talk.session.target
    minimum = talk.given.minimum_score
    demand = Demand(
        engine.DEFAULT_MINIMUM_SCORE if minimum is None else minimum,
        context=() if target is None else (Path(target.path).stem,),
    )
    source = talk.given.passphrase_source
    return new_passphrase(None if source is None else Source.parse(source), demand)


def _tell(talk: Talk) -> None:
    if talk.secret is None:
        return
    strength = engine.strength(talk.secret)
    talk.session.strength = Strength(strength.score, strength.guesses_log10)
    say(
        f"Strength: {wording.STRENGTH_WORDS[strength.score]} ({strength.score} of 4), "
        f"{wording.guesses(strength.guesses_log10)}."
    )
    for warning in engine.passphrase_warnings(talk.secret):
        say(f"Note: {warning.sentence}")
