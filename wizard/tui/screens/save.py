"""Where to save a file; a name that exists is never overwritten.

- The database's own directory takes a second press: whoever gets the one gets the other.
- A sheet of the kit is saved as text, or encrypted to somebody's public key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from wizard.tui.engine_client import EngineError
from wizard.tui.screens.dialog import Dialog
from wizard.tui.screens.dialog_help import SAVE_SHEET_HELP, SAVE_SIDECAR_HELP
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_line import ChoiceLine
from wizard.tui.widgets.choice_list import Row
from wizard.tui.widgets.path_field import PathField, expanded

_BESIDE = "This is the database's own directory: a thief or a dead disk takes both."
_FORMS = (Row("text", "Text, ready to print"), Row("age", "Encrypted to a public key"))
_SUFFIXES = {"text": ".txt", "age": ".age"}
_MEANING = {
    "text": "Whoever reads the file and the database reads everything. You alone can read it "
    "(mode 0600): print it or move it to a USB stick, then delete it here.",
    "age": "An SSH key (ssh-ed25519, ssh-rsa) or an age key (age1…), or a file of them. Only "
    "the private key opens it, with  age --decrypt. So it cannot be tried here.",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be saved: where, and for whose public keys ("" for nobody's: as it is)."""

    path: str
    readers: str
    beside: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written, and the names of those who can decrypt it."""

    path: str
    readers: tuple[str, ...] = ()


class SaveScreen(Dialog["Saved | None"]):
    """Dismissed with what was written, or None. ``secret``: a sheet, which has two forms."""

    TITLE_TEXT = "saving a file"
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
        save: Callable[[Order], Awaitable[Saved]],
        candidates: Callable[[str], Awaitable[list[str]]],
        secret: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._proposed = proposed
        self._directory = Path(database).parent
        self._save = save
        self._candidates = candidates
        self._secret = secret
        self._warned_about = ""

    def compose(self) -> ComposeResult:
        """The form, the path, a warning where one is due, two buttons."""
        with Vertical(id="dialog"):
            yield Static(Content.styled(self._title, "bold"), id="question")
            if self._secret:
                yield ChoiceLine(_FORMS, chosen="text", id="form")
            with Horizontal(classes="row"):
                yield Label("File  ", classes="unit")
                yield PathField(self._proposed, id="save-path", candidates=self._candidates)
            with Horizontal(id="readers-row", classes="row"):
                yield Label("For   ", classes="unit")
                yield PathField("", id="readers", candidates=self._candidates)
            yield Static(id="meaning")
            yield Static(id="beside")
            yield Static(id="save-message", classes="message")
            with Horizontal(id="answers"):
                yield Action("Save", id="save")
                yield Action("Cancel", id="cancel")

    def explained(self) -> Explanation:
        """A sheet is a secret, the sidecar is none."""
        return SAVE_SHEET_HELP if self._secret else SAVE_SIDECAR_HELP

    @property
    def _form(self) -> str:
        return self.query_one(ChoiceLine).chosen if self._secret else ""

    def on_mount(self) -> None:
        """Judge the proposal, too."""
        self._show_form()
        self._judge()

    @on(ChoiceLine.Moved)
    def _show_form(self) -> None:
        self.query_one("#readers-row").display = self._form == "age"
        self.query_one("#meaning").display = self._secret
        self.query_one("#meaning", Static).update(
            Content.styled(_MEANING.get(self._form, ""), "dim")
        )
        field = self.query_one("#save-path", PathField)
        for form, suffix in _SUFFIXES.items():
            if form != self._form and self._form and field.value.endswith(suffix):
                field.value = field.value.removesuffix(suffix) + _SUFFIXES[self._form]

    @on(Input.Changed)
    def _judge(self) -> None:
        path = expanded(self.query_one("#save-path", PathField).value)
        beside = bool(path) and self._directory in Path(path).parents
        self._warn(beside=beside)
        self.query_one("#save-message", Static).update("")

    def _warn(self, *, beside: bool) -> None:
        warning = Content.styled(f"! {_BESIDE}", "bold $warning") if beside else Content("")
        self.query_one("#beside", Static).update(warning)

    @on(Input.Submitted, "#save-path")
    def _submitted(self) -> None:
        if self._form == "age" and not self.query_one("#readers", PathField).value.strip():
            self.query_one("#readers").focus()
        else:
            self._press_save()

    @on(Action.Pressed, "#save")
    @on(Input.Submitted, "#readers")
    def _press_save(self) -> None:
        self.run_worker(self._write(), exclusive=True, description="save a file")

    async def _write(self) -> None:
        path = expanded(self.query_one("#save-path", PathField).value)
        readers = self.query_one("#readers", PathField).value.strip()
        if not path:
            self._complain("Type a path.")
            return
        if self._form == "age" and not readers:
            self._complain("Type a public key, or the file that holds it.", "#readers")
            return
        order = Order(
            path=path,
            readers=readers if self._form == "age" else "",
            beside=path == self._warned_about,
        )
        try:
            written = await self._save(order)
        except EngineError as error:
            if error.field == "beside":
                self._warned_about = path
                self._warn(beside=True)
            self._complain(error.message, "#readers" if error.field == "readers" else "#save-path")
        else:
            self.dismiss(written)

    def _complain(self, sentence: str, field: str = "#save-path") -> None:
        self.complain("#save-message", sentence, field=field)

    @on(Action.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Write nothing."""
        self.dismiss(None)
