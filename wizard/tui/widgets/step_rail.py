"""Where one is in the steps, told by words and marks, never by colour alone."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from wizard.tui.glyphs import CHECK


class TitleBar(Widget):
    """The program's name on the left, `Step 2 of 5: Passphrase` on the right."""

    def __init__(self, position: str) -> None:
        super().__init__()
        self._position = position

    def render(self) -> Content:
        """Draw both in one line, as far apart as the width allows."""
        name = "datafold-wizard"
        gap = self.size.width - len(name) - len(self._position)
        if gap < 2:  # noqa: PLR2004 - the step matters more than the name
            return Content.styled(self._position, "bold")
        return Content.assemble((name, "bold"), " " * gap, (self._position, "bold"))


class StepRail(Widget):
    """All steps in one line: done ones with a check, the current one in reverse."""

    def __init__(self, step: int, titles: tuple[str, ...]) -> None:
        """`step` counts from 1; one more than there are titles means that all are done.

        0 is for a page that is no step: nothing is drawn.
        """
        super().__init__()
        self.step = step
        self._titles = titles if step else ()
        self.set_class(not step, "-none")

    def render(self) -> Content:
        """Draw `✓ Select  ▸ 2 Passphrase   3 Key derivation …`."""
        parts: list[Content] = []
        for number, name in enumerate(self._titles, start=1):
            if number < self.step:
                parts.append(Content.styled(f" {CHECK} {name} ", "$success"))
            elif number == self.step:
                parts.append(Content.styled(f" {number} {name} ", "bold reverse"))
            else:
                parts.append(Content.styled(f" {number} {name} ", "dim"))
        return Content(" ").join(parts)


class StepColumn(StepRail):
    """The same, one step a line, for windows with room at the side."""

    def render(self) -> Content:
        """Draw one step per line with a blank line between."""
        lines: list[Content] = []
        for number, name in enumerate(self._titles, start=1):
            if number < self.step:
                lines.append(Content.styled(f" {CHECK} {name}", "$success"))
            elif number == self.step:
                lines.append(Content.styled(f" {number} {name} ".ljust(20), "bold reverse"))
            else:
                lines.append(Content.styled(f" {number} {name}", "dim"))
        return Content("\n\n").join(lines)
