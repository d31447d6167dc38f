"""Work that takes long: begun here, asked after here, ended here; and a backup's download."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import FileResponse, JSONResponse, Response

from wizard import engine
from wizard.api.answers import Job as JobAnswer
from wizard.api.callers import Action, Caller
from wizard.api.databases import DatabaseView
from wizard.api.describe import answers, problems
from wizard.api.jobs import Job, JobState
from wizard.api.models import BackupRequest, RotateRequest, UnlockRequest
from wizard.api.node import Node
from wizard.api.strict_json import StrictRoute
from wizard.refusals import InvalidRequest

router = APIRouter(prefix="/api", tags=["jobs"], route_class=StrictRoute)
JobId = Annotated[str, Path(max_length=32, examples=["0" * 32])]
_FILE: dict[str, Any] = {
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
}
_ONE_RANGE = re.compile(rb"bytes=([0-9]{1,18})-([0-9]{0,18})")
_ACTIONS = {"backup": Action.BACKUP, "rotate": Action.ROTATE}


@router.post(
    "/crypto/backup",
    status_code=202,
    responses=answers(202, JobAnswer, 404, 409, 415, 422, 423),
)
async def backup(request: Request, body: BackupRequest) -> Response:
    """Begin a backup: one encrypted, signed file, to be downloaded when the job is done."""
    node: Node = request.app.state.node
    view, metadata = node.protected(request.state.caller, Action.BACKUP, body.database)
    job = Job(kind="backup", database=view.name)
    node.backups.mkdir(parents=True, exist_ok=True, mode=0o700)
    job.file = node.backups / job.id
    arguments = {"path": str(view.path), "to": str(job.file)}
    return _begin(
        node, job, view, metadata=metadata, caller=request.state.caller, body=body,
        arguments=arguments,
    )  # fmt: skip


@router.post(
    "/crypto/rotate",
    status_code=202,
    responses=answers(202, JobAnswer, 404, 409, 415, 422, 423),
)
async def rotate(request: Request, body: RotateRequest) -> Response:
    """Begin to encrypt the database anew under a new data key.

    No application may have it open meanwhile. At every moment one file opens with the passphrase.
    A grant ends with the generation, so with one the job answers 401 once the keys have changed:
    ask on with a node token, or look at the database with a new grant.
    """
    node: Node = request.app.state.node
    view, metadata = node.protected(request.state.caller, Action.ROTATE, body.database)
    job = Job(kind="rotate", database=view.name)
    job.in_force = partial(_rotated, view, metadata, time.monotonic())
    arguments = {"path": str(view.path), "cipher": body.cipher}
    return _begin(
        node, job, view, metadata=metadata, caller=request.state.caller, body=body,
        arguments=arguments,
    )  # fmt: skip


@router.get("/jobs/{id}", responses=answers(200, JobAnswer, 404, 422))
async def job(request: Request, id: JobId) -> Response:  # noqa: A002 - its name in the address
    """Tell how far a job is, and what came of it."""
    node: Node = request.app.state.node
    return JSONResponse(_find(node, request.state.caller, id).document())


@router.delete(
    "/jobs/{id}",
    status_code=204,
    responses={
        204: {"description": "Asked to end, or forgotten."},
        **problems(400, 401, 403, 404, 413, 422, 500),
    },
)
async def end(request: Request, id: JobId) -> Response:  # noqa: A002
    """End a job that runs, which loses nothing; forget one that has ended, and its file.

    It goes on running until it has stopped, and is done where its change was in force by then.
    """
    node: Node = request.app.state.node
    found = _find(node, request.state.caller, id)
    request.state.caller.need(_ACTIONS[found.kind], found.database)
    node.jobs.forget(found)
    return Response(status_code=204)


@router.get(
    "/jobs/{id}/file",
    responses={
        200: _FILE,
        206: _FILE | {"description": "From where a download was cut off (`Range: bytes=N-`)."},
        **problems(400, 401, 403, 404, 409, 413, 416, 422, 500),
    },
)
async def download(request: Request, id: JobId) -> Response:  # noqa: A002
    """Return the backup that a job has made. It stays until the job is forgotten.

    One range of bytes can be asked for; any other form of Range is ignored.
    """
    node: Node = request.app.state.node
    found = _find(node, request.state.caller, id)
    request.state.caller.need(Action.BACKUP, found.database)
    if found.file is None:
        raise InvalidRequest("This job makes no file.", http_status=404)
    if found.state is not JobState.DONE:
        raise InvalidRequest("This job has made no file (yet).", http_status=409)
    _keep_one_range(request, found.file.stat().st_size)
    name = f"{found.database}.datafold-backup"
    return FileResponse(found.file, media_type="application/octet-stream", filename=name)


def _keep_one_range(request: Request, size: int) -> None:
    """Drop what the framework would answer in words of its own: it cannot be read, or is several."""
    headers = request.scope["headers"]
    asked = [value for name, value in headers if name == b"range"]
    range_ = _ONE_RANGE.fullmatch(asked[0]) if len(asked) == 1 else None
    if range_ is None or (range_[2] and int(range_[2]) < int(range_[1])):
        request.scope["headers"] = [each for each in headers if each[0] != b"range"]
    elif int(range_[1]) >= size:
        raise InvalidRequest("The file ends before that range.", http_status=416)


def _begin(
    node: Node, job: Job, view: DatabaseView, *, metadata: engine.Metadata, caller: Caller,
    body: UnlockRequest, arguments: dict[str, Any],
) -> Response:  # fmt: skip
    """Start a job with the request's secrets, which it closes when it ends."""
    node.refuse_while_changing(view)
    secrets = {"passphrase": body.passphrase.secret}
    if body.keyfile is not None:
        secrets["keyfile"] = body.keyfile.secret

    async def work() -> Any:
        with ExitStack() as stack:
            for secret in secrets.values():
                stack.enter_context(secret)
            async with node.change(view):
                return await node.tried(
                    view, caller, job.kind, arguments, secrets,
                    memory_kib=node.unlock_memory_kib(metadata),
                    told=job.told, started=job.started,
                )  # fmt: skip

    node.jobs.start(job, work)
    return JSONResponse(job.document(), 202, {"Location": f"/api/jobs/{job.id}"})


def _rotated(view: DatabaseView, before: engine.Metadata, begun: float) -> dict[str, Any] | None:
    """Return the result of a rotation that was ended, if it is in force all the same."""
    now = view.look().inspection.metadata
    if now is None or now.file_salt == before.file_salt:
        return None
    return {
        "fingerprint": now.public_key.fingerprint,
        "generation": now.generation,
        "cipher": now.cipher,
        "seconds": round(time.monotonic() - begun, 3),
        "sheets_outdated": now.recovery_slot is not None,
        "settled": None,
        "warnings": ["The job was asked to end when the new data key was in force already."],
    }


def _find(node: Node, caller: Caller, job_id: str) -> Job:
    """Return a job on a database that the token is for; any other does not exist for it."""
    caller.need(Action.STATUS)
    found = node.jobs.find(job_id)
    if found is None or not caller.sees(found.database):
        raise InvalidRequest("There is no such job (any longer).", http_status=404)
    return found
