"""Encrypt SQLite databases under a master key that exists nowhere but in a passphrase.

>>> import wizard
>>> with wizard.unlock("node.db", passphrase) as database:  # doctest: +SKIP
...     database.connection.execute("SELECT count(*) FROM customers").get
"""

from __future__ import annotations

from wizard.version import __version__

# Not from typing: importing that takes longer than everything else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.engine import Database, Secret, WizardError, initialize, inspect, unlock, verify

__all__ = [
    "Database",
    "Secret",
    "WizardError",
    "__version__",
    "initialize",
    "inspect",
    "unlock",
    "verify",
]


def __getattr__(name: str) -> object:
    # The engine is loaded at the first use: `import wizard` alone costs next to nothing.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wizard import engine  # noqa: PLC0415

    value: object = getattr(engine, name)
    globals()[name] = value
    return value
