"""Names of our own that serve nothing more are taken away, if the disk lets us.

What happened is told, and never hidden behind a name that stays: a disk that refuses this one would
else let a change that is in force look as if it had failed. What stays is known for what it is, and
taken away by the next run.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def tidy(*paths: Path) -> None:
    """Take these names away, where they are there and the disk lets us. Raises nothing for it."""
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)
