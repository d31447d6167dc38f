"""An act in a forked child: no interpreter starts anew, so hundreds of them cost seconds."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from typing import NoReturn

Act = Callable[[], object]


class ActFailed(Exception):
    """The act raised, or did not end as it should."""


def run_for(act: Act, seconds: float | None) -> bool:
    """Run ``act`` in a child, untraced, and kill it after ``seconds``; whether it was killed.

    Raises `ActFailed` where it fails before that.
    """
    child, failures = forked(act)
    descriptor = os.pidfd_open(child)
    try:
        if not select.select([descriptor], [], [], seconds)[0]:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(descriptor)
    _child, status = os.waitpid(child, 0)
    with os.fdopen(failures, "rb") as told:
        if os.WIFSIGNALED(status):
            return True
        if os.WEXITSTATUS(status):
            raise ActFailed(told.read().decode(errors="replace"))
    return False


def forked(act: Act) -> tuple[int, int]:
    """Do ``act`` in a child that ends with it.

    Returns its id, and the descriptor that tells why it failed, for the caller to close.
    """
    failures, failure = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        os.close(failures)
        _do_and_end(act, failure)
    os.close(failure)
    return child, failures


def _do_and_end(act: Act, failure: int) -> NoReturn:
    code = 1
    try:
        act()
        code = 0
    except BaseException as error:  # noqa: BLE001 - nothing may run on in a forked child
        os.write(failure, f"{type(error).__name__}: {error}".encode(errors="replace")[:4000])
    finally:
        os._exit(code)
