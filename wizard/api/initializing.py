"""An initialization over HTTP: done once, answered as often as its owner asks.

- The idempotency key is the owner's alone: it seals the receipt, so the key is a secret of the
  same worth as the recovery kit until the receipt is acknowledged.
- The receipt is written, and read back to prove the kit, before the database is replaced.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from wizard import engine
from wizard.api import receipts
from wizard.api.databases import DatabaseView
from wizard.api.models import InitRequest
from wizard.api.node import Node
from wizard.refusals import InvalidRequest


async def initialize(node: Node, view: DatabaseView, request: InitRequest, owner_key: str) -> Any:
    """Return the answer, of this or of the same earlier request.

    Raises `AlreadyProtected` where another request has protected it, `Busy` while one does.
    """
    with ExitStack() as stack:
        key = stack.enter_context(engine.receipt_key(owner_key))
        secrets = {"receipt_key": key}
        for name, given in (("passphrase", request.passphrase), ("keyfile", request.keyfile)):
            if given is not None:
                secrets[name] = stack.enter_context(given.secret)
        digest = _digest(request, owner_key)
        async with node.change(view):
            earlier = receipt_of(node, view, owner_key, key)
            if earlier is not None:
                if earlier["request"] != digest:
                    raise InvalidRequest("This Idempotency-Key was used for another request.")
                return earlier
            _refuse_protected(view)
            params = await node.params(view, request)
            node.receipts.mkdir(parents=True, exist_ok=True, mode=0o700)
            arguments = {
                "path": str(view.path),
                "params": {
                    "memory_kib": params.memory_kib,
                    "passes": params.passes,
                    "lanes": params.lanes,
                },
                "cipher": request.cipher or view.crypto.cipher,
                "recovery": None if request.recovery is None else request.recovery.model_dump(),
                "original": request.original,
                "minimum_score": view.crypto.minimum_score,
                "generate": request.generate_words,
                "receipt": str(_place(node, owner_key)),
                "request": digest,
            }
            async with node.admission.admitted(params.memory_kib):
                return await node.pool.run("initialize", arguments, secrets)


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
    if metadata is None or found["database_id"] != metadata.database_id.hex():
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


def _digest(request: InitRequest, owner_key: str) -> str:
    """Tell requests apart, under the owner's key: of a digest alone a passphrase could be guessed."""
    public = request.model_dump(mode="json", exclude={"passphrase", "keyfile"})
    digest = hashlib.blake2b(
        json.dumps(public, sort_keys=True).encode(),
        key=hashlib.blake2b(owner_key.encode()).digest(),
        digest_size=32,
    )
    for given in (request.passphrase, request.keyfile):
        digest.update(b"\0")
        if given is not None:
            with given.secret.expose() as view:
                digest.update(view)
    return digest.hexdigest()
