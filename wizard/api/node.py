"""The server's one object: its databases, its workers, its budget and its gate."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard import engine
from wizard.api.admission import Admission
from wizard.api.callers import Action, Caller, Gate
from wizard.api.databases import DatabaseView
from wizard.api.jobs import Jobs
from wizard.api.metrics import Metrics
from wizard.api.place import backups_directory, receipts_directory, tokens_file
from wizard.api.pool import Pool, WorkFailed
from wizard.api.throttle import Throttle
from wizard.api.tokens import TokenFile, digest_of
from wizard.refusals import InvalidRequest
from wizard.settings import Settings

_PRESET_CEILING_KIB = 1024 * 1024
_DEFAULT_PRESET = "balanced"


@dataclass(slots=True)
class Node:
    """Made by `node_of`; everything in it belongs to the event loop's thread."""

    settings: Settings
    views: dict[str, DatabaseView]
    gate: Gate
    pool: Pool
    admission: Admission
    throttle: Throttle
    metrics: Metrics
    receipts: Path
    backups: Path
    jobs: Jobs
    changing: dict[str, asyncio.Lock]
    _presets: dict[str, engine.KdfParams] = field(default_factory=dict)
    _measuring: asyncio.Lock = field(default_factory=asyncio.Lock)

    def view(self, caller: Caller, action: Action, name: str) -> DatabaseView:
        """Return a database. Raises `Forbidden`, or `InvalidRequest` (404) for an unknown name."""
        caller.need(action, name)
        view = self.views.get(name)
        if view is None:
            raise InvalidRequest("No database of that name is configured here.", http_status=404)
        return view

    def protected(
        self, caller: Caller, action: Action, name: str
    ) -> tuple[DatabaseView, engine.Metadata]:
        """Return a database and its metadata. Raises besides the error of its state."""
        view = self.view(caller, action, name)
        found = view.look().inspection
        if found.error is not None or found.metadata is None:
            raise found.error or engine.DamagedMetadata(found.reason)
        return view, found.metadata

    def unlock_memory_kib(self, metadata: engine.Metadata) -> int:
        """Return what trying a passphrase takes at the most: the master's slot, or an operator's."""
        operators = (slot.params.memory_kib for slot in metadata.operator_slots)
        return max((metadata.master_slot.params.memory_kib, *operators))

    @asynccontextmanager
    async def change(self, view: DatabaseView) -> AsyncIterator[None]:
        """Hold a database for a change of its keys. Raises `Busy` at once if another does."""
        self.refuse_while_changing(view)
        async with self.changing[view.name]:
            yield

    def refuse_while_changing(self, view: DatabaseView) -> None:
        """Raise `Busy` if a request or a job is changing this database."""
        if self.changing[view.name].locked():
            raise engine.Busy("Another request or job is at work on the keys of this database.")

    async def tried(
        self, view: DatabaseView, caller: Caller, verb: str, arguments: dict[str, Any],
        secrets: dict[str, engine.Secret], *, memory_kib: int, **watched: Any,
    ) -> Any:  # fmt: skip
        """Run a verb that a wrong passphrase can fail: throttled, admitted, counted."""
        with self.throttle.attempt(view.name, caller.name) as right:
            try:
                async with self.admission.admitted(memory_kib):
                    result = await self.pool.run(verb, arguments, secrets, **watched)
            except WorkFailed as error:
                if error.explanation.code == "wrong_passphrase":
                    self.metrics.wrong_passphrase(view.name)
                raise
            right()
        return result

    async def params(self, view: DatabaseView, cost: Any) -> engine.KdfParams:
        """Return what a request's cost, or the configuration's, means in numbers.

        Raises `InvalidRequest` for less than the configuration asks for, `InvalidParameters`.
        """
        wanted = view.crypto.parameters()
        if cost.parameters is not None:
            params: engine.KdfParams = cost.parameters.params()
            params.check()
            if wanted is not None and (
                params.memory_kib < wanted.memory_kib or params.passes < wanted.passes
            ):
                raise InvalidRequest("parameters: the configuration asks for more than this.")
            return params
        if cost.preset is None and wanted is not None:
            return wanted
        return await self._preset(cost.preset or view.crypto.preset or _DEFAULT_PRESET)

    async def _preset(self, name: str) -> engine.KdfParams:
        if name in engine.RFC_9106_SETS:
            return engine.RFC_9106_SETS[name]
        async with self._measuring:
            if name not in self._presets:
                most = min(
                    self.admission.budget_kib,
                    engine.machine_limit().unattended_kib // 2,
                    _PRESET_CEILING_KIB,
                )
                async with self.admission.admitted(most):
                    found = await self.pool.run(
                        "calibrate", {"preset": name, "maximum_memory_kib": most}
                    )
                self._presets[name] = engine.KdfParams(**found)
        return self._presets[name]


def node_of(settings: Settings, *, bootstrap: str = "") -> Node:
    """Build it. ``bootstrap`` is the token itself; only its digest is kept.

    Raises `InvalidConfiguration` for a token file that others may read.
    """
    views = {
        name: DatabaseView(name, each.path, each.crypto)
        for name, each in settings.databases.items()
    }
    budget = settings.api.memory_budget or engine.machine_limit().unattended_kib
    places = max(1, engine.usable_processors())
    admission = Admission(budget_kib=budget, places=places)
    tokens = TokenFile(tokens_file(settings))
    tokens.find("")
    gate = Gate(
        views,
        tokens,
        bootstrap=digest_of(bootstrap) if bootstrap else "",
        trusted_user=os.geteuid() if settings.api.trust_socket_owner else None,
    )
    return Node(
        settings=settings,
        views=views,
        gate=gate,
        pool=Pool(places),
        admission=admission,
        throttle=Throttle(),
        metrics=Metrics(admission, views),
        receipts=receipts_directory(settings),
        backups=backups_directory(settings),
        jobs=Jobs(),
        changing={name: asyncio.Lock() for name in views},
    )
