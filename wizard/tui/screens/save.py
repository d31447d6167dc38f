"""Where to save a file; a name that exists is never overwritten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from wizard.tui.engine_client import EngineError
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.path_field import PathField, expanded

_BESIDE = "This is the database's own directory: a thief or a dead disk takes both."


class SaveScreen(ModalScreen["str | None"], inherit_bindings=False):
    """Dismissed with the path that was written, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("tab,down", "app.focus_next", show=False),
        Binding("shift+tab,up", "app.focus_previous", show=False),
    ]
    AUTO_FOCUS = "#save-path"

    def __init__(
        self,
        title: str,
        *,
        proposed: str,
        database: str,
        save: Callable[[str], Awaitable[str]],
        candidates: Callable[[str], Awaitable[list[str]]],
    ) -> None:
        super().__init__()
        self._title = title
        self._proposed = proposed
        self._directory = Path(database).parent
        self._save = save
        self._candidates = candidates

    def compose(self) -> ComposeResult:
        """The path, a warning where one is due, two buttons."""
        with Vertical(id="dialog"):
            yield Static(Content.styled(self._title, "bold"), id="question")
            yield PathField(self._proposed, id="save-path", candidates=self._candidates)
            yield Static(id="beside")
            yield Static(id="save-message", classes="message")
            with Horizontal(id="answers"):
                yield Action("Save", id="save")
                yield Action("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Judge the proposal, too."""
        self._judge()

    @on(Input.Changed)
    def _judge(self) -> None:
        path = expanded(self.query_one(PathField).value)
        beside = bool(path) and Path(path).parent == self._directory
        warning = Content.styled(f"! {_BESIDE}", "bold $warning") if beside else Content("")
        self.query_one("#beside", Static).update(warning)
        self.query_one("#save-message", Static).update("")

    @on(Action.Pressed, "#save")
    @on(Input.Submitted)
    def _press_save(self) -> None:
        self.run_worker(self._write(), exclusive=True, description="save a file")

    async def _write(self) -> None:
        path = expanded(self.query_one(PathField).value)
        if not path:
            self._complain("Type a path.")
            return
        try:
            written = await self._save(path)
        except EngineError as error:
            self._complain(error.message)
        else:
            self.dismiss(written)

    def _complain(self, sentence: str) -> None:
        content = Content.styled(f"✗ {sentence}", "bold $error")
        self.query_one("#save-message", Static).update(content)
        self.query_one(PathField).focus()

    @on(Action.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Write nothing."""
        self.dismiss(None)
