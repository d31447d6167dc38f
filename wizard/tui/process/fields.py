"""What is typed lives here, in a `Secret` per field; only lengths, scores and matches leave.

- A key is taken whole or refused with a sentence; a refused key changes nothing.
- The strength is computed on another thread, of the newest text only: an older result is dropped.
- `Fields.reveal` is the one exception to the rule above: it is for drawing while it is asked for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum

from wizard import engine
from wizard.engine import Secret

MAXIMUM_BYTES = 4 * engine.MAXIMUM_CHARACTERS  # a character is at most four bytes in UTF-8

_CONTINUATION_MASK = 0b1100_0000
_CONTINUATION = 0b1000_0000

Tell = Callable[[Mapping[str, object]], None]


class Field(StrEnum):
    """The fields of the screens, by what is typed into them."""

    FIRST = "first"
    SECOND = "second"
    RECALL = "recall"
    GENERATED = "generated"
    CURRENT = "current"


class Fields:
    """The text of every field, its count of characters, and the comparisons between them."""

    def __init__(self) -> None:
        self._secrets = {field: Secret.allocate(MAXIMUM_BYTES) for field in Field}

    def type(self, field: Field, text: str) -> str | None:
        """Append ``text``; None, or the sentence that says why nothing was taken."""
        if any(unicodedata.category(character) == "Cc" for character in text):
            return "Control characters and line breaks cannot be part of a passphrase."
        if "\ufffd" in text:
            return "That character did not arrive intact from the terminal."
        try:
            data = bytearray(text, "utf-8")
        except UnicodeEncodeError:
            return "That character did not arrive intact from the terminal."
        with Secret.take(data) as key, key.expose() as view:
            if self.characters(field) + len(text) > engine.MAXIMUM_CHARACTERS:
                return f"A passphrase has at most {engine.MAXIMUM_CHARACTERS:,} characters."
            self._secrets[field].append(view)
        return None

    def erase(self, field: Field) -> None:
        """Take the last character away, all of its bytes."""
        secret = self._secrets[field]
        with secret.expose() as view:
            length = len(view)
            while length > 0:
                length -= 1
                if view[length] & _CONTINUATION_MASK != _CONTINUATION:
                    break
        secret.truncate(length)

    def clear(self, field: Field) -> None:
        """Wipe one field."""
        self._secrets[field].truncate(0)

    def clear_all(self) -> None:
        """Wipe every field."""
        for field in Field:
            self.clear(field)

    def put(self, field: Field, text: Secret) -> None:
        """Replace what the field holds by a copy of ``text``."""
        self.clear(field)
        with text.expose() as view:
            self._secrets[field].append(view)

    def is_generated(self, field: Field) -> bool:
        """Whether the field holds what was drawn last, unchanged."""
        drawn = self._secrets[Field.GENERATED]
        return bool(len(drawn)) and self._secrets[field].equals(drawn)

    def characters(self, field: Field) -> int:
        """Return how many characters (code points, as typed) the field holds."""
        with self._secrets[field].expose() as view:
            return sum(byte & _CONTINUATION_MASK != _CONTINUATION for byte in view)

    def reveal(self, field: Field) -> str:
        """Return the text, for the screen to draw while it is asked to show it."""
        with self._secrets[field].expose() as view:
            return str(view, "utf-8")

    def copy(self, field: Field) -> Secret:
        """Return the text as a `Secret` of the caller's, who closes it."""
        with self._secrets[field].expose() as view:
            return Secret.copy_of(view)

    def matches(self, field: Field, accepted: Secret | None) -> bool | None:
        """Compare first with second, or recall with ``accepted``; None while a side is empty."""
        if field is Field.RECALL:
            return self._recalls(accepted)
        first, second = self._secrets[Field.FIRST], self._secrets[Field.SECOND]
        return first.equals(second) if len(first) and len(second) else None

    def _recalls(self, accepted: Secret | None) -> bool | None:
        typed = self._secrets[Field.RECALL]
        if accepted is None or not len(typed):
            return None
        try:
            # What was accepted is in normal form, so what is compared with it must be, too.
            with engine.passphrase_from(typed) as recalled:
                return recalled.equals(accepted)
        except engine.InvalidPassphrase:
            return False
