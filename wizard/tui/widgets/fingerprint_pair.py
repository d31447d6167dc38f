"""Two fingerprints side by side where they fit, below each other where not: before, and now."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

_GAP = 4
_TITLES = ("Fingerprint before", "Fingerprint now")


class FingerprintPair(Widget):
    """`now` may be said to be something to come."""

    def __init__(self, before: str, now: str, *, id: str, coming: bool = False) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._columns = (before, now)
        self._titles = (_TITLES[0], "Fingerprint then" if coming else _TITLES[1])

    def _side_by_side(self, width: int) -> bool:
        return sum(max(len(a), len(b)) for a, b in self._pairs()) + _GAP <= width

    def _pairs(self) -> list[tuple[str, str]]:
        return list(zip(self._titles, self._columns, strict=True))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Two lines, or four."""
        return 2 if self._side_by_side(width) else 4

    def render(self) -> Content:
        """Draw both with their titles."""
        pairs = self._pairs()
        if not self._side_by_side(self.size.width):
            lines = [
                line
                for title, value in pairs
                for line in (Content.styled(title, "dim"), Content.styled(value, "bold"))
            ]
            return Content("\n").join(lines)
        width = max(len(text) for text in pairs[0]) + _GAP
        return Content.assemble(
            (f"{pairs[0][0]:<{width}}{pairs[1][0]}", "dim"),
            "\n",
            f"{pairs[0][1]:<{width}}",
            (pairs[1][1], "bold"),
        )
