"""How often somebody may ask: a bucket of tokens for each of them, which fills again with time.

Buckets are kept for a bounded number of askers; the one that has asked for nothing for longest is forgotten first. Who
commands thousands of addresses gets round that, which is why what matters has a bucket for everybody together as well.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_ASKERS = 4096


@dataclass(slots=True, kw_only=True)
class Rate:
    """`burst` at once, and `per_second` after that."""

    burst: float
    per_second: float
    clock: Callable[[], float] = time.monotonic
    _left: "OrderedDict[str, tuple[float, float]]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def allows(self, asker: str, cost: float = 1.0) -> bool:
        """Whether the asker may once more; counted if so."""
        with self._lock:
            left = self._now_left(asker)
            allowed = left >= cost
            self._keep(asker, left - cost if allowed else left)
            return allowed

    def refund(self, asker: str, cost: float = 1.0) -> None:
        """What was counted need not have been."""
        with self._lock:
            self._keep(asker, min(self.burst, self._now_left(asker) + cost))

    def _now_left(self, asker: str) -> float:
        now = self.clock()
        left, then = self._left.get(asker, (self.burst, now))
        return min(self.burst, left + (now - then) * self.per_second)

    def _keep(self, asker: str, left: float) -> None:
        self._left[asker] = (left, self.clock())
        self._left.move_to_end(asker)
        while len(self._left) > MOST_ASKERS:
            self._left.popitem(last=False)
