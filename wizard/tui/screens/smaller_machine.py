"""Must it also open on a smaller machine? Its benchmark is read, or two numbers are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Static

from wizard.tui.answers.cost import Choice, OtherMachine
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.derivation_rows import elsewhere_sentence
from wizard.tui.screens.dialog import Dialog
from wizard.tui.screens.dialog_help import SMALLER_MACHINE_HELP
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.path_field import PathField, expanded
from wizard.tui.widgets.short_field import ShortField

if TYPE_CHECKING:
    from wizard.tui.wizard_app import WizardApp

FLOOR_KIB = 19 * 1024  # the engine's floor: with less, nothing of this opens there
_KIB_IN_MIB = 1024
_EXPLANATION = (
    "Run there:  datafold-wizard benchmark --json > there.json\n"
    "and copy that file here; or type what you know of that machine."
)


class SmallerMachineScreen(Dialog["OtherMachine | bool | None"]):
    """Dismissed with the machine, False for none, or None for no change."""

    TITLE_TEXT = "a smaller machine"
    EXPLAINED = SMALLER_MACHINE_HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("tab,down", "app.focus_next", show=False),
        Binding("shift+tab,up", "app.focus_previous", show=False),
    ]
    AUTO_FOCUS = "#report"

    def __init__(
        self, wizard: WizardApp, reference: Choice | None, other: OtherMachine | None
    ) -> None:
        """`reference` is what its speed is compared by, measured here."""
        super().__init__()
        self._wizard = wizard
        self._reference = reference
        self._other = other

    def compose(self) -> ComposeResult:
        """The file, the two numbers, what they mean."""
        other = self._other
        memory = str(other.memory_kib // _KIB_IN_MIB) if other else ""
        slower = f"{other.slower:.1f}" if other else ""
        question = "Must it also open on a smaller machine?"
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(Content.styled(question, "bold"), id="question")
            yield Static(Content(_EXPLANATION), id="explanation")
            with Horizontal(classes="row"):
                yield Label("File", classes="name")
                yield PathField("", id="report", candidates=self._wizard.complete_path)
                yield Label("  ", classes="unit")
                yield Action("Read it", id="read")
            with Horizontal(classes="row"):
                yield Label("Memory", classes="name")
                yield ShortField(memory, id="other-memory", maximum=7, digits=True)
                yield Label(" MiB      ", classes="unit")
                yield Label("Slower than here ", classes="unit")
                yield ShortField(slower, id="slower", maximum=5, decimal=True)
                yield Label(" times", classes="unit")
            yield Static(id="consequence")
            with Horizontal(id="answers"):
                yield Action("Use it", id="use")
                yield Action("Only this machine", id="none")
                yield Action("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Say what the numbers mean."""
        self._show_consequence()

    def _typed(self) -> OtherMachine | str:
        memory = int(self.query_one("#other-memory", ShortField).value or 0)
        text = self.query_one("#slower", ShortField).value.replace(",", ".")
        slower = float(text) if text.strip(".") else 0.0
        if memory * _KIB_IN_MIB < FLOOR_KIB:
            return "Type its free memory, 19 MiB at least."
        if slower <= 0:
            return "Type how many times slower it is; 1 is as fast as this one."
        return OtherMachine(memory * _KIB_IN_MIB, slower)

    @on(Input.Changed)
    def _show_consequence(self) -> None:
        typed = self._typed()
        content = Content("")
        if isinstance(typed, OtherMachine) and self._reference is not None:
            sentence = elsewhere_sentence(typed, self._reference)
            content = Content.assemble(f"As “{self._reference.name}” is now. ", sentence)
        self.query_one("#consequence", Static).update(content)

    def _complain(self, sentence: str) -> None:
        self.complain("#consequence", sentence)

    @on(Input.Submitted, "#report")
    @on(Action.Pressed, "#read")
    def _read(self) -> None:
        self.run_worker(self._reading(), exclusive=True, description="read a benchmark")

    async def _reading(self) -> None:
        path = expanded(self.query_one("#report", PathField).value)
        if not path:
            self.query_one("#other-memory").focus()
            return
        reference = self._reference
        if reference is None or reference.parameters is None or reference.seconds is None:
            self._complain("This machine is not measured yet; there is nothing to compare with.")
            return
        try:
            answer = await self._wizard.engine.request(
                "other_machine",
                path=path,
                params=reference.parameters.as_fields(),
                seconds=reference.seconds,
            )
        except EngineError as error:
            self._complain(error.message)
            return
        self.query_one("#slower", ShortField).value = f"{max(answer['slower'], 0.01):.2f}"
        if answer["memory_kib"] is None:
            self.query_one("#other-memory").focus()
            return
        memory = str(answer["memory_kib"] // _KIB_IN_MIB)
        self.query_one("#other-memory", ShortField).value = memory
        self.query_one("#use").focus()

    @on(Input.Submitted, "#other-memory")
    def _to_slower(self) -> None:
        self.query_one("#slower").focus()

    @on(Input.Submitted, "#slower")
    @on(Action.Pressed, "#use")
    def _use(self) -> None:
        typed = self._typed()
        if isinstance(typed, OtherMachine):
            self.dismiss(typed)
        else:
            self._complain(typed)

    @on(Action.Pressed, "#none")
    def _none(self) -> None:
        self.dismiss(None if self._other is None else False)

    @on(Action.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)
