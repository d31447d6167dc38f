"""The five steps in their order, with the way back; nothing is written before the review is agreed.

Each step reads and writes the same session that the screens use, and the work is done by the same
calls as ``init`` does it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.plain import backup, derivation, managing, passphrase, review, selecting
from wizard.plain.answers import Answers, read_answers
from wizard.plain.asking import Asker, Back, say
from wizard.tui.session import WizardSession
from wizard.tui.suggestion import suggestion

if TYPE_CHECKING:
    from wizard.invocation import Invocation

STEPS = (
    ("Select", selecting.select),
    ("Passphrase", passphrase.choose),
    ("Key derivation", derivation.choose),
    ("Review", review.agree),
)


@dataclass(slots=True)
class Talk:
    """What every step needs: the answers so far, who asks, and the passphrase in locked memory."""

    asker: Asker
    given: Answers
    path: str | None = None
    session: WizardSession = field(default_factory=WizardSession)
    secret: engine.Secret | None = None
    managed: str | None = None
    wordprint: engine.Wordprint = field(default_factory=engine.Wordprint)

    def keep(self, secret: engine.Secret) -> None:
        """Hold a new passphrase; the one before is wiped."""
        self.forget()
        self.secret = secret

    def forget(self) -> None:
        """Wipe the passphrase."""
        if self.secret is not None:
            self.secret.close()
            self.secret = None


class Conversation:
    """One run of the plain wizard."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    @classmethod
    def begin(cls, asked: Invocation) -> Conversation:
        """Read the answers, if there are any. Raises `UsageProblem`."""
        given = Answers() if asked.answers is None else read_answers(Path(asked.answers))
        return cls(Talk(Asker(), given, path=asked.path or given.database))

    def hold(self) -> int:
        """Go through the steps, do the work, and return the exit code.

        Raises what the steps and the engine raise; nothing has been written then that stays.
        """
        try:
            say(
                "datafold-wizard. Enter takes the answer in brackets; b goes back, ? explains, "
                "Ctrl+C gives up. Nothing is written before you agree to the review."
            )
            hint = suggestion(os.environ)
            if hint:
                say(hint)
            return self._go()
        finally:
            self._talk.forget()
            self._talk.wordprint.close()
            self._talk.asker.close()

    def _go(self) -> int:
        start = 0
        while True:
            self._ask(start)
            if self._talk.managed is not None:
                return managing.hold(self._talk, self._talk.managed)
            try:
                backup.carry_out(self._talk)
            except Back:
                say("Undone: nothing has been changed.")
                start = len(STEPS) - 1
            else:
                return 0

    def _ask(self, at: int) -> None:
        while at < len(STEPS) and self._talk.managed is None:
            title, step = STEPS[at]
            say()
            say(f"Step {at + 1} of 5: {title}")
            try:
                step(self._talk)
            except Back:
                if not at:
                    say("This is the first question. Ctrl+C gives up.")
                at = max(0, at - 1)
            else:
                at += 1
