"""Step 5: one sheet's words, on request; they leave the screen with the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.glyphs import ASCII_CLASS
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.kit import holder
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.secret_field import forget_drawn_text

_COLUMN = 24
_MOST_COLUMNS = 3
# Not the named colours: themes redefine those, and light ones exchange black and white.
_DARK_ON_LIGHT = "rgb(0,0,0) on rgb(255,255,255)"
VIEWS = ("words", "lines", "qr")


def in_columns(words: list[str], width: int) -> str:
    """The words, numbered, read downwards in as many columns as fit `width`, three at most."""
    rows = -(-len(words) // max(1, min(_MOST_COLUMNS, width // _COLUMN)))
    lines = []
    for row in range(rows):
        cells = [f"{number + 1:>4}  {words[number]:<18}" for number in range(row, len(words), rows)]
        lines.append("".join(cells).rstrip())
    return "\n".join(lines)


class WordsScreen(StepScreen):
    """Words, or the lines of the slot, or the QR code where it fits."""

    STEP: ClassVar[int] = 5
    TITLE_TEXT: ClassVar[str] = "one sheet of the kit"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what=(
            "The words of one sheet, in order. The lines (and the QR code, the same in "
            "another form) are not secret: they describe the lock, so that the sheet is "
            "enough even when the .crypto.json file is lost."
        ),
        choose=(
            "Write all words down with their numbers. The lines are many: saving the sheet "
            "as a file and printing it is easier, and it holds both."
        ),
        after=(
            "“Hide” takes the words off the screen. You can look again until you have proved them."
        ),
    )
    HINTS: ClassVar[str] = "Enter press   Tab next   Esc back   F1 help   Ctrl+C quit"

    def __init__(self, number: int, *, hidden: bool = False) -> None:
        """``hidden``: the sheet's holder is called first, and it is shown when that is said."""
        super().__init__()
        self._number = number
        self._hidden = hidden
        self._sheet: dict[str, Any] | None = None
        self._view = "words"

    def page(self) -> Iterable[Widget]:
        """A heading and the view."""
        yield Static(id="sheet-head", classes="lead")
        yield Static(id="sheet-view")

    def actions(self) -> Iterable[Action]:
        """Hide first: it is what one presses when somebody comes in."""
        yield Action("Hide", id="back")
        yield Action("Show the words", id="reveal")
        yield Action("Show the lines", id="turn")
        yield Action("Next sheet", id="following")

    def first_focus(self) -> str:
        """Hide, or what the holder presses who was called."""
        return "#reveal" if self._hidden else "#back"

    def on_mount(self) -> None:
        """Ask the engine for the sheet, or for its holder."""
        self._show_actions()
        if self._hidden:
            self._call_holder()
        else:
            self.attempt(self._fetch(), group="sheet")

    def _show_actions(self) -> None:
        total = self.session.prepared.sheets if self.session.prepared else 1
        self.query_one("#back", Action).label = "Back" if self._hidden else "Hide"
        self.query_one("#reveal").display = self._hidden
        self.query_one("#turn").display = not self._hidden
        self.query_one("#following").display = not self._hidden and self._number < total

    def _call_holder(self) -> None:
        total = self.session.prepared.sheets if self.session.prepared else 1
        name = wording.shortened(holder(self.session.plan.holders, self._number), 30)
        head = f"Sheet {self._number} of {total}" + (f" is for {name}" if name else "")
        self.query_one("#sheet-head", Static).update(Content.styled(head, "bold"))
        whom = name or "whoever keeps this sheet"
        self.query_one("#sheet-view", Static).update(
            Content(
                f"Call {whom} to the screen, and nobody else. The sheet before is gone from it."
            )
        )

    def page_grown(self) -> None:
        """The words are what is looked at, not the button below them."""

    @on(Action.Pressed, "#reveal")
    def _reveal(self) -> None:
        self._hidden = False
        self._show_actions()
        self.focus_on("#back")
        self.attempt(self._fetch(), group="sheet")

    async def _fetch(self) -> None:
        self._sheet = await self.engine.request("kit.sheet", number=self._number)
        self.session.sheets_seen.add(self._number)
        self._draw()

    def _draw(self) -> None:
        if self._sheet is None:
            return
        sheet = self._sheet
        title = "The sheet"
        if sheet["of"] > 1:
            title = f"Sheet {sheet['number']} of {sheet['of']}, any {sheet['threshold']} open"
        if sheet["of"] > 1 and sheet.get("holder"):
            title += f", kept by {wording.shortened(sheet['holder'], 30)}"
        head = self.query_one("#sheet-head", Static)
        view = self.query_one("#sheet-view", Static)
        if self._view == "words":
            head.update(Content.styled(f"{title}: write down all 33 words", "bold"))
            view.update(Content(in_columns(sheet["words"], self.query_one("#body").size.width)))
        elif self._view == "lines":
            head.update(Content.styled(f"{title}: the lock, in lines (not secret)", "bold"))
            lines = "\n".join(sheet["slot_lines"])
            view.update(Content.assemble(lines, (self._where_the_picture_fits(), "dim")))
        else:
            head.update(Content.styled(f"{title}: the same lines as a QR code", "bold"))
            view.update(Content.styled("\n".join(sheet["qr"]["lines"]), _DARK_ON_LIGHT))
        self.set_class(self._view == "qr", "-picture")
        following = {"words": "Show the lines", "lines": "Show the QR code", "qr": "Show the words"}
        if not self._qr_fits():
            following["lines"] = following["qr"]
        self.query_one("#turn", Action).label = following[self._view]
        # The focus is on a button below it all; what was asked for is read from its beginning.
        self.call_after_refresh(self.scroller.scroll_home, animate=False, immediate=True)

    def on_resize(self) -> None:
        """What is shown follows the window, once the page has its new size."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """Columns as there is room; a picture that no longer fits gives way to its lines."""
        if self._view == "qr" and not self._qr_fits():
            self._view = "lines"
        self._draw()

    def _where_the_picture_fits(self) -> str:
        """How large the window has to be for the QR code; "" where it is, or never will be."""
        picture = self._sheet["qr"] if self._sheet else None
        if not picture or self._qr_fits():
            return ""
        if self.app.has_class(ASCII_CLASS):
            return "\n\nThe QR code needs drawn characters (F4)."
        beside = self.app.size - self.query_one("#body").size
        wide, high = picture["width"] + beside.width, picture["height"] + beside.height
        return f"\n\nAs a QR code, too, in a window of {wide} by {high} or larger."

    def _qr_fits(self) -> bool:
        if self._sheet is None or not self._sheet.get("qr") or self.app.has_class(ASCII_CLASS):
            return False
        body = self.query_one("#body").size
        picture = self._sheet["qr"]
        return bool(picture["width"] <= body.width and picture["height"] <= body.height)

    @on(Action.Pressed, "#turn")
    def _turn(self) -> None:
        at = VIEWS.index(self._view)
        view = VIEWS[(at + 1) % len(VIEWS)]
        self._view = "words" if view == "qr" and not self._qr_fits() else view
        self._draw()

    @on(Action.Pressed, "#following")
    def _following(self) -> None:
        self.wizard.show_words(self._number + 1, hidden=True)

    def on_unmount(self) -> None:
        """Drop what was shown, also from Rich's cache of widths."""
        self._sheet = None
        forget_drawn_text()

    def go_back(self) -> None:
        """Hide: back to the list of sheets."""
        self.wizard.show_step("kit")
