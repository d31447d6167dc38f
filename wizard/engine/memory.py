"""What this machine runs without asking is half of what it really has, container limits included.

Physical memory is the wrong measure: a container is killed at its cgroup limit, and a busy machine
long before. Above half, the administrator is asked and told which limit it is.
"""

from __future__ import annotations

import os
from pathlib import Path

from wizard.engine.errors import ResourceLimit
from wizard.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wizard.engine.kdf import KdfParams

AVAILABLE_MEMORY = "available memory"
CGROUP_LIMIT = "cgroup limit"

_ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """``available_kib`` is the smaller of free memory and cgroup limit; ``limited_by`` says which.

    ``unattended_kib``, half of it, runs without asking. ``total_kib`` is the machine's memory.
    """

    available_kib: int
    unattended_kib: int
    limited_by: str
    total_kib: int


def machine_limit() -> MemoryLimit:
    """Read the limits as they are now: MemAvailable, and cgroup v2 and v1 with all ancestors."""
    return _limit_under(_ROOT)


def check_unattended(params: KdfParams) -> None:
    """Raise `ResourceLimit` if the derivation needs more than runs without asking."""
    limit = machine_limit()
    if params.memory_kib > limit.unattended_kib:
        raise ResourceLimit(
            needed_kib=params.memory_kib, allowed_kib=limit.unattended_kib, limit=limit.limited_by
        )


def check_cost(params: KdfParams, *, allow_high_cost: bool) -> None:
    """Refuse parameters out of bounds, and those this machine does not run without asking."""
    params.check()
    if not allow_high_cost:
        check_unattended(params)


def runs_unasked(params: KdfParams) -> bool:
    """Whether this machine runs them without asking."""
    try:
        check_cost(params, allow_high_cost=False)
    except ResourceLimit:
        return False
    return True


def _limit_under(root: Path) -> MemoryLimit:
    total_kib, free_kib = _memory(root)
    cgroup_kib = min(_cgroup_limits_kib(root), default=total_kib)
    available_kib = min(free_kib, cgroup_kib)
    return MemoryLimit(
        available_kib=available_kib,
        unattended_kib=available_kib // 2,
        limited_by=CGROUP_LIMIT if cgroup_kib < free_kib else AVAILABLE_MEMORY,
        total_kib=total_kib,
    )


def _memory(root: Path) -> tuple[int, int]:
    fields: dict[str, int] = {}
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        number = value.split()[:1]
        if number and number[0].isdigit():
            fields[name] = int(number[0])
    # No /proc (not Linux): physical memory is the best that is known.
    physical_kib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024
    total_kib = fields.get("MemTotal", physical_kib)
    return total_kib, fields.get("MemAvailable", total_kib)


def _cgroup_limits_kib(root: Path) -> Iterator[int]:
    # A line is "number:controllers:path"; v2 has number 0 and no controllers. A path that is not
    # under the mount (a container that sees the host's path) is covered by the mount itself,
    # its last ancestor.
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        mounts: tuple[str, ...] = ()
        name = "memory.max"
        if not controllers:
            mounts = ("sys/fs/cgroup", "sys/fs/cgroup/unified")
        elif "memory" in controllers.split(","):
            mounts, name = ("sys/fs/cgroup/memory",), "memory.limit_in_bytes"
        relative = Path(path.lstrip("/"))
        for mount in mounts:
            for ancestor in (relative, *relative.parents):
                value = _text(root / mount / ancestor / name).strip()
                if value.isdigit():  # "max" is no limit
                    yield int(value) // 1024


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # absent or not ours to read: then it limits nothing that we could know
