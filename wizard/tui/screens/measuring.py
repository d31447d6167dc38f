"""Measuring for step 3: what the pages share, and the question before much memory is used."""

from __future__ import annotations

from typing import Any

from wizard.tui import wording
from wizard.tui.answers.cost import Choice
from wizard.tui.engine_client import EngineError
from wizard.tui.parameters import Parameters
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.confirm import ConfirmScreen
from wizard.tui.screens.dialog_help import MEMORY_HELP


class MeasuringScreen(StepScreen):
    """A page of step 3."""

    def measuring(self, sentence: str) -> None:
        """Say what is being measured."""
        raise NotImplementedError

    def measured(self) -> None:
        """Say again what stood there before."""
        raise NotImplementedError

    async def measure(self, parameters: Parameters, name: str, *, runs: int = 1) -> Choice | None:
        """Measure; None when the administrator does not want so much memory used."""
        self.tell("")
        self.measuring(f"Measuring {wording.work(parameters.memory_kib, parameters.passes)}…")
        allow = parameters in self.session.consented
        fields: dict[str, Any] = parameters.as_fields()
        try:
            answer = await self.engine.request(
                "measure", **fields, allow_high_cost=allow, runs=runs
            )
        except EngineError as error:
            self.measured()
            if error.error_class != "ResourceLimit" or allow:
                raise
            if not await self._consents(error.message):
                return None
            self.session.consented.add(parameters)
            return await self.measure(parameters, name, runs=runs)
        return Choice.from_answer(name, answer)

    async def _consents(self, limit: str) -> bool:
        return await self.app.push_screen_wait(
            ConfirmScreen(
                "Use more memory than this machine gives without asking?",
                f"{limit}\n\nEvery unlock will need that much free memory, and will ask again on "
                "a machine where it is over the limit.",
                yes="Use it",
                no="Choose another",
                explained=MEMORY_HELP,
            )
        )
