"""What unlocking shall cost: a named set, a time, or numbers. One of them, not a mixture.

- Names and times become numbers by measuring this machine; numbers are taken as they are.
- The engine judges the numbers; here is only who chose them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import options
from wizard.refusals import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable

# The names of the engine's sets; a test keeps them equal. Asking the engine would load Argon2.
PRESET_NAMES = ("interactive", "balanced", "sensitive", "rfc9106-first", "rfc9106-second")
DEFAULT_PRESET = "balanced"

# What numbers that are not given are: RFC 9106's second recommended set.
_MEMORY_KIB = 64 * 1024
_PASSES = 3
_LANES = 4


@dataclass(frozen=True, slots=True)
class CostChoice:
    """The options of `cost_options`; None where one was not given."""

    preset: str | None = None
    target_time: float | None = None
    memory: int | None = None
    passes: int | None = None
    lanes: int | None = None

    def __post_init__(self) -> None:
        if sum(self._ways) > 1:
            raise UsageProblem(
                "Choose the cost by --preset, by --target-time, or by --memory, --passes and "
                "--lanes: one of the three."
            )

    @property
    def _ways(self) -> tuple[bool, bool, bool]:
        return (self.preset is not None, self.target_time is not None, self.has_numbers)

    @property
    def was_made(self) -> bool:
        """Whether anything was chosen at all."""
        return any(self._ways)

    @property
    def has_numbers(self) -> bool:
        """Whether any number was given."""
        return (self.memory, self.passes, self.lanes) != (None, None, None)

    def params(
        self, *, progress: engine.ProgressSink, cancel: engine.CancelToken
    ) -> engine.KdfParams:
        """Return the parameters, measuring where the choice is a time.

        Raises what the engine's measuring raises; numbers are not checked here.
        """
        if self.has_numbers:
            return engine.KdfParams(
                memory_kib=_MEMORY_KIB if self.memory is None else self.memory,
                passes=_PASSES if self.passes is None else self.passes,
                lanes=_LANES if self.lanes is None else self.lanes,
            )
        if self.target_time is not None:
            return engine.calibrate(self.target_time, progress=progress, cancel=cancel).params
        name = self.preset or DEFAULT_PRESET
        if name in engine.RFC_9106_SETS:
            return engine.RFC_9106_SETS[name]
        return engine.preset(name, progress=progress, cancel=cancel).params


def cost_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose the cost of unlocking."""
    for option in (
        click.option("--lanes", type=int, help="Argon2id lanes.  [default with --memory: 4]"),
        click.option("--passes", type=int, help="Argon2id passes.  [default with --memory: 3]"),
        click.option(
            "--memory",
            type=options.memory_value,
            metavar="SIZE",
            help="Argon2id memory: 256MiB, 1GiB, or a number of KiB.",
        ),
        click.option(
            "--target-time",
            type=options.seconds_value,
            metavar="TIME",
            help="The strongest parameters that unlock in this time here: 1, 0.5s, 250ms.",
        ),
        click.option(
            "--preset",
            type=click.Choice(PRESET_NAMES),
            help="A named set: unlock in about 0.25 s, 1 s or 3 s on this machine, or one of "
            f"RFC 9106.  [default: {DEFAULT_PRESET}]",
        ),
    ):
        command = option(command)
    return command
