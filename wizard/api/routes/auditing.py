"""The audit log: its newest entries, and whether all of it is as it was written."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from wizard import engine
from wizard.api.answers import AuditLog, AuditVerified
from wizard.api.callers import Action
from wizard.api.describe import answers
from wizard.api.node import Node
from wizard.api.routes.reading import Name
from wizard.refusals import InvalidRequest

router = APIRouter(prefix="/api/crypto", tags=["audit"])
Last = Annotated[int, Query(ge=1, le=1000, description="How many.")]


@router.get("/audit/{name}", responses=answers(200, AuditLog, 404, 409, 422, 503))
async def audit(request: Request, name: Name, last: Last = 100) -> Response:
    """Return the newest entries of the audit log."""
    node: Node = request.app.state.node
    view = node.view(request.state.caller, Action.AUDIT, name)
    async with node.admission.admitted(0):
        entries = await node.pool.run("read_audit", {"path": str(view.path), "last": last})
    return JSONResponse({"database": name, "entries": entries})


@router.get(
    "/audit/{name}/verification", responses=answers(200, AuditVerified, 404, 409, 422, 423, 503)
)
async def verification(request: Request, name: Name) -> Response:
    """Verify the whole audit log; what was removed, changed or reordered is named in the error."""
    node: Node = request.app.state.node
    view = node.view(request.state.caller, Action.AUDIT, name)
    if not engine.audit_path(view.path.resolve()).exists():
        raise InvalidRequest("This database has no audit log.", http_status=404)
    async with node.admission.admitted(0):
        report = await node.pool.run("verify_audit", {"path": str(view.path)})
    return JSONResponse({"database": name, **report})
