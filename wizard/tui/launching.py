"""Starts an engine process. Standard library only: the wizard does this before it loads anything else."""

from __future__ import annotations

import socket
import subprocess
import sys

Launched = tuple["subprocess.Popen[bytes]", socket.socket]
"""The process, and the screen's end of the socket that it serves. When that closes, it ends."""


def launch() -> Launched:
    """Start one. What it loads, it loads while the screen loads Textual."""
    ours, theirs = socket.socketpair()
    with theirs:
        # Not asyncio's subprocess: its watcher and its `kill` race for the exit status.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "wizard.tui.engine_process", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A session of its own: the terminal's keys reach the screen, and the screen decides.
            start_new_session=True,
        )
    return process, ours
