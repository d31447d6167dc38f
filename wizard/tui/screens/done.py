"""The last page: what was done, and the exact lines that open the database from everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.screens import opening_lines
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.checklist_words import TITLES
from wizard.tui.screens.fingerprint import SENT
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_line import ChoiceLine
from wizard.tui.widgets.choice_list import Row
from wizard.tui.widgets.fact_list import Fact, FactList

_TABS = (
    Row("summary", "What was done"),
    Row("shell", "Shell"),
    Row("python", "Python"),
    Row("systemd", "systemd"),
)


class DoneScreen(StepScreen):
    """Everything that one needs tomorrow."""

    STEP: ClassVar[int] = 6
    TITLE_TEXT: ClassVar[str] = "done"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="The database is encrypted, and the recovery kit has opened it.",
        choose=(
            "Left and Right show the lines for the shell, for Python and for a systemd service. "
            "“Copy the lines” sends them to your terminal's clipboard; they hold no secret."
        ),
        after="Nothing more happens. “Close” ends the wizard; Escape goes back to the list.",
    )
    HINTS: ClassVar[str] = "←→ other lines   Enter close   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """Four views, one at a time, so that no line is cut."""
        yield Static(
            Content.styled("✓ Your database is protected.", "bold $success"), classes="lead"
        )
        yield ChoiceLine(_TABS, chosen="summary", id="view")
        yield FactList(self._summary(), id="summary")
        yield Static(id="lines")

    def actions(self) -> Iterable[Action]:
        """The end."""
        yield Action("Close", id="next")
        yield Action("Copy the lines", id="copy")

    def first_focus(self) -> str:
        """The views: Enter there closes as well."""
        return "#view"

    def on_mount(self) -> None:
        """Show the first view."""
        self._show_view()

    @property
    def _view(self) -> str:
        return self.query_one("#view", ChoiceLine).chosen

    def _lines(self) -> tuple[str, ...]:
        committed = self.session.committed
        if committed is None or self._view not in opening_lines.LINES:
            return ()
        return opening_lines.LINES[self._view](committed.path)

    @on(ChoiceLine.Moved)
    def _show_view(self) -> None:
        lines = [wording.printable(line) for line in self._lines()]
        self.query_one("#lines", Static).update(Content("\n".join(lines)))
        for selector, shown in (("#lines", bool(lines)), ("#copy", bool(lines))):
            self.query_one(selector).display = shown
        self.query_one("#summary").display = not lines
        self.tell("")

    def _summary(self) -> list[Fact]:
        session, committed = self.session, self.session.committed
        if committed is None:
            return []
        facts = [
            Fact("Database", wording.shortened(committed.path, 60)),
            Fact("Fingerprint", committed.fingerprint, "bold"),
        ]
        files = [file.path for file in session.kit_files.values()]
        if files:
            facts.append(Fact("Kit saved in", wording.shortened(", ".join(files), 58)))
        if session.sidecar_copies:
            facts.append(Fact("Sidecar copy", wording.path(session.sidecar_copies[-1])))
        facts += [Fact("Unencrypted", wording.path(path)) for path in committed.plaintext_left[:2]]
        skipped = [TITLES[item] for item, state in committed.checklist.items() if state != "done"]
        if skipped:
            facts.append(Fact("Still open", "; ".join(skipped), "bold $warning"))
        line = opening_lines.shell_lines(committed.path)[0]
        facts += [Fact("", ""), Fact("Open it", wording.printable(line))]
        return facts

    @on(Action.Pressed, "#copy")
    def _copy(self) -> None:
        self.app.copy_to_clipboard("\n".join(self._lines()) + "\n")
        self.tell(SENT)

    async def proceed(self) -> None:
        """End with success."""
        await self.wizard.finish()

    def go_back(self) -> None:
        """To the list."""
        self.wizard.show_step("copies")
