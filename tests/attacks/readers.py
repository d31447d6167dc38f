"""Everything of this program that reads what others may have written, each as one function.

A reader takes bytes and says what became of them: the name of the error, or "as it was" for a sample
that came through unchanged. Anything accepted that is no sample raises `Accepted`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx

from tests.attacks.deeper import DEEPER, by_path
from tests.attacks.world import FIRST, SECOND, Accepted, Reader, World, as_it_was
from wizard import engine, settings
from wizard.api import tokens
from wizard.engine.audit_entry import line_of, parse_line
from wizard.engine.encoding import Malformed
from wizard.engine.kit_reading import parse_sheets
from wizard.engine.replacement import read_sidecar_bytes
from wizard.engine.sshsig import read_signature
from wizard.refusals import InvalidConfiguration

TOKEN = "b" * 43


def _sidecar(world: World) -> tuple[Reader, list[bytes]]:
    samples = list(world.sidecars)

    def read(data: bytes) -> str:
        try:
            read_sidecar_bytes(data)
        except (engine.DamagedMetadata, engine.UnsupportedVersion, engine.NotVerified) as error:
            return type(error).__name__
        return as_it_was(data, samples)

    return read, samples


def _backup(world: World) -> tuple[Reader, list[bytes]]:
    samples = [*world.backups, *world.sidecars]
    place = world.directory / "spoilt.backup"

    def read(data: bytes) -> str:
        place.write_bytes(data)
        try:
            engine.verify_backup(place)
        except engine.WizardError as error:
            return type(error).__name__
        return as_it_was(data, samples)

    return read, samples


def _log(world: World) -> tuple[Reader, list[bytes]]:
    """What an anchor or a signature that is still there covers may not have changed.

    Behind them the end may be cut off, or gain unsigned entries: FORMAT.md section 11 says so.
    """
    path = Path(f"{world.one}.audit.jsonl")
    sound = world.logs[0].split(b"\n")
    samples = list(world.logs)

    def read(data: bytes) -> str:
        path.write_bytes(data)
        try:
            engine.verify_log(world.one)
        except engine.WizardError as error:
            return type(error).__name__
        found = data.split(b"\n")
        vouched = [
            number
            for number, line in enumerate(sound)
            if b'"signature"' in line and found[number : number + 1] == [line]
        ]
        covered = max(world.metadata.audit.entries, *vouched, 0)
        if found[:covered] != sound[:covered]:
            raise Accepted(data[:200])
        return "as it was"

    return read, samples


def _entry(world: World) -> tuple[Reader, list[bytes]]:
    samples = [line for log in world.logs for line in log.split(b"\n") if line]

    def read(data: bytes) -> str:
        try:
            entry = parse_line(data)
        except Malformed:
            return "Malformed"
        if line_of(entry).rstrip(b"\n") != data:
            raise Accepted(data[:200])
        return "as it was"

    return read, samples


def _grant(world: World) -> tuple[Reader, list[bytes]]:
    samples = list(world.grants)
    sound = samples[1]

    def read(data: bytes) -> str:
        try:
            engine.verify_grant(data.decode("latin-1"), world.metadata, now=world.now)
        except engine.WizardError as error:
            return type(error).__name__
        return as_it_was(data, [sound])

    return read, samples


def _tokens(world: World) -> tuple[Reader, list[bytes]]:
    place = world.directory / "tokens.json"
    made = [
        tokens.new_token(
            str(number),
            role="auditor",
            databases=("orders",),
            lifetime=timedelta(days=1),
            now=world.now,
        )[1]
        for number in range(2)
    ]
    tokens.write_tokens(place, tuple(made))
    samples = [place.read_bytes()]

    def read(data: bytes) -> str:
        place.write_bytes(data)
        place.chmod(0o600)
        try:
            file = tokens.TokenFile(place)
            found = file.find("not a token of this node")
            other = file.find("")
        except InvalidConfiguration as error:
            return type(error).__name__
        if found or other:
            raise Accepted(data[:200])
        return "as it was"

    return read, samples


_configuration = by_path(
    "datafold.toml",
    settings.load,
    """environment = "production"
