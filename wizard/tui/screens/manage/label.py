"""The name of an operator: a new one, or another one for the one that was chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from wizard.tui import wording
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.short_field import ShortField

_LONGEST = 64


class LabelScreen(StepScreen):
    """One line."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "an operator's name"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "Operators are listed by name, also while the database is locked. The name is public "
            "and signed; it is no secret and no login."
        ),
        choose="Who it is: a person or a service, 1 to 64 characters. No two have the same name.",
        after="The master passphrase is asked for; then the operator types one of their own.",
    )
    HINTS: ClassVar[str] = "Enter next   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The question and the line."""
        yield Static(Content.styled(self._question(), "bold"), classes="lead")
        with Horizontal(classes="row"):
            yield Label("Name", classes="name")
            yield ShortField(self._value(), id="label", maximum=_LONGEST)
        yield Static(id="label-message", classes="under")

    def first_focus(self) -> str:
        """The line."""
        return "#label"

    def _renames(self) -> bool:
        errand = self.session.upkeep.errand
        return errand is not None and errand.op == "operator.rename"

    def _question(self) -> str:
        if self._renames():
            return f"What shall {wording.shortened(self.session.upkeep.label, 40)} be called?"
        return "Who shall open the data with a passphrase of their own?"

    def _value(self) -> str:
        upkeep = self.session.upkeep
        return (upkeep.new_label or upkeep.label) if self._renames() else upkeep.label

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_next()

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#label-message", Static).update("")

    def _typed(self) -> str:
        return self.query_one(ShortField).value.strip()

    def validate(self) -> Fault | None:
        """A name that nobody has."""
        name, keys = self._typed(), self.session.upkeep.keys
        taken = {each.label for each in keys.operators} if keys else set()
        if not name:
            return Fault("Type a name.", "#label")
        if not name.isprintable():
            return Fault("A name has characters that can be seen.", "#label")
        if name in taken:
            return Fault("There is an operator of that name already.", "#label")
        return None

    def apply(self) -> None:
        """Remember it."""
        if self._renames():
            self.session.upkeep.new_label = self._typed()
        else:
            self.session.upkeep.label = self._typed()

    async def proceed(self) -> None:
        """On."""
        self.go_on()

    def go_back(self) -> None:
        """To the list."""
        self.return_to()
