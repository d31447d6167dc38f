"""An initialization or a recovery over HTTP: done once, answered as often as its owner asks.

- The idempotency key is the owner's alone: it seals the receipt, so the key is a secret of the
  same worth as the recovery kit until the receipt is acknowledged.
- The receipt is written, and read back to prove the kit, before the database is replaced.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from wizard import engine
from wizard.api import receipts
from wizard.api.callers import Caller
from wizard.api.databases import DatabaseView
from wizard.api.models import InitRequest, RecoverRequest
from wizard.api.node import Node
from wizard.node import fingerprints
from wizard.refusals import InvalidRequest

Secrets = Mapping[str, engine.Secret]


async def initialize(node: Node, view: DatabaseView, request: InitRequest, owner_key: str) -> Any:
    """Return the receipt, of this or of the same earlier request.

    Raises `AlreadyProtected` where another request has protected it, `Busy` while one does.
    """

    async def work(common: dict[str, Any], secrets: Secrets) -> Any:
        _refuse_protected(view)
        params = await node.params(view, request)
        arguments = {
            "params": _numbers(params),
            "cipher": request.cipher or view.crypto.cipher,
            "original": request.original,
        }
        async with node.admission.admitted(params.memory_kib):
            return await node.pool.run("initialize", common | arguments, dict(secrets))

    return await _once(node, view, request, owner_key, work)


async def recover(
    node: Node, view: DatabaseView, caller: Caller, request: RecoverRequest, owner_key: str
) -> Any:
    """Return the receipt, of this or of the same earlier request.

    Raises the error of the database's state, and `Busy` while another request changes its keys.
    """

    async def work(common: dict[str, Any], secrets: Secrets) -> Any:
        found = view.look().inspection
        if found.error is not None or found.metadata is None:
            raise found.error or engine.DamagedMetadata(found.reason)
        params, chosen = found.metadata.master_slot.params, None
        if request.parameters is not None or request.preset is not None:
            params = await node.params(view, request)
            chosen = _numbers(params)
        return await node.tried(
            view, caller, "recover", common | {"params": chosen}, dict(secrets),
            memory_kib=params.memory_kib,
        )  # fmt: skip

    return await _once(node, view, request, owner_key, work)


async def _once(
    node: Node,
    view: DatabaseView,
    request: InitRequest | RecoverRequest,
    owner_key: str,
    work: Callable[[dict[str, Any], Secrets], Awaitable[Any]],
) -> Any:
    with ExitStack() as stack:
        given = {name: stack.enter_context(secret) for name, secret in _secrets(request).items()}
        key = stack.enter_context(engine.receipt_key(owner_key))
        digest = _digest(request, given, owner_key)
        async with node.change(view):
            earlier = receipt_of(node, view, owner_key, key)
            if earlier is not None:
                if earlier["request"] != digest:
                    raise InvalidRequest("This Idempotency-Key was used for another request.")
                return earlier
            node.receipts.mkdir(parents=True, exist_ok=True, mode=0o700)
            common = {
                "path": str(view.path),
                "recovery": None if request.recovery is None else request.recovery.model_dump(),
                "minimum_score": view.crypto.minimum_score,
                "generate": request.generate_words,
                "receipt": str(_place(node, owner_key)),
                "request": digest,
            }
            return await work(common, {**given, "receipt_key": key})


def receipt_of(
    node: Node, view: DatabaseView, owner_key: str, key: engine.Secret
) -> dict[str, Any] | None:
    """Return the receipt of the database as it is protected now, if that key has one."""
    metadata = view.look().inspection.metadata
    try:
        found = receipts.opened(_place(node, owner_key), key)
    except FileNotFoundError:
        return None
    # One of a run that was killed before it replaced anything answers nothing.
    if metadata is None or found["fingerprint"] not in fingerprints(metadata):
        return None
    return found


def acknowledge(node: Node, owner_key: str) -> None:
    """The owner has everything: remove the receipt. Harmless if there is none."""
    if node.receipts.is_dir():
        engine.remove_receipt(_place(node, owner_key))


def answer_of(view: DatabaseView, receipt: dict[str, Any]) -> dict[str, Any]:
    """Return the receipt as an answer."""
    answer = {name: value for name, value in receipt.items() if name not in {"request", "path"}}
    found = view.look()
    answer["database"] = view.name
    answer["metadata"] = found.report.get("metadata")
    answer["plaintext_left"] = [str(path) for path in found.inspection.plaintext_left]
    return answer


def _place(node: Node, owner_key: str) -> Path:
    return node.receipts / engine.receipt_name(owner_key)


def _refuse_protected(view: DatabaseView) -> None:
    found = view.look().inspection
    if found.state is engine.State.PROTECTED and found.metadata is not None:
        raise engine.AlreadyProtected(
            f"{view.name} is already protected; its fingerprint is "
            f"{found.metadata.public_key.fingerprint}."
        )
    startable = {engine.State.ABSENT, engine.State.PLAINTEXT, engine.State.INTERRUPTED}
    if found.error is not None and found.state not in startable:
        raise found.error


def _secrets(request: InitRequest | RecoverRequest) -> dict[str, engine.Secret]:
    found = {}
    for name, given in (("passphrase", request.passphrase), ("keyfile", request.keyfile)):
        if given is not None:
            found[name] = given.secret
    if isinstance(request, RecoverRequest):
        found |= {f"sheet{number:02}": each.secret for number, each in enumerate(request.sheets)}
    return found


def _digest(request: InitRequest | RecoverRequest, given: Secrets, owner_key: str) -> str:
    """Tell requests apart, under the owner's key: of a digest alone a passphrase could be guessed."""
    public = request.model_dump(mode="json", exclude={"passphrase", "keyfile", "sheets"})
    digest = hashlib.blake2b(
        json.dumps([type(request).__name__, public], sort_keys=True).encode(),
        key=hashlib.blake2b(owner_key.encode()).digest(),
        digest_size=32,
    )
    for name, secret in sorted(given.items()):
        with secret.expose() as view:
            digest.update(f"\0{name} {len(view)}\0".encode())
            digest.update(view)
    return digest.hexdigest()


def _numbers(params: engine.KdfParams) -> dict[str, int]:
    return {"memory_kib": params.memory_kib, "passes": params.passes, "lanes": params.lanes}
