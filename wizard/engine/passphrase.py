"""The same passphrase typed anywhere gives the same bytes: RFC 8265's OpaqueString, in a `Secret`.

- Spaces of any kind become U+0020, then NFC; nothing else is changed, nothing is trimmed.
- Refused, with a code: what cannot be typed again reliably (controls, invisible and unassigned
  characters), and what shows that a passphrase was damaged on its way (U+FFFD, bad UTF-8).
- Messages never quote the passphrase, nor a character, nor a position in it.

Bytes that are all printable ASCII never become a `str`, and a `str` of ASCII never becomes bytes
but in the `Secret`. Others must (normalisation works on `str`), and zxcvbn makes many of all; those
are overwritten once they are freed, which is before a function of this module returns.
"""

from __future__ import annotations

import gc
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from wizard import freed
from wizard.engine.advice import plain
from wizard.engine.errors import InvalidPassphrase, WeakPassphrase
from wizard.engine.secret import Secret

MAXIMUM_CHARACTERS = 1024
"""Counted after normalisation."""

# No canonical decomposition is longer than four characters, none longer than four bytes: more
# than this cannot come down to the maximum, and is refused before any work.
_MAXIMUM_BYTES = MAXIMUM_CHARACTERS * 4 * 4
_STRENGTH_CHARACTERS = 72  # zxcvbn 4.5 raises above it
_VIRAMA = 9  # canonical combining class

PassphraseSource = str | bytes | bytearray | Secret | Callable[[], "PassphraseSource"]

# Default_Ignorable_Code_Point (Unicode DerivedCoreProperties) outside of categories Cf and Cn,
# which `_fault` covers.
_IGNORABLE = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0}
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)
# RFC 5892 section 2.6, DISALLOWED.
_EXCEPTIONS = frozenset({0x0640, 0x07FA, 0x302E, 0x302F, *range(0x3031, 0x3036), 0x303B})
_OLD_HANGUL = (range(0x1100, 0x1200), range(0xA960, 0xA97D), range(0xD7B0, 0xD7FC))

