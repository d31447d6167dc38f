"""Facts as `label  sentence`, the sentence wrapped beside its label at any width, never cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

_GAP = 2
_SHORTEST_TEXT = 24
_BESIDE = 5  # columns: the page's margins and its scrollbar


@dataclass(frozen=True, slots=True)
class Fact:
    """`label` may be empty: the sentence then belongs to the fact above it."""

    label: str
    text: str
    style: str = ""


class FactList(Widget):
    """As high as its facts need at the width it gets."""

    def __init__(self, facts: Iterable[Fact] = (), *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._facts = tuple(facts)

    def show_facts(self, facts: Iterable[Fact]) -> None:
        """Replace them."""
        self._facts = tuple(facts)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """One row for each wrapped line."""
        return max(1, sum(len(rows) for rows in self._rows(width)))

    def render(self) -> Content:
        """Draw all facts."""
        indent = self._indent(self.size.width)
        lines: list[Content] = []
        for fact, rows in zip(self._facts, self._rows(self.size.width), strict=True):
            labels = [fact.label if indent else "", *[""] * (len(rows) - 1)]
            lines += [
                Content.assemble((f"{label:<{indent}}", "dim"), (row, fact.style))
                for label, row in zip(labels, rows, strict=True)
            ]
        return Content("\n").join(lines)

    def _indent(self, width: int) -> int:
        longest = max((len(fact.label) for fact in self._facts), default=0)
        indent = longest + _GAP if longest else 0
        # As if there were a scrollbar: if it decided, it would come and go for ever.
        room = min(width, self.app.size.width - _BESIDE)
        return indent if room - indent >= _SHORTEST_TEXT else 0

    def _rows(self, width: int) -> list[list[str]]:
        indent = self._indent(width)
        rows = []
        for fact in self._facts:
            text = fact.text if indent or not fact.label else f"{fact.label}: {fact.text}"
            room = max(1, width - indent)
            if cell_len(text) != len(text):
                room = max(1, room // 2)  # wide characters: two cells each, at most
            rows.append(wrap(text, room, break_on_hyphens=False) or [""])
        return rows
