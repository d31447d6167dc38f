"""A finished output, such as a backup, gets its name; or nothing of it is there."""

from __future__ import annotations

import os
from pathlib import Path

from wizard.engine.errors import AlreadyProtected, OutputExists
from wizard.engine.sidecar import publish
from wizard.engine.tidying import tidy


def give_name(made: Path, output: Path) -> None:
    """Let the complete file ``made`` have the name ``output``, durably, unless that is taken.

    Raises `OutputExists`, `NoSpace` or `Unreadable`; there is no ``output`` of ours then.
    """
    try:
        publish(made, output)
    except AlreadyProtected:
        raise OutputExists(output) from None
    except BaseException:
        if not os.path.lexists(made):  # It had its name already, but the disk did not confirm it.
            tidy(output)
        raise
