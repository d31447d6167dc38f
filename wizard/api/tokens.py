"""Node tokens: for what is not about one database's master key, such as metrics or a first init.

- Only the hash of a token is kept. It is 256 random bits, so a fast hash is enough.
- The file is its owner's alone (0600), or none of its tokens counts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from wizard import engine
from wizard.refusals import Fault, InvalidConfiguration

PREFIX = "dfn_"
_TOKEN_BYTES = 32
_ID_BYTES = 4
_MAXIMUM_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class NodeToken:
    """What one token allows; ``databases`` is empty for all. Times are seconds since 1970."""

    id: str
    name: str
    role: str
    databases: tuple[str, ...]
    created_at: int
    expires_at: int
    digest: str


def draw_token() -> str:
    """Return a new token: 256 bits from the operating system."""
    raw = base64.urlsafe_b64encode(os.urandom(_TOKEN_BYTES)).rstrip(b"=")
    return PREFIX + raw.decode("ascii")


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.blake2b(token.encode(), digest_size=32, person=b"dfw-node-token").hexdigest()


def new_token(
    name: str, *, role: str, databases: tuple[str, ...], lifetime: timedelta, now: datetime
) -> tuple[str, NodeToken]:
    """Return a token, which is not kept, and what is kept of it."""
    token = draw_token()
    created = int(now.timestamp())
    return token, NodeToken(
        id=os.urandom(_ID_BYTES).hex(),
        name=name,
        role=role,
        databases=databases,
        created_at=created,
        expires_at=created + int(lifetime.total_seconds()),
        digest=digest_of(token),
    )


def read_tokens(path: Path) -> tuple[NodeToken, ...]:
    """Return all tokens of a file; none if there is no file.

    Raises `InvalidConfiguration` if others may read or write it, or if it is damaged.
    """
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise _fault(path, f"must be a file for its owner alone. Run: chmod 600 {path}")
        data = engine.read_regular(path, limit=_MAXIMUM_BYTES)
    except FileNotFoundError:
        return ()
    try:
        return tuple(_token(each) for each in json.loads(data)["tokens"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _fault(path, "is damaged. Remove it, and make new tokens.") from None


def write_tokens(path: Path, tokens: tuple[NodeToken, ...]) -> None:
    """Replace the file in one step. Raises what writing raises."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = json.dumps({"tokens": [asdict(each) for each in tokens]}, indent=2).encode() + b"\n"
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    engine.create_file(staged, data)
    staged.replace(path)


class TokenFile:
    """The tokens of a file by their digests, read again when the file has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: object = None
        self._by_digest: Mapping[str, NodeToken] = {}

    def find(self, token: str) -> NodeToken | None:
        """Return what a token allows, if it is one and has not ended. Raises as `read_tokens`."""
        self._refresh()
        found = self._by_digest.get(digest_of(token))
        if found is None or datetime.now(UTC).timestamp() >= found.expires_at:
            return None
        return found

    def _refresh(self) -> None:
        try:
            facts = self.path.lstat()
            stamp: object = (facts.st_mtime_ns, facts.st_ino, facts.st_size, facts.st_mode)
        except FileNotFoundError:
            stamp = "absent"
        if stamp != self._stamp:
            self._by_digest = {each.digest: each for each in read_tokens(self.path)}
            self._stamp = stamp


def _token(value: Any) -> NodeToken:
    token = NodeToken(**{**value, "databases": tuple(value["databases"])})
    engine.Role(token.role)
    kinds = get_type_hints(NodeToken)
    for each in fields(token):
        kind = get_origin(kinds[each.name]) or kinds[each.name]
        if type(getattr(token, each.name)) is not kind:
            raise TypeError(each.name)
    if not all(isinstance(name, str) for name in token.databases):
        raise TypeError("databases")
    return token


def _fault(path: Path, message: str) -> InvalidConfiguration:
    return InvalidConfiguration((Fault(str(path), 0, "", message),))
