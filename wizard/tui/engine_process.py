"""The process that holds the secrets. It is started by the screen, and never outlives it.

- Nothing secret comes by argument or environment: everything comes over one inherited socket.
- It ends, undoing what is pending and wiping, when the socket closes, when the screen process
  dies, and on SIGTERM and SIGHUP. SIGINT is the screen's to judge.
- Neither Textual nor Rich is ever imported here.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from functools import partial

from wizard.engine import protect_process
from wizard.tui.process.conversation import Conversation
from wizard.tui.process.loop import Loop

_PR_SET_PDEATHSIG = 1
_SWITCH_INTERVAL = 0.001  # seconds; zxcvbn and others hold the interpreter at most this long
_ENDING_SECONDS = 20.0  # a derivation that cannot be stopped, and a commit that must not be
_FLUSHING_SECONDS = 1.0


def main() -> int:
    """Serve the socket whose descriptor is the one argument; return the exit code."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    loop = Loop(channel)
    _follow(loop)
    sys.setswitchinterval(_SWITCH_INTERVAL)
    conversation = Conversation(loop)
    exit_code = 1
    try:
        exit_code = loop.run(conversation.receive)
    finally:
        # Also after an error that nobody foresaw: the state of before is owed in any case.
        ended = conversation.close(seconds=_ENDING_SECONDS)
        loop.flush(_FLUSHING_SECONDS)
    if not ended:
        # A lane is still inside native code: leaving in the ordinary way would wait for it.
        os._exit(exit_code)
    return exit_code


def _follow(loop: Loop) -> None:
    protect_process()
    # In place of the handlers that wipe at once: a lane may be at work with what they would wipe.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, partial(_end, loop))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        # A screen that died before this line has closed the socket, which ends the loop as well.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _end(loop: Loop, number: int, _frame: object) -> None:
    loop.stop(128 + number)


if __name__ == "__main__":
    sys.exit(main())
