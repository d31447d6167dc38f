"""Draws every state of every step of the real app, over an engine with fixed values.

python -m tests.screenshots            writes screenshots/ again
python -m tests.screenshots --check    says which pictures are not what the app draws now
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from tests.tui_fakes import FakeEngine
from tests.tui_journey import Journey
from tests.tui_walk import Take, walk
from tests.upkeep_walk import walk_upkeep
from wizard.tui.app import drop_textual_variables
from wizard.tui.glyphs import ASCII_CLASS
from wizard.tui.screens import generate, opening_lines, passphrase, select
from wizard.tui.screens.manage import work
from wizard.tui.widgets import stage_list

drop_textual_variables()

WALKS = (walk, walk_upkeep)
DIRECTORY = Path(__file__).parent.parent / "screenshots"
_CELL_WIDTH, _CELL_HEIGHT = 8.4, 17
_FONT = 'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" xml:space="preserve"'
_PALETTE = ("#3b4048", "#d0515c", "#55a35b", "#b8862d", "#4f86d6", "#a566b8", "#3b9aa6", "#b0b4bb")


@dataclass(frozen=True, slots=True)
class Look:
    """One terminal: its size, its colours, its characters."""

    folder: str
    size: tuple[int, int] = (80, 24)
    ink: str = "#d6d8dc"
    paper: str = "#16181d"
    ascii: bool = False
    light: bool = False


LOOKS = (
    Look(""),
    Look("light", ink="#24262b", paper="#fbfbf9", light=True),
    Look("ascii", ascii=True),
    Look("40x12", size=(40, 12)),
)
DARK, LIGHT, ASCII, SMALL = LOOKS
QR = "5-qr"
BY_SIZE = (LOOKS[:3], LOOKS[3:])
Pictures = dict[Path, str]
Story = Callable[[Journey, Take], Coroutine[Any, Any, None]]
Also = Callable[[str, Look, Journey], Awaitable[None]]


def picture(journey: Journey, look: Look) -> str:
    """What the app shows now, as a small SVG."""
    width, height = journey.app.size
    size = f"{width * _CELL_WIDTH + 16:.0f} {height * _CELL_HEIGHT + 16}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-size="14" {_FONT}>',
        f'<rect width="100%" height="100%" rx="6" fill="{look.paper}"/>',
    ]
    strips = journey.app.screen._compositor.render_strips()
    for y, strip in enumerate(strips[:height]):
        x = 0
        for segment in strip.simplify():
            parts += _drawn(segment.text, segment.style, x, y, look)
            x += segment.cell_length
    caret = journey.app.caret
    parts.append(
        f'<rect x="{8 + caret.x * _CELL_WIDTH:.1f}" y="{8 + caret.y * _CELL_HEIGHT}" '
        f'width="{_CELL_WIDTH}" height="{_CELL_HEIGHT}" fill="none" stroke="{look.ink}"/>'
    )
    return "\n".join([*parts, "</svg>", ""])


def _drawn(text: str, style: object, x: int, y: int, look: Look) -> Iterator[str]:
    ink, paper = _colour(style.color, look.ink), _colour(style.bgcolor, look.paper)
    if style.reverse:
        ink, paper = paper, ink
    left, top = 8 + x * _CELL_WIDTH, 8 + y * _CELL_HEIGHT
    if paper != look.paper:
        wide = len(text) * _CELL_WIDTH
        yield f'<rect x="{left:.1f}" y="{top}" width="{wide:.1f}" height="{_CELL_HEIGHT}" fill="{paper}"/>'
    shown = text.rstrip() if not style.underline else text
    lead = len(shown) - len(shown.lstrip()) if not style.underline else 0
    shown = shown[lead:]
    if not shown:
        return
    attributes = f' fill="{ink}"'
    attributes += ' font-weight="bold"' if style.bold else ""
    attributes += ' opacity=".6"' if style.dim else ""
    attributes += ' text-decoration="underline"' if style.underline else ""
    left += lead * _CELL_WIDTH
    yield (
        f'<text x="{left:.1f}" y="{top + 13}" textLength="{len(shown) * _CELL_WIDTH:.1f}"'
        f"{attributes}>{escape(shown)}</text>"
    )


def _colour(color: object, default: str) -> str:
    if color is None or color.is_default:
        return default
    return color.triplet.hex if color.triplet else _PALETTE[(color.number or 0) % 8]


@contextmanager
def frozen(clock: Clock) -> Iterator[None]:
    """What differs between machines and from one run to the next is held fast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLORFGBG", "15;0")
        patch.setenv("HOME", "/home/ada")
        patch.setenv("TZ", "UTC")
        patch.delenv("NO_COLOR", raising=False)
        time.tzset()
        for module in (stage_list, generate, work):
            patch.setattr(module, "time", clock)
        patch.setattr(select, "proposed_path", lambda: "/srv/datafold/node-2.db")
        patch.setattr(passphrase, "REST_SECONDS", 3600.0)  # the walk says when there is a rest
        patch.setattr(opening_lines, "installed", lambda: None)
        yield
    time.tzset()