[databases.orders]
path = "orders.db"
[databases.orders.crypto]
memory = "64MiB"
passes = 3
lanes = 1
[api]
host = "127.0.0.1"
port = 8734
state = "receipts"
""",
    '[databases]\nstock = {path = "stock.db"}\n[api]\nunix-socket = "s"\nport = 0x10\n',
)


def _sheet(world: World) -> tuple[Reader, list[bytes]]:
    samples = list(world.sheets)

    def read(data: bytes) -> str:
        try:
            parse_sheets([data.decode("utf-8", "surrogateescape")])
        except engine.WizardError as error:
            return type(error).__name__
        return "as it was"

    return read, samples


def _signature(world: World) -> tuple[Reader, list[bytes]]:
    samples = [world.signature]

    def read(data: bytes) -> str:
        try:
            read_signature(data)
        except (engine.WizardError, Malformed) as error:
            return type(error).__name__
        return "as it was"

    return read, samples


def _body(world: World) -> tuple[Reader, list[bytes]]:
    """Requests over the whole application; its workers are replaced by one that always refuses."""
    from wizard.api.app import create_app
    from wizard.api.node import node_of
    from wizard.api.pool import WorkFailed
    from wizard.diagnostics import explain
    from wizard.settings import load

    place = world.directory / "body.toml"
    place.write_text(
        '[databases.orders]\npath = "one.db"\n[databases.stock]\npath = "new.db"\n[api]\n'
        'state = "receipts"\ntokens = "none.json"\n'
    )
    place.chmod(0o600)
    node = node_of(load(place).settings, bootstrap=TOKEN)
    refused = WorkFailed(
        explain(engine.WrongPassphrase("A", keyfile_expected=False, keyfile_given=False))
    )

    async def refuse(*_arguments: object, **_options: object) -> None:
        raise refused

    node.pool.run = refuse  # type: ignore[method-assign]
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(node), raise_app_exceptions=True),
        base_url="http://localhost",
        headers={
            "Authorization": f"Bearer {TOKEN}",
            "Content-Type": "application/json",
            "Idempotency-Key": "k" * 40,
        },
    )
    loop = asyncio.new_event_loop()
    samples = [
        json.dumps(each).encode()
        for each in (
            {"database": "stock", "passphrase": FIRST, "parameters": {"memory_kib": 19456,
             "passes": 2, "lanes": 1}, "original": "remove", "cipher": "aegis"},
            {"database": "orders", "passphrase": FIRST, "keyfile": "QUJD", "allow_high_cost": True},
            {"database": "stock", "generate_words": 6, "recovery": {"threshold": 2, "shares": 3,
             "holders": ["a", "b", "c"]}},
            {"database": "orders", "passphrase": FIRST, "new_passphrase": SECOND,
             "preset": "balanced"},
            {"database": "orders", "generate_words": 6, "sheets": [world.sheets[0].decode()]},
            {"database": "orders", "message": "aGVsbG8=", "signature": "QUJD", "generation": 1},
        )
    ]  # fmt: skip

    def read(data: bytes) -> str:
        path = _path_for(data)
        answer = loop.run_until_complete(client.post("/api/crypto/" + path, content=data))
        # A job is begun with any secret, and its worker refuses; a signature is judged.
        accepted = answer.status_code < 400 and not (
            (path in _JOBS and answer.status_code == 202)
            or (path == "verify" and answer.json()["valid"] is False)
        )
        if accepted:
            raise Accepted((path, answer.status_code, data[:200]))
        if answer.status_code >= 500 and answer.status_code not in {503, 507}:
            raise AssertionError((path, answer.status_code, answer.text, data[:200]))
        if FIRST in answer.text:
            raise AssertionError("the passphrase came back")
        return str(answer.status_code)

    return read, samples


_JOBS = ("backup", "rotate")
_PATHS = ("init", "unlock", "validate", *_JOBS)
_BY_MEMBER = {b'"sheets"': "recover", b'"new_passphrase"': "passphrase", b'"signature"': "verify"}


def _path_for(data: bytes) -> str:
    """Where such a body belongs; if many take it, one of them by its length."""
    return next(
        (path for member, path in _BY_MEMBER.items() if member in data),
        _PATHS[len(data) % len(_PATHS)],
    )


def reader_of(world: World, name: str) -> tuple[Reader, list[bytes]]:
    """The reader, and the samples that are spoilt for it."""
    return _READERS[name](world)


_READERS: dict[str, Callable[[World], tuple[Reader, list[bytes]]]] = {
    "sidecar": _sidecar,
    "backup": _backup,
    "audit log": _log,
    "audit entry": _entry,
    "grant": _grant,
    "node tokens": _tokens,
    "configuration": _configuration,
    "recovery sheet": _sheet,
    "signature": _signature,
    "body": _body,
    **DEEPER,
}
NAMES = tuple(_READERS)
