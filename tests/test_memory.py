"""What runs without asking follows the strictest limit that holds for this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.engine import memory
from wizard.engine.errors import ResourceLimit
from wizard.engine.kdf import KdfParams
from wizard.engine.memory import MemoryLimit, check_unattended, machine_limit

MIB = 1024
MEMINFO = "MemTotal:  8388608 kB\nMemFree:  100 kB\nMemAvailable:  4194304 kB\nHugePages_Total: 0\n"


def machine(root: Path, files: dict[str, str]) -> MemoryLimit:
    for name, text in {"proc/meminfo": MEMINFO, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return memory._limit_under(root)


V2 = "sys/fs/cgroup"
V1 = "sys/fs/cgroup/memory"
GIB = str(2**30)
HALF_GIB = str(2**29)

LIMITS = {
    "no cgroups": ({}, None),
    "v2 without a limit": (
        {"proc/self/cgroup": "0::/a\n", f"{V2}/a/memory.max": "max\n"},
        None,
    ),
    "v2 own limit": (
        {"proc/self/cgroup": "0::/a\n", f"{V2}/a/memory.max": f"{GIB}\n"},
        1024,
    ),
    "v2 limit of an ancestor": (
        {
            "proc/self/cgroup": "0::/a/b/c\n",
            f"{V2}/a/b/c/memory.max": "max\n",
            f"{V2}/a/b/memory.max": f"{GIB}\n",
            f"{V2}/a/memory.max": f"{HALF_GIB}\n",
        },
        512,
    ),
    "v2 in a container's own namespace": (
        {"proc/self/cgroup": "0::/\n", f"{V2}/memory.max": f"{HALF_GIB}\n"},
        512,
    ),
    "v2 with the host's path": (
        {"proc/self/cgroup": "0::/system.slice/x.scope\n", f"{V2}/memory.max": f"{HALF_GIB}\n"},
        512,
    ),
    "v1": (
        {
            "proc/self/cgroup": "5:cpu:/x\n4:memory:/docker/1\n",
            f"{V1}/docker/1/memory.limit_in_bytes": f"{GIB}\n",
            f"{V1}/memory.limit_in_bytes": "9223372036854771712\n",
        },
        1024,
    ),
    "v1 with the host's path": (
        {"proc/self/cgroup": "4:memory:/docker/1\n", f"{V1}/memory.limit_in_bytes": GIB},
        1024,
    ),
    "v1 and v2 together": (
        {
            "proc/self/cgroup": "4:hugetlb,memory:/m\n0::/u\n",
            f"{V1}/m/memory.limit_in_bytes": GIB,
            f"{V2}/unified/u/memory.max": HALF_GIB,
        },
        512,
    ),
    "another controller of v1": (
        {"proc/self/cgroup": "4:cpu:/m\n", f"{V1}/m/memory.limit_in_bytes": GIB},
        None,
    ),
    "a limit above what is available": (
        {"proc/self/cgroup": "0::/a\n", f"{V2}/a/memory.max": str(2**33)},
        None,
    ),
    "nonsense": ({"proc/self/cgroup": "nonsense\n\n:\n", f"{V2}/memory.max": "-5"}, None),
}


@pytest.mark.parametrize(("files", "limit_mib"), LIMITS.values(), ids=LIMITS)
def test_the_smaller_of_memory_and_cgroup(
    files: dict[str, str], limit_mib: int | None, tmp_path: Path
) -> None:
    """And which of the two it was; half of it runs without asking."""
    found = machine(tmp_path, files)
    expected = 4096 if limit_mib is None else limit_mib
    assert found == MemoryLimit(
        available_kib=expected * MIB,
        unattended_kib=expected * MIB // 2,
        limited_by="available memory" if limit_mib is None else "cgroup limit",
        total_kib=8192 * MIB,
    )


def test_without_proc_the_physical_memory_counts(tmp_path: Path) -> None:
    """Not Linux, or hidden: better than nothing."""
    found = memory._limit_under(tmp_path)
    assert found.available_kib == found.total_kib > 0
    assert found.limited_by == "available memory"


def test_this_machine_has_memory() -> None:
    """The real files are read."""
    found = machine_limit()
    assert 0 < found.unattended_kib <= found.available_kib // 2 <= found.total_kib


def test_half_runs_without_asking_and_not_a_kib_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what is needed, what is allowed, and which limit it is."""
    limit = MemoryLimit(400 * MIB, 200 * MIB, "cgroup limit", 8192 * MIB)
    monkeypatch.setattr(memory, "machine_limit", lambda: limit)
    check_unattended(KdfParams(200 * MIB, 2, 1))
    with pytest.raises(ResourceLimit) as raised:
        check_unattended(KdfParams(200 * MIB + 1, 2, 1))
    error = raised.value
    assert (error.needed_kib, error.allowed_kib, error.limit) == (
        200 * MIB + 1,
        200 * MIB,
        "cgroup limit",
    )
    assert "half of the cgroup limit" in str(error)
