"""Operators: who else opens the data; chosen here to be renamed or removed, or one is added."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.answers.overview import Operator
from wizard.tui.errand import Errand
from wizard.tui.errands.operators import ADD_OPERATOR, LEFT, RENAME_OPERATOR
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_list import ChoiceList, Row
from wizard.tui.widgets.hint_line import BUTTONS_ONLY, HintLine
from wizard.tui.widgets.scroll_area import ScrollArea


class OperatorsScreen(StepScreen):
    """The list; where somebody left, it is the question who."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "Operators"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "Operators open the data with passphrases of their own. They sign nothing and cannot "
            "change any key. The list is public: it is shown while the database is locked."
        ),
        choose=(
            "Add one for each person or service that shall not know the master passphrase. Remove "
            "one when somebody leaves; then think of rotating the data key, which every operator "
            "has used."
        ),
        after="The master passphrase is asked for, then a review. Nothing is changed before it.",
    )
    HINTS: ClassVar[str] = "↑↓ choose   Tab next   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """Who there is."""
        question = "Who left?" if self._removing() else "Who opens the data, besides you?"
        yield Static(Content.styled(question, "bold"), classes="lead")
        if self._operators():
            with ScrollArea(id="intents"):
                yield ChoiceList(self._rows(), chosen=self.session.upkeep.label, id="operators")
            yield Static(
                Content(
                    "Removing one takes that way in away. It does not make anybody forget the key "
                    "of the data: only rotating does."
                ),
                id="about-removal",
            )
        else:
            yield Static(Content("Nobody yet: the master passphrase and the kit alone."))

    def actions(self) -> Iterable[Action]:
        """What can be done with them."""
        there = bool(self._operators())
        if self._removing():
            yield Action("Next", id="next")
        else:
            yield Action("Add…", id="add")
            if there:
                yield Action("Rename…", id="rename")
                yield Action("Remove…", id="remove")
        yield Action("Back", id="back")

    def first_focus(self) -> str:
        """The list, or the one thing that can be done."""
        return "#operators" if self._operators() else "#add"

    def on_mount(self) -> None:
        """Where there is no list, no key moves in it."""
        if not self._operators():
            self.query_one(HintLine).show(BUTTONS_ONLY)

    def _operators(self) -> tuple[Operator, ...]:
        keys = self.session.upkeep.keys
        return keys.operators if keys else ()

    def _removing(self) -> bool:
        errand = self.session.upkeep.errand
        return errand is not None and errand.op == "operator.remove"

    def _rows(self) -> list[Row]:
        return [
            Row(
                each.label,
                f"{wording.padded(each.label, 34)}  since {wording.day(each.created_at)}",
            )
            for each in self._operators()
        ]

    def _chosen(self) -> str:
        lists = self.query("#operators").results(ChoiceList)
        return next((listing.chosen for listing in lists), "")

    @on(ChoiceList.Confirmed)
    def _confirmed(self) -> None:
        if self._removing():
            self.action_next()
        else:
            self.query_one("#rename").focus()

    @on(Action.Pressed, "#add")
    def _add(self) -> None:
        self.session.upkeep.label = ""
        self.wizard.begin(ADD_OPERATOR)

    @on(Action.Pressed, "#rename")
    def _rename(self) -> None:
        self._begin(RENAME_OPERATOR)

    @on(Action.Pressed, "#remove")
    def _remove(self) -> None:
        self._begin(LEFT, at="present")

    def _begin(self, errand: Errand, *, at: str = "") -> None:
        self.apply()
        self.wizard.begin(errand, at=at)

    def validate(self) -> Fault | None:
        """Somebody has to be chosen."""
        return None if self._chosen() else Fault("There is nobody to choose.")

    def apply(self) -> None:
        """Remember who."""
        self.session.upkeep.label = self._chosen()

    async def proceed(self) -> None:
        """On, where one is to be removed."""
        if self._removing():
            self.go_on()

    def go_back(self) -> None:
        """To the menu."""
        self.wizard.begin(None)
        self.wizard.show_step("intents")
