"""A process that is killed just before any one of its file operations, told apart by ptrace(2).

- `operations` runs an act to its end and lists what it did to files below a directory; `killed`
  runs it again and sends SIGKILL when operation number N is about to happen, so that it never does.
- The act runs in a forked child: no interpreter starts anew, so hundreds of kills cost seconds.
- Only operations below the directory count, so their numbers do not depend on what else a process
  opens (modules, /proc).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

Act = Callable[[], object]

needs_tracing = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="ptrace is known here for Linux on x86_64 and aarch64",
)

SAMPLE = 24
"""Kills of one verb in an ordinary run; all of them with DATAFOLD_TEST_KILL_ALL=1."""

_TRACEME, _SYSCALL, _SETOPTIONS, _GET_SYSCALL_INFO, _PEEKDATA = 0, 24, 0x4200, 0x420E, 2
_OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x100000  # SYSGOOD, fork, vfork, clone; die with the tracer
_ENTRY = 1
_WALL = 0x40000000
_SYSCALL_STOP = signal.SIGTRAP | 0x80
_CWD = (1 << 32) - 100

# By machine: the number of each call. Below: which argument is a descriptor, a directory, a path.
_NUMBERS = {
    "x86_64": (
        "write:1 open:2 pwrite64:18 writev:20 fsync:74 fdatasync:75 truncate:76 ftruncate:77 "
        "rename:82 mkdir:83 rmdir:84 link:86 unlink:87 symlink:88 chmod:90 fchmod:91 chown:92 "
        "fchown:93 openat:257 mkdirat:258 fchownat:260 unlinkat:263 renameat:264 linkat:265 "
        "symlinkat:266 fchmodat:268 fallocate:285 pwritev:296 renameat2:316 copy_file_range:326"
    ),
    "aarch64": (
        "mkdirat:34 unlinkat:35 symlinkat:36 linkat:37 renameat:38 truncate:45 ftruncate:46 "
        "fallocate:47 fchmod:52 fchmodat:53 fchownat:54 fchown:55 openat:56 write:64 writev:66 "
        "pwrite64:68 pwritev:70 fsync:82 fdatasync:83 renameat2:276 copy_file_range:285"
    ),
}
_CALLS = {
    int(number): name
    for name, number in (each.split(":") for each in _NUMBERS.get(platform.machine(), "").split())
}
_BY_DESCRIPTOR = {
    **dict.fromkeys(("write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync"), 0),
    **dict.fromkeys(("ftruncate", "fchmod", "fchown", "fallocate"), 0),
    "copy_file_range": 2,
}
_PATH_AT = {
    "symlink": (None, 1), "symlinkat": (1, 2),
    **dict.fromkeys(("open", "truncate", "rename", "mkdir", "rmdir", "link", "unlink", "chmod",
                     "chown"), (None, 0)),
    **dict.fromkeys(("openat", "mkdirat", "fchownat", "unlinkat", "renameat", "linkat", "fchmodat",
                     "renameat2"), (0, 1)),
}  # fmt: skip


class _Info(ctypes.Structure):
    """struct ptrace_syscall_info, as far as the entry of a call fills it."""

    _fields_ = (
        ("op", ctypes.c_uint8),
        ("pad", ctypes.c_uint8 * 3),
        ("arch", ctypes.c_uint32),
        ("ip", ctypes.c_uint64),
        ("sp", ctypes.c_uint64),
        ("nr", ctypes.c_uint64),
        ("args", ctypes.c_uint64 * 6),
        ("more", ctypes.c_uint64 * 4),
    )


@dataclass(frozen=True)
class Operation:
    """One file operation of an act; numbers count from 1."""

    number: int
    call: str
    name: str
    changes: bool

    def __str__(self) -> str:
        return f"{self.number} {self.call} {self.name}"


class ActFailed(Exception):
    """The act raised, or did not end as it should."""


def operations(act: Act, directory: Path) -> list[Operation]:
    """Run ``act`` to its end in a child and return what it did to files below ``directory``."""
    return _traced(act, directory, kill_at=None)


def killed(act: Act, directory: Path, number: int) -> Operation | None:
    """Run ``act`` and kill it just before operation ``number``; None if it ended before that."""
    done = _traced(act, directory, kill_at=number)
    return done[-1] if len(done) == number else None


def each_kill(
    act: Act, directory: Path, pristine: Path, *, sample: int = SAMPLE
) -> Iterator[Operation]:
    """Kill ``act`` before each of its operations in turn, each time on a fresh copy.

    ``directory`` is made anew from ``pristine`` for each; it is as the killed process left it when
    an operation is yielded. Fails if there was nothing to kill.
    """
    renew(directory, pristine)
    seen = operations(act, directory)
    assert seen, "the act did nothing to files"
    for number in chosen(seen, sample=sample):
        renew(directory, pristine)
        operation = killed(act, directory, number)
        if operation is not None:  # a run may need an operation less than the one before
            yield operation


def chosen(seen: Sequence[Operation], *, sample: int) -> list[int]:
    """The numbers of all operations, or of so many of those that change something, evenly spread."""
    if os.environ.get("DATAFOLD_TEST_KILL_ALL"):
        return [each.number for each in seen]
    changes = [each.number for each in seen if each.changes]
    if len(changes) <= sample:
        return changes
    last = len(changes) - 1
    return [changes[round(step * last / (sample - 1))] for step in range(sample)]


def renew(directory: Path, pristine: Path) -> None:
    """Let ``directory`` hold what ``pristine`` holds, and nothing else."""
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(pristine, directory, symlinks=True)


def _ptrace(request: int, pid: int, address: int = 0, data: int = 0) -> int:
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.restype = ctypes.c_long
    call.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    ctypes.set_errno(0)
    result = call(request, pid, address, data)
    if result == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")
    return result


def _traced(act: Act, directory: Path, *, kill_at: int | None) -> list[Operation]:
    child = os.fork()
    if child == 0:
        _run(act)
    os.waitpid(child, 0)
    _ptrace(_SETOPTIONS, child, 0, _OPTIONS)
    _ptrace(_SYSCALL, child)
    seen: list[Operation] = []
    while True:
        thread, status = os.waitpid(-child, _WALL)
        if os.WIFSTOPPED(status):
            operation = _stopped(thread, os.WSTOPSIG(status), directory, number=len(seen) + 1)
            if operation is not None:
                seen.append(operation)
            if operation is not None and kill_at == len(seen):
                os.kill(child, signal.SIGKILL)
            else:
                _go_on(thread, os.WSTOPSIG(status))
        elif thread == child:
            return _judged(status, seen, killed_at=kill_at)


def _stopped(thread: int, why: int, directory: Path, *, number: int) -> Operation | None:
    """What a thread is about to do, if that is an operation that counts."""
    if why != _SYSCALL_STOP:
        return None
    try:
        return _operation(thread, directory, number=number)
    except OSError:  # a path or a descriptor that is none: the call will fail
        return None


def _go_on(thread: int, why: int) -> None:
    ours = (_SYSCALL_STOP, signal.SIGTRAP, signal.SIGSTOP)
    with contextlib.suppress(ProcessLookupError):  # killed with its process meanwhile
        _ptrace(_SYSCALL, thread, 0, 0 if why in ours else why)


def _run(act: Act) -> None:
    """In the child: be traced, act, end. Never returns."""
    code = 1
    try:
        os.setpgid(0, 0)
        _ptrace(_TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        act()
        code = 0
    except BaseException:  # noqa: BLE001 - nothing may run on in a forked test
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _judged(status: int, seen: list[Operation], *, killed_at: int | None) -> list[Operation]:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and killed_at:
        return seen
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        return seen
    raise ActFailed(f"the act ended with status {status:#x} after {len(seen)} operations")


def _operation(thread: int, directory: Path, *, number: int) -> Operation | None:
    info = _Info()
    _ptrace(_GET_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.addressof(info))
    call = _CALLS.get(info.nr)
    if info.op != _ENTRY or call is None:
        return None
    path = _path(thread, call, info.args)
    if path != directory and directory not in path.parents:
        return None
    opened_with = info.args[2 if call == "openat" else 1]
    changes = call not in ("open", "openat") or bool(opened_with & (os.O_CREAT | os.O_TRUNC))
    return Operation(number, call, path.relative_to(directory).as_posix(), changes)


def _path(thread: int, call: str, arguments: ctypes.Array[ctypes.c_uint64]) -> Path:
    process = Path(f"/proc/{thread}")
    if call in _BY_DESCRIPTOR:
        return (process / f"fd/{arguments[_BY_DESCRIPTOR[call]]}").readlink()
    base, place = _PATH_AT[call]
    # The upper half of a register that holds a C int is not defined.
    here = base is None or arguments[base] & 0xFFFFFFFF == _CWD
    start = process / ("cwd" if here else f"fd/{arguments[base]}")
    return Path(os.path.normpath(start.readlink() / _text(thread, arguments[place])))


def _text(thread: int, address: int) -> str:
    data = b""
    while b"\0" not in data and len(data) < os.pathconf("/", "PC_PATH_MAX"):
        word = _ptrace(_PEEKDATA, thread, address + len(data))
        data += (word & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")
    return os.fsdecode(data.partition(b"\0")[0])