# A list, not a category: what is a space must not depend on the version of Unicode.
SPACES = dict.fromkeys((0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
_NEVER = {"Cc": "control", "Zl": "control", "Zp": "control", "Cs": "undecodable"}

Rule = Callable[[str, str], str | None]

_MESSAGES = {
    "empty": "The passphrase is empty.",
    "too_long": f"The passphrase is longer than {MAXIMUM_CHARACTERS:,} characters.",
    "undecodable": "The passphrase is not valid UTF-8.",
    "replacement": "The passphrase holds a replacement character (U+FFFD): it was damaged on its "
    "way here, by a wrong character set.",
    "control": "The passphrase holds a control character, such as a tab, a line break or NUL.",
    "invisible": "The passphrase holds an invisible character, as some emoji do: it could not be "
    "typed again reliably.",
    "unassigned": "The passphrase holds a character that is not in Unicode "
    f"{unicodedata.unidata_version}, the version that this Python knows.",
    "disallowed": "The passphrase holds a character that RFC 8265 does not allow (private use, "
    "old Hangul, or a mark such as the Arabic tatweel).",
}


def passphrase_from(source: PassphraseSource) -> Secret:
    """Return a passphrase that is being tried, in its one form, as a new `Secret`.

    Only what no version of this program could have accepted is refused (``empty``, ``too_long``,
    ``undecodable``, ``replacement``, ``control``); whether the rest is right is for Argon2 to tell.
    A character that is in the Unicode of the machine where the passphrase was set, but not in that
    of this Python, must not lock anybody out.

    The source stays the caller's: a `Secret` is not closed, a `bytearray` not wiped. A callable
    is called, and what it returns is used. Raises `InvalidPassphrase`, and `TypeError` for another
    kind of source.
    """
    return _prepared(source, _impossible)


def new_passphrase_from(source: PassphraseSource) -> Secret:
    """Return a passphrase that is being set, in its one form, as a new `Secret`.

    Like `passphrase_from`, and refuses besides what could not be typed again reliably:
    ``invisible``, ``unassigned`` and ``disallowed``. RFC 8265 section 4.2 over RFC 8264's
    FreeformClass. The contextual rules for visible characters (RFC 5892 appendix A.3 to A.9) are
    not applied: they guard identifiers.
    """
    return _prepared(source, _fault)


def _prepared(source: PassphraseSource, rule: Rule) -> Secret:
    try:
        return _taken(source, rule)
    finally:
        # What is of ASCII has left nothing; in a library, milliseconds count.
        if not (isinstance(source, Secret | str | bytes | bytearray) and _is_ascii(source)):
            freed.overwrite()


def _is_ascii(source: Secret | str | bytes | bytearray) -> bool:
    if isinstance(source, Secret):
        with source.expose() as view:
            return not any(byte > 0x7F for byte in view)  # noqa: PLR2004 - the last of ASCII
    return source.isascii()


def _taken(source: PassphraseSource, rule: Rule) -> Secret:
    if isinstance(source, Secret):
        with source.expose() as view:
            return _from_bytes(view, rule)
    if isinstance(source, str):
        return _from_ascii(source) if source.isascii() else _from_text(source, rule)
    if isinstance(source, bytes | bytearray):
        with memoryview(source) as view:
            return _from_bytes(view, rule)
    if callable(source):
        return _taken(source(), rule)
    raise TypeError(f"A passphrase does not come from {type(source).__name__}.")


def strip_line_ending(buffer: Secret | bytearray) -> None:
    r"""Remove exactly one ``\n`` or ``\r\n`` at the end, if there is one. In place.

    For what files, descriptors and commands deliver; nothing is removed from what is typed.
    """
    with memoryview(buffer) if isinstance(buffer, bytearray) else buffer.expose() as view:
        length = len(view)
        if length and view[length - 1] == ord("\n"):
            length -= 1
            if length and view[length - 1] == ord("\r"):
                length -= 1
    if isinstance(buffer, bytearray):
        del buffer[length:]
    else:
        buffer.truncate(length)


@dataclass(frozen=True, slots=True)
class Strength:
    """zxcvbn's opinion: a score from 0 to 4 and the decimal logarithm of the guesses needed.

    ``warning`` and ``suggestions`` are in the words of `advice`.
    """

    score: int
    guesses_log10: float
    warning: str
    suggestions: tuple[str, ...]


def strength(passphrase: Secret, *, context: Sequence[str] = ()) -> Strength:
    """Estimate how hard it is to guess. An empty passphrase takes one guess.

    ``context`` are words that an attacker would try first (the database's name, the user's).
    Only the first 72 characters are looked at, zxcvbn's limit, so that a longer passphrase is
    underestimated rather than overestimated. Bytes that are not UTF-8 are left out.
    """
    with _forgotten(youngest=True):
        return _rated(passphrase, context)


@contextmanager
def _forgotten(*, youngest: bool) -> Iterator[None]:
    """Overwrite what the block leaves behind; with ``youngest`` not what grew old before it."""
    collecting = gc.isenabled()
    # What zxcvbn leaves in cycles stays young this way, and is found without a look at all others.
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0 if youngest else 2)
        if collecting:
            gc.enable()
        freed.overwrite()


def _rated(passphrase: Secret, context: Sequence[str]) -> Strength:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its word lists take long to load

    with passphrase.expose() as view:
        start = str(view[: 4 * _STRENGTH_CHARACTERS], "utf-8", "ignore")[:_STRENGTH_CHARACTERS]
    if not start:
        return Strength(score=0, guesses_log10=0.0, warning="", suggestions=())
    found = zxcvbn(start, user_inputs=list(context))
    return Strength(
        score=int(found["score"]),
        guesses_log10=float(found["guesses_log10"]),
        warning=plain(str(found["feedback"]["warning"] or "")),
        suggestions=tuple(plain(str(each)) for each in found["feedback"]["suggestions"]),
    )


def check_strength(passphrase: Secret, minimum: int, *, context: Sequence[str] = ()) -> Strength:
    """Return the strength, or raise `WeakPassphrase` if its score is under ``minimum``."""
    with _forgotten(youngest=False):
        found = _rated(passphrase, context)
    if found.score < minimum:
        raise WeakPassphrase(score=found.score, minimum=minimum)
    return found


def _from_bytes(view: memoryview, rule: Rule) -> Secret:
    if len(view) > _MAXIMUM_BYTES:
        raise _refusal("too_long")
    if any(byte > 0x7F for byte in view):  # noqa: PLR2004 - the last of ASCII
        try:
            text = str(view, "utf-8")
        except UnicodeDecodeError:
            text = None
        if text is None:
            # Raised out here: an exception raised above would hold the bytes as its context.
            raise _refusal("undecodable")
        return _from_text(text, rule)
    if any(byte < ord(" ") or byte == 0x7F for byte in view):  # noqa: PLR2004 - DEL
        raise _refusal("control")
    _check_length(len(view))
    return Secret.copy_of(view)


def _from_ascii(text: str) -> Secret:
    """Take a text that normalisation leaves as it is, character by character: no copy is made."""
    if any(character < " " or character == "\x7f" for character in text):
        raise _refusal("control")
    _check_length(len(text))
    secret = Secret.copy_of(bytes(len(text)))
    with secret.expose() as view:
        for position, character in enumerate(text):
            view[position] = ord(character)
    return secret


def _from_text(text: str, rule: Rule) -> Secret:
    if len(text) > _MAXIMUM_BYTES:
        raise _refusal("too_long")
    normal = unicodedata.normalize("NFC", text.translate(SPACES))
    # After NFC: the jamo of decomposed Korean are allowed once composed.
    previous = ""
    for character in normal:
        fault = rule(character, previous)
        if fault is not None:
            raise _refusal(fault)
        previous = character
    _check_length(len(normal))
    return Secret.take(bytearray(normal, "utf-8"))


def _impossible(character: str, _previous: str) -> str | None:
    """What is refused in every version of Unicode: these characters never change their kind."""
    if character == "\ufffd":
        return "replacement"
    # A lone surrogate in a `str` is how Python carries undecodable bytes of the environment.
    return _NEVER.get(unicodedata.category(character))


def _fault(character: str, previous: str) -> str | None:
    code = ord(character)
    category = unicodedata.category(character)
    impossible = _impossible(character, previous)
    if impossible is not None:
        return impossible
    if character in "\u200c\u200d" and previous and unicodedata.combining(previous) == _VIRAMA:
        return None  # joiners in Indic scripts: RFC 5892 appendix A.1 and A.2
    if category == "Cf" or code in _IGNORABLE:
        return "invisible"
    if category == "Co" or code in _EXCEPTIONS or any(code in each for each in _OLD_HANGUL):
        return "disallowed"
    return "unassigned" if category == "Cn" else None


def _check_length(characters: int) -> None:
    if characters == 0:
        raise _refusal("empty")
    if characters > MAXIMUM_CHARACTERS:
        raise _refusal("too_long")


def _refusal(code: str) -> InvalidPassphrase:
    return InvalidPassphrase(code, _MESSAGES[code])
