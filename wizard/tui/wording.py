"""Numbers and names as people read them; every screen says the same thing the same way."""

from __future__ import annotations

import math
from base64 import b64encode
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from wizard.tui.glyphs import ELLIPSIS

STRENGTH_WORDS = ("very weak", "weak", "fair", "strong", "very strong")
CIPHER_NAMES = {"aegis": "AEGIS-256", "chacha20": "ChaCha20-Poly1305", "sqlcipher": "SQLCipher 4"}
CIPHER_NOTES = {
    "aegis": "fast with AES instructions",
    "chacha20": "fast without AES instructions",
    "sqlcipher": "opens in official SQLCipher",
}

_KIBI = 1024
_LARGEST_PLAIN_EXPONENT = 6
_LONGEST_PATH = 240


def size(count: int) -> str:
    """`count` bytes in binary units, three figures at least."""
    if count < _KIBI:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        value /= _KIBI
        if value < _KIBI:
            return f"{value:.1f} {unit}"
    return f"{value / _KIBI:.1f} TiB"


def memory(kib: int) -> str:
    """Memory of a key derivation, from KiB."""
    if kib >= _KIBI * _KIBI and kib % (_KIBI * _KIBI) == 0:
        return f"{kib // (_KIBI * _KIBI)} GiB"
    return f"{kib // _KIBI} MiB" if kib >= _KIBI else f"{kib} KiB"


def seconds(value: float) -> str:
    """A measured time: two figures after the point below ten seconds, `m:ss` from a minute."""
    if value < 10:  # noqa: PLR2004 - the two limits of the sentence above
        return f"{value:.2f} s"
    if value < 60:  # noqa: PLR2004
        return f"{value:.0f} s"
    return f"{int(value) // 60}:{int(value) % 60:02d} min"


def about(value: float) -> str:
    """A time that is foretold: `about a second`, `about 40 s`, `about 3 min`."""
    if value < 1.5:  # noqa: PLR2004 - rounded it is one
        return "about a second"
    return f"about {value:.0f} s" if value < 90 else f"about {value / 60:.0f} min"  # noqa: PLR2004 - a minute and a half


def seconds_left(value: float) -> str:
    """A time that is estimated, no finer than the estimate is."""
    if value < 1:
        return "about a second left"
    if value < 60:  # noqa: PLR2004 - a minute
        return f"about {value:.0f} s left"
    if value < 90 * 60:
        return f"about {math.ceil(value / 60)} min left"
    return f"about {value / 3600:.1f} h left"


def guesses(log10: float) -> str:
    """How many guesses a passphrase stands."""
    if log10 <= _LARGEST_PLAIN_EXPONENT:
        return f"about {round(10**log10):,} guesses"
    return f"about 10^{round(log10)} guesses"


def count(number: int, noun: str) -> str:
    """`1 table`, `12 tables`, with thousands separated."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def spread(fastest: float | None, slowest: float | None, runs: int) -> str:
    """Between which times how many runs lay: `0.94–1.07 of 3`; nothing for a single run."""
    if fastest is None or slowest is None or runs < 2:  # noqa: PLR2004 - one run has no spread
        return ""
    return f"{fastest:.2f}–{slowest:.2f} of {runs}"


def rate(bytes_per_second: float) -> str:
    """A throughput: `912 MiB/s`."""
    mebibytes = bytes_per_second / (1 << 20)
    return f"{mebibytes / _KIBI:.1f} GiB/s" if mebibytes >= _KIBI else f"{mebibytes:.0f} MiB/s"


def work(memory_kib: int, passes: int) -> str:
    """The work of one guess: `64 MiB and 3 passes`."""
    return f"{memory(memory_kib)} and {passes} {'pass' if passes == 1 else 'passes'}"


def day(timestamp: str) -> str:
    """An RFC 3339 time as a date and time of day of this place."""
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return printable(timestamp)
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def printable(text: str) -> str:
    """`text` with what a terminal would obey, or not show, replaced by a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def cells(text: str) -> int:
    """How many columns `text` takes."""
    return cell_len(text)


def shortened(text: str, width: int) -> str:
    """`text` in at most `width` columns; the middle goes, since both ends of a path tell most."""
    text = printable(text)
    if cell_len(text) <= width:
        return text
    room = max(0, width - 1)
    head = room // 3
    end = set_cell_size(text[::-1], room - head)[::-1]
    return f"{set_cell_size(text, head)}{ELLIPSIS}{end}"


def path(text: str) -> str:
    """A path where lines are folded: whole, as long as it is not as long as a page."""
    return shortened(text, _LONGEST_PATH)


def padded(text: str, width: int) -> str:
    """`text` in exactly `width` columns, for a table: shortened in the middle, or filled up."""
    short = shortened(text, width)
    return short + " " * (width - cell_len(short))


def cut(text: str, width: int) -> str:
    """`text` in exactly `width` columns, without its end where it is too long."""
    if cell_len(text) > width:
        return set_cell_size(text, max(0, width - 1)) + ELLIPSIS
    return text + " " * (width - cell_len(text))


def dollars(amount: float) -> str:
    """What an attack costs, to one or two figures: the estimate is no better."""
    for limit, divisor, word in ((1e6, 1, ""), (1e9, 1e6, " million"), (1e12, 1e9, " billion")):
        if amount < limit:
            return f"{_rounded(amount / divisor)}{word} USD"
    if amount < 1e15:  # noqa: PLR2004 - the last word that people use
        return f"{_rounded(amount / 1e12)} trillion USD"
    return f"10^{round(math.log10(amount))} USD"


def _rounded(amount: float) -> str:
    if amount < 1:
        return "under 1"
    digits = 1 - math.floor(math.log10(amount))
    return f"{round(amount, digits):,.0f}" if amount >= 10 else f"{amount:.2g}"  # noqa: PLR2004 - two figures


def clipboard(text: str) -> str:
    """What asks a terminal to take public ``text`` to its clipboard: OSC 52, as xterm has it."""
    return f"\x1b]52;c;{b64encode(text.encode()).decode()}\a"
