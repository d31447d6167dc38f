"""Step 1: which database; what each one found is, and why some cannot be chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from wizard.tui import wording
from wizard.tui.answers.target import Target
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.descriptions import STATE_WORDS, describe
from wizard.tui.screens.help import Explanation
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.choice_list import ChoiceList, Row
from wizard.tui.widgets.path_field import PathField, expanded
from wizard.tui.widgets.scroll_area import ScrollArea

NEW = "new"
TYPED = "typed"
PATH_COLUMNS = 29
REST_SECONDS = 0.15
_BROKEN = "\ufffd"  # what stands for bytes that are not UTF-8


def proposed_path() -> str:
    """A name for a new database that nothing has yet, in the current directory."""
    directory = Path.cwd()
    for number in range(1, 1000):
        path = directory / ("node.db" if number == 1 else f"node-{number}.db")
        if not path.exists():
            return str(path)
    return str(directory / "new.db")


class SelectScreen(StepScreen):
    """A list of databases, and a line to type a path."""

    STEP: ClassVar[int] = 1
    CSS_PATH: ClassVar[Path | None] = None
    TITLE_TEXT: ClassVar[str] = "which database"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "A list of the SQLite databases in the usual data directories and in the "
            "directory you started in. Looking at them changes nothing."
        ),
        choose=(
            "The database that your application uses. If there is none yet, choose “New "
            "database”: an empty, encrypted one is made. Stop the application first, for it "
            "must not write while the database is being encrypted."
        ),
        after=(
            "You choose a passphrase and how long unlocking may take, then see on one page "
            "what will be written. Only “Encrypt now” on that page writes anything."
        ),
    )
    HINTS: ClassVar[str] = "↑↓ choose   Enter next   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """The list, the path line, and what is known about the choice."""
        yield Static(Content.styled("Which database should be protected?", "bold"), classes="lead")
        with ScrollArea(id="databases"):
            yield ChoiceList(self._rows(), chosen=self.session.select_row, id="targets")
        with Horizontal(id="path-row", classes="row"):
            yield Label("Path", classes="name")
            yield PathField(self._path_text(), id="path", candidates=self._candidates)
        yield Static(id="candidates")
        yield Static(id="path-message", classes="message")
        yield Static(id="detail")
        yield Static(Content.styled(self.session.suggestion, "dim"), id="suggestion")

    def actions(self) -> Iterable[Action]:
        """Undo appears only where there is something to undo."""
        yield Action("Next", id="next")
        yield Action("Undo and continue", id="undo")

    def first_focus(self) -> str:
        """The list."""
        return "#targets"

    def on_mount(self) -> None:
        """Look for databases the first time."""
        self._show_choice()
        if not self.session.targets:
            self.attempt(self._discover(), group="discover")

    # What is shown ---------------------------------------------------------------------------

    def _rows(self) -> list[Row]:
        rows = []
        for target in self.session.targets:
            size = "" if target.size is None else wording.size(target.size)
            tables = "" if target.tables is None else wording.count(target.tables, "table")
            words = STATE_WORDS.get(target.state, target.state)
            path = wording.padded(target.path, PATH_COLUMNS)
            rows.append(Row(target.path, f"{path}{tables:>12}{size:>12}  {words}"))
        rows.append(Row(NEW, "New database…"))
        rows.append(Row(TYPED, "Another path…"))
        return rows

    def _path_text(self) -> str:
        if self.session.select_row == TYPED:
            return self.session.typed_path
        return self.session.new_path or proposed_path()

    async def _candidates(self, prefix: str) -> list[str]:
        candidates = await self.wizard.complete_path(prefix)
        names = [Path(path).name + ("/" if path.endswith("/") else "") for path in candidates[:6]]
        line = "  ".join(wording.printable(name) for name in names)
        more = f"  … {len(candidates) - 6} more" if len(candidates) > 6 else ""  # noqa: PLR2004 - as shown above
        # The first answer may come before the page is complete, the last one after it is gone.
        for part in self.query("#candidates").results(Static):
            part.update(Content.styled(line + more, "dim"))
        return candidates

    async def _discover(self) -> None:
        self.tell("Looking for databases…")
        answer = await self.engine.request("discover")
        found = [Target.from_answer(summary) for summary in answer["databases"]]
        start = self.wizard.start_path
        if start:
            summary = await self.engine.request("inspect", path=expanded(start))
            given = Target.from_answer(summary)
            found = [given, *(target for target in found if target.path != given.path)]
        self.session.targets = found
        self.tell("")
        listing = self.query_one("#targets", ChoiceList)
        # Who was faster than the search keeps what they went to.
        busy = listing.chosen != NEW or self.query_one("#path").has_focus
        ahead = listing.chosen if busy else None
        chosen = self.session.select_row or ahead or (found[0].path if found else NEW)
        listing.show_rows(self._rows(), chosen=chosen)
        self._show_choice()

    def _chosen_target(self) -> Target | None:
        key = self.query_one("#targets", ChoiceList).chosen
        return next((target for target in self.session.targets if target.path == key), None)

    def _show_choice(self) -> None:
        target = self._chosen_target()
        key = self.query_one("#targets", ChoiceList).chosen
        for selector in ("#path-row", "#candidates", "#path-message"):
            self.query_one(selector).display = target is None
        self.query_one("#undo").display = (
            target is not None and target.state == "interrupted" and target.fingerprint is None
        )
        self.query_one("#next").display = target is None or target.usable or target.kept
        if target is not None:
            self._say(*describe(target))
            if target.state == "plaintext" and target.seconds is None and target.size is not None:
                self.attempt(self._survey(target), group="survey")
        elif key == NEW:
            self._say("A new, empty, encrypted database. The path must not exist yet.")
        else:
            self._say("A database somewhere else. Tab or the right arrow completes the path.")
        self.query_one("#path-message", Static).update("")

    async def _survey(self, target: Target) -> None:
        # Who only passes by on the way to another row asks nothing of the disk.
        await asyncio.sleep(REST_SECONDS)
        answer = await self.engine.request("survey", path=target.path, size=target.size)
        known = replace(
            target,
            seconds=answer["seconds"],
            tables=target.tables if answer["tables"] is None else answer["tables"],
        )
        self.session.targets = [
            known if other.path == target.path else other for other in self.session.targets
        ]
        if self.is_attached and self._chosen_target() == known:
            self._say(*describe(known))

    def _say(self, *lines: str) -> None:
        self.query_one("#detail", Static).update(Content("\n".join(lines)))

    @on(ChoiceList.Moved, "#targets")
    def _moved(self) -> None:
        field = self.query_one("#path", PathField)
        key = self.query_one("#targets", ChoiceList).chosen
        self.query_one("#candidates", Static).update("")
        with self.prevent(Input.Changed):
            if key == NEW:
                field.value = self.session.new_path or proposed_path()
            elif key == TYPED:
                field.value = self.session.typed_path
        field.cursor_position = len(field.value)
        self._show_choice()
        self.tell("")

    @on(ChoiceList.Confirmed, "#targets")
    def _confirmed(self) -> None:
        if self._chosen_target() is None:
            self.query_one("#path").focus()
        else:
            self.action_next()

    @on(Input.Submitted, "#path")
    def _submitted(self) -> None:
        self.action_next()

    def on_key(self, event: events.Key) -> None:
        """Who types a path while the list still has the focus means the line below it."""
        focused = self.focused
        if not isinstance(focused, ChoiceList) or focused.chosen != TYPED:
            return
        if event.character is not None and event.is_printable and event.character not in " ?":
            event.stop()
            field = self.query_one("#path", PathField)
            field.insert_text_at_cursor(event.character)
            field.focus()

    @on(Input.Changed, "#path")
    def _changed(self) -> None:
        self.query_one("#path-message", Static).update("")

    # Going on --------------------------------------------------------------------------------

    def validate(self) -> Fault | None:
        """A path is needed, and a database that can be protected."""
        target = self._chosen_target()
        if target is not None and not target.usable and not target.kept:
            return Fault(f"This one cannot be set up: it is {STATE_WORDS[target.state]}.")
        path = self.query_one("#path", PathField).value
        if target is None and not path.strip():
            return Fault("Type the path of the database.", "#path")
        if target is None and _BROKEN in path:
            return Fault("A character did not arrive whole; is this terminal in UTF-8?", "#path")
        return None

    def apply(self) -> None:
        """Remember the row and what was typed."""
        self.session.select_row = self.query_one("#targets", ChoiceList).chosen
        text = self.query_one("#path", PathField).value
        if self.session.select_row == NEW:
            self.session.new_path = expanded(text)
        elif self.session.select_row == TYPED:
            self.session.typed_path = expanded(text)

    async def proceed(self) -> None:
        """Look at the path once more: what matters is what is there now."""
        row = self.session.select_row
        paths = {NEW: self.session.new_path, TYPED: self.session.typed_path}
        answer = await self.engine.request("inspect", path=paths.get(row, row))
        target = Target.from_answer(answer)
        field = "#path" if row in paths else ""
        if row == NEW and target.state != "absent":
            self.show_fault(Fault("There is a file of that name already.", "#path"))
        elif row == TYPED and target.state == "absent":
            sentence = "There is no file of that name. “New database” makes one."
            self.show_fault(Fault(sentence, "#path"))
        elif not target.directory_there:
            self.show_fault(Fault("There is no such directory, and the wizard makes none.", field))
        elif target.kept:
            self.wizard.look_after(target)
        elif not target.usable:
            reason = target.reason or f"it is {STATE_WORDS[target.state]}"
            self.show_fault(Fault(f"This one cannot be set up: {reason}", "#path"))
            self._say(*describe(target))
        else:
            self.session.target = target
            self.wizard.show_step("passphrase")

    def go_back(self) -> None:
        """Before the first step there is only leaving."""
        self.wizard.action_ask_quit()

    @on(Action.Pressed, "#undo")
    def _undo(self) -> None:
        self.attempt(self._undo_interrupted(), group="advance")

    async def _undo_interrupted(self) -> None:
        target = self._chosen_target()
        if target is None:
            return
        answer = await self.engine.request("undo", path=target.path)
        summary = Target.from_answer(await self.engine.request("inspect", path=target.path))
        self.session.targets = [
            summary if known.path == target.path else known for known in self.session.targets
        ]
        self.query_one("#targets", ChoiceList).show_rows(self._rows(), chosen=target.path)
        self._show_choice()
        self.tell(answer.get("done") or "Undone: the database is as it was.")
        self.focus_on("#targets")
