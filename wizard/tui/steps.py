"""Every page by its name; a page is imported when it is first shown, so that the first comes early."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from wizard.tui.screens.base import StepScreen

STEPS: Mapping[str, str] = {
    "select": "select:SelectScreen",
    "passphrase": "passphrase:PassphraseScreen",
    "derivation": "derivation:DerivationScreen",
    "picture": "picture:PictureScreen",
    "review": "review:ReviewScreen",
    "generate": "generate:GenerateScreen",
    "kit": "kit:KitScreen",
    "proof": "proof:ProofScreen",
    "place": "place:PlaceScreen",
    "copies": "copies:CopiesScreen",
    "fingerprint": "fingerprint:FingerprintScreen",
    "done": "done:DoneScreen",
    "overview": "manage.overview:OverviewScreen",
    "intents": "manage.intents:IntentsScreen",
    "operators": "manage.operators:OperatorsScreen",
    "present": "manage.present:PresentScreen",
    "sheets": "manage.sheets:SheetsScreen",
    "label": "manage.label:LabelScreen",
    "file": "manage.file:FileScreen",
    "errand-review": "manage.errand_review:ErrandReviewScreen",
    "work": "manage.work:WorkScreen",
    "force": "manage.force:ForceScreen",
    "result": "manage.result:ResultScreen",
}
"""The module below `wizard.tui.screens` and the class in it, for each name of a step."""


def step(name: str) -> type[StepScreen]:
    """The page of that name. Raises `KeyError` for a name that no page has."""
    module, _, kind = STEPS[name].partition(":")
    found = getattr(import_module(f"wizard.tui.screens.{module}"), kind)
    return cast("type[StepScreen]", found)


def name_of(screen: StepScreen) -> str:
    """The name under which a page is shown; "" for one that has none."""
    place = f"{type(screen).__module__.removeprefix('wizard.tui.screens.')}:{type(screen).__name__}"
    return next((name for name, written in STEPS.items() if written == place), "")
