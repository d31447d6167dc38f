"""Changes of the keys of a protected database: what takes a moment here, what takes long as a job."""

from __future__ import annotations

from contextlib import ExitStack

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from wizard import engine
from wizard.api.answers import PassphraseChanged
from wizard.api.callers import Action
from wizard.api.describe import answers
from wizard.api.models import PassphraseRequest
from wizard.api.node import Node
from wizard.api.strict_json import StrictRoute

router = APIRouter(prefix="/api/crypto", tags=["changing"], route_class=StrictRoute)


@router.post(
    "/passphrase", responses=answers(200, PassphraseChanged, 404, 409, 415, 422, 423, 429, 503, 507)
)
async def change_passphrase(request: Request, body: PassphraseRequest) -> Response:
    """Replace the passphrase by a new one: a new master key, signed by the old one."""
    node: Node = request.app.state.node
    caller = request.state.caller
    with ExitStack() as stack:
        secrets = {
            "passphrase": stack.enter_context(body.passphrase.secret),
            "new_passphrase": stack.enter_context(body.new_passphrase.secret),
        }
        if body.keyfile is not None:
            secrets["keyfile"] = stack.enter_context(body.keyfile.secret)
        view, metadata = node.protected(caller, Action.PASSPHRASE, body.database)
        params: engine.KdfParams = metadata.master_slot.params
        chosen = None
        if body.parameters is not None or body.preset is not None:
            params = await node.params(view, body)
            chosen = {
                "memory_kib": params.memory_kib, "passes": params.passes, "lanes": params.lanes
            }  # fmt: skip
        arguments = {
            "path": str(view.path),
            "params": chosen,
            "minimum_score": view.crypto.minimum_score,
        }
        async with node.change(view):
            changed = await node.tried(
                view, caller, "change_passphrase", arguments, secrets,
                memory_kib=max(params.memory_kib, node.unlock_memory_kib(metadata)),
            )  # fmt: skip
    return JSONResponse({"database": view.name, **changed})
