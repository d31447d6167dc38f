"""A request's body is JSON as RFC 8259 has it, and names no member twice: two readers of it agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response


class StrictRoute(APIRoute):
    """A route whose body is read strictly; anything else is an error of its form (422)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's, over a request that reads its body so."""
        handler = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strictly


class _StrictRequest(Request):
    async def json(self) -> Any:
        body = await self.body()
        try:
            return json.loads(body, object_pairs_hook=_unique, parse_constant=_refuse)
        except ValueError:
            # Not the error itself: it holds the whole document.
            raise json.JSONDecodeError("", "", 0) from None


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("twice")
    return found


def _refuse(_constant: str) -> Any:
    raise ValueError("not of JSON")
