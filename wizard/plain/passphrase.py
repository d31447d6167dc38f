"""Step 2: the passphrase, typed unseen, made here, or read from its source.

- An empty line is no passphrase, and so it is the way back from where one is typed.
- Nothing of what was typed is shown but its strength, four words that mean "the same was typed",
  and what a keyboard or a paste may have done to it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.cli.new_passphrase import (
    EXPLANATION,
    Demand,
    asks_for_explanation,
    drawn_passphrase,
    new_passphrase,
)
from wizard.cli.sources import Source
from wizard.plain.asking import Back, say
from wizard.plain.derivation import tell_attack
from wizard.tui import wording
from wizard.tui.answers.strength import Strength
from wizard.tui.process.policy import minimum_score

if TYPE_CHECKING:
    from wizard.cli.terminal import Terminal
    from wizard.plain.conversation import Talk

_KEEP, TYPE, MAKE = "keep", "type", "make"
WAYS = ((TYPE, "Type one"), (MAKE, "Have one made: six random words, shown once"))
_WHAT_FOR = (
    "The passphrase opens the database. You type it unseen, or have six words drawn that are shown "
    "once and typed to prove your note. Next you choose how long unlocking may take."
)
_EXPLAINED = "\n".join((_WHAT_FOR, *EXPLANATION))
_AGAIN = (
    "Type the same once more: a slip would lock you out. Enter alone begins with another one. The "
    "four words stand for what was typed; the same words, the same passphrase."
)


def choose(talk: Talk) -> None:
    """Set the session's passphrase. Raises `Back`, and what reading a passphrase raises."""
    demand = _demand(talk)
    source = talk.given.passphrase_source
    if source is not None:
        talk.keep(new_passphrase(Source.parse(source), demand))
        _tell_strength(talk, demand)
        return
    while True:
        how = _asked(talk)
        if how == _KEEP:
            return
        try:
            talk.keep(_made(talk) if how == MAKE else _typed(talk, demand))
        except Back:
            continue
        if how == MAKE:
            _tell_strength(talk, demand)
        return


def _demand(talk: Talk) -> Demand:
    target = talk.session.target
    minimum = talk.given.minimum_score
    if minimum is None:
        minimum = (
            engine.DEFAULT_MINIMUM_SCORE if target is None else minimum_score(Path(target.path))
        )
    talk.session.minimum_score = minimum
    return Demand(minimum, context=() if target is None else (Path(target.path).stem,))


def _asked(talk: Talk) -> str:
    rows = list(WAYS)
    if talk.secret is not None:
        rows.insert(0, (_KEEP, "Keep the one that is already set"))
    return talk.asker.choose(
        "The passphrase",
        rows,
        proposed=rows[0][0],
        name="passphrase-source",
        explained=_EXPLAINED,
    )


def _made(talk: Talk) -> engine.Secret:
    if not talk.asker.terminal("passphrase-source").wipes:
        say("This terminal cannot wipe what it has shown: the words stay in its history.")
        if not talk.asker.agree("Show them all the same", name="passphrase-source"):
            raise Back
    return drawn_passphrase()


def _typed(talk: Talk, demand: Demand) -> engine.Secret:
    word = wording.STRENGTH_WORDS[demand.minimum_score]
    say("Six or more unrelated words make a good one. It is not shown while you type.")
    say(
        f'At least "{word}" ({demand.minimum_score} of 4) is asked for: thieves of a file guess '
        "for years, unseen. Enter alone goes back, ? explains."
    )
    terminal = talk.asker.terminal("passphrase-source")
    while True:
        passphrase = _first(talk, terminal, demand)
        try:
            if _repeated(talk, terminal, passphrase):
                return passphrase
        except BaseException:
            passphrase.close()
            raise
        passphrase.close()


def _first(talk: Talk, terminal: Terminal, demand: Demand) -> engine.Secret:
    """Ask until it can be used, and tell what it is worth. Raises `Back` for an empty line."""
    while True:
        try:
            with terminal.ask_unseen("New passphrase: ") as typed:
                if not len(typed):
                    raise Back
                if asks_for_explanation(typed):
                    for sentences in EXPLANATION:
                        say(sentences)
                    continue
                warnings = engine.passphrase_warnings(typed)
                passphrase = engine.new_passphrase_from(typed)
        except engine.InvalidPassphrase as error:
            say(str(error))
            continue
        if _describe(talk, passphrase, demand):
            say(f"Four words for what was typed: {' '.join(talk.wordprint.of(passphrase))}.")
            for warning in warnings:
                say(f"Note: {warning.sentence}")
            return passphrase
        passphrase.close()


def _repeated(talk: Talk, terminal: Terminal, passphrase: engine.Secret) -> bool:
    """Whether it was typed again; False to begin with the first typing anew."""
    while True:
        try:
            with terminal.ask_unseen("The same again: ") as again:
                if not len(again):
                    return False
                if asks_for_explanation(again):
                    say(_AGAIN)
                    continue
                with engine.new_passphrase_from(again) as repeated:
                    if repeated.equals(passphrase):
                        return True
                    words = " ".join(talk.wordprint.of(repeated))
        except engine.InvalidPassphrase as error:
            say(str(error))
            continue
        say(f"That was not the same; its four words are: {words}.")
        say("Type it once more, or Enter alone to begin anew.")


def _tell_strength(talk: Talk, demand: Demand) -> None:
    if talk.secret is not None:
        _describe(talk, talk.secret, demand)


def _describe(talk: Talk, passphrase: engine.Secret, demand: Demand) -> bool:
    """Say what it is worth and what would help; whether it is strong enough."""
    found = engine.strength(passphrase, context=demand.context)
    enough = found.score >= demand.minimum_score
    say(
        f"Strength: {wording.STRENGTH_WORDS[found.score]} ({found.score} of 4), "
        f"{wording.guesses(found.guesses_log10)}."
    )
    for sentence in (found.warning, *found.suggestions[:1]):
        if sentence:
            say(f"{sentence.rstrip('.')}.")
    if not enough:
        say("That is too easy to guess. Type another one.")
        return False
    talk.session.strength = Strength(found.score, found.guesses_log10)
    if talk.session.choice is not None:
        tell_attack(talk, talk.session.choice)
    return True
