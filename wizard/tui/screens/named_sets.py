"""The named sets of step 3 are measured one after the other, and each is shown as soon as it is."""

from __future__ import annotations

from typing import Any

from wizard.tui.answers.cost import Choice, CipherSpeed
from wizard.tui.screens.derivation_rows import FIXED, PRESETS, runs_for
from wizard.tui.screens.measuring import MeasuringScreen
from wizard.tui.screens.smaller_machine import FLOOR_KIB


class NamedSetsScreen(MeasuringScreen):
    """The page that shows the sets and the ciphers; what was measured is kept in the session."""

    def show_sets(self) -> None:
        """Show what is known of the sets by now."""
        raise NotImplementedError

    def show_ciphers(self) -> None:
        """Show what is known of the ciphers by now."""
        raise NotImplementedError

    def selected(self) -> Choice | None:
        """The set that is chosen, once it was measured."""
        raise NotImplementedError

    def cap(self) -> dict[str, Any]:
        """The limit that a smaller machine sets, as fields of a request."""
        other = self.session.other
        return {"maximum_memory_kib": other.memory_cap(floor_kib=FLOOR_KIB)} if other else {}

    def sets_measured(self) -> bool:
        """Whether all are, those for the picture included."""
        return all(self.session.choice_named(name) for name in (*PRESETS, *FIXED))

    async def measure_sets(self) -> None:
        """Measure the sets that are not measured yet; each can be taken as soon as it is."""
        self.measuring("Measuring this machine…")
        machine = await self.engine.request("machine")
        self.session.machine = machine
        self.session.recommended_cipher = machine["recommended_cipher"]
        self.show_ciphers()

        def on_progress(event: dict[str, Any]) -> None:
            if event.get("detail") and self.selected() is None:
                self.measuring(f"Measuring this machine… {event['detail']}")

        for name in (*PRESETS, *FIXED):
            if self.session.choice_named(name) is None:
                answer = await self.engine.request(
                    "preset", on_progress=on_progress, name=name, **self._known(), **self.cap()
                )
                self.session.choices = [*self.session.choices, Choice.from_answer(name, answer)]
                self.show_sets()
                if self.selected() is not None:
                    self.tell("")  # whoever was in a hurry was told to wait

    def _known(self) -> dict[str, Any]:
        """What is known of a set that was fitted to this machine: it foretells the next."""
        for choice in reversed(self.session.choices):
            if choice.name in PRESETS and choice.parameters is not None:
                params = choice.parameters.as_fields()
                return {"known": {"params": params, "seconds": choice.seconds}}
        return {}

    async def measure_ciphers(self) -> None:
        """Measure what each cipher does here."""
        answer = await self.engine.request("ciphers")
        self.session.cipher_speeds = {
            row["cipher"]: CipherSpeed(row["write_bytes_per_second"], row["read_bytes_per_second"])
            for row in answer["ciphers"]
        }
        self.show_ciphers()

    async def measure_spreads(self) -> None:
        """Measure every set more often, the chosen one first: one lucky number is none."""
        names = sorted(PRESETS, key=lambda name: name != self.session.chosen)
        for name in names:
            choice = self.session.choice_named(name)
            if choice is None or choice.parameters is None or choice.seconds is None:
                continue
            runs = runs_for(choice.seconds)
            if choice.runs >= runs:
                continue
            fields: dict[str, Any] = choice.parameters.as_fields()
            answer = await self.engine.request(
                "measure", **fields, allow_high_cost=False, runs=runs
            )
            self.replace(Choice.from_answer(name, answer))
            self.show_sets()

    def replace(self, measured: Choice) -> None:
        """Put another measurement of a set in the place of the one before."""
        self.session.choices = [
            measured if row.name == measured.name else row for row in self.session.choices
        ]
