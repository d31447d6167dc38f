"""Step 3: how much work one guess is; every time shown was really measured on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from wizard.tui import wording
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.confirm import ConfirmScreen
from wizard.tui.screens.derivation_rows import (
    CUSTOM,
    PRESETS,
    attack_sentences,
    choice_row,
    cipher_rows,
)
from wizard.tui.screens.help import Explanation
from wizard.tui.session import Choice, Parameters
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_line import ChoiceLine
from wizard.tui.widgets.choice_list import ChoiceList, Row
from wizard.tui.widgets.custom_parameters import CustomParameters


class DerivationScreen(StepScreen):
    """Presets, custom values, what a guess costs, and the cipher."""

    STEP: ClassVar[int] = 3
    TITLE_TEXT: ClassVar[str] = "key derivation"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "The key is computed from the passphrase by Argon2id, which takes time and "
            "memory on purpose. You pay that once per unlock; a thief pays it for every "
            "guess. The times are measured on this machine, now."
        ),
        choose=(
            "“balanced” suits most databases. Take “sensitive” if the database is opened "
            "rarely. More memory costs a thief with graphics cards more than more passes do. "
            "If smaller machines must open the database too, they need the same memory. The "
            "preselected cipher is the fastest one on this machine; “SQLCipher 4” is for "
            "files that other programs open."
        ),
        after=(
            "A review page shows everything that will be written. Nothing is written before it."
        ),
    )
    HINTS: ClassVar[str] = "↑↓ choose   Enter next   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The choices, the custom line, the attack, the cipher."""
        yield Static(
            Content.styled("How long may unlocking take? A thief pays it per guess.", "bold"),
            classes="lead",
        )
        yield ChoiceList(self._rows(), chosen=self.session.chosen, id="choices")
        yield CustomParameters(self.session.custom_fields)
        yield Static(id="attack")
        with Horizontal(classes="row"):
            yield Label("Cipher", classes="name")
            yield ChoiceLine(
                cipher_rows(self.session.recommended_cipher), chosen=self._cipher(), id="cipher"
            )

    def first_focus(self) -> str:
        """The list."""
        return "#choices"

    def on_mount(self) -> None:
        """Measure the first time; afterwards the measurements are in the session."""
        self._show_choice()
        if not self.session.choices:
            self.attempt(self._measure_presets(), group="presets")

    # What is shown ---------------------------------------------------------------------------

    def _rows(self) -> list[Row]:
        known = {choice.name: choice for choice in self.session.choices}
        rows = [choice_row(name, known.get(name)) for name in PRESETS]
        return [*rows, choice_row(CUSTOM, self.session.custom)]

    def _cipher(self) -> str:
        return self.session.cipher or self.session.recommended_cipher

    def _refresh_rows(self) -> None:
        listing = self.query_one("#choices", ChoiceList)
        listing.show_rows(self._rows(), chosen=listing.chosen)

    def _show_choice(self) -> None:
        custom = self.query_one("#choices", ChoiceList).chosen == CUSTOM
        self.query_one("#custom-row").display = custom
        self.attempt(self._show_attack(), group="attack")

    def _selected(self) -> Choice | None:
        name = self.query_one("#choices", ChoiceList).chosen
        if name == CUSTOM:
            return self.session.custom
        return next((row for row in self.session.choices if row.name == name), None)

    async def _show_attack(self) -> None:
        area = self.query_one("#attack", Static)
        choice, strength = self._selected(), self.session.strength
        if strength is None or choice is None or choice.parameters is None:
            area.update(Content.styled("What a guess costs is shown when it is measured.", "dim"))
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

    # Measuring -------------------------------------------------------------------------------

    def _measuring(self, sentence: str) -> None:
        self.query_one("#attack", Static).update(Content.styled(sentence, "bold"))

    async def _measure_presets(self) -> None:
        self._measuring("Measuring this machine…")
        machine = await self.engine.request("machine")
        self.session.machine = machine
        self.session.recommended_cipher = machine["recommended_cipher"]
        self.query_one("#cipher", ChoiceLine).show_rows(
            cipher_rows(self.session.recommended_cipher), chosen=self._cipher()
        )

        def on_progress(event: dict[str, Any]) -> None:
            if event.get("detail"):
                self._measuring(f"Measuring this machine… {event['detail']}")

        answer = await self.engine.request("presets", on_progress=on_progress)
        self.session.choices = [
            Choice.from_answer(preset["name"], preset) for preset in answer["presets"]
        ]
        self._refresh_rows()
        self._show_choice()

    async def _measure_custom(self) -> bool:
        fields = self.query_one(CustomParameters)
        missing = fields.missing
        if missing is not None:
            self.show_fault(Fault(f"Type a number for {missing}.", f"#{missing}"))
            return False
        measured = await self._measure(fields.parameters)
        if measured is None:
            return False
        self.session.custom = measured
        self._refresh_rows()
        self._show_choice()
        return True

    async def _measure(self, parameters: Parameters, name: str = CUSTOM) -> Choice | None:
        self.tell("")
        self._measuring(f"Measuring {wording.memory(parameters.memory_kib)}…")
        allow = parameters in self.session.consented
        fields: dict[str, Any] = parameters.as_fields()
        try:
            answer = await self.engine.request("measure", **fields, allow_high_cost=allow)
        except EngineError as error:
            if error.error_class != "ResourceLimit" or allow:
                raise
            self.attempt(self._show_attack(), group="attack")
            if not await self._consents(error.message):
                return None
            self.session.consented.add(parameters)
            return await self._measure(parameters, name)
        return Choice.from_answer(name, answer)

    async def _consents(self, limit: str) -> bool:
        return await self.app.push_screen_wait(
            ConfirmScreen(
                "Use more memory than this machine gives without asking?",
                f"{limit}\n\nEvery unlock will need that much free memory, and will ask again on "
                "a machine where it is over the limit.",
                yes="Use it",
                no="Choose another",
            )
        )

    @on(ChoiceList.Moved, "#choices")
    def _moved(self) -> None:
        self.tell("")
        self._show_choice()

    @on(ChoiceList.Confirmed, "#choices")
    def _confirmed(self) -> None:
        if self.query_one("#choices", ChoiceList).chosen == CUSTOM and self._selected() is None:
            self.query_one("#memory").focus()
        else:
            self.action_next()

    @on(Action.Pressed, "#measure")
    @on(Input.Submitted)
    def _measure_pressed(self) -> None:
        self.attempt(self._press_measure(), group="advance")

    async def _press_measure(self) -> None:
        if await self._measure_custom():
            self.query_one("#next").focus()

    # Going on --------------------------------------------------------------------------------

    def apply(self) -> None:
        """Remember the choices."""
        self.session.chosen = self.query_one("#choices", ChoiceList).chosen
        self.session.cipher = self.query_one("#cipher", ChoiceLine).chosen
        self.session.custom_fields = self.query_one(CustomParameters).texts

    async def proceed(self) -> None:
        """Go on with something that was measured."""
        if self.session.chosen == CUSTOM:
            fields, custom = self.query_one(CustomParameters), self.session.custom
            measured = (
                fields.missing is None
                and custom is not None
                and custom.parameters == fields.parameters
            )
            if not measured and not await self._measure_custom():
                return
        elif not self.session.choices:
            self.tell("Still measuring; one moment.")
            return
        elif (choice := self.session.choice) is not None and choice.seconds is None:
            if choice.parameters is None:
                return
            measured_choice = await self._measure(choice.parameters, choice.name)
            if measured_choice is None:
                return
            self.session.choices = [
                measured_choice if row.name == choice.name else row for row in self.session.choices
            ]
        self.wizard.show_step("review")

    def go_back(self) -> None:
        """To the passphrase; the choices stay."""
        self.apply()
        self.wizard.show_step("passphrase")
