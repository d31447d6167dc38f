"""What can be told without any secret: status, public key, and whether a signature is one of it."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response

from wizard import engine
from wizard.api.answers import AllStatus, PublicKey, Status, Verified
from wizard.api.callers import Action
from wizard.api.describe import answers
from wizard.api.models import VerifyRequest
from wizard.api.node import Node
from wizard.api.strict_json import StrictRoute
from wizard.refusals import FieldFault, InvalidRequest
from wizard.version import PROGRAM

router = APIRouter(prefix="/api/crypto", tags=["reading"], route_class=StrictRoute)
Name = Annotated[
    str, Path(description="As in the configuration.", max_length=64, examples=["orders"])
]
JSON = "application/json"


@router.get("/status", responses=answers(200, AllStatus))
async def all_status(request: Request) -> Response:
    """Tell the status of every database that the token is for."""
    node: Node = request.app.state.node
    caller = request.state.caller
    caller.need(Action.STATUS)
    bodies = [view.look().body for name, view in node.views.items() if caller.sees(name)]
    return Response(b'{"databases": [' + b", ".join(bodies) + b"]}", media_type=JSON)


@router.get("/status/{name}", responses=answers(200, Status, 404, 422))
async def status(request: Request, name: Name) -> Response:
    """Tell what a database is and how it is protected."""
    node: Node = request.app.state.node
    view = node.view(request.state.caller, Action.STATUS, name)
    return Response(view.look().body, media_type=JSON)


@router.get("/public-key/{name}", responses=answers(200, PublicKey, 404, 409, 422, 423))
async def public_key(request: Request, name: Name) -> Response:
    """Return the public half of the master key as JWK, PEM, OpenSSH line and hexadecimal."""
    node: Node = request.app.state.node
    _view, metadata = node.protected(request.state.caller, Action.PUBLIC_KEY, name)
    key = metadata.public_key
    point = base64.urlsafe_b64encode(key.raw).rstrip(b"=").decode("ascii")
    return JSONResponse(
        {
            "database": name,
            "fingerprint": key.fingerprint,
            "generation": metadata.generation,
            "jwk": {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": point,
                "kid": key.fingerprint,
                "use": "sig",
                "alg": "EdDSA",
            },
            "pem": key.pem(),
            "openssh": key.openssh(f"{PROGRAM} {name}"),
            "hex": key.hex,
        }
    )


@router.post("/verify", responses=answers(200, Verified, 404, 409, 415, 422, 423))
async def verify(request: Request, body: VerifyRequest) -> Response:
    """Tell whether a signature is one of the master key, or of the one of an earlier generation."""
    node: Node = request.app.state.node
    _view, metadata = node.protected(request.state.caller, Action.VERIFY, body.database)
    generation = body.generation or metadata.generation
    if generation > metadata.generation:
        fault = FieldFault("generation", f"is at most {metadata.generation}")
        raise InvalidRequest("There is no such generation yet.", faults=(fault,))
    key = engine.MasterPublicKey(metadata.chain[generation - 1].master_public_key)
    try:
        key.verify(body.message, body.signature)
        valid = True
    except engine.NotVerified:
        valid = False
    return JSONResponse(
        {
            "database": body.database,
            "valid": valid,
            "fingerprint": key.fingerprint,
            "generation": generation,
        }
    )
