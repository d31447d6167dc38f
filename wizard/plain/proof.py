"""Step 5: drawn words of the kit are asked for, to know that what was kept is complete and in order.

- Four letters of a word are enough; wrong words are named, and only they are asked for again.
- Going on without the proof takes the database's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard import engine
from wizard.plain.asking import Back, Refused, say, shown

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

_SKIP = "skip"
_EXPLAINED = (
    "Read the words off your paper or your file; four letters of each are enough. b goes back to "
    "the sheets, skip goes on without the proof."
)
_NOT_SHOWN = "Nobody has seen or saved the words yet, and they cannot be shown later."


def prove(
    talk: Talk,
    pending: engine.PendingInitialization,
    kit: engine.RecoveryKit,
    *,
    unseen: bool,
) -> bool:
    """Ask for drawn words until they are right; False where the proof is skipped. Raises `Back`.

    ``unseen``: there are sheets that nobody was shown and nobody saved.
    """
    asked = pending.challenge()
    answers: dict[int, str] = {}
    terminal = talk.asker.terminal("recovery-out")
    with terminal.alternate_screen() as clear:
        clear()
        terminal.write(
            "Answer from your paper copy or your file, to prove that it is complete.\n"
            "Four letters of a word are enough. b: back to the sheets, skip: go on without.\n\n"
        )
        while len(answers) < len(asked):
            at = next(at for at in range(len(asked)) if at not in answers)
            word = _word(talk, _question(talk, asked[at], kit))
            if word is None:
                break
            answers[at] = word
            if len(answers) == len(asked):
                for wrong in _wrong(pending, asked, [answers[n] for n in range(len(asked))]):
                    question = shown(_question(talk, asked[wrong], kit))
                    terminal.write(f"{question} is not what the kit says.\n")
                    del answers[wrong]
    if len(answers) == len(asked):
        return True
    _skip(talk, pending, unseen=unseen)
    return False


def _question(talk: Talk, asked: engine.WordChallenge, kit: engine.RecoveryKit) -> str:
    if len(kit.sheets) == 1:
        return f"Word {asked.position}"
    whom = holder(talk, kit.sheets[asked.sheet - 1])
    return f"Sheet {asked.sheet}{f' ({whom})' if whom else ''}, word {asked.position}"


def _word(talk: Talk, question: str) -> str | None:
    """A word of the list, or None to go on without. Raises `Back`."""

    def read(text: str) -> str | None:
        typed = text.strip().lower()
        if typed == _SKIP:
            return None
        found = engine.possible_words(typed)
        if len(found) == 1:
            return found[0]
        if not typed:
            raise Refused("Type this word, b to look again, or skip.")
        if not found:
            raise Refused("No word of any kit begins so.")
        raise Refused(f"That can be {', '.join(found[:3])}; type more of it.")

    return talk.asker.answer(question, read, name="recovery-out", explained=_EXPLAINED)


def _wrong(
    pending: engine.PendingInitialization,
    asked: tuple[engine.WordChallenge, ...],
    answers: list[str],
) -> list[int]:
    try:
        pending.check_words(answers)
    except engine.InvalidRecoveryPhrase as error:
        places = set(error.where.split("; "))
        wrong = [
            at
            for at, each in enumerate(asked)
            if places & {f"word {each.position}", f"sheet {each.sheet}, word {each.position}"}
        ]
        return wrong or list(range(len(asked)))
    return []


def _skip(talk: Talk, pending: engine.PendingInitialization, *, unseen: bool) -> None:
    if unseen:
        say(_NOT_SHOWN)
    say(
        "Should the passphrase be lost, what you wrote down is all there is. The program still "
        "opens the copy with the kit in its memory; `status` shows this as open."
    )
    if not talk.asker.named(pending.path.name):
        raise Back


def holder(talk: Talk, sheet: engine.KitSheet) -> str:
    """Who keeps it, where somebody was named; the sheet itself names everybody."""
    return sheet.holder if talk.session.plan.holders else ""
