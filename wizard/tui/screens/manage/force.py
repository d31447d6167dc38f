"""The new kit has opened the database; at one more word the new keys are put in force."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui import wording
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.base import StepScreen
from wizard.tui.screens.help import Explanation
from wizard.tui.upkeep import Progressed
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.beginning import Beginning
from wizard.tui.widgets.fingerprint_pair import FingerprintPair


class ForceScreen(StepScreen):
    """The point of no return, named as such."""

    STEP: ClassVar[int] = 0
    TITLE_TEXT: ClassVar[str] = "putting the new keys in force"
    EXPLAINED: ClassVar[Explanation] = Explanation(
        what="Until now the old keys are in force. This puts the new ones in their place.",
        choose="Note the new fingerprint. Going back shows the kit again; nothing is lost.",
        after="What was done, and what is worth doing next.",
    )
    HINTS: ClassVar[str] = "Enter press   Esc back   F1 help   Ctrl+C quit"

    def page(self) -> Iterable[Widget]:
        """Both fingerprints, and what ends."""
        keys, prepared = self.session.upkeep.keys, self.session.prepared
        yield Beginning(
            Content.styled("✓ The new kit alone opened the database.", "bold $success"),
            classes="lead",
        )
        before = keys.fingerprint if keys else ""
        yield FingerprintPair(
            before, prepared.fingerprint if prepared else "", id="pair", coming=True
        )
        yield Static(Content(self._sentence()), id="ends", classes="paragraph")

    def _sentence(self) -> str:
        found, errand = self.session.upkeep.overview, self.session.upkeep.errand
        keys = self.session.upkeep.keys
        name = wording.shortened(found.name, 40) if found else ""
        if errand is not None and errand.op == "change.start_over":
            return f"{name} is then new and empty. The old files get dated names beside it."
        if errand is not None and errand.op == "change.recover":
            return f"The forgotten passphrase and the old words then open {name} no longer."
        if keys is not None and keys.shares:
            return f"The old words then open {name} no longer. The passphrase stays."
        return f"The words then open {name}. The passphrase stays."

    def actions(self) -> Iterable[Action]:
        """The one thing left to do."""
        yield Action("Put it in force", id="next")
        yield Action("Back to the kit", id="back")

    async def proceed(self) -> None:
        """Commit, and believe only what is on disk."""
        self.tell("Putting it in force…")
        button = self.query_one("#next", Action)
        button.disabled = True
        upkeep = self.session.upkeep
        upkeep.progressed = Progressed.UNDER_WAY

        def on_progress(event: dict[str, Any]) -> None:
            if self.is_attached and event.get("detail"):
                self.tell(f"Putting it in force… {event['detail']}")

        notes = {"kit_proved": "done", "kit_saved": "done", **self.session.kit_notes}
        try:
            upkeep.answer = await self.engine.request(
                "change.commit", on_progress=on_progress, **notes
            )
        except EngineError:
            upkeep.progressed = Progressed.WAITING
            button.disabled = False
            raise
        upkeep.progressed = Progressed.DONE
        self.session.prepared = None
        self.engine.send("forget")
        self.go_on()

    def go_back(self) -> None:
        """Back to the sheets; the proof stands."""
        self.wizard.show_step("kit")
