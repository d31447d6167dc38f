"""The engine process's main thread waits for nothing but its socket, so that it always answers.

- Only this thread writes to the socket; other threads hand it calls with `Loop.post`.
- A screen that reads nothing (a stalled terminal) costs memory up to a bound, never a wait:
  progress is dropped then, answers are kept.
- It ends when the other side is gone, on a signal, or when it is told to; then `run` returns.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque
from collections.abc import Callable, Mapping

from wizard.tui.process.framing import LineSplitter, encode, wipe

_CHUNK = 64 * 1024
_OUTGOING_BOUND = 256 * 1024

Receive = Callable[["bytearray | None"], None]


class Loop:
    """Reads lines from ``channel`` and hands each to the receiver of `run`."""

    def __init__(self, channel: socket.socket) -> None:
        channel.setblocking(False)
        self._channel = channel
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)
        self._posted: deque[Callable[[], None]] = deque()
        self._outgoing = bytearray()
        self._incoming = bytearray(_CHUNK)
        self._splitter = LineSplitter()
        self._exit_code: int | None = None

    def post(self, call: Callable[[], None]) -> None:
        """Have the main thread make ``call``. For other threads and for signal handlers."""
        self._posted.append(call)
        self._wake()

    def stop(self, exit_code: int) -> None:
        """End `run`, which returns the first code given. Safe in a signal handler."""
        if self._exit_code is None:
            self._exit_code = exit_code
        self._wake()

    def tell(self, message: Mapping[str, object]) -> None:
        """Send one message, as soon as the other side reads. Main thread only.

        Raises `MalformedLine` for a message that is too long.
        """
        self._outgoing += encode(message)
        self._send()

    @property
    def congested(self) -> bool:
        """Whether the other side has stopped reading."""
        return len(self._outgoing) > _OUTGOING_BOUND

    def run(self, receive: Receive) -> int:
        """Serve until the end and return the exit code. ``receive`` gets None for a long line."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakened, selectors.EVENT_READ)
            selector.register(self._channel, selectors.EVENT_READ)
            while self._exit_code is None:
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outgoing else 0)
                selector.modify(self._channel, wanted)
                ready = {key.fileobj: events for key, events in selector.select()}
                if self._wakened in ready:
                    self._run_posted()
                if ready.get(self._channel, 0) & selectors.EVENT_WRITE:
                    self._send()
                if ready.get(self._channel, 0) & selectors.EVENT_READ:
                    self._receive(receive)
        return self._exit_code

    def flush(self, seconds: float) -> None:
        """After `run`: give the other side ``seconds`` to read what is left."""
        try:
            self._channel.settimeout(seconds)
            self._channel.sendall(self._outgoing)
        except OSError:
            return

    def _wake(self) -> None:
        try:
            self._waker.send(b"w")
        except BlockingIOError:
            return  # plenty of wake-ups are waiting already

    def _run_posted(self) -> None:
        # Emptied before the calls are taken: one that is posted meanwhile wakes the loop again.
        self._wakened.recv(_CHUNK)
        while self._posted:
            self._posted.popleft()()

    def _send(self) -> None:
        try:
            del self._outgoing[: self._channel.send(self._outgoing)]
        except BlockingIOError:
            return
        except OSError:
            self.stop(0)  # nobody is left to answer

    def _receive(self, receive: Receive) -> None:
        try:
            size = self._channel.recv_into(self._incoming)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if size == 0:
            self.stop(0)
            return
        try:
            for line in self._splitter.feed(self._incoming, size):
                receive(line)
                if line is not None:
                    wipe(line)
                if self._exit_code is not None:
                    return
        finally:
            self._incoming[:] = bytes(_CHUNK)
