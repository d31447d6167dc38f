"""Step 3 for experts: the numbers, and where they lie between the limits of this machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from wizard import engine
from wizard.tui import wording
from wizard.tui.answers.cost import Choice
from wizard.tui.parameters import Parameters
from wizard.tui.screens.base import Fault
from wizard.tui.screens.complaint import complaint
from wizard.tui.screens.derivation_help import PICTURE_HELP
from wizard.tui.screens.derivation_rows import CUSTOM, runs_for
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.measuring import MeasuringScreen
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_line import ChoiceLine
from wizard.tui.widgets.choice_list import Row
from wizard.tui.widgets.custom_parameters import FIELDS, CustomParameters
from wizard.tui.widgets.memory_picture import (
    CHOSEN_MARK,
    FLOOR_LINE,
    LIMIT_LINE,
    Mark,
    MemoryPicture,
    Plotted,
)

# The name of a set, its sign in the picture, and its name where there is little room.
_SETS = (
    ("interactive", "1", "interactive"),
    ("balanced", "2", "balanced"),
    ("sensitive", "3", "sensitive"),
    ("rfc9106-second", "r", "RFC 2nd"),
    ("rfc9106-first", "R", "RFC 1st"),
)
_OWN = "own"


class PictureScreen(MeasuringScreen):
    """Fields that follow the named sets and feed the picture."""

    STEP: ClassVar[int] = 3
    TITLE_TEXT: ClassVar[str] = "memory against time"
    EXPLAINED: ClassVar[Explanation] = PICTURE_HELP
    HINTS: ClassVar[str] = "Tab next field   Enter measure   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """Where to start from, the numbers, their time, the picture, its legend."""
        rows = [Row(name, short) for name, _sign, short in _SETS if self._parameters(name)]
        yield ChoiceLine([*rows, Row(_OWN, _OWN)], chosen=self._start(), id="start")
        yield CustomParameters(self.session.custom_fields)
        yield Static(id="foretold")
        yield MemoryPicture(id="memory-picture")
        yield Static(id="legend")

    def actions(self) -> Iterable[Action]:
        """The way back with the numbers, and without."""
        yield Action("Use these", id="next")
        yield Action("Back", id="back")

    def first_focus(self) -> str:
        """The sets."""
        return "#start"

    def on_mount(self) -> None:
        """Begin with what is chosen on the page before."""
        chosen = self.session.choice
        if self.session.chosen != CUSTOM and chosen is not None and chosen.parameters is not None:
            self.query_one(CustomParameters).put(chosen.parameters)
        self._show_legend()
        self.measured()

    def _start(self) -> str:
        return self.session.chosen if self._parameters(self.session.chosen) else _OWN

    def _parameters(self, name: str) -> Parameters | None:
        choice = next((row for row in self.session.choices if row.name == name), None)
        return choice.parameters if choice is not None else None

    # Following and feeding -------------------------------------------------------------------

    @on(ChoiceLine.Moved, "#start")
    def _follow(self) -> None:
        parameters = self._parameters(self.query_one("#start", ChoiceLine).chosen)
        if parameters is not None:
            self.query_one(CustomParameters).put(parameters)

    @on(Input.Changed)
    def _feed(self) -> None:
        fields, line = self.query_one(CustomParameters), self.query_one("#start", ChoiceLine)
        typed = fields.parameters if fields.missing is None else None
        if typed != self._parameters(line.chosen):
            match = next((name for name, *_ in _SETS if self._parameters(name) == typed), _OWN)
            line.point_at(match if typed is not None else _OWN)
        self.measured()

    def measuring(self, sentence: str) -> None:
        """In the place of the time."""
        self.query_one("#foretold", Static).update(Content.styled(sentence, "bold"))

    def measured(self) -> None:
        """Say the time of the numbers, measured or foretold, and draw them."""
        fields, sentence = self.query_one(CustomParameters), ""
        chosen = None
        if fields.missing is None:
            seconds, sentence = self._time(fields.parameters)
            if seconds is not None:
                chosen = Mark(CHOSEN_MARK, fields.parameters.memory_kib, seconds)
        self.query_one("#foretold", Static).update(Content.styled(sentence, "bold"))
        self.query_one(MemoryPicture).plot(self._plotted(chosen))

    def _time(self, parameters: Parameters) -> tuple[float | None, str]:
        known = [self.session.custom, self.session.timed, *self.session.choices]
        for choice in known:
            if choice is not None and choice.parameters == parameters and choice.seconds:
                spread = wording.spread(choice.fastest, choice.slowest, choice.runs)
                between = f" ({spread} runs)" if spread else ""
                return choice.seconds, f"Measured: {wording.seconds(choice.seconds)}{between}"
        seconds = self._foretold(parameters)
        if seconds is None:
            return None, "The time is foretold as soon as this machine has been measured."
        return seconds, f"Foretold: about {wording.seconds(seconds)}. Enter measures it."

    def _foretold(self, parameters: Parameters) -> float | None:
        measured = [row for row in self.session.choices if row.seconds and row.parameters]
        if not measured:
            return None
        nearest = min(
            measured,
            key=lambda row: abs((row.parameters or parameters).memory_kib - parameters.memory_kib),
        )
        return _foretold(parameters, nearest, int(self.session.machine.get("processors", 1)))

    def _plotted(self, chosen: Mark | None) -> Plotted:
        marks = []
        for name, sign, _short in _SETS:
            parameters = self._parameters(name)
            if parameters is None:
                continue
            seconds, _sentence = self._time(parameters)
            if seconds is not None:
                marks.append(Mark(sign, parameters.memory_kib, seconds))
        fields = self.query_one(CustomParameters)
        lanes = fields.parameters.lanes if fields.missing is None else 1
        limit = int(self.session.machine.get("unattended_kib", 0))
        floor = self._foretold(Parameters(1024, engine.FLOOR.passes, lanes))
        return Plotted(
            marks=tuple(marks),
            chosen=chosen,
            limit_kib=limit if limit <= engine.FORMAT_MAXIMUM.memory_kib else 0,
            floor_kib=engine.FLOOR.memory_kib,
            floor_seconds=floor or 0.0,
        )

    def _show_legend(self) -> None:
        limit = int(self.session.machine.get("unattended_kib", 0))
        size = wording.size(limit * 1024)
        if limit > engine.FORMAT_MAXIMUM.memory_kib:
            room = f"limit: {size}, above this"
        else:
            room = f"{LIMIT_LINE * 2} limit: {size}"
        signs = "  ".join(f"{sign} {short}" for _name, sign, short in _SETS)
        floor = wording.memory(engine.FLOOR.memory_kib)
        self.query_one("#legend", Static).update(
            Content.styled(
                f"{CHOSEN_MARK} yours  {signs}\n"
                f"{room}   {FLOOR_LINE * 2} floor: {floor}, {engine.FLOOR.passes} passes",
                "dim",
            )
        )

    # Measuring and going on ------------------------------------------------------------------

    @on(Action.Pressed, "#measure")
    @on(Input.Submitted)
    def _measure_pressed(self) -> None:
        self.attempt(self._press_measure(), group="advance")

    async def _press_measure(self) -> None:
        if await self._measure_numbers():
            self.query_one("#next").focus()

    async def _measure_numbers(self) -> bool:
        fault = self.validate()
        if fault is not None:
            self.show_fault(fault)
            return False
        parameters = self.query_one(CustomParameters).parameters
        foretold = self._foretold(parameters)
        runs = runs_for(foretold) if foretold is not None else 1
        choice = await self.measure(parameters, CUSTOM, runs=runs)
        if choice is None:
            return False
        self.session.custom = choice
        self.measured()
        return True

    def validate(self) -> Fault | None:
        """Three numbers."""
        missing = self.query_one(CustomParameters).missing
        return Fault(f"Type a number for {missing}.", f"#{missing}") if missing else None

    def show_fault(self, fault: Fault) -> None:
        """Under the line of numbers."""
        if fault.field.removeprefix("#") not in FIELDS:
            super().show_fault(fault)
            return
        self.query_one("#foretold", Static).update(complaint(fault.message))
        self.focus_on(fault.field)

    def apply(self) -> None:
        """Remember the numbers."""
        self.session.custom_fields = self.query_one(CustomParameters).texts

    async def proceed(self) -> None:
        """Back to the page before, with a named set or with the numbers, measured."""
        name = self.query_one("#start", ChoiceLine).chosen
        fields = self.query_one(CustomParameters)
        named = self.session.choice_named(name)
        if name in {sets[0] for sets in _SETS[:3]} and named is not None:
            self.session.chosen = name
        else:
            custom: Choice | None = self.session.custom
            known = custom is not None and custom.parameters == fields.parameters
            if not known and not await self._measure_numbers():
                return
            self.session.chosen = CUSTOM
        self.wizard.show_step("derivation")

    def go_back(self) -> None:
        """To the page before; the numbers stay in their fields."""
        self.apply()
        self.wizard.show_step("derivation")


def _foretold(parameters: Parameters, known: Choice, processors: int) -> float | None:
    if known.parameters is None or known.seconds is None:
        return None
    seconds = known.seconds
    return engine.foretold_seconds(
        engine.KdfParams(**parameters.as_fields()),
        engine.Measurement(
            engine.KdfParams(**known.parameters.as_fields()), seconds, seconds, seconds, 1
        ),
        processors=processors,
    )
