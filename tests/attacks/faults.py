"""The system refuses one operation of an act, or all from one on, as a full or broken disk does.

Built on the tracer that kills (`wizard.selftest.tracing`): where that one ends the process, this
one lets the kernel skip the call and answers with an error, or lets a write take half of its bytes.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from wizard.selftest import tracing
from wizard.selftest.acting import Act
from wizard.selftest.tracing import Operation

needs_registers = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="only the registers of x86_64 are known here"
)

WRITES = frozenset({"write", "pwrite64", "writev", "pwritev"})
TO_DISK = WRITES | {"fsync", "fdatasync", "ftruncate", "truncate", "fallocate"}
NAMES = frozenset({"rename", "renameat", "renameat2", "link", "linkat"})
MAKES = frozenset({"open", "openat", "mkdir", "mkdirat"})
REMOVES = frozenset({"unlink", "unlinkat", "rmdir"})

_GETREGS, _SETREGS = 12, 13
_REGISTERS = ctypes.c_ulong * 27  # struct user_regs_struct
_RAX, _RDX, _ORIG_RAX = 10, 12, 15


@dataclass(frozen=True, slots=True)
class Fault:
    """What is answered: an errno, or "short"; to one operation, or to all from it on."""

    name: str
    number: int = 0
    lasting: bool = False

    def fits(self, operation: Operation) -> bool:
        """Whether it can end like this. A full disk still lets names be taken away."""
        call = operation.call
        if not self.number:
            return call in WRITES
        if call in MAKES:
            return operation.changes
        return call in TO_DISK | NAMES or (self.number == errno.EIO and call in REMOVES)


FAULTS = (
    Fault("full disk", errno.ENOSPC, lasting=True),
    Fault("ENOSPC once", errno.ENOSPC),
    Fault("EIO once", errno.EIO),
    Fault("broken disk", errno.EIO, lasting=True),
    Fault("quota", errno.EDQUOT, lasting=True),
    Fault("short write"),
)


def faulted(act: Act, directory: Path, number: int, fault: Fault) -> tuple[list[Operation], bytes]:
    """Run ``act`` with ``fault`` at operation ``number`` (0: never).

    Returns all operations, and what the act raised, as it wrote it.
    """
    child, failures = tracing._forked(act)
    try:
        seen = _followed(child, directory, number, fault)
    except BaseException:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0x40000000)
        raise
    with os.fdopen(failures, "rb") as told:
        return seen, told.read()


def _followed(child: int, directory: Path, number: int, fault: Fault) -> list[Operation]:
    seen: list[Operation] = []
    os.waitpid(child, 0)
    tracing._ptrace(tracing._SETOPTIONS, child, 0, tracing._OPTIONS)
    tracing._ptrace(tracing._CONT, child)
    while True:
        thread, status = os.waitpid(-child, tracing._WALL)
        if os.WIFSTOPPED(status):
            operation = tracing._stopped(thread, status >> 16, directory, number=len(seen) + 1)
            if operation is not None:
                seen.append(operation)
                due = len(seen) == number or (fault.lasting and 0 < number < len(seen))
                if due and fault.fits(operation):
                    _answer(thread, fault)
            tracing._go_on(thread, os.WSTOPSIG(status))
        elif thread == child:
            assert os.WIFEXITED(status), f"the act ended with status {status:#x}"
            return seen


def _answer(thread: int, fault: Fault) -> None:
    registers = _REGISTERS()
    tracing._ptrace(_GETREGS, thread, 0, ctypes.addressof(registers))
    if fault.number:
        registers[_ORIG_RAX] = 2**64 - 1  # no call; what is in rax is its result
        registers[_RAX] = 2**64 - fault.number
    elif registers[_RDX] > 1:
        registers[_RDX] //= 2
    tracing._ptrace(_SETREGS, thread, 0, ctypes.addressof(registers))
