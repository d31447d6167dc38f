"""Who has a database open: read from ``/proc``, without opening the database itself.

What cannot be looked into (another user's processes, another container) is said, not assumed free.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.engine.beside import BESIDE

_PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has the database, or a file SQLite keeps beside it, open or mapped."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid})"


@dataclass(frozen=True, slots=True)
class Usage:
    """``complete`` is False if there were processes that could not be looked into."""

    holders: tuple[Holder, ...]
    complete: bool


def usage_of(path: Path) -> Usage:
    """Find the other processes that use ``path``. Never raises."""
    wanted = set(_identities(path))
    holders = []
    complete = True
    own = str(os.getpid())
    try:
        processes = [each for each in _PROCESSES.iterdir() if each.name.isdigit()]
    except OSError:
        return Usage((), complete=False)
    for process in processes:
        if process.name == own:
            continue
        try:
            if _has_open(process, wanted) or _has_mapped(process, wanted):
                holders.append(Holder(int(process.name), _command(process)))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        except OSError:
            complete = False
    return Usage(tuple(holders), complete=complete)


def _identities(path: Path) -> Iterator[tuple[int, int]]:
    for each in (path, *(path.with_name(path.name + suffix) for suffix in BESIDE)):
        try:
            facts = each.stat()
        except OSError:
            continue
        yield facts.st_dev, facts.st_ino


def _has_open(process: Path, wanted: set[tuple[int, int]]) -> bool:
    for entry in (process / "fd").iterdir():
        try:
            if not entry.readlink().is_absolute():
                continue  # a pipe or a socket
            facts = entry.stat()  # follows the link without opening the file
        except FileNotFoundError:
            continue
        if (facts.st_dev, facts.st_ino) in wanted:
            return True
    return False


def _has_mapped(process: Path, wanted: set[tuple[int, int]]) -> bool:
    # Columns: addresses, permissions, offset, device as major:minor in hexadecimal, inode, name.
    devices = {(f"{os.major(dev):02x}:{os.minor(dev):02x}", str(ino)) for dev, ino in wanted}
    for line in (process / "maps").read_text(errors="replace").splitlines():
        columns = line.split(maxsplit=5)
        if tuple(columns[3:5]) in devices:
            return True
    return False


def _command(process: Path) -> str:
    """The program's name, without arguments: they may hold what must not be shown."""
    name = (process / "comm").read_text(errors="replace").strip()
    return "".join(letter if letter.isprintable() else "?" for letter in name) or "?"
