"""Step 5, the checklist: what makes a protected database last; each thing is done, skipped or open."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.todo import DELETION
from wizard.tui import wording
from wizard.tui.answers.protection import Committed
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.checklist_words import LABELS, STATES, TITLES, explanation
from wizard.tui.screens.confirm import ConfirmScreen
from wizard.tui.screens.dialog_help import DELETE_HELP
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.questions import skip_items_question
from wizard.tui.screens.save import Order, Saved, SaveScreen
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_list import ChoiceList, Row
from wizard.tui.widgets.fact_list import FactList


class CopiesScreen(StepScreen):
    """Five things to see to. Enter does the one under the cursor; nothing is forced."""

    STEP: ClassVar[int] = 5
    TITLE_TEXT: ClassVar[str] = "what makes it last"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="The database is encrypted and in place. Five things make it last; some are done.",
        choose=(
            "Go down the list and press Enter on what is open. Save a copy of the .crypto.json "
            "file with your backups: it holds no secret, and without it only the recovery kit "
            "opens the database. Note the fingerprint: it tells your database from one put in "
            "its place. Delete the unencrypted original when your application works."
        ),
        after=(
            "“Finish” shows how to open the database. What is left open has to be skipped by "
            "typing the database's name, and `datafold-wizard status` goes on listing it."
        ),
    )
    HINTS: ClassVar[str] = "↑↓ choose   Enter do it   Tab next   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The list, and what the thing under the cursor is about."""
        yield Static(
            Content.styled("✓ The database is encrypted and in place.", "bold $success"),
            classes="lead",
        )
        yield ChoiceList(self._rows(), chosen=self._first_open(), id="items")
        yield FactList(id="about")

    def actions(self) -> Iterable[Action]:
        """The second button is named for the item."""
        yield Action("Finish", id="next")
        yield Action("", id="do")
        yield Action("Skip…", id="skip")

    def first_focus(self) -> str:
        """The list, until all is seen to."""
        committed = self.session.committed
        return "#items" if committed and committed.open_items else "#next"

    def on_mount(self) -> None:
        """Show what applies."""
        self._show_item()

    @property
    def committed(self) -> Committed:
        """What is on disk; this page is shown after the commit only."""
        committed = self.session.committed
        if committed is None:
            raise RuntimeError("nothing is committed")
        return committed

    @property
    def _item(self) -> str:
        return self.query_one("#items", ChoiceList).chosen

    def _first_open(self) -> str:
        items = self.committed.open_items or list(TITLES)
        return items[0]

    def _rows(self) -> list[Row]:
        states = self.committed.checklist
        return [
            Row(item, f"{STATES[states.get(item, 'open')]:<9}  {title}")
            for item, title in TITLES.items()
        ]

    def _refresh_page(self, *, sought: str = "") -> None:
        chosen = sought or self._item
        self.query_one("#items", ChoiceList).show_rows(self._rows(), chosen=chosen)
        self._show_item()

    @on(ChoiceList.Moved, "#items")
    def _show_item(self) -> None:
        item = self._item
        self.query_one(FactList).show_facts(explanation(item, self.session))
        state = self.committed.checklist.get(item, "open")
        button = self.query_one("#do", Action)
        button.label = LABELS.get(item, "")
        if item == "plaintext_handled":
            button.label = "Delete it…" if self.committed.original_kept else "Look again"
        button.display = item in LABELS and not (item == "plaintext_handled" and state == "done")
        self.query_one("#skip", Action).display = state == "open"

    # What Enter does -------------------------------------------------------------------------

    @on(ChoiceList.Confirmed, "#items")
    @on(Action.Pressed, "#do")
    def _do(self) -> None:
        item = self._item
        if item == "sidecar_copied":
            self._copy_sidecar()
        elif item == "fingerprint_noted":
            self.wizard.show_step("fingerprint")
        elif item == "plaintext_handled" and self.committed.original_kept:
            self._ask_removal(self.committed.original_kept)
        elif item == "plaintext_handled" and self.committed.plaintext_left:
            self.attempt(self._look_again(), group="look")
        else:
            self.query_one("#next").focus()

    def _copy_sidecar(self) -> None:
        async def save(order: Order) -> Saved:
            answer = await self.engine.request("save_sidecar", path=order.path, beside=order.beside)
            described.append(answer)
            return Saved(str(answer["copy"]))

        def saved(file: Saved | None) -> None:
            if file is not None:
                self.session.sidecar_copies.append(file.path)
                self._take(described[-1])
                warning = described[-1].get("warning") or ""
                self.tell(f"Copied, read back, and its signature verified. {warning}".strip())

        described: list[dict[str, object]] = []

        self.app.push_screen(
            SaveScreen(
                "Save a copy of the sidecar",
                proposed=str(Path.home() / Path(self.committed.sidecar).name),
                database=self.committed.path,
                save=save,
                candidates=self.wizard.complete_path,
            ),
            saved,
        )

    def _ask_removal(self, path: str) -> None:
        def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual's signature
            if yes:
                self.attempt(self._remove(path), group="delete")

        self.app.push_screen(
            ConfirmScreen(
                "Delete the unencrypted original?",
                f"{wording.shortened(path, 70)}\n{DELETION}",
                yes="Delete it",
                no="Keep it",
                explained=DELETE_HELP,
            ),
            answered,
        )

    async def _remove(self, path: str) -> None:
        try:
            answer = await self.engine.request("remove_plaintext", path=path)
        except EngineError:
            await self._look_again()
            raise
        self._take(answer)
        self.tell("Deleted.")

    async def _look_again(self) -> None:
        self._take(await self.engine.request("look_again"))
        left = len(self.committed.plaintext_left)
        self.tell(f"Still there: {wording.count(left, 'unencrypted file')}." if left else "Gone.")

    async def _record(self, item: str, state: str) -> None:
        answer = await self.engine.request("checklist", item=item, state=state)
        self._take(answer)
        if answer.get("warning") and self.is_attached:
            self.tell(str(answer["warning"]), trouble=True)

    def _take(self, answer: dict[str, object]) -> None:
        self.session.committed = Committed.from_answer(answer)
        if self.is_attached:
            items = self.committed.open_items
            self._refresh_page(sought=items[0] if items else self._item)
            self.focus_on("#items" if items else "#next")

    # Leaving ---------------------------------------------------------------------------------

    @on(Action.Pressed, "#skip")
    def _skip_one(self) -> None:
        self._ask_skip([self._item], finish=False)

    def _ask_skip(self, items: list[str], *, finish: bool) -> None:
        async def skip() -> None:
            for item in items:
                await self._record(item, "skipped")
            if finish:
                self.wizard.show_step("done")

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual's signature
            if yes:
                self.attempt(skip(), group="skip")

        titles = [TITLES[item] for item in items]
        self.app.push_screen(skip_items_question(self.committed, titles), answered)

    async def proceed(self) -> None:
        """To the last page; what is open is skipped by name first."""
        if self.committed.open_items:
            self._ask_skip(self.committed.open_items, finish=True)
        else:
            self.wizard.show_step("done")

    def go_back(self) -> None:
        """There is no way back from what is done, but to the database where one came from it."""
        target = self.session.target
        if self.session.upkeep.overview is not None and target is not None:
            self.wizard.look_after(target)
            return
        self.tell("The database is encrypted; there is nothing to go back to.")
