"""Step 4: in sentences, what will be written and what will not be touched; then, and only then, go."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.answers.kit import Plan
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.plan import PlanScreen
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.beginning import Beginning
from wizard.tui.widgets.choice_list import ChoiceList, Row
from wizard.tui.widgets.fact_list import Fact, FactList

_ORIGINAL_ROWS = (
    Row("keep", "Keep the unencrypted original, under a name that says so"),
    Row("remove", "Remove it once the backup has been proved"),
)
_DELETION = (
    "Removing deletes the file. On SSDs, in snapshots and in backups its "
    "content may stay readable; no program can promise otherwise."
)


def plan_sentence(plan: Plan) -> str:
    """How the recovery kit is dealt out, in words."""
    if plan.shares == 1:
        return "one sheet of 33 words opens the database without the passphrase"
    return f"{plan.shares} sheets of 33 words; any {plan.threshold} of them open the database"


class ReviewScreen(StepScreen):
    """The page before anything is written."""

    STEP: ClassVar[int] = 4
    TITLE_TEXT: ClassVar[str] = "review"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="Everything that will be done, before it is done. Nothing has been written yet.",
        choose=(
            "Check the path. Keep the original if you have no other backup, and delete it "
            "yourself when the encrypted database has proved itself. “Recovery kit” lets you "
            "deal the recovery phrase out to several people, so that any 2 of 3, say, can "
            "open the database together."
        ),
        after=(
            "“Encrypt now” makes an encrypted copy beside the original and compares the two, "
            "table by table. The copy takes the original's place only after you have proved, "
            "in step 5, that the recovery kit opens it. You can cancel at any time until "
            "then."
        ),
    )
    HINTS: ClassVar[str] = "Tab next field   Enter press   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The sentences and the choice about the original."""
        yield Beginning(
            Content.styled("This is done at “Encrypt now”. Nothing is written before.", "bold"),
            classes="lead",
        )
        yield FactList(self._facts(), id="sentences")
        if self._has_original():
            yield ChoiceList(_ORIGINAL_ROWS, chosen=self.session.original, id="original")
            yield Static(Content.styled(_DELETION, "dim"), id="deletion", classes="indented-text")

    def actions(self) -> Iterable[Action]:
        """The one button that writes is named for what it does."""
        yield Action("Encrypt now", id="next")
        yield Action("Recovery kit…", id="plan")
        yield Action("Back", id="back")

    def _has_original(self) -> bool:
        target = self.session.target
        return target is not None and target.state == "plaintext"

    def _facts(self) -> list[Fact]:
        session = self.session
        target, choice = session.target, session.choice
        if target is None or choice is None or choice.parameters is None:
            return []
        cipher = wording.CIPHER_NAMES[session.cipher or session.recommended_cipher]
        path, name = wording.shortened(target.path, 50), Path(target.path).name
        name = wording.shortened(name, 30)
        cost = f"{wording.seconds(choice.seconds or 0)} and "
        cost += wording.memory(choice.parameters.memory_kib)
        if self._has_original():
            size = wording.size(target.size or 0)
            first = f"An encrypted copy of {path} ({size}) beside it, made with {cipher}; "
            first += "every row is compared."
            then = f"Then the copy takes the name {name}."
            untouched = "Every other file. Until the end the original is only read, and other "
            untouched += "programs have to wait."
        else:
            first = f"{path}: a new, empty database, encrypted with {cipher}."
            then = f"Then {name} gets its name."
            untouched = "Every other file."
        return [
            Fact("Written", first),
            Fact("", f"{name}.crypto.json: how to unlock it, no secret in it."),
            Fact("", f"{name}.audit.jsonl: a log of what its keys are used for."),
            Fact("Proved", f"Recovery kit: {plan_sentence(session.plan)}. {then}"),
            Fact("Opening it", f"About {cost} of memory on this machine, each time."),
            Fact("Not touched", untouched),
        ]

    def first_focus(self) -> str:
        """The harmless thing: nobody encrypts by pressing Enter once too often."""
        return "#original" if self._has_original() else "#back"

    @on(Action.Pressed, "#plan")
    def _choose_plan(self) -> None:
        def chosen(plan: Plan | None) -> None:
            if plan is not None:
                self.session.plan = plan
                self.query_one(FactList).show_facts(self._facts())

        self.app.push_screen(PlanScreen(self.session.plan), chosen)

    @on(ChoiceList.Confirmed, "#original")
    def _original_confirmed(self) -> None:
        self.query_one("#next").focus()

    def validate(self) -> Fault | None:
        """All steps before have their answer."""
        if self.session.passphrase_characters is None:
            return Fault("The passphrase has to be set first.")
        return None

    def apply(self) -> None:
        """Remember what happens to the original."""
        if self._has_original():
            self.session.original = self.query_one("#original", ChoiceList).chosen

    async def proceed(self) -> None:
        """Start."""
        self.wizard.show_step("generate")

    def go_back(self) -> None:
        """To the key derivation; the choice stays."""
        self.apply()
        self.wizard.show_step("derivation")
