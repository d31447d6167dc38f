"""How the recovery phrase is dealt out: one sheet, or k of n with the names of who keeps them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from wizard.tui.answers.kit import Plan
from wizard.tui.screens.base import Fault
from wizard.tui.screens.dialog import Dialog
from wizard.tui.screens.dialog_help import PLAN_HELP
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_list import ChoiceList, Row
from wizard.tui.widgets.short_field import ShortField

MAXIMUM_SHARES = 16
MAXIMUM_HOLDER = 64
_PLANS = {"1of1": (1, 1), "2of3": (2, 3), "3of5": (3, 5)}
_ROWS = (
    Row("1of1", "One sheet          whoever has it opens the database"),
    Row("2of3", "Any 2 of 3 sheets  one may be lost, one alone opens nothing"),
    Row("3of5", "Any 3 of 5 sheets  two may be lost, two alone open nothing"),
    Row("other", "Other numbers"),
)


class PlanScreen(Dialog["Plan | None"]):
    """Dismissed with the plan, or None."""

    TITLE_TEXT = "who keeps the recovery kit"
    EXPLAINED = PLAN_HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("tab,down", "app.focus_next", show=False),
        Binding("shift+tab,up", "app.focus_previous", show=False),
    ]
    AUTO_FOCUS = "#plans"

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan

    def compose(self) -> ComposeResult:
        """The usual plans, the numbers, the names."""
        name = f"{self._plan.threshold}of{self._plan.shares}"
        chosen = name if name in _PLANS else "other"
        with Vertical(id="dialog"):
            yield Static(Content.styled("Who keeps the recovery kit?", "bold"), id="question")
            yield ChoiceList(_ROWS, chosen=chosen, id="plans")
            with Horizontal(id="numbers", classes="row"):
                yield Label("     Any ", classes="unit")
                yield ShortField(str(self._plan.threshold), id="threshold", maximum=2, digits=True)
                yield Label(" of ", classes="unit")
                yield ShortField(str(self._plan.shares), id="shares", maximum=2, digits=True)
                yield Label(" sheets", classes="unit")
            with Horizontal(id="names", classes="row"):
                yield Label(" Kept by ", classes="unit")
                yield ShortField(", ".join(self._plan.holders), id="holders", maximum=400)
            yield Static(id="names-hint")
            yield Static(id="plan-message", classes="message")
            with Horizontal(id="answers"):
                yield Action("Use this", id="use")
                yield Action("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Show what the plan needs."""
        hint = "Names with commas between, printed on the sheets. May be empty."
        self.query_one("#names-hint", Static).update(Content.styled(f" {hint}", "dim"))
        self._show_fields()

    @on(ChoiceList.Moved, "#plans")
    def _show_fields(self) -> None:
        chosen = self.query_one("#plans", ChoiceList).chosen
        self.query_one("#numbers").display = chosen == "other"
        for selector in ("#names", "#names-hint"):
            self.query_one(selector).display = chosen != "1of1"

    @on(ChoiceList.Confirmed, "#plans")
    @on(Input.Submitted)
    def _go_on(self) -> None:
        self.focus_next()

    @on(Action.Pressed, "#use")
    def _use(self) -> None:
        plan = self._typed()
        if isinstance(plan, Plan):
            self.dismiss(plan)
        else:
            self.complain("#plan-message", plan.message, field=plan.field)

    def _typed(self) -> Plan | Fault:
        chosen = self.query_one("#plans", ChoiceList).chosen
        if chosen == "1of1":
            return Plan()
        threshold, shares = _PLANS.get(chosen) or (
            int(self.query_one("#threshold", ShortField).value or 0),
            int(self.query_one("#shares", ShortField).value or 0),
        )
        if not 2 <= threshold <= shares <= MAXIMUM_SHARES:  # noqa: PLR2004 - 1 of n is no sharing
            return Fault(f"At least 2 of them, and at most {MAXIMUM_SHARES} sheets.", "#threshold")
        text = self.query_one("#holders", ShortField).value
        holders = tuple(part.strip() for part in text.split(",") if part.strip())
        if holders and len(holders) != shares:
            return Fault(
                f"{shares} sheets need {shares} names, or none; there are {len(holders)}.",
                "#holders",
            )
        if any(len(holder) > MAXIMUM_HOLDER or not holder.isprintable() for holder in holders):
            return Fault(f"A name has at most {MAXIMUM_HOLDER} printable characters.", "#holders")
        return Plan(threshold=threshold, shares=shares, holders=holders)

    @on(Action.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Leave the plan as it was."""
        self.dismiss(None)
