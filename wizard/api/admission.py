"""Key derivations run at one time only as far as their memory fits the node's budget.

First come, first served. Who would wait too long is told when to come back; nothing is dropped
that was admitted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wizard.refusals import InvalidRequest, Overloaded

LONGEST_WAIT = 20.0
_MOST_WAITING = 256
RETRY_AFTER = 5


class Admission:
    """``budget_kib`` of memory, and ``places`` for work of any size."""

    def __init__(self, *, budget_kib: int, places: int, longest_wait: float = LONGEST_WAIT) -> None:
        self.budget_kib = budget_kib
        self.in_use_kib = 0
        self.highest_kib = 0
        self._free = places
        self._longest_wait = longest_wait
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait to be admitted."""
        return len(self._waiting)

    def check(self, memory_kib: int) -> None:
        """Raise `InvalidRequest` for what can never be admitted."""
        if memory_kib > self.budget_kib:
            raise InvalidRequest(
                f"The key derivation needs {memory_kib // 1024} MiB; this node's memory budget "
                f"is {self.budget_kib // 1024} MiB."
            )

    @asynccontextmanager
    async def admitted(self, memory_kib: int) -> AsyncIterator[None]:
        """Hold ``memory_kib`` and one place for the block.

        Raises `InvalidRequest` for more than the whole budget, `Overloaded` after waiting in vain.
        """
        self.check(memory_kib)
        await self._enter(memory_kib)
        try:
            yield
        finally:
            self.in_use_kib -= memory_kib
            self._free += 1
            self._admit()

    async def _enter(self, memory_kib: int) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            raise Overloaded(retry_after=RETRY_AFTER)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((memory_kib, turn))
        self._admit()
        try:
            async with asyncio.timeout(self._longest_wait):
                await turn
        except BaseException as error:
            # Admitted in the very moment in which the wait ended: give it back.
            if turn.done() and not turn.cancelled():
                self.in_use_kib -= memory_kib
                self._free += 1
            else:
                self._waiting = deque(each for each in self._waiting if each[1] is not turn)
            self._admit()
            if isinstance(error, TimeoutError):
                raise Overloaded(retry_after=RETRY_AFTER) from None
            raise

    def _admit(self) -> None:
        while self._waiting and self._free:
            memory_kib, turn = self._waiting[0]
            if self.in_use_kib + memory_kib > self.budget_kib:
                return
            self._waiting.popleft()
            if turn.cancelled():
                continue
            self.in_use_kib += memory_kib
            self.highest_kib = max(self.highest_kib, self.in_use_kib)
            self._free -= 1
            turn.set_result(None)
