"""A recovery kit counts only when it was read back and has opened the database that it is for.

- Every sheet takes part in one opening, with its own slot lines.
- The words that a person is asked for are drawn once, so that asking again does not tell more.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wizard.engine.compact_slot import CompactSlot
from wizard.engine.errors import InvalidRecoveryPhrase, NotProved, WizardError
from wizard.engine.kit import RecoveryKit
from wizard.engine.kit_reading import parse_sheets
from wizard.engine.progress import Progress, ProgressSink, Stage

_WORDS_ASKED = 3
# The first four words of a SLIP-39 share are its identifier and parameters, the same on many sheets.
_FIRST_TELLING_WORD = 5


@dataclass(frozen=True, slots=True)
class WordChallenge:
    """One word of the kit that is asked for; both numbers count from 1."""

    sheet: int
    position: int


class KitProof:
    """A kit that waits to be proved. ``opens`` opens the database with as many sheets as it takes.

    ``rehearsed`` tells whether it has.
    """

    def __init__(self, kit: RecoveryKit, opens: Callable[[Sequence[str]], object]) -> None:
        self.kit = kit
        self.rehearsed = False
        self._opens = opens
        self._challenge: tuple[WordChallenge, ...] = ()

    def challenge(self) -> tuple[WordChallenge, ...]:
        """Which words to ask for: three, or one of each sheet if there are more. Drawn once."""
        if not self._challenge:
            self._challenge = _draw(self.kit)
        return self._challenge

    def check_words(self, answers: Sequence[str]) -> None:
        """Compare the words asked for. Raises `InvalidRecoveryPhrase`; ``where`` names each wrong one."""
        asked = self.challenge()
        if len(answers) != len(asked):
            raise InvalidRecoveryPhrase(f"{len(asked)} words are asked for.")
        wrong = [
            f"sheet {each.sheet}, word {each.position}"
            if self.kit.sheets[1:]
            else f"word {each.position}"
            for each, answer in zip(asked, answers, strict=True)
            if answer.strip().lower() != self.kit.sheets[each.sheet - 1].words[each.position - 1]
        ]
        if wrong:
            raise InvalidRecoveryPhrase(
                f"Not what stands on the sheet: {'; '.join(wrong)}.", where="; ".join(wrong)
            )

    def rehearse(self, sheet_texts: Sequence[str] | None, *, progress: ProgressSink) -> None:
        """Open the database with the kit alone; None takes the kit as it is printed.

        Raises `NotProved`.
        """
        sheets = self.kit.sheets
        texts = [sheet.text() for sheet in sheets] if sheet_texts is None else sheet_texts
        if len(texts) != len(sheets):
            raise NotProved(f"The kit has {len(sheets)} sheets, and {len(texts)} were given back.")
        # In an opening with others, one sheet's slot lines would serve for all.
        for number, text in enumerate(texts, 1):
            if _slot_on(text) is None:
                raise NotProved(f"Sheet {number} came back without its slot lines.")
        threshold = sheets[0].threshold
        for first in range(len(texts)):
            progress(Progress(Stage.REHEARSE, first, len(texts)))
            self._open([texts[(first + offset) % len(texts)] for offset in range(threshold)])
        progress(Progress(Stage.REHEARSE, len(texts), len(texts)))
        self.rehearsed = True

    def _open(self, texts: Sequence[str]) -> None:
        try:
            self._opens(texts)
        except WizardError as error:
            raise NotProved(
                f"The recovery kit did not open the database: {error} Nothing was replaced."
            ) from None


def _slot_on(text: str) -> CompactSlot | None:
    try:
        return parse_sheets([text]).slot
    except WizardError as error:
        raise NotProved(f"The recovery kit does not read back: {error}") from None


def _draw(kit: RecoveryKit) -> tuple[WordChallenge, ...]:
    """One word of every sheet, and at least three in all, none of them twice."""
    draw = random.SystemRandom()
    sheets = list(range(1, len(kit.sheets) + 1))
    rounds = max(1, -(-_WORDS_ASKED // len(sheets)))
    challenge = [
        WordChallenge(sheet, position)
        for sheet in sheets
        for position in draw.sample(
            range(_FIRST_TELLING_WORD, len(kit.sheets[sheet - 1].words) + 1), rounds
        )
    ]
    return tuple(sorted(challenge, key=lambda each: (each.sheet, each.position)))
