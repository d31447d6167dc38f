"""What each verb of the engine process is told: the answers of this session, none of them secret."""

from __future__ import annotations

from typing import Any

from wizard.tui.errand import Errand
from wizard.tui.session import WizardSession


def order(errand: Errand, session: WizardSession) -> dict[str, Any]:
    """The fields of the request that carries an errand out."""
    upkeep, target = session.upkeep, session.target
    fields: dict[str, Any] = {"path": target.path if target else ""}
    if "present" in errand.way or errand.op in {"change.recover", "change.start_over"}:
        fields["allow_high_cost"] = upkeep.allow_high_cost
    choice = session.choice
    if "derivation" in errand.way and choice is not None and choice.parameters is not None:
        fields["params"] = choice.parameters.as_fields()
        fields["allow_high_cost"] |= choice.parameters in session.consented
    if "sheets" in errand.way:
        fields["sheets"] = upkeep.sheets_given
    if errand.new_kit:
        fields["recovery"] = session.plan.as_fields()
    if "file" in errand.way:
        fields["file"] = upkeep.file
    if errand.typed_name and upkeep.overview is not None:
        fields["confirm"] = upkeep.overview.name
    return {**fields, **_of_its_own(errand, session)}


def _of_its_own(errand: Errand, session: WizardSession) -> dict[str, Any]:
    """What one verb is told and no other."""
    upkeep = session.upkeep
    if errand.op == "operator.rename":
        return {"label": upkeep.label, "new_label": upkeep.new_label}
    if errand.op.startswith("operator."):
        return {"label": upkeep.label}
    if errand.op == "change.rotate":
        return {"cipher": upkeep.cipher or None}
    if errand.op == "change.start_over":
        return {"cipher": session.cipher}
    return {}
