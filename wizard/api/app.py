"""The application: routes, error answers and the guard around them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

import wizard
from wizard.api import describe, guard, problems
from wizard.api.jobs import remove_old
from wizard.api.node import Node
from wizard.api.pool import WorkFailed
from wizard.api.routes import auditing, changing, health, jobs, protecting, reading
from wizard.engine import WizardError

_TEXT = """\
The engine of datafold-wizard over HTTP. Passphrases go in bodies only; answers are never cached.
Errors are problem documents (RFC 9457) whose `code` never changes between releases.
"""


def create_app(node: Node) -> guard.Guard:
    """Return the whole application, guarded."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        remove_old(node.backups)
        yield
        await node.jobs.end()
        node.pool.close()

    app = FastAPI(
        title="datafold-wizard",
        version=wizard.__version__,
        description=_TEXT,
        lifespan=lifespan,
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    app.state.node = node
    for module in (health, reading, protecting, changing, auditing, jobs):
        app.include_router(module.router)
    for kind in (WizardError, WorkFailed, OSError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)
    describe.complete(app)
    return guard.Guard(
        app,
        node.gate,
        hosts=_hosts(node),
        headers=_headers(node),
        count=node.metrics.request,
    )


async def _answer(request: Request, error: Exception) -> Response:
    return await problems.answer(request, error)


def _hosts(node: Node) -> frozenset[str]:
    api = node.settings.api
    names = {"localhost", "127.0.0.1", "[::1]", *(host.lower() for host in api.allowed_hosts)}
    if api.unix_socket is None:
        names.add(f"[{api.host}]" if ":" in api.host else api.host.lower())
    else:
        names.add("")  # there is no host at the end of a socket
    return frozenset(names)


def _headers(node: Node) -> dict[str, str]:
    headers = dict(guard.SECURITY_HEADERS)
    if node.settings.api.tls_key is not None:
        headers |= guard.HSTS
    if node.settings.environment == "development":
        headers |= guard.DEVELOPMENT
    return headers
