"""What is wrong: it looks the same on every page and in every dialog."""

from __future__ import annotations

from textual.content import Content

from wizard.tui.glyphs import CROSS


def complaint(sentence: str) -> Content:
    """The sentence with its mark; nothing for ""."""
    return Content.styled(f"{CROSS} {sentence}", "bold $error") if sentence else Content("")
