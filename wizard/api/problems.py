"""Errors as RFC 9457 problem documents, in the words of the one diagnostics table.

What a client sent is never repeated: a validation message names the member, not its value.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from wizard.api.pool import WorkFailed
from wizard.diagnostics import explain
from wizard.refusals import FieldFault, InvalidRequest, NotAuthenticated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from wizard.diagnostics import Explanation

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:datafold-wizard:problem:"
_WORDS = {
    400: "The request is malformed.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The body is larger than any request has to be.",
    415: "The body has to be application/json.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document and the headers that go with it."""

    status: int
    document: dict[str, Any]
    headers: dict[str, str]

    def response(self) -> Response:
        """Return it as an answer."""
        body = json.dumps(self.document, ensure_ascii=False).encode()
        return Response(body, self.status, self.headers, MEDIA_TYPE)


def problem(error: BaseException, *, path: Any = None) -> Problem:
    """Return the document for any error. Never raises."""
    headers: dict[str, str] = {}
    if isinstance(error, RequestValidationError):
        error = InvalidRequest(
            "The request has members that cannot be used.", faults=_field_faults(error.errors())
        )
    elif isinstance(error, HTTPException):
        status = error.status_code
        headers.update(error.headers or {})  # which methods it takes
        error = InvalidRequest(_WORDS.get(status, _WORDS[400]), http_status=status)
    told: Explanation = (
        error.explanation if isinstance(error, WorkFailed) else explain(error, path=path)
    )
    status = getattr(error, "http_status", told.http_status)
    document = document_of(told, status)
    faults: Sequence[FieldFault] = getattr(error, "faults", ())
    if isinstance(error, InvalidRequest) and faults:
        document["errors"] = [{"field": each.field, "message": each.message} for each in faults]
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return Problem(status, document, headers)


def document_of(told: Explanation, status: int) -> dict[str, Any]:
    """Return the document that says what an explanation says."""
    document: dict[str, Any] = {
        "type": _TYPE + told.code,
        "title": told.code.replace("_", " ").capitalize(),
        "status": status,
        "detail": told.message,
        **told.as_dict(),
    }
    del document["message"]
    return document


async def answer(_request: Request, error: Exception) -> Response:
    """Answer an exception of a route."""
    return problem(error).response()


def _field_faults(errors: Sequence[Any]) -> tuple[FieldFault, ...]:
    return tuple(FieldFault(_where(each), _said(each)) for each in errors)


def _where(error: Any) -> str:
    parts = [str(part) for part in error["loc"]]
    if error["type"] == "extra_forbidden":
        # The name of a member nobody knows is something that was sent, too.
        del parts[-1]
    if parts[:1] == ["body"] and (len(parts) == 1 or parts[1].isdigit()):
        return "body"
    return ".".join(part for part in (parts[1:] or parts) if not part.startswith("function-"))


_SAID = {
    "json_invalid": "is not JSON, or names a member twice",
    "missing": "is missing",
    "extra_forbidden": "has an unknown member",
    "string_pattern_mismatch": "does not have the form that it must have",
    "greater_than_equal": "is at least {ge}",
    "less_than_equal": "is at most {le}",
    "string_too_short": "has at least {min_length} characters",
    "string_too_long": "has at most {max_length} characters",
    "too_long": "has at most {max_length} items",
    "literal_error": "is one of {expected}",
}


def _said(error: Any) -> str:
    # Pydantic's types, not its words and never its context beyond a bound: those may quote.
    kind = str(error["type"])
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    words = _SAID.get(kind)
    return f"is not valid ({kind})" if words is None else words.format(**error.get("ctx", {}))
