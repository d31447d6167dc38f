"""Node configuration: one file, the environment over it, command-line options over both.

- It holds public values only. A secret in it is refused, and is never repeated in a message.
- Every fault is named by where it stands: file, line and key, or the variable.
- Loading it costs pydantic; `wizard.settings.finding` tells without pydantic whether there is any.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.settings.finding import find_file
    from wizard.settings.loading import Loaded, Origin, load
    from wizard.settings.model import ApiSettings, CryptoSettings, DatabaseSettings, Settings

__all__ = [
    "ApiSettings",
    "CryptoSettings",
    "DatabaseSettings",
    "Loaded",
    "Origin",
    "Settings",
    "find_file",
    "load",
]

_HOMES = {
    "ApiSettings": "model",
    "CryptoSettings": "model",
    "DatabaseSettings": "model",
    "Settings": "model",
    "Loaded": "loading",
    "Origin": "loading",
    "load": "loading",
    "find_file": "finding",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
