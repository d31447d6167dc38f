"""Step 5: the fingerprint as groups, as words and as a picture; public, all three of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui.answers.protection import Committed
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.beginning import Beginning

_WORDS_A_LINE = 4
SENT = "Sent to your terminal; it may not arrive. It is public: no secret in it."


class FingerprintScreen(StepScreen):
    """Three forms of one public key."""

    STEP: ClassVar[int] = 5
    TITLE_TEXT: ClassVar[str] = "the fingerprint"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "A short form of the database's public key, in three spellings. The picture is the "
            "one that OpenSSH draws of it. Nothing here is secret. The ten words are not the "
            "recovery phrase: that has 33."
        ),
        choose=(
            "Note one of them where you will find it: on the recovery sheet, in the runbook, in "
            "a password manager. When the wizard or a colleague shows another one, then it is "
            "another database, or its keys were changed."
        ),
        after="“I have noted it” ticks it off. `datafold-wizard status` shows it at any time.",
    )
    HINTS: ClassVar[str] = "Tab next   Enter press   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """Groups and words on the left, the picture on the right."""
        committed = self.session.committed
        if committed is None:
            return
        words = list(committed.fingerprint_words)
        lines = [
            " ".join(words[at : at + _WORDS_A_LINE]) for at in range(0, len(words), _WORDS_A_LINE)
        ]
        yield Beginning(Content.styled("The fingerprint of the database", "bold"), classes="lead")
        with Horizontal(id="spellings"):
            with Vertical(id="spelled-out"):
                yield Static(Content.styled(committed.fingerprint, "bold"))
                yield Static(
                    Content.assemble(
                        ("\nSpoken, the same in ten words\n", "dim"),
                        "\n".join(lines),
                        ("\n\nThe public key's own, in OpenSSH\n", "dim"),
                        committed.openssh_fingerprint,
                    )
                )
            yield Static(Content("\n".join(committed.randomart)), id="randomart")

    def actions(self) -> Iterable[Action]:
        """Noting is for people; the clipboard is asked for."""
        yield Action("I have noted it", id="next")
        yield Action("Copy to the clipboard", id="copy")
        yield Action("Back", id="back")

    @on(Action.Pressed, "#copy")
    def _copy(self) -> None:
        if self.session.committed is not None:
            self.app.copy_to_clipboard(self.session.committed.fingerprint)
            self.tell(SENT)

    async def proceed(self) -> None:
        """Tick it off."""
        answer = await self.engine.request("checklist", item="fingerprint_noted", state="done")
        self.session.committed = Committed.from_answer(answer)
        self.wizard.show_step("copies")

    def go_back(self) -> None:
        """To the list; it stays open."""
        self.wizard.show_step("copies")
