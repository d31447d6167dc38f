"""Step 2: the passphrase, twice; this process sees single keys, lengths and scores only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Label, Static

from wizard.tui import wording
from wizard.tui.engine_client import EngineError
from wizard.tui.messages import FieldState
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.session import MINIMUM_SCORE, Strength
from wizard.tui.widgets.secret_field import SecretField
from wizard.tui.widgets.strength_meter import StrengthMeter


class PassphraseScreen(StepScreen):
    """Two secret fields and a meter."""

    STEP: ClassVar[int] = 2
    TITLE_TEXT: ClassVar[str] = "the passphrase"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "The passphrase opens the database. The key is computed from it each time and is "
            "stored nowhere. What you type goes straight to a separate process with locked "
            "memory; this screen only learns how long and how strong it is."
        ),
        choose=(
            "Six or more words that have nothing to do with each other, or a random one from "
            "a password manager (pasting one line works). Not a sentence from a book or a "
            "song. F2 shows what you typed until you leave the field, for 30 seconds at "
            "most: mind who can see your screen."
        ),
        after=(
            "You choose how much work one guess shall be. The recovery kit of the last step "
            "opens the database when the passphrase is forgotten."
        ),
    )
    HINTS: ClassVar[str] = "Enter next   F2 show or hide   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """Advice, both fields, their messages, and the reason for the minimum."""
        yield Static(Content.styled(self._lead(), "bold"), classes="lead")
        with Horizontal(classes="row"):
            yield Label("Passphrase", classes="name")
            yield SecretField("first", self.engine)
        yield Static(id="secret-first-message", classes="under")
        with Horizontal(id="second-row", classes="row"):
            yield Label("Once more", classes="name")
            yield SecretField("second", self.engine)
            yield Static(id="agreement")
        yield Static(id="secret-second-message", classes="under")
        with Horizontal(id="strength-row"):
            yield Label("Strength", classes="name")
            yield StrengthMeter()
        with Vertical(id="why"):
            yield Static(Content.styled(self._why(), "dim"))

    def _lead(self) -> str:
        characters = self.session.passphrase_characters
        if characters is None:
            return "Choose a passphrase. Six or more unrelated words make a good one."
        strength = self.session.strength
        word = wording.STRENGTH_WORDS[strength.score] if strength else ""
        return (
            f"A passphrase is already set ({wording.count(characters, 'character')}, {word}).\n"
            "Press Enter to keep it, or type a new one."
        )

    def _why(self) -> str:
        return (
            f"At least “{wording.STRENGTH_WORDS[MINIMUM_SCORE]}” ({MINIMUM_SCORE} of 4) is asked "
            "for: whoever copies the file can guess on many machines, for years, unseen."
        )

    def first_focus(self) -> str:
        """The first field."""
        return "#secret-first"

    def on_mount(self) -> None:
        """Start with empty fields, whatever was left unfinished."""
        for field in ("first", "second"):
            self.engine.send("field.clear", field=field)

    def on_unmount(self) -> None:
        """What was typed and not accepted is wiped."""
        for field in ("first", "second"):
            self.engine.send("field.clear", field=field)

    # The engine's word -----------------------------------------------------------------------

    def on_field_state(self, message: FieldState) -> None:
        """Draw lengths, strength and agreement."""
        if message.field not in {"first", "second"}:
            return
        field = self.query_one(f"#secret-{message.field}", SecretField)
        typed = message.characters > field.characters
        field.characters = message.characters
        scored = message.strength is not None or message.characters == 0
        if message.field == "first" and scored:
            self.query_one(StrengthMeter).show(message.strength)
        if message.refused:
            self._under(message.field, message.refused)
        elif typed:
            self._under(message.field, "")
        self._show_agreement(message.matches)

    def _under(self, field: str, sentence: str) -> None:
        under = self.query_one(f"#secret-{field}-message", Static)
        content = Content.styled(f"✗ {sentence}", "bold $error") if sentence else Content("")
        if under.content != content:
            under.update(content)

    def _show_agreement(self, matches: bool | None) -> None:  # noqa: FBT001 - the engine's own value
        second = self.query_one("#secret-second", SecretField).characters
        if not second or matches is None:
            content = Content("")
        elif matches:
            content = Content.styled("✓ the same", "$success")
        else:
            content = Content.styled("· not yet the same", "dim")
        agreement = self.query_one("#agreement", Static)
        if agreement.content != content:
            agreement.update(content, layout=False)

    @on(SecretField.Refused)
    def _refused(self, event: SecretField.Refused) -> None:
        name = str(event.field.id).removeprefix("secret-")
        self._under(name, event.sentence)

    @on(SecretField.Submitted, "#secret-first")
    def _first_submitted(self) -> None:
        if self.query_one("#secret-first", SecretField).characters:
            self.query_one("#secret-second").focus()
        else:
            self.action_next()

    @on(SecretField.Submitted, "#secret-second")
    def _second_submitted(self) -> None:
        self.action_next()

    # Going on --------------------------------------------------------------------------------

    def validate(self) -> Fault | None:
        """Both fields filled, or both empty when a passphrase is set."""
        first = self.query_one("#secret-first", SecretField).characters
        second = self.query_one("#secret-second", SecretField).characters
        if not first and not second and self.session.passphrase_characters is not None:
            return None
        if not first:
            return Fault("Type a passphrase.", "#secret-first")
        if not second:
            return Fault("Type it once more, to be sure of every key.", "#secret-second")
        return None

    async def proceed(self) -> None:
        """Let the engine check and keep it."""
        if self.query_one("#secret-first", SecretField).characters:
            try:
                answer = await self.engine.request("passphrase.accept", minimum_score=MINIMUM_SCORE)
            except EngineError as error:
                self._not_accepted(error)
                return
            self.session.passphrase_characters = answer["characters"]
            self.session.strength = Strength.from_answer(answer["strength"])
        self.wizard.show_step("derivation")

    def _not_accepted(self, error: EngineError) -> None:
        field = error.field or "first"
        if error.error_class not in {"InvalidPassphrase", "WeakPassphrase"}:
            self.show_error(error)
            return
        if field == "second":
            self.engine.send("field.clear", field="second")
        self.show_fault(Fault(error.message, f"#secret-{field}"))

    def go_back(self) -> None:
        """To the list."""
        self.wizard.show_step("select")
