"""The recovery words, sheet by sheet, one word on this screen at a time; a word that is taken leaves it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from shamir_mnemonic.wordlist import WORDLIST
from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Label, Static

from wizard.tui.engine_client import EngineError
from wizard.tui.glyphs import CHOSEN, CURRENT, OPEN
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.complaint import complaint
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.manage.sheet_file import SheetFileScreen
from wizard.tui.upkeep import Progressed
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.hint_line import BUTTONS_ONLY, HintLine
from wizard.tui.widgets.taken_word import TakenWord
from wizard.tui.widgets.word_field import WordField, completion_among

WORDS = 33
_WITHOUT_SIDECAR = ("change.verify_kit", "change.decrypt_by_kit")
_CANDIDATES = 4
_COMPLETE = completion_among(tuple(WORDLIST))
_PLACE = re.compile(r"word (\d+)")


class SheetsScreen(StepScreen):
    """A field for the present word, a mark for every word, and the way to take a file instead."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "the recovery words"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "The 33 words of a recovery sheet, typed in their order. Each goes to a process with "
            "locked memory as soon as it is complete, and is checked against the list; when all "
            "are there, the sheet's own checksum tells whether one is wrong, and which."
        ),
        choose=(
            "Four letters are enough for each word. “Word before” goes back to correct one. If the "
            "sheet is a file, take it from there. Of several sheets any that suffice will do, in "
            "any order; each holder can type their own."
        ),
        after=(
            "The database is opened with the words and closed again. Nothing is changed before a "
            "review, and the old words go on working until the new kit has been proved."
        ),
    )
    HINTS: ClassVar[str] = "Enter take the word   Tab complete   Esc back   F1 help   Ctrl+C quit"

    def __init__(self, *, notice: str = "") -> None:
        super().__init__(notice=notice)
        self._sheet = 1
        self._at = 1
        self._missing = set(range(1, WORDS + 1))

    def page(self) -> Iterable[Widget]:
        """The heading, the marks, the field."""
        yield Static(id="sheets-lead", classes="lead")
        yield Static(id="places")
        with Horizontal(id="word-row", classes="row"):
            yield Label("Word 1", id="word-title", classes="name")
            yield TakenWord(id="word", complete=_COMPLETE, take=self._take)
            yield Static(id="word-beside", classes="beside")
        yield Static(id="word-message", classes="under")

    def actions(self) -> Iterable[Action]:
        """On, back a word, a file, back a page."""
        yield Action("Next", id="next")
        yield Action("Word before", id="before")
        yield Action("From a file…", id="from-file")
        yield Action("Type them again", id="again")
        yield Action("Back", id="back")

    def first_focus(self) -> str:
        """The field; or the way on, when the sheets are there."""
        if self._given():
            return "#next"
        return "#word" if self._by_words() else "#from-file"

    def on_mount(self) -> None:
        """Begin with the first sheet, unless all were given before."""
        if not self._given():
            self.engine.send("sheets.clear")
        self._show()

    def _given(self) -> bool:
        upkeep = self.session.upkeep
        return upkeep.sheets_given >= upkeep.threshold

    def _by_words(self) -> bool:
        """Whether words alone suffice: without a sidecar the slot lines are needed, too."""
        errand = self.session.upkeep.errand
        return errand is None or errand.op not in _WITHOUT_SIDECAR

    # What is shown ---------------------------------------------------------------------------

    def _show(self) -> None:
        given, words = self._given(), self._by_words()
        shown = not given and words
        for selector, display in (
            ("#word-row", shown),
            ("#places", shown),
            ("#before", shown),
            ("#from-file", not given),
            ("#again", given),
            ("#next", given or words),
        ):
            self.query_one(selector).display = display
        self.query_one(HintLine).show(self.HINTS if shown else BUTTONS_ONLY)
        self.query_one("#sheets-lead", Static).update(Content.styled(self._lead(), "bold"))
        self.query_one("#places", Static).update(self._places())
        self.query_one("#word-title", Label).update(f"Word {self._at}")

    def _lead(self) -> str:
        needed = self.session.upkeep.threshold
        if self._given():
            return "The words are given already. Press Enter to keep them."
        keys = self.session.upkeep.keys
        which = "the recovery sheet"
        if needed > 1:
            of = f", any of the {keys.shares}" if keys else ""
            which = f"sheet {self._sheet} of {needed}{of}"
        if not self._by_words():
            return f"Take {which} from a file: without the sidecar its lines are needed, too."
        return f"Type the {WORDS} words of {which}."

    def _places(self) -> Content:
        marks = []
        for place in range(1, WORDS + 1):
            if place == self._at:
                marks.append(Content.styled(CURRENT, "bold reverse"))
            else:
                marks.append(Content(OPEN if place in self._missing else CHOSEN))
        return Content("").join(marks)

    def _say(self, sentence: str) -> None:
        self.query_one("#word-message", Static).update(complaint(sentence))

    def on_word_field_changed(self, event: WordField.Changed) -> None:
        """Say beside the field what can still become of the letters."""
        beside = self.query_one("#word-beside", Static)
        words = event.field.candidates
        if not event.field.typed or len(words) == 1:
            beside.update("")
        elif not words:
            beside.update(complaint("no word begins so"))
        else:
            more = "  …" if words[_CANDIDATES:] else ""
            beside.update(Content.styled("  ".join(words[:_CANDIDATES]) + more, "dim"))
        if event.field.typed:
            self._say("")

    # Words -----------------------------------------------------------------------------------

    def on_word_field_submitted(self, event: WordField.Submitted) -> None:
        """It is not one word yet."""
        self._say("Several words begin so, or none." if event.field.typed else "Type this word.")

    def _take(self, word: str) -> None:
        # Not waited for: who types fast has begun the next word by then.
        self.engine.send("sheets.put", sheet=self._sheet, position=self._at, word=word)
        self._missing.discard(self._at)
        self._say("")
        if self._missing:
            later = [place for place in self._missing if place > self._at]
            self._go_to(min(later or self._missing))
        else:
            self.attempt(self._check(), group="advance")

    def _go_to(self, position: int) -> None:
        self._at = position
        self._show()
        field = self.query_one(WordField)
        if self.focused is not field:
            field.focus()

    async def _check(self) -> None:
        try:
            await self.engine.request("sheets.check", sheet=self._sheet)
        except EngineError as error:
            if error.error_class != "InvalidRecoveryPhrase":
                raise
            place = _PLACE.search(error.where[0]) if error.where else None
            self._go_to(int(place[1]) if place else 1)
            self._say(error.message[:1].upper() + error.message[1:])
            return
        self._sheet_done()

    def _sheet_done(self) -> None:
        upkeep = self.session.upkeep
        upkeep.sheets_given = self._sheet
        if self._given():
            self._show()
            self.attempt(self.proceed(), group="advance")
            return
        self.tell(f"Sheet {self._sheet} fits together. {upkeep.threshold - self._sheet} to go.")
        self._sheet += 1
        self._missing = set(range(1, WORDS + 1))
        self._at = 1
        self._show()
        self.focus_on(self.first_focus())

    @on(Action.Pressed, "#before")
    def _word_before(self) -> None:
        self._say("")
        self._go_to(max(1, self._at - 1))

    # A file instead --------------------------------------------------------------------------

    @on(Action.Pressed, "#from-file")
    def _from_file(self) -> None:
        async def read(path: str) -> int:
            answer = await self.engine.request("sheets.read", sheet=self._sheet, path=path)
            return int(answer["threshold"])

        def taken(threshold: int | None) -> None:
            if threshold is not None:
                self.session.upkeep.kit_threshold = threshold
                self._sheet_done()

        self.app.push_screen(
            SheetFileScreen(
                f"Take sheet {self._sheet} from a file",
                read=read,
                candidates=self.wizard.complete_path,
            ),
            taken,
        )

    @on(Action.Pressed, "#again")
    def _type_again(self) -> None:
        self.engine.send("sheets.clear")
        self.session.upkeep.sheets_given = 0
        self._sheet = self._at = 1
        self._missing = set(range(1, WORDS + 1))
        self._show()
        self.tell("")
        self.focus_on(self.first_focus())

    # Going on --------------------------------------------------------------------------------

    def action_next(self) -> None:
        """Take the word that stands there; or go on, when all are given."""
        if self._given():
            super().action_next()
        else:
            self.query_one(TakenWord).action_submit()

    def validate(self) -> Fault | None:
        """All sheets have to be there."""
        return None if self._given() else Fault("Words are missing.", "#word")

    async def proceed(self) -> None:
        """See that they open the database, where the verb comes later."""
        upkeep, target, errand = (
            self.session.upkeep,
            self.session.target,
            self.session.upkeep.errand,
        )
        if errand is not None and errand.op == "change.recover" and target is not None:
            self.tell("Opening the database with the words…")
            upkeep.progressed = Progressed.RECORDED
            try:
                await self.engine.request(
                    "change.check_sheets", path=target.path, sheets=upkeep.sheets_given
                )
            except EngineError as error:
                self.show_error(error)
                self.focus_on("#again")
                return
        self.go_on()

    def go_back(self) -> None:
        """To the menu."""
        self.return_to()
