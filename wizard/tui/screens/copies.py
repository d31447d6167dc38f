"""Step 5, last page: a copy of the sidecar, the fingerprint, and the plaintext that is left."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.confirm import ConfirmScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.save import SaveScreen
from wizard.tui.widgets.action import Action

_DELETION = (
    "Deleting removes the file. On SSDs, journaling file systems, snapshots and backups the old "
    "content may stay readable; no program can promise otherwise. Have you opened the encrypted "
    "database with your application?"
)


class CopiesScreen(StepScreen):
    """Three things to see to; none is forced."""

    STEP: ClassVar[int] = 5
    TITLE_TEXT: ClassVar[str] = "copies"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="The database is encrypted and in place. Three things make it last.",
        choose=(
            "Save a copy of the .crypto.json file with your backups: it holds no secret, and "
            "without it only the recovery kit opens the database. Note the fingerprint where "
            "you will find it: it tells your database from one put in its place. Delete the "
            "unencrypted original when your application works with the encrypted database."
        ),
        after="The last page shows how to open the database.",
    )
    HINTS: ClassVar[str] = "Tab next   Enter press   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """What is there, line by line."""
        yield Static(
            Content.styled("✓ The database is encrypted and in place.", "bold $success"),
            classes="lead",
        )
        yield Static(self._sentences(), id="sentences")

    def actions(self) -> Iterable[Action]:
        """Delete appears only where there is an original."""
        yield Action("Finish", id="next")
        yield Action("Save sidecar copy…", id="copy")
        yield Action("Delete original…", id="delete")

    def first_focus(self) -> str:
        """The copy, until there is one."""
        return "#next" if self.session.sidecar_copies else "#copy"

    def on_mount(self) -> None:
        """Show what applies."""
        self._refresh_page()

    def _original(self) -> str | None:
        committed = self.session.committed
        if committed is None or self.session.original_removed:
            return None
        return committed.original_kept

    def _refresh_page(self) -> None:
        self.query_one("#sentences", Static).update(self._sentences())
        self.query_one("#delete").display = self._original() is not None

    def _sentences(self) -> Content:
        committed = self.session.committed
        if committed is None:
            return Content("")
        copies = self.session.sidecar_copies
        saved = wording.shortened(copies[-1], 60) if copies else "not saved yet"
        original = self._original()
        lines = [
            ("Fingerprint", committed.fingerprint, "bold"),
            ("", "Note it: it tells your database from one put in its place.", "dim"),
            ("Sidecar", wording.shortened(committed.sidecar, 60), ""),
            ("Its copy", saved, "bold" if copies else "bold $warning"),
            ("", "Public, no secret in it; keep it with your backups.", "dim"),
        ]
        left = [path for path in committed.plaintext_left if path != committed.original_kept]
        if original is not None:
            lines.append(("Original", wording.shortened(original, 60), "bold $warning"))
            lines.append(("", "Not encrypted. Delete it when all works.", "dim"))
        elif committed.original_kept is not None or self.session.original == "remove":
            removed = self.session.prepared is not None and self.session.prepared.original
            if removed:
                lines.append(("Original", "deleted", ""))
        lines += [("Plaintext", wording.shortened(path, 60), "bold $warning") for path in left[:3]]
        if left:
            lines.append(("", "Also not encrypted, and not the wizard's to delete.", "dim"))
        parts: list[tuple[str, str] | str] = []
        for name, text, style in lines:
            parts += [(f"{name:<13}", "dim"), (text, style), "\n"]
            if style == "dim":
                parts.append("\n")
        return Content.assemble(*parts)

    @on(Action.Pressed, "#copy")
    def _copy(self) -> None:
        committed = self.session.committed
        if committed is None:
            return
        proposed = Path.home() / Path(committed.sidecar).name

        async def save(path: str) -> str:
            return str((await self.engine.request("save_sidecar", path=path))["path"])

        def saved(path: str | None) -> None:
            if path is not None:
                self.session.sidecar_copies.append(path)
                self._refresh_page()
                self.tell("Copied, and read back.")
                self.focus_on("#next")

        self.app.push_screen(
            SaveScreen(
                "Save a copy of the sidecar",
                proposed=str(proposed),
                database=committed.path,
                save=save,
                candidates=self.wizard.complete_path,
            ),
            saved,
        )

    @on(Action.Pressed, "#delete")
    def _delete(self) -> None:
        path = self._original()
        if path is None:
            return

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual's signature
            if yes:
                self.attempt(self._remove(path), group="delete")

        self.app.push_screen(
            ConfirmScreen(
                "Delete the unencrypted original?", _DELETION, yes="Delete it", no="Keep it"
            ),
            answered,
        )

    async def _remove(self, path: str) -> None:
        try:
            await self.engine.request("remove_plaintext", path=path)
        except EngineError:
            self._refresh_page()
            raise
        self.session.original_removed = True
        self._refresh_page()
        self.tell("Deleted.")
        self.focus_on("#next")

    async def proceed(self) -> None:
        """To the last page."""
        self.wizard.show_step("done")

    def go_back(self) -> None:
        """There is no way back from what is done."""
        self.tell("The database is encrypted; there is nothing to go back to.")
