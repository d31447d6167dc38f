"""Wrong passphrases make the next attempt wait: longer each time, never longer than a minute.

- Counted for each database and for each client apart, whichever waits longer decides. A client is
  a token, or the user of a unix socket.
- Attempts under way count as wrong until they are not, so that guessing in parallel gains nothing.
- A right passphrase clears what its client has counted for that database. Nobody is locked out:
  whoever waits as long as Retry-After says is served, a minute at the most.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from wizard.refusals import Throttled

FREE_ATTEMPTS = 4
LONGEST_WAIT = 60.0
_FORGET_AFTER = 3600.0
_MOST_KEYS = 10_000


@dataclass(slots=True)
class _Count:
    wrong: int = 0
    under_way: int = 0
    last: float = 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until the next attempt may begin."""
        over = self.wrong + self.under_way - FREE_ATTEMPTS
        if over < 0:
            return 0.0
        if self.wrong < FREE_ATTEMPTS:
            return 1.0  # others are under way: one of them will be done soon
        return max(0.0, self.last + min(LONGEST_WAIT, 2.0**over) - now)


@dataclass(slots=True)
class Throttle:
    """Remembers wrong passphrases, in this process only."""

    clock: Callable[[], float] = time.monotonic
    _counts: OrderedDict[tuple[str, str], _Count] = field(default_factory=OrderedDict)

    @contextmanager
    def attempt(self, database: str, client: str) -> Iterator[Callable[[], None]]:
        """Make one attempt; the callable says that the passphrase was right.

        Raises `Throttled`, and then the attempt must not be made. An attempt that ends with an
        exception before anything was tried counts as wrong only if ``wrong_passphrase`` says so.
        """
        keys = ((database, ""), ("", client))
        now = self.clock()
        counts = [self._count(key, now) for key in keys]
        wait = max(each.wait(now) for each in counts)
        if wait > 0:
            raise Throttled(retry_after=max(1, math.ceil(wait)))
        for each in counts:
            each.under_way += 1
        try:
            yield lambda: self._right(keys)
        except BaseException as error:
            if _was_wrong(error):
                for each in counts:
                    each.wrong += 1
                    each.last = self.clock()
            raise
        finally:
            for each in counts:
                each.under_way -= 1

    def _right(self, keys: tuple[tuple[str, str], ...]) -> None:
        for key in keys:
            if key in self._counts:
                self._counts[key].wrong = 0

    def _count(self, key: tuple[str, str], now: float) -> _Count:
        count = self._counts.get(key)
        if count is None or (not count.under_way and now - count.last > _FORGET_AFTER):
            count = self._counts[key] = _Count(last=now)
        self._counts.move_to_end(key)
        while len(self._counts) > _MOST_KEYS:
            self._counts.popitem(last=False)
        return count


def _was_wrong(error: BaseException) -> bool:
    explanation = getattr(error, "explanation", None)
    return explanation is not None and explanation.code in {
        "wrong_passphrase",
        "wrong_recovery_phrase",
    }
