"""One recovery sheet taken from a file; its text goes from the disk to the engine process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from wizard.tui.engine_client import EngineError
from wizard.tui.screens.dialog import Dialog
from wizard.tui.screens.dialog_help import SHEET_FILE_HELP
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.path_field import Candidates, PathField, expanded

Read = Callable[[str], Awaitable[int]]


class SheetFileScreen(Dialog["int | None"]):
    """Dismissed with what the sheet says of the number of sheets, or None."""

    TITLE_TEXT = "a sheet from a file"
    EXPLAINED = SHEET_FILE_HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("tab,down", "app.focus_next", show=False),
        Binding("shift+tab,up", "app.focus_previous", show=False),
    ]
    AUTO_FOCUS = "#save-path"

    def __init__(self, title: str, *, read: Read, candidates: Candidates) -> None:
        super().__init__()
        self._title = title
        self._read = read
        self._candidates = candidates

    def compose(self) -> ComposeResult:
        """The path, what was wrong with it, the answers."""
        with Vertical(id="dialog"):
            yield Static(Content.styled(self._title, "bold"), id="question")
            yield Static(
                Content("The sheet as it was saved: its words, and the slot lines below them."),
                id="explanation",
            )
            with Horizontal(classes="row"):
                yield Label("File  ", classes="unit")
                yield PathField("", id="save-path", candidates=self._candidates)
            yield Static(id="name-message", classes="message")
            with Horizontal(id="answers"):
                yield Action("Take it", id="yes")
                yield Action("Cancel", id="no")

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#name-message", Static).update("")

    @on(Action.Pressed, "#yes")
    @on(Input.Submitted)
    def _take(self) -> None:
        path = expanded(self.query_one(PathField).value)
        if path:
            self.run_worker(self._try(path), exclusive=True, description="read a sheet")
        else:
            self._refuse("Type the path of the file.")

    async def _try(self, path: str) -> None:
        try:
            threshold = await self._read(path)
        except EngineError as error:
            self._refuse(error.message)
            return
        self.dismiss(threshold)

    def _refuse(self, sentence: str) -> None:
        self.complain("#name-message", sentence, field="#save-path")

    @on(Action.Pressed, "#no")
    def action_cancel(self) -> None:
        """Leave it."""
        self.dismiss(None)
