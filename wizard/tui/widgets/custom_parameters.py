"""Memory, passes and lanes on one line; their limits are the engine's to know."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Label

from wizard.tui.parameters import Parameters
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.short_field import ShortField

FIELDS = ("memory", "passes", "lanes")
_FIRST_TEXTS = ("256", "3", "2")
_KIB_IN_MIB = 1024


class CustomParameters(Horizontal):
    """Three numbers and the button that measures them."""

    def __init__(self, texts: tuple[str, str, str]) -> None:
        """`texts` as they were left the last time; all empty the first time."""
        super().__init__(id="custom-row", classes="row")
        self._texts = texts if any(texts) else _FIRST_TEXTS

    def compose(self) -> ComposeResult:
        """Names, fields and units."""
        memory, passes, lanes = self._texts
        yield Label("Memory ", classes="unit")
        yield ShortField(memory, id="memory", maximum=5, digits=True)
        yield Label(" MiB   Passes ", classes="unit")
        yield ShortField(passes, id="passes", maximum=2, digits=True)
        yield Label("   Lanes ", classes="unit")
        yield ShortField(lanes, id="lanes", maximum=2, digits=True)
        yield Label("   ", classes="unit")
        yield Action("Measure", id="measure")

    @property
    def texts(self) -> tuple[str, str, str]:
        """What stands in the fields."""
        memory, passes, lanes = (self.query_one(f"#{name}", ShortField).value for name in FIELDS)
        return memory, passes, lanes

    @property
    def missing(self) -> str | None:
        """The first field without a number over zero."""
        for name, text in zip(FIELDS, self.texts, strict=True):
            if not text or int(text) == 0:
                return name
        return None

    @property
    def parameters(self) -> Parameters:
        """What was typed; only when nothing is missing."""
        memory, passes, lanes = (int(text) for text in self.texts)
        return Parameters(memory * _KIB_IN_MIB, passes, lanes)

    def put(self, parameters: Parameters) -> None:
        """Follow a set that was chosen elsewhere on the page."""
        values = (parameters.memory_kib // _KIB_IN_MIB, parameters.passes, parameters.lanes)
        for name, value in zip(FIELDS, values, strict=True):
            self.query_one(f"#{name}", ShortField).value = str(value)
