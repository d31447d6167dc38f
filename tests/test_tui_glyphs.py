"""The two sets of characters: one table, chosen by terminal and locale, switched by F4."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.style import Style

from tests.tui_fakes import FakeEngine
from tests.tui_journey import Journey, journey_to
from wizard.characters import suits_ascii
from wizard.tui import glyphs, wording
from wizard.tui.drawing import ColoursOfCodes
from wizard.tui.screens import words

SOURCES = sorted((Path(glyphs.__file__).parent).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_drawn_character_is_in_the_table(path: Path) -> None:
    strange = {letter for letter in path.read_text() if not letter.isascii()} - set(glyphs.ASCII)
    assert not strange, "add them to wizard/tui/glyphs.py"


def test_every_substitute_is_as_wide_as_what_it_stands_for() -> None:
    for drawn, substitute in glyphs.ASCII.items():
        assert substitute.isascii()
        assert substitute.isprintable()
        assert cell_len(drawn) == cell_len(substitute) == 1


@pytest.mark.parametrize(
    ("drawn", "ascii_text"),
    [
        ("/srv/data…/node.db", "/srv/data~/node.db"),
        ("Looking for databases…   ", "Looking for databases... "),
        ("a row  …  and what it means", "a row  .  and what it means"),
        ("see “Save…”.", 'see "Save.".'),
        ("[ Save… ]", "[ Save. ]"),
        ("at the end…", "at the end."),
        ("größe-数据.db", "gr??e-????.db"),
        ("“balanced”", '"balanced"'),
    ],
)
def test_a_line_stays_as_wide_as_it_was(drawn: str, ascii_text: str) -> None:
    assert glyphs.substituted(drawn) == ascii_text
    assert cell_len(drawn) == len(ascii_text)


@pytest.mark.parametrize(
    ("term", "variables", "plain"),
    [
        ("xterm-256color", {"LANG": "de_DE.UTF-8"}, False),
        ("tmux-256color", {"LC_ALL": "C.utf8"}, False),
        ("xterm-256color", {"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True),
        ("xterm-256color", {"LC_CTYPE": "POSIX", "LANG": "en_US.UTF-8"}, True),
        ("xterm-256color", {"LANG": "de_DE.ISO-8859-1"}, True),
        ("xterm-256color", {}, True),
        ("linux", {"LANG": "en_US.UTF-8"}, True),
        ("vt100", {"LANG": "en_US.UTF-8"}, True),
    ],
)
def test_terminal_and_locale_choose_the_set(
    term: str, variables: dict[str, str], plain: bool
) -> None:
    assert suits_ascii({"TERM": term, **variables}) is plain


def test_f4_switches_every_screen_to_and_fro() -> None:
    async def story() -> None:
        async with Journey(FakeEngine()) as journey:
            await journey_to(journey, "review")
            assert "[ Recovery kit… ]" in journey.text()
            await journey.press("f4")
            assert "[ Recovery kit... ]" in journey.text()
            assert journey.text().isascii()
            await journey.press("f1")
            assert journey.text().isascii(), "also a dialog over it"
            await journey.press("escape", "escape")
            assert "+ Select" in journey.text()
            assert journey.text().isascii(), "and the page before"
            await journey.press("f4")
            assert "✓ Select" in journey.text()

    asyncio.run(story())


@pytest.mark.parametrize("width", range(1, 24))
def test_shortened_padded_and_cut_texts_have_the_width_that_was_asked_for(width: int) -> None:
    for text in ("数据库/数据.db", "/srv/datafold/node.db", "größe.db", ""):
        assert cell_len(wording.shortened(text, width)) <= width
        assert cell_len(wording.padded(text, width)) == width
        assert cell_len(wording.cut(text, width)) == width


def test_a_qr_code_stays_dark_on_light_without_colours() -> None:
    code = Style.parse(words._DARK_ON_LIGHT).rich_style
    other = Style.parse("ansi_red on ansi_blue").rich_style
    drawn = [Segment("▀ ", code), Segment("words", other), Segment("plain", None)]
    kept, without, bare = ColoursOfCodes().apply(drawn, Color.parse("black"))
    assert kept.style == code
    assert without.style is not None
    assert without.style.color is not None
    assert (without.style.color.is_default, bare.style) == (True, None)
