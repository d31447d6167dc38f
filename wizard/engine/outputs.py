"""A finished output, such as a backup, gets its name; or nothing of it is there."""

from __future__ import annotations

import os
from pathlib import Path

from wizard.engine.errors import AlreadyProtected, Interrupted, OutputExists, WizardError
from wizard.engine.sidecar import publish
from wizard.engine.tidying import tidy


def give_name(made: Path, output: Path) -> None:
    """Let the complete file ``made`` have the name ``output``, durably, unless that is taken.

    Raises `OutputExists`, `NoSpace` or `Unreadable`; there is no ``output`` of ours then. Raises
    `Interrupted` where the disk neither confirms it nor lets it be taken away.
    """
    try:
        publish(made, output)
    except AlreadyProtected:
        raise OutputExists(output) from None
    except BaseException as error:
        if os.path.lexists(made):
            raise
        tidy(output)
        if isinstance(error, WizardError) and os.path.lexists(output):
            raise Interrupted(
                f"{output} is there and complete, but the disk did not confirm it, and does not let it "
                f"be removed: {error}"
            ) from None
        raise
