"""Step 5: three asked-for words; then the copy is opened with the kit alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from shamir_mnemonic.wordlist import WORDLIST
from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Label, Static

from wizard.tui.asking import ask_skip_proof
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.complaint import complaint
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.kit import holder
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.word_field import WordField, completion_among

_CANDIDATES = 3
_AFTER_CHANGE = (
    "When they are right, the database is opened with the new kit alone. Only then can the new "
    "keys be put in force."
)
_COMPLETE = completion_among(tuple(WORDLIST))


class ProofScreen(StepScreen):
    """A field for each asked-for word; wrong ones are named."""

    STEP: ClassVar[int] = 5
    TITLE_TEXT: ClassVar[str] = "proving the kit"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "The wizard asks for a few words of the kit, so that you know that what you "
            "wrote down is complete and in order."
        ),
        choose=(
            "Read the words off your paper. Four letters are enough for each. “Look again” "
            "shows the words once more."
        ),
        after=(
            "When they are right, the encrypted copy is opened with the kit alone. Only then "
            "can it take the database's place."
        ),
    )
    HINTS: ClassVar[str] = "Enter next   Esc look again   F1 help   Ctrl+C quit"

    def __init__(self, *, notice: str = "") -> None:
        super().__init__(notice=notice)
        self._asked: list[tuple[int, int]] = []

    def page(self) -> Iterable[Widget]:
        """The question; the fields follow when the engine has drawn them."""
        yield Static(
            Content.styled("Enter these words from what you wrote down.", "bold"), classes="lead"
        )

    def explained(self) -> Explanation:
        """The same, where the keys of a protected database are changed."""
        if self.session.upkeep.errand is None:
            return self.EXPLAINED
        return replace(self.EXPLAINED, after=_AFTER_CHANGE)

    def actions(self) -> Iterable[Action]:
        """Prove, or look again."""
        yield Action("Prove it", id="next")
        yield Action("Look again", id="back")
        yield Action("Skip…", id="skip")

    def on_mount(self) -> None:
        """Ask which words."""
        self.attempt(self._ask(), group="challenge")

    async def _ask(self) -> None:
        answer = await self.engine.request("kit.challenge")
        self._asked = [(word["sheet"], word["position"]) for word in answer["challenge"]]
        rows: list[Widget] = []
        width = "asked" if self._several() else "asked -only"
        for at, (sheet, position) in enumerate(self._asked):
            rows.append(
                Horizontal(
                    Label(self._title(sheet, position), classes=width),
                    WordField(id=f"word-{at}", complete=_COMPLETE),
                    Static(id=f"word-{at}-message", classes="beside"),
                    classes="row spaced",
                )
            )
        await self.query_one("#body").mount(*rows)
        self.focus_on("#word-0")

    def _several(self) -> bool:
        return self.session.prepared is not None and self.session.prepared.sheets > 1

    def _title(self, sheet: int, position: int) -> str:
        if not self._several():
            return f"Word {position}"
        name = holder(self.session.plan.holders, sheet)
        return f"Sheet {sheet}{f' ({name[:16]})' if name else ''}, word {position}"

    def on_word_field_changed(self, event: WordField.Changed) -> None:
        """Say beside the field what can still become of the letters; a judgement is out of date."""
        beside = self.query_one(f"#{event.field.id}-message", Static)
        words = event.field.candidates
        if not event.field.typed or len(words) == 1:
            beside.update("")
        elif not words:
            beside.update(complaint("no word begins so"))
        else:
            shown = "  ".join(words[:_CANDIDATES]) + ("  …" if words[_CANDIDATES:] else "")
            beside.update(Content.styled(shown, "dim"))

    def on_word_field_submitted(self, event: WordField.Submitted) -> None:
        """Enter goes to the next field, and from the last one on."""
        self.query_one(f"#{event.field.id}-message", Static).update("")
        if event.field.id == f"word-{len(self._asked) - 1}":
            self.action_next()
        else:
            self.focus_next()

    def _fields(self) -> list[WordField]:
        return list(self.query(WordField))

    def validate(self) -> Fault | None:
        """Every field needs a word."""
        for field in self._fields():
            if not field.typed:
                return Fault("Type this word.", f"#{field.id}")
            if not field.candidates:
                return Fault("No word of any kit begins so.", f"#{field.id}")
        return None if self._asked else Fault("One moment.")

    async def proceed(self) -> None:
        """Have the words checked, and the copy opened with the kit."""
        self.tell("Opening it with the kit alone…")
        for at in range(len(self._asked)):
            self.query_one(f"#word-{at}-message", Static).update("")
        try:
            await self.engine.request("kit.answer", words=[field.word for field in self._fields()])
        except EngineError as error:
            if error.error_class != "InvalidRecoveryPhrase":
                raise
            self._locate(error)
            return
        self.session.proved, self.session.proof_skipped = True, False
        self.go_on()

    def _locate(self, error: EngineError) -> None:
        wrong = [
            at
            for at, (sheet, position) in enumerate(self._asked)
            if f"sheet {sheet}, word {position}" in error.where
        ]
        for at in wrong:
            beside = self.query_one(f"#word-{at}-message", Static)
            beside.update(complaint("not this word"))
        if wrong:
            count = "One word is" if len(wrong) == 1 else f"{len(wrong)} words are"
            self.tell(f"{count} not what the kit says. “Look again” shows the words.", trouble=True)
            self.focus_on(f"#word-{wrong[0]}")
        else:
            self.tell(error.message, trouble=True)

    @on(Action.Pressed, "#skip")
    def _skip(self) -> None:
        ask_skip_proof(self.wizard)

    @on(Action.Pressed, "#back")
    def go_back(self) -> None:
        """Back to the sheets."""
        self.wizard.show_step("kit")

    def on_unmount(self) -> None:
        """Forget what was typed."""
        for field in self._fields():
            field.clear()
