"""Initialization, what comes before it (validation), and what comes after it (receipt, unlock)."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import JSONResponse, Response

from wizard import engine
from wizard.api.answers import Initialized, Unlocked, Validated
from wizard.api.callers import Action
from wizard.api.databases import DatabaseView
from wizard.api.describe import answers, problems
from wizard.api.initializing import acknowledge, answer_of, initialize, receipt_of, recover
from wizard.api.models import InitRequest, RecoverRequest, UnlockRequest, ValidateRequest
from wizard.api.node import Node
from wizard.api.pool import WorkFailed
from wizard.api.strict_json import StrictRoute
from wizard.refusals import InvalidRequest

router = APIRouter(prefix="/api/crypto", tags=["protecting"], route_class=StrictRoute)
OwnerKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=22,
        max_length=255,
        pattern=r"^[!-~]+$",
        description="Drawn by the client, not to be guessed (a random UUID, say), and kept secret "
        "until the receipt is acknowledged: whoever has it can fetch the recovery kit again.",
        examples=["6f1c4c2e-8a53-4f0b-9d8e-2f5d1f0c7a11"],
    ),
]
DatabaseQuery = Annotated[str, Query(max_length=64, examples=["orders"])]


@router.post(
    "/init",
    status_code=201,
    responses=answers(201, Initialized, 404, 409, 415, 422, 423, 503, 507),
)
async def init(request: Request, body: InitRequest, owner_key: OwnerKey) -> Response:
    """Protect a database, new or existing, and return its public key and recovery kit.

    The same request with the same key gets the same answer, until the receipt is acknowledged.
    """
    node: Node = request.app.state.node
    view = node.view(request.state.caller, Action.INIT, body.database)
    receipt = await initialize(node, view, body, owner_key)
    location = {"Location": f"/api/crypto/status/{view.name}"}
    return JSONResponse(answer_of(view, receipt), 201, location)


@router.post(
    "/recover", responses=answers(200, Initialized, 404, 409, 415, 422, 423, 429, 503, 507)
)
async def set_by_recovery(request: Request, body: RecoverRequest, owner_key: OwnerKey) -> Response:
    """Set a new passphrase by the recovery sheets; return the new kit. The old one stops working.

    As with an initialization, the same request with the same key gets the same answer.
    """
    node: Node = request.app.state.node
    caller = request.state.caller
    view = node.view(caller, Action.RECOVER, body.database)
    receipt = await recover(node, view, caller, body, owner_key)
    return JSONResponse(answer_of(view, receipt))


@router.get("/receipt", responses=answers(200, Initialized, 404, 409, 422))
async def receipt(request: Request, database: DatabaseQuery, owner_key: OwnerKey) -> Response:
    """Return the answer of an initialization again, as long as it is not acknowledged."""
    node: Node = request.app.state.node
    view = node.view(request.state.caller, Action.RECEIPT, database)
    with engine.receipt_key(owner_key) as key:
        found = receipt_of(node, view, owner_key, key)
    if found is None:
        raise InvalidRequest("There is no such receipt (any longer).", http_status=404)
    return JSONResponse(answer_of(view, found))


@router.delete(
    "/receipt",
    status_code=204,
    responses={
        204: {"description": "Gone, now or before."},
        **problems(400, 401, 403, 404, 413, 422, 500),
    },
)
async def acknowledge_receipt(
    request: Request, database: DatabaseQuery, owner_key: OwnerKey
) -> Response:
    """Acknowledge an initialization: passphrase and kit are safe, and forgotten here."""
    node: Node = request.app.state.node
    node.view(request.state.caller, Action.RECEIPT, database)
    acknowledge(node, owner_key)
    return Response(status_code=204)


@router.post("/validate", responses=answers(200, Validated, 404, 415, 422, 503))
async def validate(request: Request, body: ValidateRequest) -> Response:
    """Judge parameters and passphrase as an initialization would. Nothing is written."""
    node: Node = request.app.state.node
    view = node.view(request.state.caller, Action.VALIDATE, body.database)
    errors = []
    parameters = strength = None
    try:
        found = await node.params(view, body)
        parameters = {
            "memory_kib": found.memory_kib, "passes": found.passes, "lanes": found.lanes
        }  # fmt: skip
        node.admission.check(found.memory_kib)
    except (engine.InvalidParameters, InvalidRequest) as error:
        errors.append({"field": "parameters", "message": str(error)})
    if body.passphrase is not None:
        strength, fault = await _rated(node, view, body.passphrase.secret)
        if fault is not None:
            errors.append({"field": "passphrase", "message": fault})
    return JSONResponse(
        {
            "database": view.name,
            "valid": not errors,
            "parameters": parameters,
            "minimum_score": view.crypto.minimum_score,
            "strength": strength,
            "errors": errors,
        }
    )


async def _rated(node: Node, view: DatabaseView, secret: engine.Secret) -> tuple[Any, str | None]:
    context = {"context": [view.path.stem]}
    try:
        with secret:
            async with node.admission.admitted(0):
                strength = await node.pool.run("rate", context, {"passphrase": secret})
    except WorkFailed as error:
        if error.explanation.code != "invalid_passphrase":
            raise
        return None, error.explanation.message
    if strength["score"] < view.crypto.minimum_score:
        weak = engine.WeakPassphrase(score=strength["score"], minimum=view.crypto.minimum_score)
        return strength, str(weak)
    return strength, None


@router.post("/unlock", responses=answers(200, Unlocked, 404, 409, 415, 422, 423, 429, 503))
async def unlock(request: Request, body: UnlockRequest) -> Response:
    """Prove that a passphrase opens a database, and close it again."""
    node: Node = request.app.state.node
    with ExitStack() as stack:
        secrets = {"passphrase": stack.enter_context(body.passphrase.secret)}
        if body.keyfile is not None:
            secrets["keyfile"] = stack.enter_context(body.keyfile.secret)
        caller = request.state.caller
        view, metadata = node.protected(caller, Action.UNLOCK, body.database)
        opened = await node.tried(
            view, caller, "unlock", {"path": str(view.path)}, secrets,
            memory_kib=node.unlock_memory_kib(metadata),
        )  # fmt: skip
    return JSONResponse({"database": view.name, "opened": True, **opened})