class Clock:
    """Stands still, but for the engine's progress."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def tick(self) -> None:
        self.now += 0.34


async def draw(story: Story, looks: Sequence[Look], also: Also | None = None) -> Pictures:
    """Every state of one walk in looks of one size, by the path of its picture.

    All looks are those of one run, which changes its colours and its characters as it goes;
    `also` may do more with each state that leaves it as it was.
    """
    pictures: dict[Path, str] = {}
    clock, engine = Clock(), FakeEngine()
    engine.tick = clock.tick
    with frozen(clock):
        async with Journey(engine, size=looks[0].size) as journey:

            async def take(name: str) -> None:
                for look in looks:
                    await put_on(journey, look)
                    if name == QR and look.size != SMALL.size:
                        await show_the_picture(journey)
                    pictures[DIRECTORY / look.folder / f"{name}.svg"] = picture(journey, look)
                    if also is not None:
                        await also(name, look, journey)
                await put_on(journey, looks[0])
                await journey.resize(*looks[0].size)

            await put_on(journey, looks[0])
            await story(journey, take)
    return pictures


async def show_the_picture(journey: Journey) -> None:
    """In a window that is large enough for the QR code; in ASCII it is lines all the same."""
    await journey.resize(100, 45)
    page = journey.app.page
    for _view in range(2):
        if page._view != "qr" and page._qr_fits():
            await journey.click("#turn")


async def put_on(journey: Journey, look: Look) -> None:
    """Colours and characters as in a terminal of that kind."""
    theme = "ansi-light" if look.light else "ansi-dark"
    if journey.app.theme != theme:
        journey.app.theme = theme
    if journey.app.has_class(ASCII_CLASS) is not look.ascii:
        journey.app.action_switch_glyphs()
    await journey.settle()


def every_picture() -> Pictures:
    """All of them, as the app draws them now."""
    pictures: Pictures = {}
    for story in WALKS:
        for looks in BY_SIZE:
            pictures |= asyncio.run(draw(story, looks))
    return pictures


def differences() -> list[Path]:
    """The pictures that are missing, too many, or not what the app draws now."""
    now = every_picture()
    there = {path: path.read_text(encoding="utf-8") for path in DIRECTORY.rglob("*.svg")}
    return sorted(path for path in {*now, *there} if now.get(path) != there.get(path))


def main(words: list[str]) -> int:
    if words == ["--check"]:
        wrong = differences()
        for path in wrong:
            print(f"{path.relative_to(DIRECTORY.parent)} is not what the app draws now")
        if wrong:
            print("Look at the change, then draw again: python -m tests.screenshots")
        return 1 if wrong else 0
    pictures = every_picture()
    for old in {*DIRECTORY.rglob("*.svg")} - {*pictures}:
        old.unlink()
    for path, svg in pictures.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
