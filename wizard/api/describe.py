"""The parts of the OpenAPI description that routes share: every error that each can answer.

An error stands there once, as an example, and is named wherever it can be the answer.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from wizard.api.answers import Problem
from wizard.api.problems import MEDIA_TYPE, document_of
from wizard.diagnostics import Explanation
from wizard.error_table import TABLE
from wizard.version import PROGRAM

_REASONS = {
    400: "The request, or its Host header, cannot be served.",
    401: "No token, or none that counts here.",
    403: "The token does not allow it, or the passphrase is wrong.",
    404: "No such database, receipt or job, or its file is not there.",
    405: "Another method.",
    409: "Already protected, not protected, busy, or not as it should be.",
    413: "A body over 256 KiB.",
    415: "A body that is not application/json.",
    416: "The file ends before the range that is asked for.",
    422: "A member that cannot be used; each is named.",
    423: "An earlier step was interrupted.",
    429: "Too many wrong passphrases.",
    500: "A file cannot be read, or something that should not happen did.",
    503: "All memory for key derivations is in use.",
    507: "No space left.",
}
_EVERYWHERE = (400, 401, 403, 413, 500)
_WAITS = (429, 503)


def answers(status: int, model: type[BaseModel], *errors: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route: its answer, and the errors besides those of all."""
    return {status: {"model": model}, **problems(*_EVERYWHERE, *errors)}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of errors."""
    return {status: _problem(status) for status in sorted(set(statuses))}


def _problem(status: int) -> dict[str, Any]:
    codes = sorted({row.code for row in TABLE.values() if row.http_status == status})
    told = f" Codes: {', '.join(codes)}." if codes else ""
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if codes:
        content["examples"] = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    described: dict[str, Any] = {
        "description": _REASONS[status] + told,
        "content": {MEDIA_TYPE: content},
    }
    if status in _WAITS:
        described["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}
        }
    return described


def _examples() -> dict[str, Any]:
    """Every error that can be an answer; what is told besides depends on the case."""
    found = {}
    for row in TABLE.values():
        if row.http_status in _REASONS:
            told = Explanation(
                code=row.code,
                exit_code=row.exit_code,
                http_status=row.http_status,
                message=f"{row.code.replace('_', ' ').capitalize()}. {row.assurance}".strip(),
                hint=row.hint.replace("{program}", PROGRAM).replace("{path}", "PATH"),
            )
            found[row.code] = {"value": document_of(told, row.http_status)}
    return found


def complete(app: FastAPI) -> None:
    """Add to the description what no route refers to by itself."""
    described = app.openapi()
    components = described.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas["Problem"] = schema
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["examples"] = _examples()
    components["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A grant (`datafold-wizard grant`), a node token (`datafold-wizard token`) "
            "or, for databases without a master key, the bootstrap token.",
        }
    }
    described["security"] = [{"token": []}]
    for path in ("/healthz", "/readyz"):
        described["paths"][path]["get"]["security"] = []
