"""Whether the process lives, whether the node is as it should be, and its numbers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from wizard import node as checks
from wizard.api.answers import Health, Ready
from wizard.api.callers import Action
from wizard.api.describe import problems
from wizard.api.metrics import CONTENT_TYPE
from wizard.api.node import Node

router = APIRouter(tags=["health"])


@router.get("/healthz", responses={200: {"model": Health}, **problems(400, 413, 500)})
async def healthz() -> Response:
    """Answer as long as the process does. Needs no token."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    responses={
        200: {"model": Ready},
        **problems(400, 413, 500),
        503: {"model": Ready, "description": "A database is not as the configuration says."},
    },
)
async def readyz(request: Request) -> Response:
    """Tell whether every enabled database is as the configuration says. Needs no token."""
    node: Node = request.app.state.node
    ready = all(
        checks.fault(checks.Target(view.name, view.path, view.crypto), view.look().inspection)
        is None
        for view in node.views.values()
    )
    return JSONResponse({"ready": ready}, 200 if ready else 503)


@router.get(
    "/metrics",
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **problems(400, 401, 403, 413, 500),
    },
)
async def metrics(request: Request) -> Response:
    """Return the node's numbers for Prometheus, and those of the databases that the token is for."""
    node: Node = request.app.state.node
    caller = request.state.caller
    caller.need(Action.METRICS)
    return Response(node.metrics.render(caller.sees), media_type=CONTENT_TYPE)
