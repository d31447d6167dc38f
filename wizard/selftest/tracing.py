"""A process that is killed just before any one of its file operations, told apart by ptrace(2).

- `operations` runs an act to its end and lists what it did to files below a directory; `killed`
  runs it again and sends SIGKILL when operation number N is about to happen, so that it never does.
- A seccomp filter lets everything but those calls run at full speed, and also what opens a file only
  to read it: nothing is different on the disk after that.
- Only operations below the directory count, so their numbers do not depend on what else a process
  opens (modules, /proc).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from wizard.selftest.acting import Act, ActFailed, forked
from wizard.selftest.calls import BY_DESCRIPTOR, CALLS, FLAGS_OF, PATH_AT
from wizard.selftest.stopping import SET_DUMPABLE, prctl, stop_at_calls

# <sys/ptrace.h> and <linux/ptrace.h>
_TRACEME, _CONT, _SETOPTIONS, _GET_SYSCALL_INFO, _PEEKDATA = 0, 7, 0x4200, 0x420E, 2
_OPTIONS = 0x2 | 0x4 | 0x8 | 0x80 | 0x100000  # fork, vfork, clone, seccomp; die with the tracer
_SECCOMP_EVENT = 7
_SECCOMP_INFO = 3
_WALL = 0x40000000
_CWD = (1 << 32) - 100


class _Info(ctypes.Structure):
    """struct ptrace_syscall_info, as far as a stop by seccomp fills it."""

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


@dataclass(frozen=True, slots=True)
class Operation:
    """One file operation of an act; numbers count from 1. ``changes``: what is on the disk."""

    number: int
    call: str
    name: str
    changes: bool

    def __str__(self) -> str:
        return f"{self.number} {self.call} {self.name}"


class CannotTrace(Exception):
    """A process may not trace its own child here."""


def can_trace() -> str | None:
    """Why tracing does not work here, or None if it does."""
    if sys.platform != "linux" or not CALLS:
        return f"{sys.platform} on {platform.machine()} is not known here"
    try:
        operations(lambda: None, Path("/"))
    except (CannotTrace, ActFailed) as error:
        return str(error)
    return None


def operations(act: Act, directory: Path) -> list[Operation]:
    """Run ``act`` to its end in a child and return what it did to files below ``directory``."""
    return _traced(act, directory, kill_at=None)


def killed(act: Act, directory: Path, number: int) -> Operation | None:
    """Run ``act`` and kill it just before operation ``number``; None if it ended before that."""
    done = _traced(act, directory, kill_at=number)
    return done[-1] if len(done) == number else None


def _ptrace(request: int, pid: int, address: int = 0, data: int = 0) -> int:
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.restype = ctypes.c_long
    call.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    ctypes.set_errno(0)
    result: int = call(request, pid, address, data)
    if result == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")
    return result


def _traced(act: Act, directory: Path, *, kill_at: int | None) -> list[Operation]:
    child, failures = _forked(act)
    with open(failures, "rb") as told:  # noqa: PTH123 - a descriptor
        try:
            status, seen = _followed(child, directory, kill_at)
        except BaseException:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, _WALL)
            raise
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and kill_at:
            return seen
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return seen
        why = told.read().decode(errors="replace") or f"it ended with status {status:#x}"
    raise ActFailed(f"{why} (after {len(seen)} operations)")


def _followed(child: int, directory: Path, kill_at: int | None) -> tuple[int, list[Operation]]:
    seen: list[Operation] = []
    _stopped_child, status = os.waitpid(child, 0)
    if not os.WIFSTOPPED(status):
        return status, seen
    try:
        _ptrace(_SETOPTIONS, child, 0, _OPTIONS)
    except OSError as error:
        raise CannotTrace(f"ptrace is refused: {error.strerror}") from None
    _ptrace(_CONT, child)
    while True:
        thread, status = os.waitpid(-child, _WALL)
        if os.WIFSTOPPED(status):
            operation = _stopped(thread, status >> 16, directory, number=len(seen) + 1)
            if operation is not None:
                seen.append(operation)
            if operation is not None and kill_at == len(seen):
                os.kill(child, signal.SIGKILL)
            else:
                _go_on(thread, os.WSTOPSIG(status))
        elif thread == child:
            return status, seen


def _stopped(thread: int, event: int, directory: Path, *, number: int) -> Operation | None:
    """What a thread is about to do, if that is an operation that counts."""
    if event != _SECCOMP_EVENT:
        return None
    try:
        return _operation(thread, directory, number=number)
    except OSError:  # a path or a descriptor that is none: the call will fail
        return None


def _go_on(thread: int, why: int) -> None:
    ours = (signal.SIGTRAP, signal.SIGSTOP)
    with contextlib.suppress(ProcessLookupError):  # killed with its process meanwhile
        _ptrace(_CONT, thread, 0, 0 if why in ours else why)


def _forked(act: Act) -> tuple[int, int]:
    """As `forked`; the child lets itself be traced before it acts."""

    def traced() -> None:
        _let_be_traced()
        act()

    return forked(traced)


def _let_be_traced() -> None:
    """From now on its parent follows it, and it stops at each call that counts."""
    os.setpgid(0, 0)
    # Who is not root may only look into a process that could be dumped.
    prctl(SET_DUMPABLE, 1)
    _ptrace(_TRACEME, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    stop_at_calls()


def _operation(thread: int, directory: Path, *, number: int) -> Operation | None:
    info = _Info()
    _ptrace(_GET_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.addressof(info))
    call = CALLS.get(info.nr)
    if info.op != _SECCOMP_INFO or call is None:
        return None
    path = _path(thread, call, info.args)
    if path != directory and directory not in path.parents:
        return None
    changes = call not in FLAGS_OF or _makes(path, info.args[FLAGS_OF[call]])
    return Operation(number, call, path.relative_to(directory).as_posix(), changes)


def _makes(path: Path, flags: int) -> bool:
    """Whether opening it so makes or empties a file; SQLite opens what is there with O_CREAT, too."""
    if flags & os.O_TMPFILE == os.O_TMPFILE or flags & os.O_TRUNC:
        return True
    return bool(flags & os.O_CREAT and not os.path.lexists(path))


def _path(thread: int, call: str, arguments: ctypes.Array[ctypes.c_uint64]) -> Path:
    process = Path(f"/proc/{thread}")
    if call in BY_DESCRIPTOR:
        return (process / f"fd/{arguments[BY_DESCRIPTOR[call]]}").readlink()
    base, place = PATH_AT[call]
    # The upper half of a register that holds a C int is not defined.
    start = process / "cwd"
    if base is not None and arguments[base] & 0xFFFFFFFF != _CWD:
        start = process / f"fd/{arguments[base]}"
    return Path(os.path.normpath(start.readlink() / _text(thread, arguments[place])))


def _text(thread: int, address: int) -> str:
    data = b""
    while b"\0" not in data and len(data) < os.pathconf("/", "PC_PATH_MAX"):
        word = _ptrace(_PEEKDATA, thread, address + len(data))
        data += (word & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")
    return os.fsdecode(data.partition(b"\0")[0])
