"""Step 3: how much work one guess is; every time shown was really measured on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from wizard.tui import wording
from wizard.tui.answers.cost import Choice, OtherMachine
from wizard.tui.screens.base import Fault
from wizard.tui.screens.derivation_help import DERIVATION_HELP
from wizard.tui.screens.derivation_rows import (
    CUSTOM,
    PRESETS,
    TIME,
    attack_sentences,
    choice_row,
    cipher_rows,
    elsewhere_sentence,
)
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.named_sets import NamedSetsScreen
from wizard.tui.screens.smaller_machine import SmallerMachineScreen
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_list import ChoiceList, Row
from wizard.tui.widgets.short_field import ShortField

_STILL_MEASURING = "This machine is still being measured; a few seconds more."
_DEARER = "Twice the time makes every guess twice as dear, whatever the passphrase."


class DerivationScreen(NamedSetsScreen):
    """The time as the question, what a guess costs, the smaller machine, and the cipher."""

    STEP: ClassVar[int] = 3
    TITLE_TEXT: ClassVar[str] = "key derivation"
    EXPLAINED: ClassVar[Explanation] = DERIVATION_HELP
    HINTS: ClassVar[str] = "↑↓ choose   Enter next   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The choices, what they cost a thief, what they mean elsewhere, and the cipher."""
        yield Static(
            Content.styled("How long may unlocking take on this machine?", "bold"),
            classes="lead",
        )
        yield ChoiceList(self._rows(), chosen=self.session.chosen, id="choices")
        with Horizontal(id="time-row", classes="row"):
            yield Label("   Seconds ", classes="unit")
            yield ShortField(self.session.time_text, id="seconds", maximum=5, decimal=True)
            yield Label("  ", classes="unit")
            yield Action("Measure", id="measure")
        yield Static(id="seconds-message", classes="message indented-text")
        yield Static(id="attack")
        yield Static(id="elsewhere")
        with Horizontal(id="cipher-row"):
            yield Label("Cipher", classes="name")
            yield ChoiceList(self._cipher_rows(), chosen=self._cipher(), id="cipher")

    def actions(self) -> Iterable[Action]:
        """Going on, and the pages for those who want more."""
        yield Action("Next", id="next")
        yield Action("Remeasure", id="again")
        yield Action("Picture…", id="picture")
        yield Action("Smaller machine…", id="smaller")
        yield Action("Back", id="back")

    def first_focus(self) -> str:
        """The list."""
        return "#choices"

    def on_mount(self) -> None:
        """Measure what is not measured yet; the measurements are kept in the session."""
        # The cipher stays what it is, unless every page is written anew.
        errand = self.session.upkeep.errand
        new = errand is None or errand.op == "change.start_over"
        self.query_one("#cipher-row").display = new
        self.query_one("#seconds-message").display = False
        self.measured()
        self.attempt(self._measure_all(), group="presets")

    # What is shown ---------------------------------------------------------------------------

    def _rows(self) -> list[Row]:
        names = (*PRESETS, TIME, CUSTOM)
        return [choice_row(name, self.session.choice_named(name)) for name in names]

    def _cipher(self) -> str:
        return self.session.cipher or self.session.recommended_cipher

    def _cipher_rows(self) -> list[Row]:
        return cipher_rows(self.session.recommended_cipher, self.session.cipher_speeds)

    def show_sets(self) -> None:
        """In the rows; what is chosen stays."""
        listing = self.query_one("#choices", ChoiceList)
        listing.show_rows(self._rows(), chosen=listing.chosen)
        self.measured()

    def show_ciphers(self) -> None:
        """Likewise; before the first measurement the cipher of the session is chosen."""
        listing = self.query_one("#cipher", ChoiceList)
        chosen = listing.chosen if self.session.cipher_speeds else self._cipher()
        listing.show_rows(self._cipher_rows(), chosen=chosen)

    def selected(self) -> Choice | None:
        """By the row that is chosen, one's own time and numbers included."""
        return self.session.choice_named(self.query_one("#choices", ChoiceList).chosen)

    def measuring(self, sentence: str) -> None:
        """In the place of the costs, which are not known meanwhile."""
        self.query_one("#attack", Static).update(Content.styled(sentence, "bold"))

    def measured(self) -> None:
        """Show what the chosen row means."""
        chosen = self.query_one("#choices", ChoiceList).chosen
        self.query_one("#time-row").display = chosen == TIME
        self.query_one("#elsewhere", Static).update(
            elsewhere_sentence(self.session.other, self.selected())
        )
        self.attempt(self._show_attack(), group="attack")

    async def _show_attack(self) -> None:
        area = self.query_one("#attack", Static)
        choice, strength = self.selected(), self.session.strength
        if strength is None:
            area.update(Content.styled(_DEARER, "dim"))
            return
        if choice is None or choice.parameters is None:
            area.update(Content.styled("What guessing costs is shown when it is measured.", "dim"))
            return
        if choice.seconds is None:
            area.update(Content.styled(f"Not measured: {choice.reason or 'over the limit'}", "dim"))
            return
        answer = await self.engine.request(
            "attack",
            guesses_log10=strength.guesses_log10,
            params=choice.parameters.as_fields(),
            seconds=choice.seconds,
        )
        area.update(attack_sentences(strength.guesses_log10, answer))

    # Keys and buttons ------------------------------------------------------------------------

    @on(ChoiceList.Moved, "#choices")
    def _moved(self) -> None:
        self._withdraw()
        self.measured()

    def show_fault(self, fault: Fault) -> None:
        """The line under the time is there only while something is said in it."""
        self.query_one("#seconds-message").display = fault.field == "#seconds"
        super().show_fault(fault)

    def _withdraw(self) -> None:
        """What was complained of is no longer asked, or was answered."""
        self.query_one("#seconds-message").display = False
        self.tell("")

    @on(ChoiceList.Confirmed, "#choices")
    def _confirmed(self) -> None:
        chosen = self.query_one("#choices", ChoiceList).chosen
        if chosen == CUSTOM and self.session.custom is None:
            self._open_picture()
        elif chosen == TIME and self.session.timed is None:
            self.query_one("#seconds").focus()
        else:
            self.action_next()

    @on(ChoiceList.Confirmed, "#cipher")
    def _cipher_confirmed(self) -> None:
        self.action_next()

    async def _measure_all(self, *, time_too: bool = False) -> None:
        if not self.sets_measured():
            await self.measure_sets()
        if time_too:
            await self._measure_time()
        if not self.session.cipher_speeds:
            await self.measure_ciphers()
        await self.measure_spreads()

    @on(Action.Pressed, "#again")
    def _measure_again(self) -> None:
        timed, self.session.timed = self.session.timed, None
        self.session.choices, self.session.cipher_speeds = [], {}
        self.show_sets()
        self.attempt(self._measure_all(time_too=timed is not None), group="presets")

    async def _measure_time(self) -> bool:
        text = self.query_one("#seconds", ShortField).value.replace(",", ".")
        seconds = float(text) if text.strip(".") else 0.0
        if not 0 < seconds <= 60:  # noqa: PLR2004 - the engine's limits, said before it is asked
            self.show_fault(
                Fault("Type a time in seconds: more than 0, and 60 at most.", "#seconds")
            )
            return False
        self._withdraw()
        self.measuring(f"Looking for what takes {wording.seconds(seconds)} here…")
        answer = await self.engine.request("target", seconds=seconds, **self.cap())
        self.session.timed = Choice.from_answer(TIME, answer)
        self.session.time_text = self.query_one("#seconds", ShortField).value
        self.show_sets()
        return True

    @on(Action.Pressed, "#measure")
    @on(Input.Submitted, "#seconds")
    def _measure_pressed(self) -> None:
        self.attempt(self._press_measure(), group="advance")

    async def _press_measure(self) -> None:
        if await self._measure_time():
            self.query_one("#next").focus()

    @on(Action.Pressed, "#picture")
    def _open_picture(self) -> None:
        if not self.sets_measured():
            self.tell(_STILL_MEASURING)  # leaving would end it, and the picture would be empty
            return
        self.apply()
        self.wizard.show_step("picture")

    @on(Action.Pressed, "#smaller")
    def _ask_for_machine(self) -> None:
        def answered(other: OtherMachine | bool | None) -> None:  # noqa: FBT001 - None for no change
            if other is None:
                return
            self.session.other = other if isinstance(other, OtherMachine) else None
            self._measure_again()

        reference = self.session.choice_named("balanced") or self.selected()
        self.app.push_screen(
            SmallerMachineScreen(self.wizard, reference, self.session.other), answered
        )

    # Going on --------------------------------------------------------------------------------

    def validate(self) -> Fault | None:
        """It has to open wherever it was said to."""
        choice, other = self.selected(), self.session.other
        if choice and choice.parameters and other:
            needed = choice.parameters.memory_kib
            if needed > other.memory_kib:
                return Fault(
                    f"This needs {wording.memory(needed)}, and the smaller machine has "
                    f"{wording.memory(other.memory_kib)}. Choose another, or change that machine.",
                    "#choices",
                )
        return None

    def apply(self) -> None:
        """Remember the choices."""
        self.session.chosen = self.query_one("#choices", ChoiceList).chosen
        self.session.cipher = self.query_one("#cipher", ChoiceList).chosen
        self.session.time_text = self.query_one("#seconds", ShortField).value

    async def proceed(self) -> None:
        """Go on with something that was measured."""
        chosen, choice = self.session.chosen, self.selected()
        if choice is None and chosen == TIME:
            if not await self._measure_time():
                return
        elif choice is None and chosen == CUSTOM:
            self._open_picture()
            return
        elif choice is None or choice.parameters is None:
            self.tell(_STILL_MEASURING)
            return
        elif choice.seconds is None:
            measured = await self.measure(choice.parameters, choice.name)
            if measured is None:
                return
            self.replace(measured)
        self.go_on()

    def go_back(self) -> None:
        """To the passphrase; the choices stay."""
        self.apply()
        self.return_to()
