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

# <sys/ptrace.h> and <linux/ptrace.h>
_TRACEME, _CONT, _SETOPTIONS, _GET_SYSCALL_INFO, _PEEKDATA = 0, 7, 0x4200, 0x420E, 2
_OPTIONS = 0x2 | 0x4 | 0x8 | 0x80 | 0x100000  # fork, vfork, clone, seccomp; die with the tracer
_SECCOMP_EVENT = 7
_SECCOMP_INFO = 3
_WALL = 0x40000000
_CWD = (1 << 32) - 100
# <linux/prctl.h>, <linux/seccomp.h>, <linux/filter.h> and <linux/audit.h>
_SET_DUMPABLE, _SET_SECCOMP, _SET_NO_NEW_PRIVS = 4, 22, 38
_MODE_FILTER = 2
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_ANY, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

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
# Which argument says how a file is opened, and what in it may make or empty one.
_FLAGS_OF = {"open": 1, "openat": 2}
_MAKING = os.O_CREAT | os.O_TRUNC | (os.O_TMPFILE & ~os.O_DIRECTORY)
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


class _Step(ctypes.Structure):
    """struct sock_filter: an instruction, where to go if it holds and if not, and its operand."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("then", ctypes.c_uint8),
        ("otherwise", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.c_void_p))


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
    if sys.platform != "linux" or not _CALLS:
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
    _prctl(_SET_DUMPABLE, 1)
    _ptrace(_TRACEME, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    _stop_at_calls()


def _stop_at_calls() -> None:
    """From now on this process stops before each of the calls that count, and at no other."""
    steps = _filter(_ARCHITECTURES[platform.machine()])
    program = (_Step * len(steps))()
    program[:] = steps
    filtering = _Program(len(steps), ctypes.addressof(program))
    _prctl(_SET_NO_NEW_PRIVS, 1)
    _prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(filtering))


def _filter(architecture: int) -> list[_Step]:
    """Stop at those calls; of those that open a file, at what may make or empty one."""
    opens = [(number, _FLAGS_OF[name]) for number, name in _CALLS.items() if name in _FLAGS_OF]
    others = [number for number, name in _CALLS.items() if name not in _FLAGS_OF]
    numbers = [*others, *(number for number, _place in opens)]
    # Jumps go forward only: an answer, what is asked of the opening calls, and both answers.
    allow, trace = 3 + len(numbers) + 1 + 2 * len(opens), 3 + len(numbers) + 2 + 2 * len(opens)
    targets = [trace] * len(others) + [4 + len(numbers) + 2 * place for place in range(len(opens))]
    steps = [
        _Step(_LOAD, 0, 0, 4),  # the architecture: numbers of another one mean other calls
        _Step(_JUMP_IF_EQUAL, 0, allow - 2, architecture),
        _Step(_LOAD, 0, 0, 0),  # the number of the call
    ]
    for number, target in zip(numbers, targets, strict=True):
        steps.append(_Step(_JUMP_IF_EQUAL, target - len(steps) - 1, 0, number))
    steps.append(_Step(_RETURN, 0, 0, _ALLOW))
    for _number, place in opens:
        steps.append(_Step(_LOAD, 0, 0, 16 + 8 * place))  # the lower half of that argument
        here = len(steps) + 1
        steps.append(_Step(_JUMP_IF_ANY, trace - here, allow - here, _MAKING))
    return [*steps, _Step(_RETURN, 0, 0, _ALLOW), _Step(_RETURN, 0, 0, _TRACE)]


def _prctl(option: int, first: int, second: int = 0) -> None:
    call = ctypes.CDLL(None, use_errno=True).prctl
    call.argtypes = (ctypes.c_int, *(ctypes.c_ulong,) * 4)
    if call(option, first, second, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} is refused")


def _operation(thread: int, directory: Path, *, number: int) -> Operation | None:
    info = _Info()
    _ptrace(_GET_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.addressof(info))
    call = _CALLS.get(info.nr)
    if info.op != _SECCOMP_INFO or call is None:
        return None
    path = _path(thread, call, info.args)
    if path != directory and directory not in path.parents:
        return None
    changes = call not in _FLAGS_OF or _makes(path, info.args[_FLAGS_OF[call]])
    return Operation(number, call, path.relative_to(directory).as_posix(), changes)


def _makes(path: Path, flags: int) -> bool:
    """Whether opening it so makes or empties a file; SQLite opens what is there with O_CREAT, too."""
    if flags & os.O_TMPFILE == os.O_TMPFILE or flags & os.O_TRUNC:
        return True
    return bool(flags & os.O_CREAT and not os.path.lexists(path))


def _path(thread: int, call: str, arguments: ctypes.Array[ctypes.c_uint64]) -> Path:
    process = Path(f"/proc/{thread}")
    if call in _BY_DESCRIPTOR:
        return (process / f"fd/{arguments[_BY_DESCRIPTOR[call]]}").readlink()
    base, place = _PATH_AT[call]
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
