"""Readers that are reached only behind a right signature or key: what their owner, or a thief, may write.

Each is as those in `readers`: bytes in, what became of them out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw

from tests.attacks.world import FLOOR, SECOND, Accepted, Reader, World, as_it_was
from wizard import engine
from wizard.api import receipts
from wizard.engine.encoding import canonical, rendered
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import _CONTEXT
from wizard.engine.opening import open_data_key, open_database, open_root
from wizard.engine.replacement import read_sidecar_bytes
from wizard.engine.secret import Secret
from wizard.engine.sqlite import integrity
from wizard.plain.answers import read_answers
from wizard.settings.manifest import read_manifest


def _root(world: World) -> Secret:
    with Secret.copy_of(SECOND.encode()) as typed:
        return open_root(world.metadata, typed, None)


def _signed_sidecar(world: World) -> tuple[Reader, list[bytes]]:
    """Signed again by the master key after it was spoilt: only its meaning can be refused now."""
    samples = list(world.sidecars)
    place = world.directory / "signed.db"
    place.write_bytes(world.one.read_bytes())
    master = SigningKey.master(_root(world))

    def read(data: bytes) -> str:
        try:
            document = json.loads(data)
            signed = document["signed"]
            document["signature"] = master.sign(_CONTEXT + canonical(signed)).hex()
            data = rendered(document)
        except (ValueError, TypeError, KeyError, RecursionError):
            return "cannot be signed"
        engine.sidecar_path(place).write_bytes(data)
        found = engine.inspect(place)
        engine.status_report(found)
        try:
            metadata = read_sidecar_bytes(data).current
        except engine.WizardError as error:
            return type(error).__name__
        if metadata.as_json() != signed:
            raise Accepted(data[:200])
        if metadata.master_slot.params != FLOOR:
            return "another cost"
        try:
            engine.unlock(place, SECOND, readonly=True).close()
        except engine.WizardError as error:
            return f"opens not: {type(error).__name__}"
        return "opens"

    return read, samples


def _signed_grant(world: World) -> tuple[Reader, list[bytes]]:
    """Claims signed by the master key after they were spoilt."""
    parts = [token.decode().split(".") for token in world.grants]
    samples = [base64.urlsafe_b64decode(claims + "==") for _header, claims, _signature in parts]
    master, header = SigningKey.master(_root(world)), parts[1][0]

    def read(data: bytes) -> str:
        unsigned = f"{header}.{_base64(data)}"
        token = f"{unsigned}.{_base64(master.sign(unsigned.encode()))}"
        try:
            grant = engine.verify_grant(token, world.metadata, now=world.now)
        except engine.WizardError as error:
            return type(error).__name__
        claims = json.loads(data)
        if (claims["database"], claims["role"], claims["generation"]) != (
            world.metadata.database_id.hex(),
            grant.role.value,
            world.metadata.generation,
        ) or canonical(claims) != data:
            raise Accepted(data[:200])
        return "as it was"

    return read, samples


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _database(world: World) -> tuple[Reader, list[bytes]]:
    """Spoilt pages under the right key: what is read is what was written, or an error."""
    samples = [world.one.read_bytes(), world.two.read_bytes()]
    place = world.directory / "spoilt.db"
    with _root(world) as root:
        data_key = open_data_key(world.metadata, root)

    def rows(path: Path) -> list[object]:
        with closing(open_database(path, data_key, world.metadata, readonly=True)) as database:
            integrity(database.connection)
            return list(database.connection.execute("SELECT * FROM customers"))

    written = rows(world.one)

    def read(data: bytes) -> str:
        place.write_bytes(data)
        try:
            found = rows(place)
        except (engine.WizardError, apsw.Error) as error:
            return type(error).__name__
        if found != written:
            raise Accepted(data[:200])
        return "as it was"

    return read, samples


def _receipt(world: World) -> tuple[Reader, list[bytes]]:
    place = world.directory / "receipt"
    key = engine.receipt_key("k" * 40)
    with receipts.sealed({"request": "a", "kit": None}) as content:
        engine.write_receipt(place, key, content)
    samples = [place.read_bytes()]

    def read(data: bytes) -> str:
        place.write_bytes(data)
        try:
            receipts.opened(place, key)
        except engine.WizardError as error:
            return type(error).__name__
        return as_it_was(data, samples)

    return read, samples


def by_path(name: str, load: Callable[[Path], object], *texts: str) -> Callable[..., object]:
    def make(world: World) -> tuple[Reader, list[bytes]]:
        place = world.directory / name

        def read(data: bytes) -> str:
            place.write_bytes(data)
            place.chmod(0o600)
            try:
                load(place)
            except engine.WizardError as error:
                return type(error).__name__
            return "as it was"

        return read, [text.encode() for text in texts]

    return make


DEEPER: dict[str, Callable[..., tuple[Reader, list[bytes]]]] = {
    "signed sidecar": _signed_sidecar,
    "signed grant": _signed_grant,
    "database": _database,
    "receipt": _receipt,
    "manifest": by_path(
        "fleet.toml",
        read_manifest,
        '[databases.a]\npath = "a.db"\npassphrase_from = "file:x"\nrecovery_out = "kit"\n'
        'recovery_shares = "2of3"\nrecovery_holders = ["a", "b", "c"]\n'
        '[databases.a.crypto]\npreset = "balanced"\n',
        '[databases]\nb = {path = "b.db", passphrase_from = "env:X", no_recovery = true}\n',
    ),
    "answers": by_path(
        "answers.toml",
        read_answers,
        'database = "/srv/node.db"\npassphrase-source = "file:/run/secret"\npreset = "balanced"\n'
        'recovery = "2of3"\nholders = ["a", "b", "c"]\nconfirm = true\n',
        'target-time = 1.5\nmemory-mib = 64\nsmaller-slower = 2.0\ncipher = "aegis"\n',
    ),
}
