"""A process that stops before each call that changes a disk, for the one that traces it (seccomp(2)).

Everything else runs at full speed, and also what opens a file only to read it.
"""

from __future__ import annotations

import ctypes
import platform

from wizard.selftest.calls import ARCHITECTURES, CALLS, FLAGS_OF, MAKING

# <linux/prctl.h>, <linux/seccomp.h> and <linux/filter.h>
SET_DUMPABLE, _SET_SECCOMP, _SET_NO_NEW_PRIVS = 4, 22, 38
_MODE_FILTER = 2
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_ANY, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000


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


def stop_at_calls() -> None:
    """From now on this process stops before each of the calls that count, and at no other."""
    steps = _filter(ARCHITECTURES[platform.machine()])
    program = (_Step * len(steps))()
    program[:] = steps
    filtering = _Program(len(steps), ctypes.addressof(program))
    prctl(_SET_NO_NEW_PRIVS, 1)
    prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(filtering))


def _filter(architecture: int) -> list[_Step]:
    """Stop at those calls; of those that open a file, at what may make or empty one."""
    opens = [(number, FLAGS_OF[name]) for number, name in CALLS.items() if name in FLAGS_OF]
    others = [number for number, name in CALLS.items() if name not in FLAGS_OF]
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
        steps.append(_Step(_JUMP_IF_ANY, trace - here, allow - here, MAKING))
    return [*steps, _Step(_RETURN, 0, 0, _ALLOW), _Step(_RETURN, 0, 0, _TRACE)]


def prctl(option: int, first: int, second: int = 0) -> None:
    """Ask the kernel for something about this process. Raises `OSError`."""
    call = ctypes.CDLL(None, use_errno=True).prctl
    call.argtypes = (ctypes.c_int, *(ctypes.c_ulong,) * 4)
    if call(option, first, second, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} is refused")
