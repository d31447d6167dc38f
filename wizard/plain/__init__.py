"""The wizard as plain questions, one after another: for screen readers, dumb terminals and scripts.

It asks what the screens ask, in their order, and does the same with the answers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.invocation import Invocation


def run(asked: Invocation) -> int:
    """Run the plain wizard and return the exit code of the process."""
    from wizard.cli import program  # noqa: PLC0415 - loads Click; only when it is wanted
    from wizard.plain.asking import use_ascii  # noqa: PLC0415 - the same
    from wizard.plain.conversation import Conversation  # noqa: PLC0415 - the same

    # The commands that are run from here speak in lines, too: nothing is drawn over.
    os.environ["ACCESSIBLE"] = os.environ.get("ACCESSIBLE") or "1"
    if asked.ascii:
        use_ascii()

    def work() -> int:
        return Conversation.begin(asked).hold()

    return program.guarded(work, path=asked.path)
