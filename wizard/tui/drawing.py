"""How the wizard looks on this terminal: its own colours, its characters, its cursor.

- The terminal's own colours, or none under NO_COLOR; nothing is told by colour alone.
- The terminal's cursor stands where the focus is: screen readers and braille lines follow it.
- Only cells that changed are sent.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.console import RenderableType
from rich.segment import Segment
from textual import on
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.css.stylesheet import Stylesheet
from textual.driver import Driver
from textual.errors import NoWidget
from textual.filter import LineFilter, Monochrome, NoColor
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget

from wizard.characters import first_environment, suits_ascii
from wizard.tui import glyphs
from wizard.tui.canvas import Canvas
from wizard.tui.type_ahead import TypeAhead

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_WORTH_SYNCHRONIZING = 256  # bytes; a letter needs no protection against being half drawn
_LIGHT_BACKGROUNDS = {"7", "15"}
_LIGHT_MODULES = RichColor.from_rgb(255, 255, 255)


class ColoursOfCodes(NoColor):
    """NO_COLOR takes the colours away, but for a QR code's: without them many readers see nothing."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Leave dark on light as it is."""
        return [
            segment
            if segment.style is not None and segment.style.bgcolor == _LIGHT_MODULES
            else super(ColoursOfCodes, self).apply([segment], background)[0]
            for segment in segments
        ]


class AsciiFilter(LineFilter):
    """Translates every line that is drawn, while it is enabled."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """Replace the text of the segments; their styles and widths stay."""
        return [
            Segment(glyphs.substituted(text), style, control)
            if not control
            else Segment(text, style, control)
            for text, style, control in segments
        ]


class KeptStylesheet(Stylesheet):
    """Parses a source again when its colours changed: Textual does so before every first frame."""

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take other colours, and forget what was parsed with those of before."""
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Put the rules together again; what was parsed already is not parsed anew."""
        self.parse()


class DrawingApp(TypeAhead, inherit_bindings=False):
    """An app that draws as above; F4 switches the characters, Ctrl+L draws all of it again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f4", "switch_glyphs", show=False, priority=True),
        Binding("ctrl+l", "redraw", show=False, priority=True),
    ]

    def __init__(self, *, ascii: bool | None = None) -> None:  # noqa: A002 - what the option is called
        """`ascii` decides about the characters; without it the terminal and the locale do."""
        super().__init__()
        self.animation_level = "none"
        background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
        self.theme = "ansi-light" if background in _LIGHT_BACKGROUNDS else "ansi-dark"
        self.stylesheet = KeptStylesheet(variables=self.get_css_variables())
        # Textual decides on the filter before there is a theme, and would draw in greys.
        self._filters = [kept for kept in self._filters if not isinstance(kept, Monochrome)]
        if self.no_color:
            self._filters.append(ColoursOfCodes())
        self._canvas: Canvas | None = None
        self._ascii = AsciiFilter(enabled=False)
        self._filters.append(self._ascii)
        self.use_ascii(suits_ascii(first_environment()) if ascii is None else ascii)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Send the cells that changed, and put the terminal's cursor where the focus is."""
        driver = self._driver
        if self.is_headless or driver is None or not self._running or self._closed:
            super()._display(screen, renderable)
            return
        if self._batch_count or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            return
        if self._canvas is None or self._canvas.size != self.size:
            system = self.console._color_system or ColorSystem.STANDARD  # noqa: SLF001 - its name only is public
            self._canvas = Canvas(self.size, system)
        data = self._canvas.paint(renderable, self.caret)
        if len(data) < _WORTH_SYNCHRONIZING:
            driver.write(data)
        else:
            self._begin_update()
            driver.write(f"{_HIDE_CURSOR}{data}{_SHOW_CURSOR}")
            self._end_update()
        driver.flush()

    @on(Driver.SignalResume)
    def _draw_all(self) -> None:
        """What stood on the terminal is gone when a suspended wizard goes on."""
        self._canvas = None
        self.refresh(layout=True)

    @property
    def caret(self) -> Offset:
        """Where the terminal's cursor belongs; a widget may say where by a `caret` of its own."""
        focused = self.screen.focused
        corner = Offset(0, max(0, self.size.height - 1))
        if focused is None:
            return corner
        place = focused.content_region.offset + getattr(focused, "caret", Offset(0, 0))
        try:
            seen = self.screen.find_widget(focused).visible_region
        except NoWidget:
            return corner
        # Scrolled out of sight: better nowhere than on what happens to stand there.
        return (
            self.screen.outer_size.clamp_offset(place)
            if seen.y <= place.y < seen.bottom
            else corner
        )

    def action_redraw(self) -> None:
        """Something else wrote to this terminal."""
        self._canvas = None
        self.screen.refresh()

    def use_ascii(self, on: bool) -> None:  # noqa: FBT001 - one of two sets
        """Draw in ASCII, or in all characters, from now on."""
        self._ascii.enabled = on
        self.set_class(on, glyphs.ASCII_CLASS)

    def action_switch_glyphs(self) -> None:
        """The other set, on every screen."""
        self.use_ascii(not self._ascii.enabled)
        for screen in self.screen_stack:
            for widget in screen.walk_children(with_self=True):
                if isinstance(widget, Widget):
                    widget.refresh(layout=True)
