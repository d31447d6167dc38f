"""Whether this terminal and this locale are likely to show more than ASCII.

Standard library only: it is asked by the screen, by the plain questions and by the commands.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

_PLAIN_TERMINALS = re.compile(r"(linux|vt|ansi|cons|sun|wyse|dumb|unknown|pcansi|xterm-old)")
_LOCALE_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG")


def suits_ascii(environment: Mapping[str, str]) -> bool:
    """Whether this terminal or this locale is likely to draw ruins: then ASCII comes first."""
    if _PLAIN_TERMINALS.match(environment.get("TERM", "").lower()):
        return True
    locale = next((environment[name] for name in _LOCALE_VARIABLES if environment.get(name)), "C")
    return not re.search(r"utf-?8", locale, re.IGNORECASE)


def first_environment() -> Mapping[str, str]:
    """The environment that this process was given.

    Python changes LC_CTYPE to C.UTF-8 when it is started in the C locale (PEP 538); what the
    terminal can draw is not changed by that.
    """
    try:
        block = Path("/proc/self/environ").read_bytes()
    except OSError:
        return os.environ
    pairs = (os.fsdecode(entry).partition("=") for entry in block.split(b"\0") if entry)
    given = {name: value for name, _equals, value in pairs}
    locale = {name: given.get(name, "") for name in _LOCALE_VARIABLES}
    return {**os.environ, **locale}
