"""Answers from a file as what the screens propose: nothing is skipped, each step is only set."""

from __future__ import annotations

from pathlib import Path

from wizard import engine
from wizard.plain.answers import read_answers
from wizard.tui.answers.cost import OtherMachine
from wizard.tui.answers.kit import Plan
from wizard.tui.session import WizardSession


def prefill(session: WizardSession, answers: str) -> str | None:
    """Write the answers into the session; return the database that they name.

    Raises `UsageProblem` for a file that cannot be read, `InvalidInput` for an impossible plan.
    """
    given = read_answers(Path(answers))
    if given.preset is not None:
        session.chosen = given.preset
    if given.target_time is not None:
        session.chosen, session.time_text = "time", f"{given.target_time:g}"
    if given.smaller_memory_mib is not None:
        slower = 1.0 if given.smaller_slower is None else given.smaller_slower
        session.other = OtherMachine(given.smaller_memory_mib * 1024, slower)
    if given.has_numbers:
        session.chosen = "custom"
        numbers = (given.memory_mib, given.passes, given.lanes)
        session.custom_fields = tuple("" if each is None else str(each) for each in numbers)  # type: ignore[assignment]
    if given.cipher is not None:
        session.cipher = given.cipher
    if given.original is not None:
        session.original = given.original
    if given.recovery is not None and given.recovery != "none":
        plan = engine.RecoveryPlan.parse(given.recovery, holders=given.holders or ())
        session.plan = Plan(plan.threshold, plan.shares, given.holders or ())
    return given.database
