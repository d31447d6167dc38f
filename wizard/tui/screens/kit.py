"""Step 5, first page: what the recovery kit is, sheet by sheet; no word is shown unasked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.answers.kit import KitFile
from wizard.tui.asking import ask_skip_proof, ask_undo
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.save import Order, Saved, SaveScreen
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_list import ChoiceList, Row

_AFTER_CHANGE = (
    "You enter three of the words. Then the database is opened with the new kit alone. Until the "
    "last page nothing is in force, and the old kit and passphrase go on working."
)
_AFTER_SAVING = "Saved, readable by you only. Move it off this machine, then delete it here."
_AFTER_ENCRYPTING = (
    "Encrypted and saved. Only the private key opens it, so it was not tried here: decrypt it once."
)


def holder(holders: tuple[str, ...], number: int) -> str:
    """Who keeps sheet `number`, counted from 1."""
    return holders[number - 1] if number <= len(holders) else ""


class KitScreen(StepScreen):
    """The sheets, what was done with each, and the way on to the proof."""

    STEP: ClassVar[int] = 5
    TITLE_TEXT: ClassVar[str] = "the recovery kit"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "The recovery kit is a way in that needs no passphrase: 33 words per sheet, and "
            "a few lines that make the sheet enough even when the .crypto.json file is lost. "
            "It is in memory only, until you write it down or save it."
        ),
        choose=(
            "Write the words on paper, or save the sheet to a USB stick or another machine "
            "and print it there, or encrypt it to an SSH or age public key. Not beside the "
            "database: whoever finds both has everything. "
            "With several sheets, hand each one to the person who keeps it."
        ),
        after=(
            "You enter three of the words. Then the encrypted copy is opened with the kit "
            "alone, and only after that it takes the database's place."
        ),
    )
    HINTS: ClassVar[str] = "↑↓ choose   Enter show   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """What to do, and the sheets."""
        yield Static(
            Content.styled("The recovery kit opens the database without the passphrase.", "bold"),
            classes="lead",
        )
        yield Static(
            Content(
                "1  Show the words and write them down, or save the sheet as a file.\n"
                "2  Enter the words that are asked for, to know that they are right.\n"
                f"3  {self._third()}"
            ),
            classes="paragraph",
        )
        yield ChoiceList(self._rows(), chosen=self._first_open(), id="sheets")

    def explained(self) -> Explanation:
        """The same, where the keys of a protected database are changed."""
        if self.session.upkeep.errand is None:
            return self.EXPLAINED
        return replace(self.EXPLAINED, after=_AFTER_CHANGE)

    def actions(self) -> Iterable[Action]:
        """Show, save, go on."""
        yield Action("Show words", id="show")
        yield Action("Save file…", id="save")
        yield Action("Next: prove it", id="next")
        yield Action("Skip…", id="skip")
        yield Action("Back", id="back")

    def first_focus(self) -> str:
        """The list, or the way on when every sheet was dealt with."""
        return "#next" if not self.session.sheets_untouched else "#sheets"

    def _third(self) -> str:
        if self.session.upkeep.errand is None and self.session.makes_new:
            return "The kit alone opens the new database. Then it gets its name."
        if self.session.upkeep.errand is None:
            return "The kit alone opens the copy. Then the copy takes its place."
        return "The kit alone opens the database. Then the new keys are put in force."

    def _sheet_count(self) -> int:
        return self.session.prepared.sheets if self.session.prepared else 1

    def _first_open(self) -> str:
        untouched = self.session.sheets_untouched
        return str(untouched[0]) if untouched else "1"

    def _rows(self) -> list[Row]:
        rows = []
        total = self._sheet_count()
        for number in range(1, total + 1):
            name = wording.padded(holder(self.session.plan.holders, number), 22)
            title = "The sheet" if total == 1 else f"Sheet {number} of {total}"
            kept_by = f"{name}  " if self.session.plan.holders else ""
            state = self._state(number, 28 if kept_by else 48)
            rows.append(Row(str(number), f"{title:<14}  {kept_by}{state}"))
        return rows

    def _state(self, number: int, room: int) -> str:
        saved = self.session.kit_files.get(number)
        if saved is not None and saved.readers:
            return "encrypted to " + wording.shortened(", ".join(saved.readers), room - 13)
        if saved is not None:
            return "saved to " + wording.shortened(saved.path, room - 9)
        return "was shown" if number in self.session.sheets_seen else "not shown yet"

    def _number(self) -> int:
        return int(self.query_one("#sheets", ChoiceList).chosen)

    @on(Action.Pressed, "#show")
    @on(ChoiceList.Confirmed, "#sheets")
    def _show(self) -> None:
        self.wizard.show_words(self._number())

    @on(Action.Pressed, "#save")
    def _save(self) -> None:
        number, target = self._number(), self.session.target
        database = Path(target.path) if target else Path("database")
        middle = "" if self._sheet_count() == 1 else f"-{number}"

        async def save(order: Order) -> Saved:
            answer = await self.engine.request(
                "kit.save",
                number=number,
                path=order.path,
                recipients=order.readers or None,
                beside=order.beside,
            )
            return Saved(str(answer["path"]), tuple(answer["readers"]))

        def saved(file: Saved | None) -> None:
            if file is not None:
                self.session.kit_files[number] = KitFile(file.path, file.readers)
                self.query_one("#sheets", ChoiceList).show_rows(self._rows(), chosen=str(number))
                self.tell(_AFTER_ENCRYPTING if file.readers else _AFTER_SAVING)

        keeper = wording.shortened(holder(self.session.plan.holders, number), 24)
        whose = f" {number}, kept by {keeper}" if keeper else f" {number}" if middle else ""
        self.app.push_screen(
            SaveScreen(
                f"Save the sheet{whose} as a file" if not whose else f"Save sheet{whose}",
                proposed=str(Path.home() / f"{database.stem}-recovery-kit{middle}.txt"),
                database=str(database),
                save=save,
                candidates=self.wizard.complete_path,
                secret=True,
            ),
            saved,
        )

    @on(Action.Pressed, "#skip")
    def _skip(self) -> None:
        ask_skip_proof(self.wizard)

    def validate(self) -> Fault | None:
        """Nobody can prove words that were never seen."""
        untouched = self.session.sheets_untouched
        if not untouched:
            return None
        if self._sheet_count() == 1:
            return Fault("Show the words first, or save the sheet.", "#sheets")
        numbers = ", ".join(str(number) for number in untouched)
        return Fault(f"Not shown or saved yet: sheet {numbers}.", "#sheets")

    async def proceed(self) -> None:
        """To the three words."""
        self.wizard.show_step("proof")

    def go_back(self) -> None:
        """There is a copy on disk now: going back means undoing it."""
        ask_undo(self.wizard)
