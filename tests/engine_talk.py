"""A screen without a screen: talks to real engine processes as the wizard does."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from wizard.tui.engine_client import EngineClient, EngineError

CHEAP = {"memory_kib": 19 * 1024, "passes": 2, "lanes": 1}
ONE_SHEET = {"threshold": 1, "shares": 1, "holders": ["safe"]}
STARTED = [sys.executable, "-P", "-m", "wizard.tui.engine_process"]


class Talk:
    """A client that collects events; leaving closes it."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.client = EngineClient(self.events.append)
        self.request = self.client.request

    async def __aenter__(self) -> Self:
        await self.client.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.client.close()

    @property
    def pid(self) -> int:
        return self.client._child.process.pid

    async def type(self, field: str, text: str) -> None:
        """Type key by key and wait until every key is answered."""
        wanted = len(self.typed()) + len(text)
        for character in text:
            self.client.send("field.type", field=field, text=character)
        await self.until(lambda: len(self.typed()) >= wanted)

    def typed(self) -> list[dict[str, Any]]:
        """The answers to keys, without the strengths that follow."""
        return [e for e in self.events if e["event"] == "field" and e["strength"] is None]

    async def until(self, holds: Any, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"never happened; last: {self.events[-3:]}"
            await asyncio.sleep(0.005)

    async def choose(self, passphrase: str, *, minimum_score: int = 3) -> dict[str, Any]:
        await self.type("first", passphrase)
        await self.type("second", passphrase)
        return await self.request("passphrase.accept", minimum_score=minimum_score)

    async def prepare(self, path: Path, **changes: Any) -> dict[str, Any]:
        fields = {
            "path": str(path),
            "params": CHEAP,
            "cipher": None,
            "recovery": ONE_SHEET,
            "allow_high_cost": False,
        }
        return await self.request("prepare", **{**fields, **changes})

    async def prove(self) -> dict[str, Any]:
        """Answer the challenge rightly."""
        words = []
        for asked in (await self.request("kit.challenge"))["challenge"]:
            sheet = await self.request("kit.sheet", number=asked["sheet"])
            words.append(sheet["words"][asked["position"] - 1])
        return await self.request("kit.answer", words=words)

    async def refused(self, op: str, **fields: Any) -> EngineError:
        """Return the error that a request ends with."""
        try:
            answer = await self.request(op, **fields)
        except EngineError as error:
            return error
        raise AssertionError(f"{op} was not refused: {answer}")


class Line:
    """The bare socket to an engine process, for what no client of ours would send."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(20)
        with theirs:
            self.process = subprocess.Popen(
                [*STARTED, str(theirs.fileno())], pass_fds=(theirs.fileno(),)
            )
        self._reader = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._reader.close()
        self.socket.close()
        self.process.wait(30)

    def write(self, line: bytes) -> None:
        self.socket.sendall(line)

    def read(self) -> dict[str, Any]:
        return json.loads(self._reader.readline())

    def ask(self, **message: Any) -> dict[str, Any]:
        self.write(json.dumps(message).encode() + b"\n")
        return self.read()


def names(directory: Path) -> set[str]:
    """Without the audit log, which keeps every attempt that began."""
    return {entry.name for entry in directory.iterdir() if not entry.name.endswith(".audit.jsonl")}


def gone(pid: int, seconds: float = 25.0) -> bool:
    """Wait until no such process runs; one that only its parent's `wait` keeps counts as gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in {"Z", "X"}:
            return True
        time.sleep(0.01)
    return False


def in_memory(pid: int, *needles: bytes) -> dict[bytes, int]:
    """Count occurrences in all that a process has mapped, seen from outside of it."""
    found = dict.fromkeys(needles, 0)
    proc = Path(f"/proc/{pid}")
    with (proc / "maps").open() as maps, (proc / "mem").open("rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(number, 16) for number in span.split("-"))
            if not rights.startswith("r") or "[vvar" in line or "[vsyscall" in line:
                continue
            try:
                data = os.pread(memory.fileno(), end - start, start)
            except OSError:
                continue
            for needle in needles:
                found[needle] += data.count(needle)
    return found


def fresh(program: str, *arguments: str, given: str = "") -> str:
    """Run a program in a process that knows nothing; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
