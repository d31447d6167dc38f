"""The last page: what was done, and the lines that open the database from shell and Python."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import ClassVar

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action


def shell_line(path: str) -> str:
    """What to type in a shell."""
    return f"datafold-wizard shell {shlex.quote(path)}"


def python_lines(path: str) -> tuple[str, ...]:
    """What to write in a program."""
    return (
        "import wizard",
        f"with wizard.unlock({path!r}, passphrase) as database:",
        '    database.connection.execute("SELECT …")',
    )


class DoneScreen(StepScreen):
    """Everything that one needs tomorrow."""

    STEP: ClassVar[int] = 6
    TITLE_TEXT: ClassVar[str] = "done"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="The database is encrypted, its recovery kit has been proved.",
        choose=(
            "Copy the lines you need. Your application opens the database with the Python lines."
        ),
        after="Nothing more happens. “Close” ends the wizard.",
    )
    HINTS: ClassVar[str] = "Enter close   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """What was done, and the lines."""
        committed = self.session.committed
        path = committed.path if committed else ""
        yield Static(
            Content.styled("✓ Your database is protected.", "bold $success"), classes="lead"
        )
        parts: list[tuple[str, str] | str] = [*self._done(), "\n"]
        parts += [("From the shell\n", "bold"), f"  {wording.printable(shell_line(path))}\n\n"]
        parts.append(("From Python\n", "bold"))
        parts += [f"  {wording.printable(line)}\n" for line in python_lines(path)]
        parts += ["\n", ("To check it\n", "bold")]
        parts.append(f"  datafold-wizard verify {wording.printable(shlex.quote(path))}")
        yield Static(Content.assemble(*parts))

    def _done(self) -> list[tuple[str, str] | str]:
        session, committed = self.session, self.session.committed
        if committed is None:
            return []
        lines = [("Fingerprint", committed.fingerprint)]
        if session.kit_files:
            lines.append(
                ("Kit saved in", wording.shortened(", ".join(session.kit_files.values()), 58))
            )
        if session.sidecar_copies:
            lines.append(("Sidecar copy", wording.shortened(session.sidecar_copies[-1], 58)))
        if committed.original_kept and not session.original_removed:
            lines.append(("Unencrypted", wording.shortened(committed.original_kept, 58)))
        parts: list[tuple[str, str] | str] = []
        for name, text in lines:
            parts += [(f"{name:<13}", "dim"), f"{text}\n"]
        return parts

    def actions(self) -> Iterable[Action]:
        """The end."""
        yield Action("Close", id="next")

    async def proceed(self) -> None:
        """End with success."""
        await self.wizard.finish()

    def go_back(self) -> None:
        """To the copies."""
        self.wizard.show_step("copies")
