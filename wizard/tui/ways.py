"""The order of the pages: protecting a database has one, and each errand another.

A page asks for what follows it, so the same page serves every way that it is on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.tui.errand import Errand
    from wizard.tui.session import WizardSession

SETUP = ("select", "passphrase", "derivation", "review", "generate", "kit", "proof", "place")
SETUP_TITLES = ("Select", "Passphrase", "Key derivation", "Review", "Backup")

_TITLES = {
    "operators": "Operators",
    "present": "Passphrase now",
    "sheets": "Recovery words",
    "label": "Name",
    "file": "File",
    "passphrase": "New passphrase",
    "derivation": "Cost",
    "picture": "Cost",
    "errand-review": "Review",
    "work": "Review",
    "kit": "New kit",
    "words": "New kit",
    "proof": "New kit",
    "force": "New kit",
    "result": "Done",
}
_UNREVIEWED = "Checking"


def following(session: WizardSession, page: str) -> str:
    """The page after `page`."""
    way = _way(session)
    return way[way.index(page) + 1]


def preceding(session: WizardSession, page: str) -> str:
    """The page before `page`; before an errand's first one stands the page it was begun from."""
    errand, way = session.upkeep.errand, _way(session)
    at = way.index(page)
    if at == 0:
        return errand.origin if errand else page
    return way[at - 1]


def rail(session: WizardSession) -> tuple[str, ...]:
    """The titles of the steps of what is being done."""
    errand = session.upkeep.errand
    if errand is None:
        return SETUP_TITLES
    return tuple(dict.fromkeys(_title(errand, page) for page in errand.way))


def position(session: WizardSession, page: str) -> int:
    """Which of those steps a page belongs to, from 1; 0 for a page that is on no way."""
    errand = session.upkeep.errand
    if errand is None or page not in _TITLES:
        return 0
    title = _title(errand, page)
    titles = rail(session)
    # A single page is no way, and has no steps.
    return titles.index(title) + 1 if title in titles and titles[1:] else 0


def _title(errand: Errand, page: str) -> str:
    if page == "work" and "errand-review" not in errand.way:
        return _UNREVIEWED
    return _TITLES[page]


def _way(session: WizardSession) -> tuple[str, ...]:
    errand = session.upkeep.errand
    return SETUP if errand is None else errand.way
