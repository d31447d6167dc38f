"""Who asks, and what that allows: decided here and nowhere else.

- Three kinds of token: a grant (signed by a database's master key), a node token (hash on this
  node), and the bootstrap token (for databases that have no master key yet). Over a unix socket the
  server's own user needs none, if the configuration says so.
- A refusal does not tell whether a token is unknown, ended, revoked or of an older generation.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from wizard import engine
from wizard.api.tokens import NodeToken, TokenFile, digest_of
from wizard.engine import Role
from wizard.node import fingerprints
from wizard.refusals import Fault, Forbidden, InvalidConfiguration, NotAuthenticated

if TYPE_CHECKING:
    from wizard.api.databases import DatabaseView


log = logging.getLogger("wizard.api")


class Action(StrEnum):
    """What can be asked for."""

    STATUS = "status"
    PUBLIC_KEY = "public-key"
    VERIFY = "verify"
    AUDIT = "audit"
    METRICS = "metrics"
    VALIDATE = "validate"
    UNLOCK = "unlock"
    BACKUP = "backup"
    INIT = "init"
    RECEIPT = "receipt"
    PASSPHRASE = "passphrase"  # noqa: S105 - the name of an action
    ROTATE = "rotate"
    RECOVER = "recover"


_AUDITOR = frozenset(
    {Action.STATUS, Action.PUBLIC_KEY, Action.VERIFY, Action.AUDIT, Action.METRICS}
)
_OPERATOR = _AUDITOR | {Action.UNLOCK, Action.BACKUP, Action.VALIDATE}
ALLOWED: Mapping[Role, frozenset[Action]] = {
    Role.AUDITOR: _AUDITOR,
    Role.OPERATOR: _OPERATOR,
    Role.OWNER: frozenset(Action),
}
BOOTSTRAP = frozenset({Action.STATUS, Action.VALIDATE, Action.INIT, Action.RECEIPT})


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a token. ``databases`` is None for all of the node."""

    name: str
    actions: frozenset[Action]
    databases: frozenset[str] | None = None
    bootstrap: bool = False

    def sees(self, database: str) -> bool:
        """Whether that database is among those that the token is for."""
        return self.databases is None or database in self.databases

    def need(self, action: Action, database: str | None = None) -> None:
        """Raise `Forbidden` unless the token allows it."""
        if action not in self.actions or not (database is None or self.sees(database)):
            raise Forbidden("This token does not allow that.")


@dataclass(slots=True)
class Gate:
    """Turns what a request carries into a `Caller`."""

    views: Mapping[str, DatabaseView]
    tokens: TokenFile | None = None
    bootstrap: str = field(default="", repr=False)  # the digest, never the token
    trusted_user: int | None = None

    def caller(self, authorization: str, peer: int | None) -> Caller:
        """Raise `NotAuthenticated` if there is nothing that counts."""
        scheme, _, token = authorization.partition(" ")
        if not authorization and peer is not None and peer == self.trusted_user:
            return Caller(f"user {peer}", ALLOWED[Role.OWNER])
        if scheme.lower() != "bearer" or not token or not token.isascii():
            raise NotAuthenticated("This needs a token.")
        found = self._granted(token) if token.startswith("eyJ") else self._node(token)
        if found is None:
            raise NotAuthenticated("This token does not count here.")
        return found

    def _node(self, token: str) -> Caller | None:
        if self.bootstrap and hmac.compare_digest(digest_of(token), self.bootstrap):
            return Caller("bootstrap", BOOTSTRAP, bootstrap=True)
        known = self._known(token)
        if known is None:
            return None
        databases = frozenset(known.databases) or None
        return Caller(f"token {known.id}", ALLOWED[Role(known.role)], databases)

    def _known(self, token: str) -> NodeToken | None:
        try:
            return None if self.tokens is None else self.tokens.find(token)
        except InvalidConfiguration as error:
            # Who asks has not shown who he is: where the file is, and what about it, is for the log.
            log.error("%s", error)  # noqa: TRY400 - a traceback would say nothing more
            said = "The tokens of this node cannot be used. Its log says why."
            raise InvalidConfiguration((Fault("", 0, "", said),)) from None

    def _granted(self, token: str) -> Caller | None:
        database_id = engine.claimed_database(token)
        for name, view in self.views.items():
            found = view.look().inspection
            metadata = found.metadata
            if metadata is None or metadata.database_id != database_id:
                continue
            # Anybody can make a master key and a sidecar that names it.
            pinned = view.crypto.fingerprint
            if not found.opens or (pinned is not None and pinned not in fingerprints(metadata)):
                return None
            try:
                grant = engine.verify_grant(token, metadata, now=datetime.now(UTC))
            except engine.NotVerified:
                return None
            return Caller(f"grant {grant.id}", ALLOWED[grant.role], frozenset({name}))
        return None
