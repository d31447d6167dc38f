"""Step 5: the kit has opened the copy; now, at one more word, the copy takes the place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.answers.protection import Committed
from wizard.tui.engine_client import EngineError
from wizard.tui.engine_lost import take_up
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.beginning import Beginning


class PlaceScreen(StepScreen):
    """The point of no return, named as such."""

    STEP: ClassVar[int] = 5
    TITLE_TEXT: ClassVar[str] = "putting it in place"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="Until now the database is as it was. This puts the encrypted copy in its place.",
        choose=(
            "“Put it in place” when nothing else stands open. Going back to the review "
            "undoes the copy and changes nothing."
        ),
        after=(
            "You save a copy of the .crypto.json file, note the fingerprint, and see how to "
            "open the database."
        ),
    )
    HINTS: ClassVar[str] = "Enter press   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """What happens now."""
        yield Beginning(
            Content.styled(f"✓ The kit alone opened the {self._made()}.", "bold $success"),
            classes="lead",
        )
        yield Static(self._sentences())

    def _made(self) -> str:
        return "new database" if self.session.makes_new else "encrypted copy"

    def _sentences(self) -> Content:
        target, prepared = self.session.target, self.session.prepared
        if target is None or prepared is None:
            return Content("")
        path = wording.shortened(target.path, 66)
        if not prepared.original:
            return Content(f"The new database now gets its name:\n\n  {path}")
        if self.session.original == "remove":
            original = "The unencrypted original is deleted then."
        else:
            original = "The unencrypted original is kept beside it, under a name that says so."
        return Content(f"It now takes the place of\n\n  {path}\n\n{original}")

    def actions(self) -> Iterable[Action]:
        """The one thing left to do."""
        yield Action("Put it in place", id="next")
        yield Action("Back to the kit", id="back")

    def first_focus(self) -> str:
        """The harmless button where something is deleted."""
        return "#back" if self.session.original == "remove" else "#next"

    async def proceed(self) -> None:
        """Commit, and believe only what is on disk."""
        self.tell("Putting it in place…")
        self.query_one("#next", Action).disabled = True

        def on_progress(event: dict[str, Any]) -> None:
            if self.is_attached and event.get("detail"):
                self.tell(f"Putting it in place… {event['detail']}")

        session = self.session
        try:
            answer = await self.engine.request(
                "commit",
                on_progress=on_progress,
                original=session.original,
                **session.kit_notes,
            )
        except EngineError as error:
            if error.error_class != "EngineDied" and await take_up(self.wizard):
                self.wizard.show_step("copies", notice=error.message)
                return
            if self.is_attached:
                self.query_one("#next", Action).disabled = False
            raise
        session.committed = Committed.from_answer(answer)
        self.wizard.show_step("copies")

    def go_back(self) -> None:
        """Back to the sheets; the proof stands."""
        self.wizard.show_step("kit")
