"""The wizard as plain questions, one after another: for screen readers, dumb terminals and scripts.

It asks what the screens ask, in their order, and does the same with the answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.invocation import Invocation


def run(asked: Invocation) -> int:
    """Run the plain wizard and return the exit code of the process."""
    from wizard.cli import program  # noqa: PLC0415 - loads Click; only when it is wanted
    from wizard.plain.conversation import Conversation  # noqa: PLC0415 - the same

    def work() -> int:
        return Conversation.begin(asked).hold()

    return program.guarded(work, path=asked.path)
