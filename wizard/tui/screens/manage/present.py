"""The passphrase that is in force: tried at once, so that nobody learns at the end that it was wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from wizard.tui.engine_client import EngineError
from wizard.tui.messages import FieldState
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.complaint import complaint
from wizard.tui.screens.confirm import ConfirmScreen
from wizard.tui.screens.dialog_help import MEMORY_HELP
from wizard.tui.screens.help import Explanation
from wizard.tui.upkeep import Progressed
from wizard.tui.widgets.path_field import PathField, expanded
from wizard.tui.widgets.secret_field import SecretField


class PresentScreen(StepScreen):
    """One secret field, and the keyfile where the database asks for one."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "the passphrase now"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "The master passphrase that opens the database today. It goes to a process with locked "
            "memory; this screen learns its length only. The database is opened with it at once "
            "and closed again, and its audit log notes that."
        ),
        choose=(
            "The passphrase as you type it elsewhere. F2 shows what arrived. An operator's "
            "passphrase opens the data, and changes nothing. If you have lost it, go back and "
            "choose “I forgot the passphrase”."
        ),
        after="The next question, or the review. Nothing has been changed before that.",
    )
    HINTS: ClassVar[str] = "Enter next   F2 show or hide   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The field or fields."""
        yield Static(
            Content.styled("Type the master passphrase that opens it now.", "bold"), classes="lead"
        )
        with Horizontal(classes="row"):
            yield Label("Passphrase", classes="name")
            yield SecretField("current", self.engine)
        yield Static(id="secret-current-message", classes="under")
        if self._needs_keyfile():
            with Horizontal(classes="row"):
                yield Label("Keyfile", classes="name")
                yield PathField(
                    self.session.upkeep.keyfile,
                    id="keyfile",
                    candidates=self.wizard.complete_path,
                )
            yield Static(id="keyfile-message", classes="under")
        yield Static(
            Content.styled("It is tried at once; the audit log notes that.", "dim"), id="tried"
        )

    def first_focus(self) -> str:
        """The field."""
        return "#secret-current"

    def on_mount(self) -> None:
        """Start with an empty field."""
        self.engine.send("field.clear", field="current")

    def on_unmount(self) -> None:
        """What was typed and not accepted is wiped."""
        self.engine.send("field.clear", field="current")

    def _needs_keyfile(self) -> bool:
        keys = self.session.upkeep.keys
        return keys is not None and keys.keyfile

    def on_field_state(self, message: FieldState) -> None:
        """Draw the length, or why a key was not taken."""
        if message.field != "current":
            return
        field = self.query_one(SecretField)
        if message.refused:
            self._under(message.refused)
        elif message.characters > field.characters:
            self._under("")
        field.characters = message.characters

    def _under(self, sentence: str) -> None:
        content = complaint(sentence)
        part = self.query_one("#secret-current-message", Static)
        if part.content != content:
            part.update(content)

    @on(SecretField.Refused)
    def _refused(self, event: SecretField.Refused) -> None:
        self._under(event.sentence)

    @on(SecretField.Submitted)
    def _submitted(self) -> None:
        if self._needs_keyfile() and not self.query_one("#keyfile", PathField).value.strip():
            self.query_one("#keyfile").focus()
        else:
            self.action_next()

    @on(Input.Submitted, "#keyfile")
    def _keyfile_submitted(self) -> None:
        self.action_next()

    def validate(self) -> Fault | None:
        """All fields filled."""
        if not self.query_one(SecretField).filled:
            return Fault("Type the passphrase.", "#secret-current")
        if self._needs_keyfile() and not self.query_one("#keyfile", PathField).value.strip():
            return Fault("This database needs its keyfile, too.", "#keyfile")
        return None

    def apply(self) -> None:
        """Remember the keyfile's path."""
        if self._needs_keyfile():
            self.session.upkeep.keyfile = expanded(self.query_one("#keyfile", PathField).value)

    async def proceed(self) -> None:
        """Open the database with it."""
        upkeep, target = self.session.upkeep, self.session.target
        if target is None:
            return
        self.tell("Opening the database…")
        upkeep.progressed = Progressed.RECORDED
        place: dict[str, Any] = {"keyfile": upkeep.keyfile} if self._needs_keyfile() else {}
        try:
            answer = await self.engine.request(
                "present.prove", path=target.path, allow_high_cost=upkeep.allow_high_cost, **place
            )
        except EngineError as error:
            await self._not_opened(error)
            return
        warnings = " ".join(str(warning) for warning in answer["warnings"])
        self.tell(warnings)
        self.go_on()

    async def _not_opened(self, error: EngineError) -> None:
        upkeep = self.session.upkeep
        if error.error_class == "ResourceLimit" and not upkeep.allow_high_cost:
            self.tell("")
            upkeep.allow_high_cost = await self.app.push_screen_wait(
                ConfirmScreen(
                    "Use more memory than this machine gives without asking?",
                    error.message,
                    yes="Use it",
                    no="Go back",
                    explained=MEMORY_HELP,
                )
            )
            if upkeep.allow_high_cost:
                await self.proceed()
        elif error.field == "current":
            # Behind the lengths that are still on their way: a growing one takes a message away.
            self.call_later(self.show_fault, Fault(error.message, "#secret-current"))
        elif error.field == "keyfile" and self._needs_keyfile():
            self.show_fault(Fault(error.message, "#keyfile"))
        else:
            self.show_error(error)

    def go_back(self) -> None:
        """To the page before."""
        self.return_to()
