"""The path of a file: the backup to be made or checked, or the saved sidecar to be put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from wizard.tui import wording
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.path_field import PathField, expanded

_PLAIN_COPY = (
    "Into which new file shall the plaintext copy go?",
    "It holds all data, readable. A file that exists is never overwritten.",
)
_QUESTIONS: Mapping[str, tuple[str, str]] = {
    "backup": (
        "Into which new file?",
        (
            "Another disk is better than this one. A file that exists is never overwritten, and room "
            "for two copies is needed while it is made."
        ),
    ),
    "decrypt": _PLAIN_COPY,
    "decrypt-by-kit": _PLAIN_COPY,
    "verify": (
        "Which backup shall be checked?",
        "A backup of this program, or a saved .crypto.json file. Compare the fingerprint then.",
    ),
    "restore-sidecar": (
        "Which saved sidecar shall be put back?",
        "A copy of the .crypto.json file of this database, or any backup of it.",
    ),
}

_PROPOSED = {"backup": ".backup", "decrypt": ".plain.db", "decrypt-by-kit": ".plain.db"}


class FileScreen(StepScreen):
    """One path, completed by the engine."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "a file"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="The path of one file. Nothing is read or written on this page.",
        choose="Tab or the right arrow takes the offered rest of a path. ~ is your home directory.",
        after=(
            "A backup to be checked is read at once. Anything that writes shows a review first, "
            "and never overwrites a file."
        ),
    )
    HINTS: ClassVar[str] = "Tab complete   Enter next   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The question and the line."""
        question, meaning = self._texts()
        yield Static(Content.styled(question, "bold"), classes="lead")
        with Horizontal(id="path-row", classes="row"):
            yield Label("File", classes="name")
            yield PathField(self._proposed(), id="path", candidates=self._candidates)
        yield Static(id="candidates")
        yield Static(id="path-message", classes="message")
        yield Static(Content.styled(meaning, "dim"))

    def first_focus(self) -> str:
        """The line."""
        return "#path"

    def _texts(self) -> tuple[str, str]:
        errand = self.session.upkeep.errand
        return _QUESTIONS[errand.key] if errand else ("", "")

    def _proposed(self) -> str:
        upkeep = self.session.upkeep
        ending = _PROPOSED.get(upkeep.errand.key) if upkeep.errand else None
        if upkeep.file or ending is None:
            return upkeep.file
        name = Path(upkeep.overview.path).stem if upkeep.overview else "database"
        return str(Path.home() / f"{name}{ending}")

    async def _candidates(self, prefix: str) -> list[str]:
        candidates = await self.wizard.complete_path(prefix)
        names = [Path(path).name + ("/" if path.endswith("/") else "") for path in candidates[:4]]
        line = "  ".join(wording.shortened(name, 24) for name in names)
        for part in self.query("#candidates").results(Static):
            part.update(Content.styled(line, "dim"))
        return candidates

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_next()

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#path-message", Static).update("")

    def validate(self) -> Fault | None:
        """A path is needed."""
        if not self.query_one(PathField).value.strip():
            return Fault("Type the path of the file.", "#path")
        return None

    def apply(self) -> None:
        """Remember it."""
        self.session.upkeep.file = expanded(self.query_one(PathField).value)

    async def proceed(self) -> None:
        """On."""
        self.go_on()

    def go_back(self) -> None:
        """Back; what was typed stays."""
        self.apply()
        self.return_to()
