"""How step 2 reads: its sentences, made of what the engine told and of nothing that was typed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from wizard import engine
from wizard.tui import wording
from wizard.tui.answers.cost import Choice
from wizard.tui.screens.help import Explanation
from wizard.tui.session import WizardSession

_MOST_WARNINGS = 2

PASSPHRASE_HELP = Explanation(
    what=(
        "The passphrase opens the database; the key is computed from it each time and stored "
        "nowhere. What you type goes straight to a process with locked memory. This screen "
        "learns its length, its strength, and four words that mean: the same was typed. They "
        "are new at every start, and no guess can be tried on them."
    ),
    choose=(
        "Six or more unrelated words: “Random words” draws them; pasting one line works, too. "
        "F2 shows what arrived, for 30 seconds at most. In doubt about the keyboard? Look with "
        "F2, or type it again from another one: the four words tell if a single key differs."
    ),
    after=(
        "You choose what one guess shall cost; the meter reckons with it when you come back. "
        "Its times are for all guesses, here and on a 24 GB graphics card rented for 0.40 USD "
        "an hour. Ten cards take a tenth of the time, for the same money."
    ),
)


def lead(session: WizardSession) -> str:
    """What to do on this page."""
    characters, strength = session.passphrase_characters, session.strength
    if characters is None:
        return f"Choose {_whose(session)}. Six or more unrelated words make a good one."
    word = wording.STRENGTH_WORDS[strength.score] if strength else ""
    return (
        f"A passphrase is already set ({wording.count(characters, 'character')}, {word}).\n"
        "Press Enter to keep it, or type a new one."
    )


def _whose(session: WizardSession) -> str:
    errand = session.upkeep.errand
    if errand is None:
        return "a passphrase"
    if errand.op != "operator.add":
        return "the new passphrase"
    return f"a passphrase for {wording.shortened(session.upkeep.label, 24)}"


def minimum_sentence(score: int) -> str:
    """The least that is taken, and why."""
    least = wording.STRENGTH_WORDS[score]
    return f"“{least}” ({score} of 4) is asked for: thieves of a file guess for years, unseen."


def basis_sentence(basis: Choice, since: str) -> str:
    """Under which key derivation the costs hold; `since` says where it comes from."""
    parameters = basis.parameters
    if parameters is None or basis.seconds is None:
        return ""
    work = wording.work(parameters.memory_kib, parameters.passes)
    return f"with {work} ({wording.seconds(basis.seconds)}), {since}"


def warning_lines(codes: Sequence[str]) -> Content:
    """The weightiest warnings; the others are what the four words and F2 are for."""
    sentences = [engine.PassphraseWarning(code).sentence for code in codes[:_MOST_WARNINGS]]
    return Content("\n").join([Content.styled(f"! {sentence}", "bold") for sentence in sentences])


def typed_words(already: Sequence[str], first: Sequence[str], second: Sequence[str]) -> Content:
    """The words of what was typed, twice where the two typings differ."""
    if not first and not second:
        if already:
            return Content.assemble(" ".join(already), ("  (the one that is set)", "dim"))
        return Content.styled("stand for what arrived, once you pause", "dim")
    if not first or not second:
        words = first or second
        same = " (the one that is set)" if tuple(words) == tuple(already) else ""
        return Content.assemble((" ".join(words), "bold"), (same, "dim"))
    if tuple(first) == tuple(second):
        return Content.assemble((" ".join(first), "bold"), ("  both times", "dim"))
    return Content.assemble(
        (" ".join(first), "bold"), "\n", (" ".join(second), "bold"), ("  the second time", "dim")
    )
