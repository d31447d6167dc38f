"""One line of the audit log: its members, its bytes, and how it is signed (FORMAT.md, section 11).

- An entry that is read has exactly the bytes that writing it again would give.
- No member can hold a secret by mistake: details are short texts and integers of the engine's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from wizard.engine import sodium
from wizard.engine.encoding import (
    MAXIMUM_INTEGER,
    Json,
    Malformed,
    Reader,
    canonical,
    made_printable,
    parse_canonical,
    printable,
)
from wizard.engine.masterkey import MasterPublicKey, SigningKey
from wizard.values import dataclass, replace

MAXIMUM_LINE_BYTES = 16 * 1024
HASH_BYTES = 32
_VERSION = 1
_CONTEXT = b"datafold-wizard/v1/audit\n"
_ID_BYTES = 16
_NAME_CHARACTERS = 64
_DETAIL_CHARACTERS = 200
_DETAILS = 16
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


class Outcome(StrEnum):
    """How something went, or that it is about to begin."""

    ATTEMPTED = "attempted"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. ``login``: the user who logged in, before sudo or su; empty if unknown."""

    uid: int
    user: str
    login: str
    pid: int
    tool: str
    over_ssh: bool

    def as_json(self) -> dict[str, Json]:
        """The ``actor`` member."""
        return {
            "login": made_printable(self.login, most=_NAME_CHARACTERS),
            "over_ssh": self.over_ssh,
            "pid": self.pid,
            "tool": self.tool,
            "uid": self.uid,
            "user": made_printable(self.user, most=_NAME_CHARACTERS),
        }


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry. ``database_id`` is empty and ``generation`` 0 before there is one.

    ``previous`` is the hash of the line before; ``signature`` is empty where there is none.
    """

    number: int
    time: str
    event: str
    outcome: Outcome
    actor: Actor
    details: Mapping[str, str | int]
    database_id: bytes = b""
    generation: int = 0
    previous: bytes = b""
    signature: bytes = b""

    def as_json(self) -> dict[str, Json]:
        """The entry as JSON values: exactly the members of its line."""
        value: dict[str, Json] = {
            "actor": self.actor.as_json(),
            "database_id": self.database_id.hex(),
            "details": dict(self.details),
            "event": self.event,
            "generation": self.generation,
            "number": self.number,
            "outcome": self.outcome.value,
            "previous": self.previous.hex(),
            "time": self.time,
            "version": _VERSION,
        }
        if self.signature:
            value["signature"] = self.signature.hex()
        return value

    def signed(self, master: SigningKey) -> AuditEntry:
        """The entry with the master key's signature."""
        return replace(self, signature=master.sign(self._message()))

    def is_signed_by(self, key: MasterPublicKey) -> bool:
        """Whether its signature is this key's."""
        return sodium.verify(key.raw, self._message(), self.signature)

    @property
    def must_be_signed(self) -> bool:
        """Whether the master key was at hand when this was written, by what it says itself."""
        by_passphrase = self.details.get("using") == "passphrase"
        return self.outcome is Outcome.DONE and (self.event == "initialize" or by_passphrase)

    def _message(self) -> bytes:
        return _CONTEXT + canonical(replace(self, signature=b"").as_json())


def audit_path(database: Path) -> Path:
    """``node.db`` -> ``node.db.audit.jsonl``."""
    return database.with_name(f"{database.name}.audit.jsonl")


def line_of(entry: AuditEntry) -> bytes:
    """The line without its line feed. Raises `ValueError` for an entry that would not read back."""
    line = canonical(entry.as_json())
    try:
        same = parse_line(line).as_json() == entry.as_json()
    except Malformed as error:
        raise ValueError(f"no entry of an audit log: {error}") from None
    if not same:
        raise ValueError("no entry of an audit log: it does not read back")
    return line


def hash_of(lines: bytes) -> bytes:
    """What the next entry calls ``previous``: of the last entry's line and what came after it.

    Without the line feed at the end.
    """
    return sodium.digest(lines, size=HASH_BYTES)


def made_details(details: Mapping[str, str | int]) -> dict[str, str | int]:
    """Details that can be written: texts that are not ours (a file's name) are made to fit."""
    return {
        name: made_printable(value, most=_DETAIL_CHARACTERS) if isinstance(value, str) else value
        for name, value in details.items()
    }


def parse_line(line: bytes) -> AuditEntry:
    """Read one line without its line feed. Raises `Malformed`."""
    if len(line) >= MAXIMUM_LINE_BYTES:
        raise Malformed("it is longer than an entry can be")
    reader = Reader(parse_canonical(line), "the entry")
    reader.integer("version", least=_VERSION, most=_VERSION)
    entry = AuditEntry(
        number=reader.integer("number", least=1, most=MAXIMUM_INTEGER),
        time=reader.time("time"),
        event=_word(reader.take("event")),
        outcome=Outcome(reader.choice("outcome", tuple(Outcome))),
        actor=_actor(reader.object("actor")),
        database_id=reader.hex_or_empty("database_id", _ID_BYTES),
        generation=reader.integer("generation", least=0, most=MAXIMUM_INTEGER),
        details=_details(reader.take("details")),
        previous=reader.hex_or_empty("previous", HASH_BYTES),
        signature=reader.hex("signature", sodium.SIGNATURE_BYTES)
        if reader.has("signature")
        else b"",
    )
    reader.finish()
    if (entry.number == 1) != (not entry.previous):
        raise Malformed("the first entry, and only that, has nothing before it")
    return entry


def _actor(reader: Reader) -> Actor:
    actor = Actor(
        uid=reader.integer("uid", least=0, most=MAXIMUM_INTEGER),
        user=reader.text("user", least=0, most=_NAME_CHARACTERS),
        login=reader.text("login", least=0, most=_NAME_CHARACTERS),
        pid=reader.integer("pid", least=0, most=MAXIMUM_INTEGER),
        tool=reader.text("tool", most=_NAME_CHARACTERS),
        over_ssh=reader.boolean("over_ssh"),
    )
    reader.finish()
    return actor


def _details(value: Json) -> dict[str, str | int]:
    if not isinstance(value, Mapping) or len(value) > _DETAILS:
        raise Malformed("details is not an object with few members")
    details: dict[str, str | int] = {}
    for name, detail in value.items():
        _word(name)
        if isinstance(detail, int) and not isinstance(detail, bool):
            details[name] = detail
        else:
            details[name] = printable(
                detail, where=f"details.{name}", least=0, most=_DETAIL_CHARACTERS
            )
    return details


def _word(value: Json) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise Malformed("it has a name that is no word")
    return value
