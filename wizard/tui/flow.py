"""A layout like words in a paragraph: side by side while there is room, then on the next line.

Style sheets say `layout: flow`. What has a width in `fr` takes the rest of its line, and goes to
the next one when that rest is too short to be of use.
"""

from __future__ import annotations

from fractions import Fraction

from textual._resolve import resolve_box_models
from textual.geometry import NULL_OFFSET, NULL_SIZE, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.layouts import factory
from textual.widget import Widget

_SHORTEST_REST = 14


class FlowLayout(Layout):
    """Lines of widgets; a line is as high as the highest of them."""

    name = "flow"

    def arrange(  # Textual's signature
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: FBT001, FBT002
    ) -> ArrangeResult:
        """Place the children line by line."""
        parent.pre_layout(self)
        placements: list[WidgetPlacement] = []
        x = y = line_height = 0
        for child in children:
            rest = size.width - x
            width, height, margin = self._box(parent, child, size, rest, greedy=greedy)
            takes_rest = self._takes_rest(child)
            short = takes_rest and rest < _SHORTEST_REST
            if x and (short or margin.left + width > rest):
                x, y, line_height = 0, y + line_height, 0
                width, height, margin = self._box(parent, child, size, size.width, greedy=greedy)
            region = Region(x + margin.left, y + margin.top, width, height)
            placements.append(WidgetPlacement(region, NULL_OFFSET, margin, child))
            x = region.right + margin.right
            line_height = max(line_height, margin.top + height + margin.bottom)
        return placements

    @staticmethod
    def _takes_rest(child: Widget) -> bool:
        width = child.styles.width
        return width is not None and width.is_fraction

    def _box(
        self, parent: Widget, child: Widget, size: Size, rest: int, *, greedy: bool
    ) -> tuple[int, int, Spacing]:
        room = size.with_width(max(1, rest)) if self._takes_rest(child) else size
        (box,) = resolve_box_models(
            [child.styles.width], [child], room, parent.app.viewport_size, NULL_SIZE, greedy=greedy
        )
        return int(Fraction(box.width)), int(Fraction(box.height)), box.margin


factory.LAYOUT_MAP[FlowLayout.name] = FlowLayout
